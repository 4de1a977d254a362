"""The descent by as many threads as there are, the same bytes for any number of them.

The points, which lie in random order, are cut into blocks, always the same ones. In a round each block meets one other
block, or none twice: a thread moves the points of two blocks along the edges between them, and nobody else reads or
writes these. After as many rounds as there are other blocks, all edges have had their turn (as in Gemulla et al.,
"Large-scale matrix factorization with distributed stochastic gradient descent", KDD 2011). What pushes a
point off may be any other point, so that is drawn from a copy of all places that is made when an epoch begins.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCKS = ((262_144, 16), (65_536, 8), (8_192, 4), (0, 1))  # from so many points on; a thread needs two of them


def block_count(n: int) -> int:
    """Return into how many blocks n points are cut: more would be more than threads take time to share out."""
    return next(count for least, count in _BLOCKS if n >= least)


def thread_count() -> int:
    """Return how many threads may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True)
class Cell:
    """Hold the edges from one block to one: what `descent.descend` takes, and its state from epoch to epoch."""

    ends: NDArray[np.int32]
    waits: NDArray[np.float32]
    state: int


def rounds(count: int) -> list[list[tuple[int, int]]]:
    """Return who meets whom, of an even number of blocks: each all others once, in one round less than blocks.

    It is the circle method of tournaments: the first stays, the others move on by one place. One block meets itself.
    """
    if count == 1:
        return [[(0, 0)]]
    made = []
    for turn in range(count - 1):
        circle = [0, *(1 + (turn + place) % (count - 1) for place in range(count - 1))]
        made.append([(circle[place], circle[-1 - place]) for place in range(count // 2)])
    return made


def cells(
    n: int, ends: NDArray[np.int32], waits: NDArray[np.float32], states: NDArray[np.int64], first: int = 0
) -> dict[tuple[int, int], Cell]:
    """Return the edges by the blocks of head and tail: `ends` (2, m), `waits` (m,), `states` (b, b) for b blocks.

    They wait from the `first` epoch on.
    """
    import numpy as np

    count = len(states)
    bounds = np.arange(1, count) * n // count
    head, tail = (np.searchsorted(bounds, end, side="right").astype(np.uint16) for end in ends)
    of = head * np.uint16(count) + tail
    order = np.argsort(of, kind="stable")
    begins = np.searchsorted(of[order], np.arange(count**2 + 1))
    made = {}
    for number, (a, b) in enumerate(np.ndindex(count, count)):
        own = order[begins[number] : begins[number + 1]]
        made[a, b] = Cell(
            ends.take(own, axis=1), np.stack([waits[own], waits[own] + np.float32(first)]), int(states[a, b])
        )
    return made


def descend_by_rounds(
    descend: Callable[..., int],
    places: NDArray[np.float32],
    made: dict[tuple[int, int], Cell],
    epochs: tuple[int, int],
    forces: tuple[float, int, float],
) -> None:
    """Let `descend` move (2, n) `places` along the edges of all cells; `forces` are what it takes.

    `epochs` are the first, and the number of all that there would have been from the zeroth on.

    The edges of a block with itself have their turn in the first round.
    """
    seen = places if len(made) == 1 else places.copy()

    def meet(work: Iterable[Cell], first: int, last: int) -> None:
        for cell in work:
            cell.state = descend((places, seen), cell.ends, cell.waits, (first, last, epochs[1]), forces, cell.state)

    if len(made) == 1:
        meet(made.values(), *epochs)
        return
    tasks = _tasks(made)
    with ThreadPoolExecutor(min(thread_count(), len(tasks[0]))) as pool:
        for epoch in range(*epochs):
            seen[:] = places
            for together in tasks:
                for done in [pool.submit(meet, work, epoch, epoch + 1) for work in together]:
                    done.result()


def _tasks(made: dict[tuple[int, int], Cell]) -> list[list[list[Cell]]]:
    """Return the cells that each two blocks have when they meet, by rounds; in the first their own ones, too."""
    count = round(len(made) ** 0.5)
    tasks = [[[made[a, b], made[b, a]] for a, b in pairs] for pairs in rounds(count)]
    for (a, b), work in zip(rounds(count)[0], tasks[0], strict=True):
        work += [made[a, a], made[b, b]]
    return tasks
