"""The terms of a library that changes: counts of fresh texts join the stored ones, which are not counted again.

Terms go on weighing what they did when all were counted: with their weights, stored scores would change, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from explorer.builder.words import Words
from explorer.growth.change import Change
from explorer.lexical import TermCounts, Weighing
from explorer.store import LibraryFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.papers import Paper

    Postings = tuple[NDArray[np.int64], NDArray[np.int32]]
    """The table of terms and the postings, as the store has them."""


def changed_words(folder: LibraryFolder, change: Change, papers: Iterable[Paper]) -> tuple[Words, Postings]:
    """Return the words of the next state, also as postings; `papers` are those of the fresh rows, in order."""
    import numpy as np

    fresh = Words.of(papers, lambda _: None)
    keys = np.empty((len(change.origin), 2), dtype=np.int64)
    keys[change.kept] = folder.array("keys")[change.origin[change.kept]]
    keys[change.fresh] = fresh.keys
    counts, postings = _joined(folder, change, fresh.counts)
    return Words(counts, keys), postings


def _joined(folder: LibraryFolder, change: Change, fresh: TermCounts) -> tuple[TermCounts, Postings]:
    import numpy as np

    stored, n = folder.terms(), len(change.origin)
    table = stored.terms()
    keys = np.union1d(table[:, 0], fresh.keys)
    places = [np.searchsorted(keys, known).astype(np.int64) for known in (table[:, 0], fresh.keys)]
    frequencies = np.zeros(len(keys), dtype=np.int64)
    frequencies[places[1]] = fresh.frequencies  # of terms that were not there; the others keep theirs
    frequencies[places[0]] = table[:, 2]
    old = stored.postings_of_all()
    rows, amounts = old[:, 0], old[:, 1]
    if not change.only_adds:
        rows = change.now[rows].astype(np.int32)
    sizes = np.zeros(len(keys), dtype=np.int64)
    sizes[places[0]] = np.diff(table[:, 1], prepend=0)
    terms = np.repeat(np.arange(len(keys), dtype=np.int32), sizes)
    if not change.only_adds and (rows < 0).any():
        is_there = rows >= 0
        rows, amounts, terms = rows[is_there], amounts[is_there], terms[is_there]
        sizes = np.bincount(terms, minlength=len(keys))
    order = np.lexsort((change.fresh[fresh.rows], places[1][fresh.terms]))
    new_terms, new_rows = places[1][fresh.terms[order]], change.fresh[fresh.rows[order]]
    before = _insertion_points(terms, rows, new_terms, new_rows)
    terms, rows = np.insert(terms, before, new_terms), np.insert(rows, before, new_rows)
    postings = np.stack([rows, np.insert(amounts, before, fresh.counts[order])], axis=1)
    ends = np.cumsum(sizes + np.bincount(new_terms, minlength=len(keys)))
    lengths = np.empty(n, dtype=np.int32)
    lengths[change.kept] = stored.lengths()[change.origin[change.kept]]
    lengths[change.fresh] = fresh.lengths
    weighing = Weighing(**folder.manifest.weighing)  # type: ignore[arg-type]
    joined = np.stack([keys, ends, frequencies], axis=1)
    return TermCounts.of_postings(joined, postings, lengths, weighing), (joined, postings)


def _insertion_points(
    terms: NDArray[np.int32], rows: NDArray[np.int32], new_terms: NDArray[np.int64], new_rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return before which of the postings, in the order of terms and rows, new ones belong: a search by halves."""
    import numpy as np

    low, high = np.searchsorted(terms, new_terms), np.searchsorted(terms, new_terms, side="right")
    while (is_open := low < high).any():
        middle = (low + high) // 2
        is_before = is_open & (rows[np.minimum(middle, len(rows) - 1)] < new_rows)
        low, high = np.where(is_before, middle + 1, low), np.where(is_open & ~is_before, middle, high)
    return low
