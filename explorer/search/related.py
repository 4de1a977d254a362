"""Each paper's related papers: its nearest by vectors, ordered anew with their words. Made once, when a library is.

The same arithmetic in the same order as a search for the paper: a stored answer and a computed one are the same.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from explorer.index import GraphBlock, NearestRows, ranges
from explorer.lexical import TermCounts, saturated, term_moments, weighed
from explorer.ranking import Scale, fused, led
from explorer.store import SAMPLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Lists = tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]

_COMPILED_FROM = 5_000  # papers; below, NumPy is done before a compiler has been loaded
_SPARE = 8  # papers beyond those kept whose cosines are computed exactly
_ROUNDING = 4e-6  # more than cosines by float32 sums are wrong by


class Entries(NamedTuple):
    """Hold which terms papers have, as compressed sparse rows, and what weights are made of where they are needed.

    Entry e of paper i, in `starts[i]` to `starts[i + 1]`, is a term that stands there `counts[e]` times. It is
    `amounts[counts[e]]` of a query, and weighs idf * count / (count + normalized) as an answer: `idf` is by term,
    `normalized` by paper.
    """

    starts: NDArray[np.int64]
    terms: NDArray[np.int32]
    counts: NDArray[np.int32]
    amounts: NDArray[np.float64]
    idf: NDArray[np.float64]
    normalized: NDArray[np.float64]

    @classmethod
    def of(cls, counts: TermCounts) -> Entries:
        """Return the entries of all papers."""
        import numpy as np

        most = int(counts.counts.max(initial=0))
        return cls(
            counts.starts,
            counts.terms,
            counts.counts,
            saturated(np.arange(most + 1, dtype=np.float64)),
            counts.weighing.idf(counts.frequencies),
            counts.weighing.normalized(counts.lengths),
        )

    def own(self, row: int) -> slice:
        """Return where the entries of a paper are."""
        return slice(self.starts[row], self.starts[row + 1])

    def weights(self, entries: NDArray[np.integer[Any]] | slice, rows: Any) -> NDArray[np.float64]:
        """Return what entries weigh that are of the papers `rows`."""
        return weighed(self.counts[entries], self.normalized[rows], self.idf[self.terms[entries]])


class RelatedPapers:
    """Order shortlists anew.

    `sample` are the (s, d) unit vectors whose cosines stand for the library's; `same` (n,) gives papers with the very
    same text one number. `asked` says how many papers are to be ordered for, if not all.
    """

    def __init__(
        self,
        nearest: NearestRows,
        counts: TermCounts,
        sample: NDArray[np.float32],
        same: NDArray[np.integer[Any]],
        asked: int | None = None,
    ) -> None:
        import numpy as np

        self._nearest, self._same = nearest, same
        self._entries = Entries.of(counts)
        self._sample = sample.astype(np.float64)
        self._means, self._variances = term_moments(counts)
        self._scaled: tuple[GraphBlock, tuple[Scale, Scale]] | None = None
        asked = len(counts.lengths) if asked is None else asked
        self._scores = _compiled() if asked >= _COMPILED_FROM else _pair_scores

    def of(self, block: GraphBlock, keep: int) -> Lists:
        """Return for each row of a block its `keep` related rows, their scores and their cosines, highest first."""
        import numpy as np

        own = np.asarray(block.own)
        lexical = self.lexical(own, block.shortlist)
        scales = self._scales(block)
        dense, words = fused(block.products, lexical, scales)
        first = self._same[block.shortlist] == self._same[own, None]
        approximate = led(dense + words, first)
        order = np.argsort(-approximate, axis=1, kind="stable")
        keep = min(keep, order.shape[1])
        chosen = order[:, : keep + _SPARE]
        rows, scores, cosines = self._exact(block, slice(None), chosen, (lexical, scales), keep)
        if chosen.shape[1] < order.shape[1]:
            ordered = np.take_along_axis(approximate, order[:, : keep + _SPARE], axis=1)
            margins = _ROUNDING / np.maximum(scales[0].deviation[:, 0], 1e-9)
            for position in np.flatnonzero(ordered[:, -1] > ordered[:, keep - 1] - margins):
                some = slice(position, position + 1)
                dense_scale, word_scale = (Scale(scale.mean[some], scale.deviation[some]) for scale in scales)
                found = self._exact(block, some, order[some], (lexical[some], (dense_scale, word_scale)), keep)
                rows[position], scores[position], cosines[position] = (values[0] for values in found)
        return rows, scores, cosines

    def lexical(self, own: NDArray[np.integer[Any]], candidates: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Return the lexical scores of (m, c) candidates, row i being those of paper `own[i]` as the query."""
        return self._scores(self._entries, own, candidates)

    def answers(self, queries: NDArray[np.integer[Any]], papers: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Return the lexical score of each of `papers` as an answer to the query beside it, (p,): the same bits.

        For few different papers: each is compared with its queries at once.
        """
        import numpy as np

        held, scores = self._entries, np.empty(len(queries))
        order = np.argsort(papers, kind="stable")
        borders = np.flatnonzero(np.diff(papers[order], prepend=-1, append=-1))
        weights = np.zeros(len(held.idf))
        for start, stop in itertools.pairwise(borders.tolist()):
            some = order[start:stop]
            own = held.own(row := papers[some[0]])
            weights[held.terms[own]] = held.weights(own, row)
            owners, entries = _places(held.starts, queries[some])
            products = held.amounts[held.counts[entries]] * weights[held.terms[entries]]
            scores[some] = np.bincount(owners, weights=products, minlength=len(some))
            weights[held.terms[own]] = 0.0
        return scores

    def scales_of(self, block: GraphBlock) -> NDArray[np.float32]:
        """Return (m, 5): mean and deviation of cosines, of lexical scores; the least cosine of the shortlist.

        By these a paper that comes later can be compared with those that were ordered.
        """
        import numpy as np

        dense, words = self._scales(block)
        least = block.products.min(axis=1, keepdims=True, initial=1.0)
        columns = (dense.mean, dense.deviation, words.mean, words.deviation, least)
        return np.concatenate(columns, axis=1).astype(np.float32)

    def _scales(self, block: GraphBlock) -> tuple[Scale, Scale]:
        """Return the library's scales for the rows of a block as queries, in columns; those of one block are kept."""
        import numpy as np

        scaled = self._scaled  # several threads may be asking, each for a block of its own
        if scaled is None or scaled[0] is not block:
            own = np.asarray(block.own)
            cosines = self._nearest.vectors[own].astype(np.float64) @ self._sample.T
            dense = Scale(cosines.mean(axis=1)[:, None], cosines.std(axis=1)[:, None])
            self._scaled = scaled = block, (dense, self._lexical_scale(own))
        return scaled[1]

    def _lexical_scale(self, own: NDArray[np.integer[Any]]) -> Scale:
        import numpy as np

        held = self._entries
        owners, entries = _places(held.starts, own)
        amounts, terms = held.amounts[held.counts[entries]], held.terms[entries]
        means = np.bincount(owners, weights=amounts * self._means[terms], minlength=len(own))
        variances = np.bincount(owners, weights=amounts * amounts * self._variances[terms], minlength=len(own))
        return Scale(means[:, None], np.sqrt(variances)[:, None])

    def _exact(
        self,
        block: GraphBlock,
        some: slice,
        chosen: NDArray[Any],
        scored: tuple[NDArray[np.float64], tuple[Scale, Scale]],
        keep: int,
    ) -> Lists:
        """Return the related papers of some rows of a block among the `chosen` positions of their shortlists.

        `scored` are these shortlists' lexical scores, and the rows' scales.
        """
        import numpy as np

        own = np.asarray(block.own)[some]
        rows = np.take_along_axis(block.shortlist[some], chosen, axis=1)
        cosines = self._nearest.pairs(self._nearest.vectors[own], rows)
        lexical, scales = scored
        dense, words = fused(cosines, np.take_along_axis(lexical, chosen, axis=1), scales)
        scores = led(dense + words, self._same[rows] == self._same[own, None])
        order = np.lexsort((rows, -scores))[:, :keep]
        ordered = [np.take_along_axis(values, order, axis=1) for values in (rows, scores, cosines)]
        return ordered[0].astype(np.int32), ordered[1].astype(np.float32), ordered[2].astype(np.float32)


def _pair_scores(
    held: Entries, papers: NDArray[np.integer[Any]], candidates: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """Return the lexical scores of (m, c) candidates, row i being those of paper `papers[i]` as the query."""
    import numpy as np

    scores = np.empty(candidates.shape)
    asked = np.zeros(len(held.idf))
    for position, rows in enumerate(candidates):
        own = held.own(papers[position])
        asked[held.terms[own]] = held.amounts[held.counts[own]]
        owners, entries = _places(held.starts, rows)
        amounts = asked[held.terms[entries]]
        shared = np.flatnonzero(amounts)
        owners, entries, amounts = owners[shared], entries[shared], amounts[shared]
        products = amounts * held.weights(entries, rows[owners])
        scores[position] = np.bincount(owners, weights=products, minlength=len(rows))
        asked[held.terms[own]] = 0.0
    return scores


def _places(starts: NDArray[np.int64], rows: NDArray[np.integer[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return of the entries of some rows, row after row, the position of their row among these, and their places."""
    import numpy as np

    sizes = starts[rows + 1] - starts[rows]
    owners = np.repeat(np.arange(len(rows)), sizes)
    return owners, ranges(starts[rows], sizes)


def _compiled() -> Callable[..., NDArray[np.float64]]:
    """Return what `_pair_scores` does as compiled code on all processors: a hundred times as fast, the same bits."""
    import numba
    import numpy as np

    score: Callable[..., None] = numba.njit(nogil=True)(_score)
    parts = os.cpu_count() or 1

    def pair_scores(held: Entries, papers: NDArray[Any], candidates: NDArray[np.int32]) -> NDArray[np.float64]:
        scores, terms = np.empty(candidates.shape), len(held.idf)
        borders = np.linspace(0, len(candidates), parts + 1).astype(int).tolist()
        with ThreadPoolExecutor(parts) as pool:
            done = [
                pool.submit(
                    partial(
                        score, held, np.zeros(terms), papers[start:stop], candidates[start:stop], scores[start:stop]
                    )
                )
                for start, stop in itertools.pairwise(borders)
            ]
            for each in done:
                each.result()
        return scores

    return pair_scores


def _score(held: Any, asked: Any, papers: Any, candidates: Any, scores: Any) -> None:
    """Write the scores of (m, c) candidates to `scores`; `asked` has a zero for each term. This is what is compiled."""
    starts, terms, counts = held.starts, held.terms, held.counts
    for position in range(candidates.shape[0]):
        own = range(starts[papers[position]], starts[papers[position] + 1])
        for entry in own:
            asked[terms[entry]] = held.amounts[counts[entry]]
        for place in range(candidates.shape[1]):
            row = candidates[position, place]
            total = 0.0
            for entry in range(starts[row], starts[row + 1]):
                amount = asked[terms[entry]]
                if amount != 0.0:
                    weight = held.idf[terms[entry]] * counts[entry] / (counts[entry] + held.normalized[row])
                    total += amount * weight
            scores[position, place] = total
        for entry in own:
            asked[terms[entry]] = 0.0


def sample_rows(papers: int) -> NDArray[np.int64]:
    """Return the rows, ascending, whose vectors stand for those of all; always the same ones."""
    import numpy as np

    return np.sort(np.random.default_rng(0).choice(papers, min(papers, SAMPLE), replace=False))
