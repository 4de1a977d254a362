"""A question to its answers: one paper or text, or a mixture; among papers that may be answers; each once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from explorer.errors import InvalidInput
from explorer.matches import folded
from explorer.papers import shortened
from explorer.ranking import SHORTLIST, covering, diversified, pushed, worth
from explorer.search.corpus import Corpus
from explorer.search.listing import Lister, Listing, Scorer
from explorer.search.question import Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_POOL, _LEAST_LISTED = 4_000, 20  # answers that all parts of a mixture put together list, and those of each
_SPARE = 8  # answers beyond those asked for: near-duplicates will be folded


@dataclass(frozen=True, slots=True)
class Found:
    """Hold one answer: its row, its score, the largest cosine with what is asked for, the score's two parts.

    `twins` are rows that it stands for; `part` is the position of what it is most like among what was asked for. In a
    mixture the dense and lexical parts are those of its score for that one alone.
    """

    row: int
    score: float
    similarity: float
    dense: float
    lexical: float
    twins: tuple[int, ...] = ()
    part: int = 0


class Search:
    """Carry out one search; `allowed` are the rows that may be answers, None for all."""

    def __init__(
        self, corpus: Corpus, question: Question, ranking: str, allowed: NDArray[np.bool_] | None, papers: int
    ) -> None:
        import numpy as np

        self.corpus, self._question, self._ranking = corpus, question, ranking
        may = np.ones(papers, dtype=bool) if allowed is None else allowed.copy()
        may[list(question.excluded)] = False
        self._allowed = may
        self._lister = Lister(corpus, ranking, may)

    @cached_property
    def scorers(self) -> list[Scorer]:
        """Return what compares papers with each part of what they should be like."""
        return [Scorer(self.corpus, part) for part in self._question.like]

    def answers(self, k: int, *, diverse: float = 0.0, fold: bool = True) -> list[Found]:
        """Return up to `k` answers; the first ones are the same for any k."""
        wanted = max(k, SHORTLIST) if diverse else k
        count = wanted + (_SPARE if fold else 0)
        possible = int(self._allowed.sum())
        while True:
            found = list(self._listed(count))
            answers = self._folded(found) if fold else found
            if len(answers) >= wanted or count >= possible:
                break
            count = min(possible, 4 * count)
        if diverse:
            answers = self._diversified(answers[:wanted], diverse)
        return answers[:k]

    def _listed(self, count: int) -> Iterator[Found]:
        import numpy as np

        single = self._question.kind != "mixture"
        listing = self._wanted(self.scorers[0], count) if single else self._mixed(count)
        cosines, parts = self._similarities(listing.rows)
        # Scores are stored in single precision, so they are told in it.
        values = (listing.scores.astype(np.float32), cosines, listing.dense, listing.lexical)
        columns = (each.tolist() for each in values)
        for row, score, cosine, dense, lexical, part in zip(
            listing.rows.tolist(), *columns, parts.tolist(), strict=True
        ):
            yield Found(row, score, cosine, dense, lexical, part=part)
        if not single and count > len(listing.rows):
            yield from self._others(listing.rows, count - len(listing.rows))

    def _similarities(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Return the largest cosine of each row with a part of what is asked for, and which part that is."""
        import numpy as np

        if any(scorer.vector is None for scorer in self.scorers):
            return np.full(len(rows), np.nan), np.zeros(len(rows), dtype=np.intp)
        cosines = np.stack([scorer.exact(rows) for scorer in self.scorers]).astype(np.float64)
        return cosines.max(axis=0), cosines.argmax(axis=0)

    @cached_property
    def _worths(self) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
        """Return the papers that are among the best of any part, what they are worth, and the parts of their scores."""
        import numpy as np

        size = min(SHORTLIST, max(_LEAST_LISTED, _POOL // len(self.scorers)))
        wanted = [self._wanted(scorer, size, forget=True) for scorer in self.scorers]
        unwanted = [self._lister.list(Scorer(self.corpus, part), SHORTLIST) for part in self._question.unlike]
        pool = np.unique(np.concatenate([listing.rows for listing in wanted]))
        weights = np.array([part.weight for part in self._question.unlike])
        against = _worths(unwanted, pool) * (weights / weights.max(initial=1.0))[:, None]
        return pool, pushed(_worths(wanted, pool), against), _parts_of(wanted, pool)

    def _wanted(self, scorer: Scorer, count: int, *, forget: bool = False) -> Listing:
        """Return the answers to one part of what is wanted. Raises InvalidInput when no paper has a word of it."""
        listing = self._lister.list(scorer, count)
        if self._ranking == "lexical" and not scorer.lexical.values.any():
            raise InvalidInput(
                f"no paper of this library has any word of {shortened(scorer.text)!r}: try --rank dense, by meaning"
            )
        if forget:  # parts may be hundreds
            scorer.forget()
        return listing

    def _mixed(self, count: int) -> Listing:
        """Return up to `count` answers to a mixture: the best of every part, in an order that covers all of them."""
        import numpy as np

        pool, worths, parts = self._worths
        weights = np.array([scorer.part.weight for scorer in self.scorers])
        order, gains = covering(worths, weights, pool, count)
        return Listing(pool[order], gains, parts[0][order], parts[1][order])

    def _others(self, listed: NDArray[np.intp], count: int) -> Iterator[Found]:
        """Yield what is among no part's best: a mixture has as many answers as a single query.

        They are ordered by the largest cosine; by words, by the largest share of a part's best score.
        """
        import numpy as np

        rest = self._allowed.copy()
        rest[listed] = False
        rows = np.flatnonzero(rest)
        cosines, parts = self._similarities(rows)
        scores = cosines
        if self._ranking == "lexical":
            words = np.stack([scorer.lexical.values for scorer in self.scorers])
            scores = (words[:, rows] / np.maximum(words.max(axis=1, keepdims=True), 1e-9)).max(axis=0)
        for place in np.lexsort((rows, -scores))[:count].tolist():
            score = float(scores[place]) - 1
            if self._ranking != "lexical" or score > -1:
                yield Found(int(rows[place]), score, float(cosines[place]), score, 0.0, part=int(parts[place]))

    def _folded(self, found: list[Found]) -> list[Found]:
        """Return the first of each group of near-duplicates, which stands for the others."""
        kept = folded((answer.row for answer in found), self.corpus.twins, lambda row: bool(self._allowed[row]))
        return [replace(answer, twins=kept[answer.row]) for answer in found if answer.row in kept]

    def _diversified(self, answers: list[Found], diverse: float) -> list[Found]:
        """Return answers of which the first so many, always the same number, are in an order that repeats less."""
        import numpy as np

        pool, rest = answers[:SHORTLIST], answers[SHORTLIST:]
        if not pool:
            return answers
        vectors = np.stack([self.corpus.nearest.vector(answer.row) for answer in pool])
        order = diversified(worth(np.array([answer.score for answer in pool])), vectors, diverse)
        return [pool[place] for place in order] + rest


def _worths(listings: list[Listing], pool: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return (p, m): what each of m papers is worth for each of p listings; nothing where it is not listed."""
    import numpy as np

    worths = np.zeros((len(listings), len(pool)))
    for place, listing in enumerate(listings):
        is_in = np.isin(listing.rows, pool)
        worths[place, np.searchsorted(pool, listing.rows[is_in])] = worth(listing.scores)[is_in]
    return worths


def _parts_of(listings: list[Listing], pool: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return (2, m): the dense and the lexical part of each paper's score where it is worth most."""
    import numpy as np

    parts, most = np.zeros((2, len(pool))), np.full(len(pool), -1.0)
    for listing, worths in zip(listings, _worths(listings, pool), strict=True):
        places = np.searchsorted(pool, listing.rows)
        better = worths[places] > most[places]
        most[places[better]] = worths[places[better]]
        parts[:, places[better]] = np.stack([listing.dense, listing.lexical])[:, better]
    return parts
