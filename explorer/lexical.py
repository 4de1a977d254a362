"""The papers' words: BM25 over stemmed terms. May import papers and errors.

The score of a paper for a query is the sum, over the terms of the query, of

    amount * idf * tf / (tf + K1 * (1 - B + B * length / average length)),    idf = ln(1 + (N - df + 0.5) / (df + 0.5))

that is BM25 as Lucene computes it (Robertson et al., "Okapi at TREC-3", 1994; Kamphuis et al., "Which BM25 do you
mean?", ECIR 2020). `amount` is how often the term stands in the query, and tf * (REPEATED + 1) / (tf + REPEATED) of
that where the query is a whole document (k3 in the first of these papers).

What is stored are counts; weights are made of them when they are needed, so that papers can be added without reading
the old ones again. Every sum is taken in the order of the terms: a score does not depend on how it was asked for.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

K1, B = 1.0, 0.7
REPEATED = 1.0
_WORD = r"\w\w+"
# They say nothing of what a text is about. The list is that of Lucene's English analyzer.
_STOP_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
})  # fmt: skip
_TOGETHER = 50_000  # papers whose terms are counted at a time
_MANY = 1_000_000  # entries that take longer to sort than SciPy to load
_WEIGHED = 4096  # papers whose terms are weighed at a time


class Terms(Protocol):
    """Give the stored counts; the store offers this."""

    def terms(self) -> NDArray[np.int64]:
        """Return (t, 3): a term's key, ascending; where its postings end; how many papers it was in when weighed."""

    def postings(self, start: int, stop: int) -> NDArray[np.int32]:
        """Return (stop - start, 2): rows, ascending within a term, and how often the term stands in each."""

    def lengths(self) -> NDArray[np.int32]:
        """Return (n,): how many terms each paper has."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """Hold what BM25 takes from the whole collection: the number of papers, and their average length in terms."""

    papers: int
    average_length: float

    def idf(self, frequencies: Any) -> NDArray[np.float64]:
        """Return what terms weigh that are in so many papers."""
        import numpy as np

        idf: NDArray[np.float64] = np.log1p(
            (self.papers - np.asarray(frequencies) + 0.5) / (np.asarray(frequencies) + 0.5)
        )
        return idf

    def weights(
        self, counts: NDArray[np.integer[Any]], lengths: NDArray[np.integer[Any]], idf: Any
    ) -> NDArray[np.float64]:
        """Return what occurrences weigh; `idf` are what their terms weigh."""
        return weighed(counts, self.normalized(lengths), idf)

    def normalized(self, lengths: NDArray[np.integer[Any]]) -> Any:
        """Return what papers of these lengths add to each count."""
        return K1 * (1 - B + B * lengths / self.average_length)


@dataclass(frozen=True, slots=True)
class TermCounts:
    """Hold how often which term stands in each paper, as compressed sparse rows.

    `keys` (t,) int64 ascending; paper i has the entries starts[i] to starts[i + 1] of `terms` (positions in `keys`,
    ascending) and `counts`: `starts` (n + 1,) int64, the others int32; `lengths` (n,) int32 in terms. `frequencies`
    (t,) int64 says how many papers each term is in, and `weighing` what BM25 takes from the papers as a whole: both are
    of the time when terms were weighed, which may be before the last papers came.
    """

    keys: NDArray[np.int64]
    starts: NDArray[np.int64]
    terms: NDArray[np.int32]
    counts: NDArray[np.int32]
    lengths: NDArray[np.int32]
    frequencies: NDArray[np.int64]
    weighing: Weighing

    @classmethod
    def of_postings(
        cls, table: NDArray[np.int64], postings: NDArray[np.int32], lengths: NDArray[np.int32], weighing: Weighing
    ) -> TermCounts:
        """Return the counts that were stored as `table` and `postings` have them."""
        import numpy as np
        from scipy.sparse import csc_matrix

        keys, ends, frequencies = table.T
        shape = (len(lengths), len(keys))
        matrix = csc_matrix((postings[:, 1], postings[:, 0], np.append(0, ends)), shape=shape).tocsr()
        # SciPy's types are these where they can be; then nothing is copied.
        starts, terms = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False)
        counts = matrix.data.astype(np.int32, copy=False)
        return cls(keys, starts, terms, counts, lengths, frequencies, weighing)

    @property
    def rows(self) -> NDArray[np.int32]:
        """Return for each entry the row of its paper."""
        import numpy as np

        return np.repeat(np.arange(len(self.lengths), dtype=np.int32), np.diff(self.starts))

    def postings(self) -> NDArray[np.int32]:
        """Return (p, 2) rows and counts, term by term, rows ascending within a term."""
        import numpy as np

        if len(self.terms) < _MANY:
            order = np.argsort(self.terms, kind="stable")
            return np.stack([self.rows[order], self.counts[order]], axis=1)
        from scipy.sparse import csr_matrix

        shape = (len(self.lengths), len(self.keys))
        by_term = csr_matrix((self.counts, self.terms, self.starts), shape=shape).tocsc()
        return np.stack([by_term.indices.astype(np.int32, copy=False), by_term.data], axis=1)

    def table(self) -> NDArray[np.int64]:
        """Return the terms as `Terms.terms` does."""
        import numpy as np

        ends = np.cumsum(np.bincount(self.terms, minlength=len(self.keys)))
        return np.stack([self.keys, ends, self.frequencies], axis=1)


class CountedTerms:
    """Give counts that are in memory."""

    def __init__(self, counts: TermCounts) -> None:
        self._table, self._postings, self._lengths = counts.table(), counts.postings(), counts.lengths

    def terms(self) -> NDArray[np.int64]:
        """Return the table of terms."""
        return self._table

    def postings(self, start: int, stop: int) -> NDArray[np.int32]:
        """Return some postings."""
        return self._postings[start:stop]

    def lengths(self) -> NDArray[np.int32]:
        """Return how many terms each paper has."""
        return self._lengths


def count_terms(texts: Iterable[str]) -> TermCounts:
    """Count the terms of texts, text i of paper i."""
    import numpy as np

    vocabulary, found, ends = _Vocabulary(), array("i"), array("q")
    blocks = []
    for text in texts:
        found.extend(map(vocabulary.__getitem__, words(text)))
        ends.append(len(found))
        if len(ends) == _TOGETHER:
            blocks.append(_counted(found, ends, len(vocabulary.terms)))
            found, ends = array("i"), array("q")
    blocks.append(_counted(found, ends, len(vocabulary.terms)))
    keys = np.fromiter(map(_key, vocabulary.terms), np.int64, len(vocabulary.terms))
    order = np.argsort(keys)
    place = np.empty(len(keys), dtype=np.int32)
    place[order] = np.arange(len(keys), dtype=np.int32)
    lengths = np.concatenate([block.lengths for block in blocks])
    starts = np.concatenate([[0], np.cumsum(np.concatenate([block.sizes for block in blocks]))])
    ordered, counts = (np.empty(starts[-1], dtype=np.int32) for _ in range(2))
    frequencies, end = np.zeros(len(keys), dtype=np.int64), 0
    for block in blocks:
        terms = place[block.terms]
        some = slice(end, end := end + len(terms))
        sorting = np.lexsort((terms, np.repeat(np.arange(len(block.sizes)), block.sizes)))
        ordered[some], counts[some] = terms[sorting], block.counts[sorting]
        frequencies += np.bincount(terms, minlength=len(keys))
    weighing = Weighing(len(lengths), max(float(lengths.sum()) / max(len(lengths), 1), 1.0))
    return TermCounts(keys[order], starts, ordered, counts, lengths, frequencies, weighing)


class _Block(NamedTuple):
    """Hold of some papers: how many different terms each has, these in any numbers, how often each stands there."""

    sizes: NDArray[np.int64]
    terms: NDArray[np.int32]
    counts: NDArray[np.int32]
    lengths: NDArray[np.int32]


def _counted(found: array[int], ends: array[int], terms: int) -> _Block:
    """Return what papers have whose terms are `found`, one paper's up to each of `ends`."""
    import numpy as np

    numbers, stops = np.asarray(found), np.asarray(ends)
    rows = np.repeat(np.arange(len(stops)), np.diff(stops, prepend=0))
    rows, numbers = rows[numbers >= 0], numbers[numbers >= 0]
    pairs, counts = np.unique(rows * max(terms, 1) + numbers, return_counts=True)
    sizes = np.bincount(pairs // max(terms, 1), minlength=len(stops))
    lengths = np.bincount(rows, minlength=len(stops)).astype(np.int32)
    return _Block(sizes, (pairs % max(terms, 1)).astype(np.int32), counts.astype(np.int32), lengths)


@dataclass(frozen=True, slots=True)
class TermQuery:
    """Hold what is asked for: positions in the table of terms, ascending, and amounts. Unknown terms are not in it."""

    positions: NDArray[np.int64]
    amounts: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LexicalScores:
    """Hold the scores of all papers, (n,) float64, with their mean and standard deviation.

    The deviation takes terms for independent of each other. So it can be had for every paper of a library without
    comparing all with all, and as a scale it was as good as the true one (see CONTRIBUTING.md).
    """

    values: NDArray[np.float64]
    mean: float
    deviation: float


class LexicalIndex:
    """Score all papers by the words they share with a query."""

    def __init__(self, source: Terms, weighing: Weighing) -> None:
        self._source = source
        self._weighing = weighing
        self._table = source.terms()
        self._lengths = source.lengths()

    def query(self, text: str, *, whole_document: bool = False) -> TermQuery:
        """Return the known terms of `text`."""
        import numpy as np

        amounts = {_key(term): float(count) for term, count in Counter(terms(text)).items()}
        keys = np.array(sorted(amounts), dtype=np.int64)
        positions = np.searchsorted(self._table[:, 0], keys)
        known = positions < len(self._table)
        known[known] = self._table[positions[known], 0] == keys[known]
        values = np.array([amounts[key] for key in keys[known].tolist()], dtype=np.float64)
        return TermQuery(positions[known], saturated(values) if whole_document else values)

    def scores(self, query: TermQuery) -> LexicalScores:
        """Return the score of every paper."""
        import numpy as np

        count = len(self._lengths)
        values, mean, variance = np.zeros(count), 0.0, 0.0
        for position, amount in zip(query.positions.tolist(), query.amounts.tolist(), strict=True):
            start = int(self._table[position - 1, 1]) if position else 0
            postings = self._source.postings(start, int(self._table[position, 1]))
            rows, counts = postings[:, 0], postings[:, 1]
            weights = self._weighing.weights(counts, self._lengths[rows], self._weighing.idf(self._table[position, 2]))
            values[rows] += amount * weights
            term_mean, term_variance = moments(weights, np.zeros(len(weights), dtype=np.int64), 1, count)
            mean += amount * float(term_mean[0])
            variance += amount * amount * float(term_variance[0])
        return LexicalScores(values, mean, variance**0.5)

    def rarity(self, spelled: Sequence[str]) -> list[int]:
        """Return for each word in how many papers its term is; 0 for words that are no terms."""
        found = []
        for word in spelled:
            position = self.query(word).positions
            found.append(int(self._table[position[0], 2]) if len(position) == 1 else 0)
        return found


def moments(
    weights: NDArray[np.float64], terms: NDArray[np.integer[Any]], count: int, papers: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance, over all papers, of the weights of each of `count` terms; most papers have weight 0.

    Entries are added in their order, so that a term alone and all terms at once give the same bits.
    """
    return _moments([(terms, weights)], count, papers)


def term_moments(counts: TermCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the `moments` of all terms, (t,) and (t,), holding the weights of some papers at a time."""
    return _moments(_weighed(counts), len(counts.keys), len(counts.lengths))


def _weighed(counts: TermCounts) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float64]]]:
    """Yield terms and weights of all entries, those of some papers at a time."""
    import numpy as np

    idf, n = counts.weighing.idf(counts.frequencies), len(counts.lengths)
    for start in range(0, n, _WEIGHED):
        stop = min(start + _WEIGHED, n)
        some = slice(counts.starts[start], counts.starts[stop])
        terms = counts.terms[some]
        lengths = np.repeat(counts.lengths[start:stop], np.diff(counts.starts[start : stop + 1]))
        yield terms, counts.weighing.weights(counts.counts[some], lengths, idf[terms])


