"""One paper or one text to its answers, in order: dense, lexical or fused."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from explorer.errors import ModelMismatch
from explorer.lexical import LexicalScores
from explorer.papers import Paper
from explorer.query import Query
from explorer.ranking import COMPARED, LEXICAL_WEIGHT, SHORTLIST, SMOOTHED_OVER, Scale, best, fused, led, smoothed
from explorer.search.corpus import Corpus, scale_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.intp]
    Scores = NDArray[np.float64]

_ROUNDING = 1e-5  # more than cosines by float32 sums are wrong by
_SAME_TEXT = 0.98  # cosine from which a text is compared with a paper's, letter by letter


@dataclass(frozen=True, slots=True)
class Listing:
    """Hold answers, highest score first: (m,) rows, scores, and the dense and lexical parts that these are sums of."""

    rows: Rows
    scores: Scores
    dense: Scores
    lexical: Scores

    def first(self, count: int) -> Listing:
        """Return the first answers."""
        return Listing(self.rows[:count], self.scores[:count], self.dense[:count], self.lexical[:count])


class Scorer:
    """Compare all papers with one paper or text; each comparison is made when it is first needed."""

    def __init__(self, corpus: Corpus, part: Query) -> None:
        self.part = part
        self._corpus = corpus

    @cached_property
    def _paper(self) -> Paper | None:
        return None if self.part.row is None else self._corpus.papers([self.part.row])[0]

    @property
    def text(self) -> str:
        """Return the text that is asked with."""
        return self.part.text if self._paper is None else self._paper.text

    @cached_property
    def vector(self) -> NDArray[np.float32] | None:
        """Return the (d,) unit vector; None for a text where there is no model."""
        if self.part.row is not None:
            return self._corpus.nearest.vector(self.part.row)
        vectors = self._corpus.embed([self.part.text], as_query=self.part.kind == "text")
        return None if vectors is None else vectors[0]

    @property
    def needed_vector(self) -> NDArray[np.float32]:
        """Return the vector. Raises ModelMismatch where there is none."""
        if self.vector is None:
            raise ModelMismatch(
                "this library was built from ready vectors: name the model that made them with --model, "
                "or search for the words alone with --rank lexical"
            )
        return self.vector

    @cached_property
    def cosines(self) -> NDArray[np.float32]:
        """Return the cosine of every paper, (n,), good to 1e-6."""
        return self._corpus.nearest.cosines(self.needed_vector)

    @cached_property
    def lexical(self) -> LexicalScores:
        """Return the lexical score of every paper."""
        index, paper = self._corpus.lexical, self._paper
        asked = self.part.text if paper is None else paper.words
        return index.scores(index.query(asked, whole_document=self.part.kind != "text"))

    @cached_property
    def scales(self) -> tuple[Scale, Scale]:
        """Return the library's scales of both."""
        return scale_of(self._corpus.sample, self.needed_vector), Scale(self.lexical.mean, self.lexical.deviation)

    def compare_all(self) -> None:
        """Let the bounds be the cosines of all papers."""
        self.bounds = self.cosines, None

    def forget(self) -> None:
        """Give back what is as long as the library is; it is made again where it is needed."""
        for name in ("cosines", "lexical", "bounds"):
            vars(self).pop(name, None)

    def exact(self, rows: Rows) -> NDArray[np.float32]:
        """Return the cosines of some papers."""
        return self._corpus.nearest.exact(self.needed_vector, rows)

    def nearest(self, count: int, allowed: NDArray[np.bool_]) -> Rows:
        """Return, in no order, the `count` papers of largest cosine, if so many are allowed."""
        index = self._corpus.nearest
        listed = index.listed(self.needed_vector, count, allowed, of_text=self.part.row is None)
        return index.shortlist(self.cosines, self.needed_vector, count, allowed=allowed) if listed is None else listed

    @cached_property
    def bounds(self) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
        """Return what no paper's cosine is above, (n,), and which of these are the cosines; None: all are.

        With an index only the nearest papers are compared; the others are no nearer than the last of these.
        """
        import numpy as np

        rows = self._corpus.nearest.listed(self.needed_vector, COMPARED, of_text=self.part.row is None)
        if rows is None:
            return self.cosines, None
        exact = self.exact(rows)
        bounds = np.full(len(self.lexical.values), exact.min(), dtype=np.float32)
        bounds[rows] = exact
        is_exact = np.zeros(len(bounds), dtype=bool)
        is_exact[rows] = True
        return bounds, is_exact

    def same_text(self, rows: Rows) -> NDArray[np.bool_]:
        """Tell which papers have the very text that is asked with."""
        import numpy as np

        if self.part.row is not None:
            twins = self._corpus.twins
            own = twins.get(self.part.row, (0, -1))[1]
            return np.array([twins.get(row, (0, -2))[1] == own for row in rows.tolist()], dtype=bool)
        same = self.exact(rows) >= _SAME_TEXT
        same[same] = [paper.text == self.part.text for paper in self._corpus.papers(rows[same].tolist())]
        return same


