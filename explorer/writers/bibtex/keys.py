"""The keys of entries: first author's family name, year, first word of the title; in ASCII and each only once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from explorer.papers import arxiv_identifier, doi_in, title_key
from explorer.writers.bibtex.people import family_name

if TYPE_CHECKING:
    from explorer.papers import Paper

_LONGEST = 300  # characters of a text that are looked at
_LONGEST_WORD = 40
_LONGEST_KEY = 200
_ARTICLES = frozenset({"a", "an", "the"})
# Letters that are no letter with an accent.
_LETTERS = str.maketrans(
    {"æ": "ae", "ð": "d", "ø": "o", "þ": "th", "đ": "d", "ħ": "h", "ı": "i", "ł": "l", "œ": "oe", "ŋ": "n"}
)


class Keys:
    """Make keys that are new: of equal ones, the second ends in a, the third in b.

    Of the papers whose ids are given, those keep an id that can be a key, unless another field says it. Keys that
    differ in upper and lower case alone are one to BibTeX.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._kept: dict[str, str] = {}
        for paper_id in ids:
            if is_key(paper_id) and not arxiv_identifier(paper_id) and not doi_in(paper_id):
                self._kept.setdefault(paper_id.lower(), paper_id)
        self._used = set(self._kept)
        self._times: Counter[str] = Counter()

    def new(self, paper: Paper, year: str) -> str:
        """Return a key for `paper` that was not returned before."""
        if self._kept.get(paper.id.lower()) == paper.id:
            return paper.id
        base = key = _key(paper, year)
        while key.lower() in self._used:
            key = base + _letters(self._times[base])
            self._times[base] += 1
        self._used.add(key.lower())
        return key


def is_key(name: str) -> bool:
    """Tell whether every program takes `name` for a key."""
    return len(name) <= _LONGEST_KEY and re.fullmatch(r"[0-9A-Za-z][\w:./+-]*", name, re.ASCII) is not None


def _key(paper: Paper, year: str) -> str:
    family = "".join(_words(family_name(paper.authors[0]))) if paper.authors else ""
    word = next((word for word in _words(paper.title) if word not in _ARTICLES), "")
    if not family and not word:
        word = re.sub("[^0-9A-Za-z]+", "", paper.id[:_LONGEST])
    key = family[:_LONGEST_WORD] + year + word[:_LONGEST_WORD]
    return key if key[:1].isalpha() else "paper" + key


def _words(text: str) -> list[str]:
    words = title_key(text[:_LONGEST]).translate(_LETTERS).split()
    return list(filter(None, (word.encode("ascii", "ignore").decode() for word in words)))


def _letters(number: int) -> str:
    """Return a, b, ... z, aa, ab, ... for 0, 1, ..."""
    letters = ""
    while number >= 0:
        letters = chr(ord("a") + number % 26) + letters
        number = number // 26 - 1
    return letters
