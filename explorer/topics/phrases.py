"""The words and phrases that could name a group, and the share of each group's papers that have them.

Which words cannot name anything is said by the lists in the folder `words`: those that say nothing ("stop"), what
papers say of themselves and of each other, whatever they are about ("boilerplate"), and what says too little alone
("vague": "object detection" needs both of its words).

Phrases are counted as numbers and not as strings: that is what makes it take seconds for twenty thousand papers.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from explorer.papers import Paper, readable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 3  # words of a phrase
_TITLE, _ABSTRACT = 3, 1  # what a phrase weighs that is in a title, and one that is only in an abstract
_TEXT = 4_000  # characters of an abstract that are read
_SHORT, _LONG = 2, 40  # characters of a word
_RARE = 2_000  # so few papers, and phrases that only one of them has are counted too
# What phrases of one, two and three words say, if none of these words is a name, and if one is. By reading labels.
_VAGUE, _NAMED = (0.1, 0.75, 0.8), (0.75, 1.25, 1.2)
_ENDING, _STARTING = 0.35, 0.1  # shares of a phrase's occurrences that end, that begin a run of words: of a whole
_PART_WORTH = 0.2  # of the worth of a whole
_SEEN = 500  # occurrences of a phrase that are looked at for how it is written

# Whatever prints no letter, digit or mark parts words, so that marks stay with the letters of scripts that have them.
_SIGNS = (
    r"\s\x00-/:-@\[-`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf×÷\u2000-\u206f\u2190-\u2bff\u3000-\u303f\ue000-\uf8ff"
    r"\ufe00-\ufe6f\ufeff\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\ufff0-\uffff\U000e0000-\U0010ffff"
)
_TOKENS = re.compile(rf"(?i:state[ -]of[ -]the[ -]art)|[^{_SIGNS}]+(?:(?:--?|['’‐‑–])[^{_SIGNS}]+)*|[^\s]")
_JOINTS = re.compile("--?|[‐‑–]")
_SENTENCE_END, _SIGN = range(2)  # the numbers of what is no word
# What a word may be: no part of a phrase, only within one, a part of one, all of one.
_BREAK, _LINK, _PART, _NAME = range(4)
_INNER = frozenset({"of", "to"})  # "quality of service", "text to speech"


@cache
def _listed(name: str) -> frozenset[str]:
    return frozenset(files("explorer.topics").joinpath("words", f"{name}.txt").read_text("utf-8").split())


def normal(word: str) -> str:
    """Return the key of a word: lower case, without hyphens, singular.

    The rules for plurals are those of Harman ("How effective is suffixing?", Journal of the American Society for
    Information Science 42, 1991) and some more. Stemming would take "universe" and "university" for one.
    """
    word = re.sub("['’]s?$", "", _JOINTS.sub("", word.lower()))
    if len(word) <= 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word.removesuffix("s")


class _Words:
    """Number the words as they are written, with the number of their key and what they may be in a phrase."""

    def __init__(self) -> None:
        self.spelled: list[str] = [".", ","]
        self.keys: list[int] = [0, 0]
        self.kinds: list[int] = [_BREAK, _BREAK]
        self.names: dict[str, int] = {"": 0}
        self._numbers: dict[str, int] = dict.fromkeys(".!?:", _SENTENCE_END)

    def number(self, word: str) -> int:
        """Return the number of a word; of all that cannot be in a phrase, that of a sign."""
        known = self._numbers.get(word)
        if known is None:
            known = self._numbers[word] = self._new(word)
        return known

    def _new(self, word: str) -> int:
        kind = _judged(word)
        if kind == _BREAK:
            return _SIGN
        self.spelled.append(_JOINTS.sub("-", word))
        self.keys.append(self.names.setdefault(normal(word), len(self.names)))
        self.kinds.append(kind)
        return len(self.spelled) - 1


def _judged(word: str) -> int:
    """Return what a word may be in a phrase."""
    lower = _JOINTS.sub("-", word.lower())
    if lower in _INNER:
        return _LINK
    short = len(lower) < _SHORT and lower < "\u2e80"  # an ideograph is a word
    if (
        short
        or " " in lower
        or "-of-" in lower
        or len(lower) > _LONG
        or not word.isprintable()
        or not any(map(str.isalpha, lower))
    ):
        return _BREAK
    if lower in _listed("stop") or lower in _listed("boilerplate"):
        return _BREAK
    return _PART if lower in _listed("vague") else _NAME


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Hold the words of papers in a row: (t,) numbers of words, papers, and whether they stand in a title."""

    words: NDArray[np.int32]
    papers: NDArray[np.int32]
    in_title: NDArray[np.bool_]
    spelled: list[str]
    keys: NDArray[np.int64]
    kinds: NDArray[np.int64]
    names: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Occurrences:
    """Hold where phrases stand: (m,) numbers of phrases, ascending, first tokens, and how many tokens each has."""

    phrases: NDArray[np.int64]
    places: NDArray[np.int64]
    spans: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PhraseCounts:
    """Hold the phrases of groups of papers.

    `shares` and `having` are sparse (phrases, groups): the share of a group's papers that have a phrase, where a title
    counts three times as much as an abstract; and how many have it. `words` is (phrases, 6) int64, the keys of its
    words, those of hyphened ones twice as many, -1 where there are none; `worth` (phrases,) what it says as a phrase.
    """

    shares: Any
    having: Any
    words: NDArray[np.int64]
    worth: NDArray[np.float64]
    _keys: list[str]
    _tokens: _Tokens
    _occurrences: _Occurrences

    def parts(self, phrase: int) -> tuple[str, ...]:
        """Return the keys of a phrase's words."""
        return tuple(self._keys[word] for word in self.words[phrase].tolist() if word >= 0)

    def written(self, phrase: int) -> str:
        """Return a phrase as it is written most, in the case that is meant.

        Titles write many words with capitals, sentences their first one; they decide where there is nothing else.
        """
        tokens, found = self._tokens, self._occurrences
        start, end = _range(found.phrases, phrase)
        seen = [
            (place, [tokens.spelled[word] for word in tokens.words[place : place + span].tolist()])
            for place, span in zip(found.places[start:end].tolist(), found.spans[start:end].tolist(), strict=True)
        ]
        forms = Counter(" ".join(words).lower() for _, words in seen)
        form = min(forms, key=lambda form: (-forms[form], form))
        votes = [Counter[str]() for _ in form.split(" ")]
        for place, words in seen:
            if " ".join(words).lower() == form:
                for position, word in enumerate(words):
                    begins = position == 0 and tokens.words[place - 1] == _SENTENCE_END
                    votes[position][word] += 1 if begins or tokens.in_title[place] else _SEEN
        return " ".join(min(vote, key=lambda word: (-vote[word], word)) for vote in votes)


