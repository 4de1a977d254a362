"""What tells the papers of a group from all others: phrases by class-based TF-IDF, and the best of them as a label.

    weight = share * log(1 + groups / sum of its shares over all groups) * what its words say

which is c-TF-IDF (Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", 2022) with
shares of papers for counts of words, so that no paper that repeats a word speaks for its group. The share of a coarse
group is the square of the mean root of those of its fine groups: what is all in one of them names this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from explorer.papers import Paper
from explorer.topics.groups import Groups
from explorer.topics.phrases import PhraseCounts, count_phrases

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = Sequence[NDArray[np.intp]]
    _Ranked = list[tuple[int, float]]  # phrases and their weights, the best first

_READ, _LEAST_READ = 12_000, 30  # papers that are read: of all groups together about, of each group at least
_TERMS = 8
_CANDIDATES = 60  # phrases of a group that are looked at
_PAPERS = 2  # that must have a phrase, in groups of more than
_TINY = 3  # papers
_SAME = 0.6  # share of a phrase's papers that have a longer one: then the longer one is meant
_WEAK = 0.4  # what a phrase is worth that comes after all others: a vague word, half of a phrase
_GOOD = 0.5  # of the best weight: so good a phrase is a label where the best is taken


@dataclass(frozen=True, slots=True)
class Described:
    """Hold label and terms of each coarse and of each fine group; "" where no phrase could be found."""

    coarse: list[tuple[str, tuple[str, ...]]]
    fine: list[tuple[str, tuple[str, ...]]]


def described(
    groups: Groups, central: tuple[Rows, Rows], papers: Callable[[Sequence[int]], Iterable[Paper]]
) -> Described:
    """Return what the groups are about, by their most central papers, of each fine group about as many.

    Labels of two groups are the same only if one group is coarse and fine, or if their papers have no other words.
    """
    import numpy as np

    read = max(_LEAST_READ, _READ // max(len(groups.parents), 1))
    counts = count_phrases(papers(sorted(rows[:read].tolist())) for rows in central[1])
    sizes = np.bincount(groups.fine, minlength=len(groups.parents))
    fine = _Ranking(counts, counts.shares, counts.having)
    coarse = _Ranking(counts, _spread(counts.shares, groups.parents, sizes), counts.having @ _inside(groups.parents))
    labels, only = _Labels(counts), np.bincount(groups.parents) == 1
    ranked = [fine.best(group) for group in range(len(groups.parents))]
    firsts = {best[0][0] for group, best in enumerate(ranked) if best and not only[groups.parents[group]]}
    named = [labels.coarse(coarse.best(group), firsts, is_parted=not only[group]) for group in range(len(only))]
    made: list[tuple[str, tuple[str, ...]]] = [("", ())] * len(ranked)
    # Of two that want one label, the one that it says more of has it.
    for group in sorted(range(len(ranked)), key=lambda group: (-ranked[group][0][1] if ranked[group] else 0.0, group)):
        parent = int(groups.parents[group])
        made[group] = named[parent] if only[parent] else labels.fine(ranked[group])
    return Described(named, made)


def _inside(parents: NDArray[np.int32]) -> Any:
    """Return the sparse (fine, coarse) matrix that is 1 where a fine group is in a coarse one."""
    import numpy as np
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(parents)), (np.arange(len(parents)), parents)))


def _spread(shares: Any, parents: NDArray[np.int32], sizes: NDArray[np.int64]) -> Any:
    """Return the (phrases, coarse) shares."""
    import numpy as np
    from scipy.sparse import diags

    weights = sizes / np.bincount(parents, weights=sizes)[parents]
    return (shares.sqrt() @ diags(weights) @ _inside(parents)).power(2)


class _Ranking:
    """Rank the phrases of each group."""

    def __init__(self, counts: PhraseCounts, shares: Any, having: Any) -> None:
        import numpy as np

        self._counts = counts
        everywhere = np.asarray(shares.sum(axis=1)).ravel()
        self._said = counts.worth * np.log1p(shares.shape[1] / np.maximum(everywhere, 1e-9))
        self._shares, self._having = shares.tocsc(), having.tocsc()
        self._having.sort_indices()
        self._shares.sort_indices()

    def best(self, group: int) -> _Ranked:
        """Return the best phrases of a group and their weights; none of those that others hold and stand for."""
        import numpy as np

        start, end = self._shares.indptr[group : group + 2]
        phrases, having = self._shares.indices[start:end], self._having.data[start:end]
        weights = self._shares.data[start:end] * self._said[phrases]
        if len(having) and having.max() >= _PAPERS:
            weights = np.where(having >= _PAPERS, weights, 0)
        weak = self._counts.worth[phrases] < _WEAK
        order = np.lexsort((phrases, -weights, weak))[:_CANDIDATES]
        papers = dict(zip(phrases[order].tolist(), having[order].tolist(), strict=True))
        words = {phrase: self._counts.parts(phrase) for phrase in papers}
        stood_for = {
            part
            for longer in papers
            for part in papers
            if len(words[part]) < len(words[longer])
            and _holds(words[longer], words[part])
            and papers[longer] >= _SAME * papers[part]
        }
        return [
            (int(phrases[place]), float(weights[place]))
            for place in order.tolist()
            if phrases[place] not in stood_for and weights[place] > 0
        ]


def _holds(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    """Tell whether the words of `part` stand in a row in `words`."""
    return any(words[start : start + len(part)] == part for start in range(len(words) - len(part) + 1))


class _Labels:
    """Choose labels, none twice as long as words are left, and terms; "" where there are none at all."""

    def __init__(self, counts: PhraseCounts) -> None:
        self._counts = counts
        self._taken: set[frozenset[str]] = set()
        self._above: list[set[str]] = []

    def coarse(self, ranked: _Ranked, firsts: set[int], *, is_parted: bool) -> tuple[str, tuple[str, ...]]:
        """Return label and terms of a coarse group whose phrases are `ranked`.

        Of one that is parted, one word says too little: a second term is added, if it can be none of `firsts`, which
        fine groups are named for.
        """
        terms, free = self._different(ranked), self._free(ranked)
        chosen = free[:1]
        if is_parted and free and len(self._counts.parts(free[0])) == 1:
            second = [phrase for phrase in terms if phrase not in firsts and not self._same(phrase, free[0])]
            chosen += second[:1]
        label = self._given(chosen) if free else self._joined(terms)
        short = {word for phrase in chosen for words in _short(self._counts.parts(phrase)) for word in words}
        self._above.append({*self._parts(chosen), *short})
        return label, self._written(terms)

    def fine(self, ranked: _Ranked) -> tuple[str, tuple[str, ...]]:
        """Return label and terms of a fine group; the label says more than that of any coarse group."""
        terms = self._different(ranked)
        free = [phrase for phrase in self._free(ranked) if not self._is_above(phrase)]
        return self._given(free[:1]) if free else self._joined(terms), self._written(terms)

    def _written(self, terms: list[int]) -> tuple[str, ...]:
        return tuple(map(self._counts.written, terms[:_TERMS]))

    def _free(self, ranked: _Ranked) -> list[int]:
        """Return the good phrases that are no labels yet."""
        good = [phrase for phrase, weight in ranked if weight >= _GOOD * ranked[0][1]]
        return [phrase for phrase in good if self._is_free([phrase])]

    def _is_free(self, phrases: list[int]) -> bool:
        parts = self._parts(phrases)
        return not self._taken & {frozenset(parts), *_short(parts)}

    def _is_above(self, phrase: int) -> bool:
        return any(set(self._counts.parts(phrase)) <= words for words in self._above)

    def _joined(self, terms: list[int]) -> str:
        """Return the first two terms together that are no label yet; where there are none, the first term."""
        pairs = (list(pair) for pair in combinations(terms, 2))
        return self._given(next(filter(self._is_free, pairs), terms[:1]))

    def _given(self, phrases: list[int]) -> str:
        """Return the label of some phrases, taken from now on, and what is short for it."""
        parts = self._parts(phrases)
        self._taken |= {frozenset(parts), *(_short(parts) if len(phrases) == 1 else ())}
        return ", ".join(map(self._counts.written, phrases))

    def _parts(self, phrases: list[int]) -> tuple[str, ...]:
        return tuple(part for phrase in phrases for part in self._counts.parts(phrase))

    def _same(self, phrase: int, other: int) -> bool:
        """Tell whether one of two phrases has only words of the other, or is its initials."""
        words, others = self._counts.parts(phrase), self._counts.parts(other)
        within = set(words) <= set(others) or set(others) <= set(words)
        return within or frozenset(words) in _short(others) or frozenset(others) in _short(words)

    def _different(self, ranked: _Ranked) -> list[int]:
        """Return the best phrases, none of which is the same as another one."""
        kept: list[int] = []
        for phrase, _ in ranked:
            if not any(self._same(phrase, other) for other in kept):
                kept.append(phrase)
            if len(kept) == 2 * _TERMS:
                break
        return kept


def _short(words: tuple[str, ...]) -> set[frozenset[str]]:
    """Return what is short for some words: "llm" for "large language model". Nothing is short for one word."""
    return {frozenset({"".join(word[0] for word in words)})} if len(words) > 1 else set()
