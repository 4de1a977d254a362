"""The papers' terms as the store keeps them: one table, and the postings of each term, read when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from explorer.errors import LibraryDamaged
from explorer.store.arrays import read_rows, view_array
from explorer.store.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


class StoredTerms:
    """Give counts of terms. Everything is checked as it is read; raises LibraryDamaged for what cannot be."""

    def __init__(self, files: Mapping[str, BinaryIO], manifest: Manifest) -> None:
        self._files = files
        self._manifest = manifest

    def terms(self) -> NDArray[np.int64]:
        """Return (t, 3): a term's key, ascending; where its postings end; how many papers it was in when weighed."""
        entry = self._manifest.files["terms"]
        table: NDArray[np.int64] = view_array(self._files["terms"], entry)
        keys, ends, frequencies = table.T
        last = self._manifest.files["postings"].shape[0]
        is_right = (ends[-1] if len(ends) else 0) == last and (keys[1:] > keys[:-1]).all()
        is_right = is_right and (ends[:1] >= 0).all() and (ends[1:] >= ends[:-1]).all()
        if not (is_right and ((frequencies >= 0) & (frequencies <= self._manifest.weighing["papers"])).all()):
            raise LibraryDamaged(f"{entry.name} is no table of terms")
        return table

    def postings(self, start: int, stop: int) -> NDArray[np.int32]:
        """Return (stop - start, 2): rows, ascending within a term, and how often the term stands in each."""
        entry = self._manifest.files["postings"]
        postings: NDArray[np.int32] = read_rows(self._files["postings"], entry, start, stop)
        rows, counts = postings.T
        if len(rows) and not (rows[0] >= 0 and rows[-1] < self._manifest.papers and counts.min() > 0):
            raise LibraryDamaged(f"{entry.name} names papers that do not exist")
        if not (rows[1:] > rows[:-1]).all():
            raise LibraryDamaged(f"{entry.name} is not in order")
        return postings

    def postings_of_all(self) -> NDArray[np.int32]:
        """Return (p, 2) all postings, term by term, after checking each as `postings` does."""
        import numpy as np

        entry = self._manifest.files["postings"]
        postings: NDArray[np.int32] = view_array(self._files["postings"], entry)
        rows, counts = postings.T
        ends = self.terms()[:, 1]
        is_first = np.zeros(len(rows), dtype=bool)
        is_first[np.concatenate([[0], ends[:-1]])[np.diff(ends, prepend=0) > 0]] = True
        if len(rows) and not (rows.min() >= 0 and rows.max() < self._manifest.papers and counts.min() > 0):
            raise LibraryDamaged(f"{entry.name} names papers that do not exist")
        if not ((rows[1:] > rows[:-1]) | is_first[1:]).all():
            raise LibraryDamaged(f"{entry.name} is not in order")
        return postings

    def lengths(self) -> NDArray[np.int32]:
        """Return (n,): how many terms each paper has."""
        entry = self._manifest.files["lengths"]
        lengths: NDArray[np.int32] = view_array(self._files["lengths"], entry)[:, 0]
        if lengths.min() < 0:
            raise LibraryDamaged(f"{entry.name} holds negative lengths")
        return lengths