def _range(values: NDArray[np.int64], value: int) -> tuple[int, int]:
    """Return where ascending `values` are `value`; of many, the first ones."""
    start = int(values.searchsorted(value))
    return start, min(int(values.searchsorted(value, side="right")), start + _SEEN)


def count_phrases(groups: Iterable[Iterable[Paper]]) -> PhraseCounts:
    """Count the phrases of some papers of each group."""
    import numpy as np
    from scipy.sparse import csr_matrix

    tokens, group_of = _read(groups)
    found, words = _phrases(tokens, len(group_of) > _RARE)
    number, papers = len(words), np.bincount(group_of)
    codes = (found.phrases * len(group_of) + tokens.papers[found.places]) * 2 + tokens.in_title[found.places]
    codes = np.unique(codes)
    codes = codes[np.append(codes[1:] >> 1 != codes[:-1] >> 1, True)] if len(codes) else codes
    phrase, paper = np.divmod(codes >> 1, len(group_of))
    group = group_of[paper]
    weights = np.where(codes & 1, _TITLE, _ABSTRACT) / (_TITLE * papers[group])
    shape = (number, len(papers))
    shares = csr_matrix((weights, (phrase, group)), shape=shape)
    having = csr_matrix((np.ones(len(group)), (phrase, group)), shape=shape)
    return PhraseCounts(shares, having, words, _worth(tokens, found, words), list(tokens.names), tokens, found)


def _read(groups: Iterable[Iterable[Paper]]) -> tuple[_Tokens, NDArray[np.int64]]:
    """Return the words of papers, and of each paper its group."""
    import numpy as np

    known, group_of = _Words(), array("q")
    words, ends = array("i", [_SENTENCE_END]), array("q")  # where title and abstract of each paper end
    for group, papers in enumerate(groups):
        for paper in papers:
            group_of.append(group)
            for text in (paper.title, paper.abstract):
                words.extend(map(known.number, _TOKENS.findall(readable(text[:_TEXT]))))
                words.append(_SENTENCE_END)
                ends.append(len(words))
    lengths = np.diff(np.asarray(ends), prepend=0)
    part = np.repeat(np.arange(len(lengths)), lengths).astype(np.int32)
    tokens = _Tokens(
        np.asarray(words), part // 2, part % 2 == 0, known.spelled,
        np.array(known.keys), np.array(known.kinds), known.names,
    )  # fmt: skip
    return tokens, np.asarray(group_of)


