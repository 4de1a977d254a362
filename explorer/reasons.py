"""Why a paper is an answer. Imports nothing of the package; few answers come with reasons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Why:
    """Hold why a paper is an answer.

    `asked` and `found` are the two sentences that mean most nearly the same, one of the query and one of the paper, and
    `sentences` is their cosine, None without a model; `terms` are words that both have, the rarest in the library
    first; `dense` and `lexical` are the two parts that the score is the sum of (of a mixture: the score for what the
    paper is most like; for a paper of the very text that is asked with, which comes first by rule, `dense` has what
    lifts it); `percentile` is the percentage of random pairs of papers of this library that are less similar, None
    where there are none.
    """

    asked: str
    found: str
    sentences: float | None
    terms: tuple[str, ...]
    dense: float
    lexical: float
    percentile: float | None
