"""Why a paper is an answer: the sentences that meet, the rare words that both have, how rare such a similarity is."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.lexical import terms, words
from explorer.papers import Paper
from explorer.reasons import Why
from explorer.search.corpus import Corpus
from explorer.search.listing import Scorer
from explorer.search.searcher import Found, Search

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_END = r"([.!?][\"')\]]?)\s+(?=[\"'(\[]?[A-Z0-9\\$])"
_ABBREVIATION = r"(?i:\b(?:e\.g|i\.e|et al|cf|vs|figs?|eqs?|sec|resp|approx|no|dr|prof|st))\.$|\b[A-Z]\.$"
_LONGEST = 20_000  # characters of a text that are looked at
_MOST_SENTENCES = 40  # of one text
_SHORTEST = 3  # words of a sentence
_TERMS = 8


def reasons(search: Search, found: Sequence[Found]) -> list[Why]:
    """Return why each of the answers is one."""
    corpus = search.corpus
    papers = corpus.papers([answer.row for answer in found])
    texts = [[paper.text for paper in papers], [scorer.text for scorer in search.scorers]]
    answers, asked = ([sentences(text) for text in some] for some in texts)
    pairs = _Pairs(corpus, [*answers, *asked])
    percentile = _Percentiles(corpus.sample)
    made = []
    for answer, paper, own in zip(found, papers, answers, strict=True):
        meant, said, cosine = pairs.nearest(asked[answer.part], own)
        shared = shared_terms(corpus, search.scorers[answer.part], paper)
        made.append(Why(meant, said, cosine, shared, answer.dense, answer.lexical, percentile.of(answer.similarity)))
    return made


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, the first forty at most; short ones go with the one before."""
    found: list[str] = []
    text, start = text[:_LONGEST], 0
    for end in [*(match.end(1) for match in re.finditer(_END, text)), len(text)]:
        piece, start = text[start:end], end
        unfinished = found and (re.search(_ABBREVIATION, found[-1]) or len(piece.split()) < _SHORTEST)
        if unfinished:
            found[-1] += " " + piece.strip()
        elif piece.strip():
            found.append(piece.strip())
    return found[:_MOST_SENTENCES]


def shared_terms(corpus: Corpus, scorer: Scorer, paper: Paper) -> tuple[str, ...]:
    """Return words that the paper shares with what is asked for, as the paper spells them, the rarest first."""
    asked = set(terms(scorer.text[:_LONGEST]))
    spelled: dict[str, str] = {}
    for word in words(paper.text):
        for term in terms(word):
            if term in asked:
                spelled.setdefault(term, word)
    rarity = corpus.lexical.rarity(list(spelled.values()))
    ordered = sorted(zip(rarity, spelled.values(), strict=True))
    return tuple(word for count, word in ordered if count)[:_TERMS]


class _Pairs:
    """Compare sentences by their vectors; all are embedded at once."""

    def __init__(self, corpus: Corpus, groups: Sequence[Sequence[str]]) -> None:
        texts = list(dict.fromkeys(sentence for group in groups for sentence in group))
        self._vectors = corpus.embed(texts, as_query=False)
        self._places = {text: place for place, text in enumerate(texts)}

    def nearest(self, asked: Sequence[str], found: Sequence[str]) -> tuple[str, str, float | None]:
        """Return the sentence asked with and the one found that mean most nearly the same, and their cosine."""
        if self._vectors is None:
            return "", "", None
        left, right = ([self._places[text] for text in some] for some in (asked, found))
        cosines = self._vectors[left] @ self._vectors[right].T
        place = int(cosines.argmax())
        return asked[place // len(found)], found[place % len(found)], float(cosines.flat[place])


class _Percentiles:
    """Tell how rare a cosine is among pairs of papers of the library; the sample's pairs stand for all."""

    def __init__(self, sample: NDArray[np.float32]) -> None:
        import numpy as np

        upper = np.triu_indices(len(sample), 1)
        self._cosines = np.sort((sample @ sample.T)[upper])

    def of(self, cosine: float) -> float | None:
        """Return the percentage of pairs that are less similar."""
        import numpy as np

        if len(self._cosines) == 0 or math.isnan(cosine):
            return None
        return 100.0 * float(np.searchsorted(self._cosines, cosine)) / len(self._cosines)
