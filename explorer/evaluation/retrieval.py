"""What each ranking reaches on a collection: the usual measures, with intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from explorer.evaluation.collection import Collection, Topic
from explorer.index import NearestRows, unit
from explorer.lexical import CountedTerms, LexicalIndex, count_terms
from explorer.papers import Paper
from explorer.query import Query
from explorer.ranking import SMOOTHED_OVER
from explorer.search.listing import Lister, Scorer
from explorer.search.options import RANKINGS
from explorer.search.related import sample_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.embedder import Embedder

# The measuring library's names, and ours.
MEASURES = {
    "nDCG@10": "ndcg@10",
    "nDCG@20": "ndcg@20",
    "AP": "map",
    "R@10": "recall@10",
    "R@100": "recall@100",
    "P@10": "p@10",
}
_DEPTH = 1000  # answers that are judged, as is usual
_RESAMPLES = 2000
_CONFIDENCE = 0.95
_TOGETHER = 512  # texts embedded at a time


@dataclass(frozen=True, slots=True)
class Measured:
    """Hold what one ranking reached: means over the queries, their 95 % bootstrap intervals, every query's values."""

    ranking: str
    means: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    each: dict[str, dict[str, float]] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the ranking, its means by name, and the interval of nDCG@10 as JSON can hold them."""
        return {
            "ranking": self.ranking,
            **self.means,
            "interval": list(self.intervals["ndcg@10"]),
            "intervals": {name: list(interval) for name, interval in self.intervals.items()},
            "queries": len(self.each),
        }


def evaluate(
    collection: Collection, embedder: Embedder, progress: Callable[[int], object] = lambda _: None
) -> list[Measured]:
    """Return what each ranking reaches, the default one last; `progress` hears of texts embedded and queries answered.

    Queries are answered as a library's are, near-duplicates unfolded; papers that are queries are no answers to
    themselves. Raises InvalidInput for vectors without direction.
    """
    corpus = _Memory(collection, embedder, progress)
    runs: dict[str, list[list[int]]] = {ranking: [] for ranking in reversed(RANKINGS)}
    for topic in collection.topics:
        part = Query("text", topic.text) if topic.row is None else Query("id", "", topic.row)
        scorer, allowed = Scorer(corpus, part), corpus.allowed(topic)
        for ranking, run in runs.items():
            run.append(Lister(corpus, ranking, allowed).list(scorer, _DEPTH).rows.tolist())
        progress(1)
    return [_measured(ranking, run, collection) for ranking, run in runs.items()]


class _Memory:
    """Be to a search what a library is, with everything in memory."""

    def __init__(self, collection: Collection, embedder: Embedder, progress: Callable[[int], object]) -> None:
        import numpy as np

        self._papers = collection.papers
        self._embedder = embedder
        texts = [paper.text for paper in self._papers]
        vectors = []
        for start in range(0, len(texts), _TOGETHER):
            vectors.append(unit(embedder.embed([text or " " for text in texts[start : start + _TOGETHER]]), start))
            progress(len(vectors[-1]))
        self.nearest = NearestRows(np.concatenate(vectors))
        self.twins = _of_the_same_text(texts)
        self._has_words = np.array([bool(text) for text in texts])
        self._queries = [topic.text for topic in collection.topics if topic.row is None]

    def allowed(self, topic: Topic) -> NDArray[np.bool_]:
        """Return (n,): which papers may be answers to a query. Those without words are in no library."""
        import numpy as np

        allowed = self._has_words.copy()
        if topic.pool is not None:
            others = np.ones(len(allowed), dtype=bool)
            others[list(topic.pool)] = False
            allowed[others] = False
        if topic.row is not None:
            allowed[topic.row] = False
        return allowed

    @cached_property
    def lexical(self) -> LexicalIndex:
        counts = count_terms(paper.words for paper in self._papers)
        return LexicalIndex(CountedTerms(counts), counts.weighing)

    @cached_property
    def sample(self) -> NDArray[np.float32]:
        return unit(self.nearest.vectors[sample_rows(len(self._papers))])

    @cached_property
    def neighbors(self) -> NDArray[np.int32]:
        import numpy as np

        return np.concatenate([block.rows for block in self.nearest.graph(SMOOTHED_OVER)])

    @cached_property
    def _asked(self) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of all queries, embedded at once."""
        queries = list(dict.fromkeys(self._queries))
        return dict(zip(queries, self._embedder.embed(queries, as_query=True), strict=True)) if queries else {}

    def papers(self, rows: Sequence[int]) -> list[Paper]:
        return [self._papers[row] for row in rows]

    def embed(self, texts: Sequence[str], *, as_query: bool) -> NDArray[np.float32]:  # noqa: ARG002 -- they all are
        import numpy as np

        return np.stack([self._asked[text] for text in texts])


def _of_the_same_text(texts: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Return for rows that share their text with others the first of these, as a corpus gives near-duplicates."""
    first: dict[str, int] = {}
    firsts = [first.setdefault(text, row) for row, text in enumerate(texts)]
    sizes = Counter(firsts)
    return {row: (found, found) for row, found in enumerate(firsts) if sizes[found] > 1}


def _measured(ranking: str, run: Sequence[Sequence[int]], collection: Collection) -> Measured:
    import ir_measures

    names = [topic.id for topic in collection.topics]
    # Ranks, not scores: equal scores would be ordered by the measuring library's own rule. Positions, not names: these
    # may be no Unicode, which it does not take.
    ranks = {str(place): {str(row): float(-rank) for rank, row in enumerate(rows)} for place, rows in enumerate(run)}
    judged = {
        str(place): {str(row): grade for row, grade in collection.grades[name].items()}
        for place, name in enumerate(names)
    }
    each: dict[str, dict[str, float]] = {name: dict.fromkeys(MEASURES.values(), 0.0) for name in names}
    measures = [ir_measures.parse_measure(name) for name in MEASURES]
    for value in ir_measures.iter_calc(measures, judged, ranks):
        each[names[int(value.query_id)]][MEASURES[str(value.measure)]] = float(value.value)
    means, intervals = _means(each)
    return Measured(ranking, means, intervals, each)


def _means(each: dict[str, dict[str, float]]) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Return means over the queries, and their intervals by the percentile bootstrap, seeded.

    Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    import numpy as np

    names, dice = list(MEASURES.values()), np.random.default_rng(0)
    values = np.array([[one[name] for name in names] for one in each.values()])
    drawn = np.stack([values[dice.integers(len(values), size=len(values))].mean(axis=0) for _ in range(_RESAMPLES)])
    low, high = np.quantile(drawn, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2], axis=0).tolist()
    means = values.mean(axis=0).tolist()
    return dict(zip(names, means, strict=True)), dict(zip(names, zip(low, high, strict=True), strict=True))
