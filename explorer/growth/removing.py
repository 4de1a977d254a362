"""Papers that go, and duplicates that become one paper. The rows of those that stay move together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import InvalidInput
from explorer.growth.change import Change
from explorer.growth.options import GrowthReport
from explorer.growth.succession import Succession
from explorer.papers import Paper, merged
from explorer.progress import Progress
from explorer.query import require_id
from explorer.store import LibraryFolder, PaperWriter, Workshop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STAGES = ("reading", "words", "neighbors", "layout", "topics", "writing")


def remove(path: Path, ids: Sequence[str]) -> GrowthReport:
    """Remove the papers of these ids, in any form, from the library at `path`.

    Raises UnknownPaper for one that is not there, and then removes none; InvalidInput when no paper would be left.
    """
    with (
        Workshop(path) as workshop,
        closing(LibraryFolder(path)) as folder,
        Progress(STAGES) as progress,
    ):
        rows = {require_id(paper_id, folder.database) for paper_id in ids}
        return _without(Succession(workshop, folder, progress), rows, {}, progress)


def merge_duplicates(path: Path) -> GrowthReport:
    """Let every group of near-duplicates in the library at `path` become one paper that knows what all of them knew.

    The text that stays is that of the first paper of the group that has an abstract; the others' ids become its names.
    """
    with (
        Workshop(path) as workshop,
        closing(LibraryFolder(path)) as folder,
        Progress(STAGES) as progress,
    ):
        replaced, gone = {}, set()
        for rows in folder.duplicates():
            papers = dict(zip(rows, folder.database.papers(rows), strict=True))
            stays = min(rows, key=lambda row: (not papers[row].abstract, row))
            others = [papers[row] for row in rows if row != stays]
            replaced[stays] = reduce(_joined, others, papers[stays])
            gone |= {row for row in rows if row != stays}
        return _without(Succession(workshop, folder, progress), gone, replaced, progress)


def _joined(first: Paper, other: Paper) -> Paper:
    return merged(first, other, newer=False)


def _without(succession: Succession, gone: set[int], replaced: Mapping[int, Paper], progress: Progress) -> GrowthReport:
    folder, state = succession.folder, succession.state
    before = folder.manifest
    report = GrowthReport(papers=before.papers - len(gone), removed=len(gone), unchanged=not gone)
    if not gone:
        return report
    if not report.papers:
        raise InvalidInput(f"no paper would be left in {folder.path}: a library has at least one")
    folder.require_whole("papers")  # what is copied gets a checksum of its own, damage included
    with progress.stage("reading"), closing(PaperWriter(state.path("papers", "sqlite"))) as writer:
        writer.take_over(folder.path / before.files["papers"].name, without=gone)
        change = _change(before.papers, gone)
        place = change.now
        for row, paper in replaced.items():
            writer.replace(int(place[row]), paper)
        without_abstract = writer.without_abstract
        writer.finish()
    state.keep("rejected")
    succession.finish(
        change, _no_vectors(before.files["vectors"].shape[1]), counts={"without_abstract": without_abstract}
    )
    report.seconds = progress.seconds
    return report


def _change(before: int, gone: set[int]) -> Change:
    import numpy as np

    origin = np.setdiff1d(np.arange(before), np.fromiter(gone, np.int64, len(gone)))
    return Change(origin, np.zeros(len(origin), dtype=bool), before)


def _no_vectors(width: int) -> NDArray[np.float32]:
    import numpy as np

    return np.empty((0, width), dtype=np.float32)