class Lister:
    """List answers by one ranking, among the rows that are `allowed`, (n,)."""

    def __init__(self, corpus: Corpus, ranking: str, allowed: NDArray[np.bool_]) -> None:
        self._corpus = corpus
        self._allowed = allowed
        self._ranking = ranking

    def list(self, scorer: Scorer, count: int) -> Listing:
        """Return `count` answers, if there are so many; the first ones are the same for any count.

        Raises InvalidInput, ModelMismatch.
        """
        if self._ranking == "lexical":
            return self._by_words(scorer, count)
        if self._ranking == "dense":
            return self._by_cosine(scorer, count)
        # A paper's own words are many, its nearest papers are stored: its answers are these, in another order.
        listed = self._by_both(scorer, count) if scorer.part.row is None else self._among_nearest(scorer, count)
        return listed.first(count)

    def _by_cosine(self, scorer: Scorer, count: int) -> Listing:
        import numpy as np

        rows = scorer.nearest(count, self._allowed)
        cosines = scorer.exact(rows).astype(np.float64)
        order = best(cosines, rows)
        return Listing(rows[order], cosines[order], cosines[order], np.zeros(len(order)))

    def _by_words(self, scorer: Scorer, count: int) -> Listing:
        """List the papers that share a word with the query; there may be none."""
        import numpy as np

        scores = scorer.lexical.values
        rows = np.flatnonzero(self._allowed & (scores > 0))
        if count < len(rows):
            rows = rows[scores[rows] >= np.partition(scores[rows], len(rows) - count)[len(rows) - count]]
        rows = rows[best(scores[rows], rows, count)]
        return Listing(rows, scores[rows], np.zeros(len(rows)), scores[rows])

    def _by_both(self, scorer: Scorer, count: int) -> Listing:
        """List all papers by meaning and words: what only one of the two finds is found."""
        import numpy as np

        nearest = self._corpus.neighbors[:, :SMOOTHED_OVER]
        cosines, is_exact = scorer.bounds
        dense, lexical = fused(cosines, scorer.lexical.values, scorer.scales)
        about = smoothed(dense + lexical, nearest)
        rows = np.flatnonzero(self._allowed)
        if count < len(rows):
            known = rows if is_exact is None else rows[is_exact[rows] & is_exact[nearest[rows]].all(axis=1)]
            if len(known) < count:
                scorer.compare_all()
                return self._by_both(scorer, count)
            margin = 2 * _ROUNDING / max(scorer.scales[0].deviation, _ROUNDING)
            least = np.partition(about[known], len(known) - count)[len(known) - count] - margin
            rows = rows[(about[rows] >= least) | (cosines[rows] >= _SAME_TEXT)]
        needed = np.union1d(rows, nearest[rows].ravel())
        dense[needed] = fused(scorer.exact(needed), 0.0, scorer.scales)[0]
        dense, lexical = smoothed(dense, nearest[rows], rows), smoothed(lexical, nearest[rows], rows)
        return _ordered(rows, dense, lexical, scorer.same_text(rows))

    def _among_nearest(self, scorer: Scorer, count: int) -> Listing:
        """List the nearest papers by meaning and words, and behind these the others by meaning."""
        import numpy as np

        rows = scorer.nearest(SHORTLIST, self._allowed)
        cosines = scorer.exact(rows)
        parts = fused(cosines, scorer.lexical.values[rows], scorer.scales)
        listed = _ordered(rows, *parts, scorer.same_text(rows))
        if count <= len(rows) or len(rows) < SHORTLIST:
            return listed
        others = self._allowed.copy()
        others[rows] = False
        later = self._by_cosine_among(scorer, others, count - len(rows))
        # Their scores go on from the last one's as cosines fall, since no words are looked at.
        fall = (float(cosines.min()) - later.dense) * (1 - LEXICAL_WEIGHT) / max(scorer.scales[0].deviation, _ROUNDING)
        scores = listed.scores[-1] - fall
        added = (later.rows, scores, scores, np.zeros(len(scores)))
        shown = (listed.rows, listed.scores, listed.dense, listed.lexical)
        return Listing(*(np.concatenate(pair) for pair in zip(shown, added, strict=True)))

    def _by_cosine_among(self, scorer: Scorer, allowed: NDArray[np.bool_], count: int) -> Listing:
        return Lister(self._corpus, "dense", allowed).list(scorer, count)


def _ordered(rows: Rows, dense: Scores, lexical: Scores, first: Any) -> Listing:
    import numpy as np

    scores = led(dense + lexical, first)
    dense = np.where(first, scores - lexical, dense)
    order = best(scores, rows)
    return Listing(rows[order], scores[order], dense[order], lexical[order])
