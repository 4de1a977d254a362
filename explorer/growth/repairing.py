"""Everything that is derived, made anew from papers and vectors."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.builder.derived import STAGES, Derived
from explorer.builder.state import NextState
from explorer.builder.unitvectors import UnitVectors
from explorer.errors import LibraryDamaged
from explorer.growth.options import GrowthReport
from explorer.growth.verifying import wrong_file
from explorer.layout import LayoutOptions, LayoutProcess, sampled_rows
from explorer.progress import Progress
from explorer.store import Manifest, PaperDatabase, PaperWriter, Workshop, load_array, read_manifest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def repair(path: Path) -> GrowthReport:
    """Make words, lists, topics and look-ups of the library at `path` anew; and its picture, if need be.

    A picture that is whole stays: nobody wants another. Raises LibraryDamaged, which says what to do, when papers or
    vectors are not whole, which nothing can be made of; LibraryLocked, LibraryInaccessible, ForeignLibrary.
    """
    with (
        LayoutProcess() as process,
        Workshop(path) as workshop,
        Progress(("reading", *STAGES, "writing")) as progress,
    ):
        before = read_manifest(path)
        state = NextState(workshop, before)
        _require_whole_vectors(path, before)
        with progress.stage("reading"):
            without_abstract = _rewrite_papers(path, before, state)
        state.keep("vectors")
        derived = Derived(state, before.papers, progress, before.parameters["index"])
        derived.store_lists()
        options = LayoutOptions(**before.parameters["layout"])
        layout = _whole_layout(path, before)
        if layout is None:
            process.start()
            derived.store_picture(options, process)
        else:
            derived.make_topics(options.seed)
            derived.store_layout(UnitVectors(state)[:], layout, sampled_rows(before.papers, seed=options.seed))
        _keep_rejected(path, before, state)
        with progress.stage("writing"):
            counts = {**before.counts, "without_abstract": without_abstract, "topics": derived.topics, "drift": 0}
            state.commit(
                index=derived.index, search=derived.search, weighing=derived.weighing, picture=derived.picture,
                counts=counts,
            )  # fmt: skip
    return GrowthReport(papers=before.papers, seconds=progress.seconds)


def _rewrite_papers(path: Path, before: Manifest, state: NextState) -> int:
    """Write the papers to a new file with new look-ups, after checking every row; return how many lack an abstract."""
    source = path / before.files["papers"].name
    if not source.is_file():
        raise LibraryDamaged(f"{source} is missing")
    with closing(PaperDatabase(source, before.papers)) as database:
        for _ in database.range(0, before.papers):
            pass
        if database.count() != before.papers:
            raise LibraryDamaged(f"{source} holds {database.count():,} papers and not {before.papers:,}")
    with closing(PaperWriter(state.path("papers", "sqlite"))) as writer:
        writer.take_over(source)
        without_abstract = writer.without_abstract
        writer.finish()
    state.add("papers", "sqlite")
    return without_abstract


def _require_whole_vectors(path: Path, before: Manifest) -> None:
    if not _is_whole(path, before, "vectors"):
        raise LibraryDamaged(f"{path / before.files['vectors'].name} is missing or was altered")


def _whole_layout(path: Path, before: Manifest) -> NDArray[np.float32] | None:
    import numpy as np

    if not _is_whole(path, before, "layout"):
        return None
    layout: NDArray[np.float32] = load_array(path / before.files["layout"].name)
    return layout if np.isfinite(layout).all() else None


def _keep_rejected(path: Path, before: Manifest, state: NextState) -> None:
    if _is_whole(path, before, "rejected"):
        state.keep("rejected")
    else:
        state.store_text("rejected", "jsonl", ())


def _is_whole(path: Path, before: Manifest, role: str) -> bool:
    return role in before.files and not wrong_file(path, before.files[role])
