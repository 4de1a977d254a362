"""UMAP's stochastic gradient descent in two dimensions, written so that a processor's vector units can do it.

UMAP draws its repulsive samples one at a time and raises every distance to a power of its own. Here the points lie in
random order, so the points that follow a random one are as good a sample, read without a jump; and the powers of the
curve 1 / (1 + a d^2b) are a = b = 1, Student's t as in t-SNE. That makes repulsion more than ten times as fast.

The learning rate falls to zero. Repulsion grows from nothing to its whole in the first half of the epochs, so that the
coarse order comes before the fine one. Equations: McInnes, Healy & Melville, "UMAP: Uniform Manifold Approximation and
Projection for Dimension Reduction", 2018, section 3.2, with UMAP's 0.001 and its clipping at 4.

`descend` is plain Python that numba compiles; `TYPES` are its numbers, which would be of double precision otherwise.
"""

from __future__ import annotations

from typing import Any

# By the names of variables in `descend`.
TYPES = {
    "float32": (
        "unit", "least", "limit", "rate", "push", "x", "y", "dx", "dy", "square", "force", "step_x", "step_y",
    ),
    "int64": ("state",),
}  # fmt: skip


def descend(
    places: Any, ends: Any, waits: Any, pace: tuple[int, float], repulsion: tuple[int, float], state: int
) -> None:
    """Move (2, n) float32 `places`, whose points are in random order, down the gradient of UMAP's loss.

    `ends` (2, m) int32 are the points that each edge joins, each edge in both directions, `waits` (m,) float32 how
    many epochs pass from one of its turns to the next. `pace` holds the number of epochs and the first learning rate,
    `repulsion` how many points are drawn at each turn, n at most, and how hard each is pushed off. `state`, a number
    of 48 bits, starts the generator (that of POSIX's drand48).
    """
    unit, least, limit = 1.0, 0.001, 4.0
    xs, ys, heads, tails, due = places[0], places[1], ends[0], ends[1], waits.copy()
    for epoch in range(pace[0]):
        rate = pace[1] * (1 - epoch / pace[0])
        push = 2 * repulsion[1] * min(1, 2 * epoch / pace[0])
        for edge in range(len(waits)):
            if due[edge] > epoch:
                continue
            due[edge] += waits[edge]
            head, tail = heads[edge], tails[edge]
            dx, dy = xs[head] - xs[tail], ys[head] - ys[tail]
            force = -2 / (unit + dx * dx + dy * dy)
            step_x = rate * min(max(force * dx, -limit), limit)
            step_y = rate * min(max(force * dy, -limit), limit)
            xs[tail] -= step_x
            ys[tail] -= step_y
            xs[head] += step_x
            ys[head] += step_y
            x, y = xs[head], ys[head]  # stored first: the sample may hold the head itself, which must not push itself
            state = (state * 25214903917 + 11) & 0xFFFFFFFFFFFF
            first = ((state >> 16) * len(xs)) >> 32
            step_x = step_y = 0.0
            beyond = first + repulsion[0] - len(xs)  # where the sample runs past the end, it goes on at the beginning
            for begin, end in ((first, min(first + repulsion[0], len(xs))), (0, max(beyond, 0))):
                sample_xs, sample_ys = xs[begin:end], ys[begin:end]
                for other in range(len(sample_xs)):
                    dx, dy = x - sample_xs[other], y - sample_ys[other]
                    square = dx * dx + dy * dy
                    force = push / ((least + square) * (unit + square))
                    step_x += min(max(force * dx, -limit), limit)
                    step_y += min(max(force * dy, -limit), limit)
            xs[head] += rate * step_x
            ys[head] += rate * step_y


def compiled(numba: Any) -> Any:
    """Return `descend` as numba compiles it: at its first call, unless the code is kept from an earlier process.

    While it runs other threads do too: one watches over the layout's process.
    """
    types = {name: getattr(numba, kind) for kind, names in TYPES.items() for name in names}
    # A division that could raise an error could not be done for many points at once.
    return numba.njit(fastmath=True, nogil=True, error_model="numpy", locals=types)(descend)
