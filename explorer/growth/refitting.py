"""The picture drawn anew, and laid on the old one: what grew paper by paper gets the places of a build."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from explorer.builder.derived import Derived
from explorer.growth.options import GrowthReport
from explorer.growth.succession import Succession
from explorer.index import NearestRows
from explorer.layout import LayoutOptions, LayoutProcess, aligned, project, sampled_rows
from explorer.progress import Progress
from explorer.store import LibraryFolder, Workshop


def refit(path: Path) -> GrowthReport:
    """Compute the layout of the library at `path` again, turned and scaled to lie on the old one as well as it can.

    Nothing else changes. Raises LibraryError.
    """
    import numpy as np

    with LayoutProcess() as process:
        process.start()  # it compiles while everything is read
        with (
            Workshop(path) as workshop,
            closing(LibraryFolder(path)) as folder,
            Progress(("layout", "writing")) as progress,
        ):
            before = folder.manifest
            options = LayoutOptions(**before.parameters["layout"])
            vectors, old = NearestRows(folder.array("vectors")).vectors, folder.array("layout")
            succession = Succession(workshop, folder, progress)
            state = succession.state
            state.keep(*(role for role in before.files if role not in {"layout", "faithfulness"}))
            derived = Derived(state, before.papers, progress)
            with progress.stage("layout"):
                neighbors, similarities = folder.array("neighbors"), folder.array("similarities")
                rows = np.arange(before.papers)
                drawn = project(vectors, neighbors, similarities, options, process)
                coordinates = aligned(drawn, old, rows, rows)
                derived.store_layout(vectors, coordinates, sampled_rows(before.papers, seed=options.seed))
            succession.commit(picture=derived.picture)
    return GrowthReport(papers=before.papers, seconds=progress.seconds)
