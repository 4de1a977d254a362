"""Scores into an order: fusion of dense and lexical scores, coverage of several queries, diversity. Imports nothing.

Dense scores (cosines) and lexical ones (BM25) are brought to one scale by their mean and standard deviation over the
library (z-scores) and added with one weight. The library is the yardstick, not the best few: so an answer keeps its
score when all its rivals are good. Every order is total: equal scores are ordered by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float64]

LEXICAL_WEIGHT = 0.35  # of the lexical part; the dense one has the rest
SHORTLIST = 200  # a paper's nearest by vectors, which the ranking orders anew when it is the query
COMPARED = 2_000  # a text's nearest by vectors, which are compared by meaning and words where an index finds them
SMOOTHING, SMOOTHED_OVER = 0.25, 5  # how much of a score is that of a paper's so many nearest; see `smoothed`
_NONE = 1e-9  # deviations up to this are rounding
_LEAD = 1e-3
PUSH, LEAST = 0.5, 0.05  # what being like the unwanted costs, and what share of a worth is always left


@dataclass(frozen=True, slots=True)
class Scale:
    """Hold the mean and the standard deviation of scores over a library: numbers, or arrays for several queries."""

    mean: Any
    deviation: Any

    def z(self, scores: Any) -> Scores:
        """Return how many deviations each score lies above the mean; zero where all are the same."""
        import numpy as np

        values = np.asarray(scores, dtype=np.float64) - self.mean
        z: Scores = np.where(np.greater(self.deviation, _NONE), values / np.maximum(self.deviation, _NONE), 0.0)
        return z


def fused(dense: Any, lexical: Any, scales: tuple[Scale, Scale]) -> tuple[Scores, Scores]:
    """Return the dense and the lexical part of the fused scores, which are their sums; `scales` are the library's."""
    return (1 - LEXICAL_WEIGHT) * scales[0].z(dense), LEXICAL_WEIGHT * scales[1].z(lexical)


def smoothed(scores: Scores, nearest: NDArray[np.integer[Any]], rows: Any = slice(None)) -> Scores:
    """Return the scores of `rows`, each moved some way to the mean score of the papers nearest to it.

    Papers near each other tend to be answers to the same question (Diaz, "Regularizing ad hoc retrieval scores", CIKM
    2005); so a paper is found by words that only its neighbors use. `nearest` holds for each of `rows` the rows nearest
    to it.
    """
    if nearest.shape[1] == 0:
        own: Scores = scores[rows]
        return own
    moved: Scores = (1 - SMOOTHING) * scores[rows] + SMOOTHING * scores[nearest].mean(axis=1)
    return moved


def led(scores: Scores, first: NDArray[np.bool_]) -> Scores:
    """Return scores with those of papers that come `first`, whatever they got, a little above all others (by row)."""
    import numpy as np

    raised: Scores = np.where(first, scores.max(axis=-1, keepdims=True, initial=0.0) + _LEAD, scores)
    return raised


def best(scores: Scores, rows: NDArray[Any], count: int | None = None) -> NDArray[np.intp]:
    """Return the positions of the `count` highest scores, highest first, equal ones by row."""
    import numpy as np

    return np.lexsort((rows, -scores))[:count]


def worth(scores: Scores) -> Scores:
    """Return scores, highest first, as shares of what lies between the highest (1) and the last (0)."""
    import numpy as np

    if len(scores) == 0 or scores[0] <= scores[-1]:
        return np.ones(len(scores))
    shares: Scores = np.clip((scores - scores[-1]) / (scores[0] - scores[-1]), 0.0, 1.0)
    return shares


def pushed(wanted: Scores, unwanted: Scores) -> Scores:
    """Return what is left of each paper's worth, (p, m), after its worths for what it should be unlike, (q, m).

    A paper loses half of what it is worth there, but never all that it has: it comes later, and is not forgotten.
    """
    import numpy as np

    if len(unwanted) == 0:
        return wanted
    left: Scores = np.maximum(wanted - PUSH * unwanted.max(axis=0), LEAST * wanted)
    return left


def covering(worths: Scores, weights: Scores, rows: NDArray[Any], count: int) -> tuple[NDArray[np.intp], Scores]:
    """Return the positions of `count` papers in an order that answers several queries at once, and the gain of each.

    `worths` (p, m) says what each paper is worth for each query, `weights` (p,) what each query counts. The next paper
    is always the one of largest gain; a query that was answered well counts less from then on, so that one with many
    good answers does not crowd out another (after xQuAD: Santos et al., "Exploiting query reformulations for web
    search result diversification", WWW 2010). Gains never rise.
    """
    import numpy as np

    counts, left = weights / weights.sum(), np.ones(len(rows), dtype=bool)
    count = min(count, len(rows))
    order, gains = np.empty(count, dtype=np.intp), np.empty(count)
    by_row = np.argsort(rows, kind="stable")
    worths = worths[:, by_row]
    for place in range(count):
        gain = np.where(left, counts @ worths, -1.0)
        chosen = int(np.argmax(gain))
        order[place], gains[place], left[chosen] = by_row[chosen], gain[chosen], False
        counts = counts * (1 - worths[:, chosen] / 2)
    return order, gains


def diversified(worths: Scores, vectors: NDArray[np.floating[Any]], diversity: float) -> NDArray[np.intp]:
    """Return the positions of papers, given in their order, in one that repeats itself less.

    Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998): the next is always the one of largest
    (1 - diversity) * worth - diversity * its largest cosine with those before. `vectors` are (m, d) unit rows.
    """
    import numpy as np

    cosines = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    nearest, left = np.zeros(len(worths)), np.ones(len(worths), dtype=bool)
    order = np.empty(len(worths), dtype=np.intp)
    for place in range(len(worths)):
        value = (1 - diversity) * worths - diversity * nearest
        order[place] = chosen = int(np.argmax(np.where(left, value, -np.inf)))
        left[chosen] = False
        nearest = cosines[chosen] if place == 0 else np.maximum(nearest, cosines[chosen])
    return order