def _moments(
    blocks: Iterable[tuple[NDArray[np.integer[Any]], NDArray[np.float64]]], count: int, papers: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    sums, squares = np.zeros(count), np.zeros(count)
    for terms, weights in blocks:
        np.add.at(sums, terms, weights)
        np.add.at(squares, terms, weights * weights)
    means = sums / papers
    return means, np.maximum(squares / papers - means * means, 0.0)


def weighed(counts: NDArray[np.integer[Any]], normalized: Any, idf: Any) -> NDArray[np.float64]:
    """Return what occurrences weigh: `normalized` is what papers add to their counts, `idf` what their terms weigh."""
    weights: NDArray[np.float64] = idf * counts / (counts + normalized)
    return weights


def saturated(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the amounts of a whole document's terms: a term that is repeated is not asked for as many times."""
    return amounts * (REPEATED + 1) / (amounts + REPEATED)


def terms(text: str) -> list[str]:
    """Return the terms of `text` in order, with repetitions: its words in lower case, without endings."""
    stem = _stemmer()
    return [stem(word) for word in words(text) if word not in _STOP_WORDS]


def words(text: str) -> list[str]:
    """Return the words of `text` in order, in lower case."""
    return re.findall(_WORD, text.lower())


def _stemmer() -> Any:
    from Stemmer import Stemmer

    return Stemmer("english").stemWord


def _key(term: str) -> int:
    """Return the number that stands for a term. That two of ten million share one is less likely than 1 : 300,000."""
    return int.from_bytes(blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


class _Vocabulary(dict[str, int]):
    """Number the terms that words stand for as they come; words to be left out are -1. Each word is stemmed once."""

    def __init__(self) -> None:
        self.terms: dict[str, int] = {}
        self._stem = _stemmer()

    def __missing__(self, word: str) -> int:
        number = -1 if word in _STOP_WORDS else self.terms.setdefault(self._stem(word), len(self.terms))
        self[word] = number
        return number