def _phrases(tokens: _Tokens, without_rare: bool) -> tuple[_Occurrences, NDArray[np.int64]]:
    """Return the phrases that stand in texts, and their words.

    `without_rare` leaves out phrases of several words that stand at one place only.
    """
    import numpy as np

    keys, kinds, number = tokens.keys[tokens.words], tokens.kinds[tokens.words], len(tokens.names)
    ones = np.flatnonzero(kinds >= _PART)
    twos = ones[kinds[ones + 1] >= _LINK]  # the last token is a sign, so there is always a next one
    pairs, pair = np.unique(keys[twos] * number + keys[twos + 1], return_inverse=True)
    whole = kinds[twos + 1] >= _PART
    threes = np.flatnonzero(kinds[np.minimum(twos + 2, len(kinds) - 1)] >= _PART)
    halves = _halves(pairs, tokens)
    in_two = halves[keys[ones]] >= 0  # "super-resolution" is what "super resolution" is
    two_codes, two_numbers = _numbered(np.append(pair[whole], halves[keys[ones[in_two]]]), number, without_rare)
    triples = pair[threes] * number + keys[twos[threes] + 2]
    three_codes, three_numbers = _numbered(triples, number + len(two_codes), without_rare)
    numbers = np.concatenate([keys[ones[~in_two]], two_numbers, three_numbers])
    places = np.concatenate([ones[~in_two], twos[whole], ones[in_two], twos[threes]])
    counts = [int((~in_two).sum()), int(whole.sum()), int(in_two.sum()), len(threes)]
    order = np.argsort(numbers, kind="stable")
    order = order[numbers[order] >= 0]
    spans = np.repeat([1, 2, 1, 3], counts)[order]
    words = np.full((number + len(two_codes) + len(three_codes), 2 * LONGEST), -1, dtype=np.int64)
    words[:number, 0] = np.arange(number)
    words[number : number + len(two_codes), [0, 2]] = np.stack(np.divmod(pairs[two_codes], number), axis=1)
    head, last = np.divmod(three_codes, number)
    words[number + len(two_codes) :, ::2] = np.stack([*np.divmod(pairs[head], number), last], axis=1)
    for column in range(0, 2 * LONGEST, 2):  # a word of two halves, by these
        parted = np.flatnonzero((words[:, column] >= 0) & (halves[words[:, column]] >= 0))
        both = np.divmod(pairs[halves[words[parted, column]]], number)
        words[parted, column], words[parted, column + 1] = both
    return _Occurrences(numbers[order], places[order], spans), words


def _worth(tokens: _Tokens, found: _Occurrences, words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what phrases say: more if they have several words, less if none is a name, and if they are no whole.

    What nearly always stands before another word is an adjective, or "Markov chain Monte"; what nearly always stands
    after one, "chain Monte Carlo".
    """
    import numpy as np

    kinds, number = tokens.kinds[tokens.words], len(words)
    ends, starts = kinds[found.places + found.spans] < _PART, kinds[found.places - 1] < _PART
    times = np.maximum(np.bincount(found.phrases, minlength=number), 1)
    ending = np.bincount(found.phrases, weights=ends, minlength=number) / times
    starting = np.bincount(found.phrases, weights=starts, minlength=number) / times
    kind = np.full(len(tokens.names), _NAME)  # of a key that is written in several ways, the one that says least
    np.minimum.at(kind, tokens.keys, tokens.kinds)
    named = ((kind[words] == _NAME) & (words >= 0)).any(axis=1)
    lengths = np.minimum((words >= 0).sum(axis=1), LONGEST)
    worth = np.where(named, np.array(_NAMED)[lengths - 1], np.array(_VAGUE)[lengths - 1])
    whole = np.clip(ending / _ENDING, _PART_WORTH, 1) * np.clip(starting / _STARTING, _PART_WORTH, 1)
    return np.asarray(worth * whole, dtype=np.float64)


def _numbered(codes: NDArray[np.int64], first: int, without_rare: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different codes, and for each code its number, from `first` on; -1 for those that are left out."""
    import numpy as np

    values, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    kept = counts > int(without_rare)
    numbers = np.where(kept, np.cumsum(kept) - 1 + first, -1)
    return values[kept], numbers[inverse]


def _halves(pairs: NDArray[np.int64], tokens: _Tokens) -> NDArray[np.int64]:
    """Return for each key the pair of its two words if it has a hyphen and they also stand without it, else -1."""
    import numpy as np

    number, found = len(tokens.names), np.full(len(tokens.names), -1)
    for word, kind in zip(tokens.spelled, tokens.kinds.tolist(), strict=True):
        halves = word.split("-")
        if kind == _NAME and len(halves) == 2:
            first, second = (tokens.names.get(normal(half), -1) for half in halves)
            place = int(pairs.searchsorted(first * number + second))
            if min(first, second) > 0 and place < len(pairs) and pairs[place] == first * number + second:
                found[tokens.names[normal(word)]] = place
    return found
