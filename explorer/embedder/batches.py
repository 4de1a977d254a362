"""Texts of similar length into batches of about the same work."""

from __future__ import annotations

from collections.abc import Sequence


def token_budget_batches(token_counts: Sequence[int], budget: int) -> list[list[int]]:
    """Return the positions of all texts in batches: longest first, each padded to at most `budget` tokens.

    A text longer than the budget is a batch of its own. A batch is as wide as its first text, so its cost is its
    number of texts times that. Equal counts stay in order: the batches depend on nothing but the counts.
    """
    batches: list[list[int]] = []
    width = 0
    for position in sorted(range(len(token_counts)), key=lambda position: -token_counts[position]):
        if not batches or (len(batches[-1]) + 1) * width > budget:
            batches.append([])
            width = max(1, token_counts[position])
        batches[-1].append(position)
    return batches
