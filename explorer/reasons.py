"""Why a paper is an answer. Imports nothing of the package; few answers come with reasons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Why:
    """Hold why a paper is an answer.

    `asked` and `found` are the two sentences that mean most nearly the same, one of the query and one of the paper, and
    `sentences` is their cosine; `terms` are words that both have, the rarest in the library first; `dense` and
    `lexical` are the two parts that `score` is the sum of; `percentile` is the percentage of random pairs of papers of
    this library that are less similar.
    """

    asked: str
    found: str
    sentences: float
    terms: tuple[str, ...]
    dense: float
    lexical: float
    percentile: float
