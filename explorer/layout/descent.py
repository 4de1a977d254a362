"""UMAP's stochastic gradient descent in two dimensions, written so that a processor's vector units can do it.

UMAP draws its repulsive samples one at a time and raises every distance to a power of its own. Here the points lie in
random order, so the points that follow a random one are as good a sample, read without a jump; and the powers of the
curve 1 / (1 + a d^2b) are a = b = 1, Student's t as in t-SNE. That makes repulsion more than ten times as fast.

The learning rate falls to zero. Repulsion grows from nothing to its whole in the first half of the epochs, so that the
coarse order comes before the fine one. Equations: McInnes, Healy & Melville, "UMAP: Uniform Manifold Approximation and
Projection for Dimension Reduction", 2018, section 3.2, with UMAP's 0.001 and its clipping at 4.

Where there are many points, several threads do it (`blocks`). `descend` is plain Python that numba compiles; `TYPES`
are its numbers, which would be of double precision otherwise.
"""

from __future__ import annotations

from typing import Any

# By the names of variables in `descend`.
TYPES = {
    "float32": (
        "unit", "least", "limit", "rate", "push", "sign", "x", "y", "dx", "dy", "square", "force", "step_x", "step_y",
    ),
    "int64": ("state", "head"),
}  # fmt: skip


def descend(places: Any, ends: Any, waits: Any, epochs: Any, forces: tuple[float, int, float], state: int) -> int:
    """Move (2, n) float32 places, whose points are in random order, down the gradient of UMAP's loss.

    `places` are those to move, and those that samples are drawn from: the same, or an earlier copy. `ends` (2, m) int32
    are the points that each edge joins, each edge in both directions. `waits` (2, m) float32 are how many epochs pass
    from one of its turns to the next, and the epoch of the next, which is written. `epochs` are the first to do, the
    one to end before, and how many there are in all. `forces` are the first learning rate, how many points are drawn at
    each turn, n at most, and how hard each is pushed off. `state`, a number of 48 bits, starts the generator (that of
    POSIX's drand48); its next state is returned.
    """
    unit, least, limit = 1.0, 0.001, 4.0
    xs, ys, seen_xs, seen_ys = places[0][0], places[0][1], places[1][0], places[1][1]
    heads, tails, due = ends[0], ends[1], waits[1]
    for epoch in range(epochs[0], epochs[1]):
        rate = forces[0] * (1 - epoch / epochs[2])
        push = 2 * forces[2] * min(1, 2 * epoch / epochs[2])
        for edge in range(len(due)):
            if due[edge] > epoch:
                continue
            due[edge] += waits[0][edge]
            head, tail = heads[edge], tails[edge]
            dx, dy = xs[head] - xs[tail], ys[head] - ys[tail]
            force = -2 / (unit + dx * dx + dy * dy)
            step_x = rate * min(max(force * dx, -limit), limit)
            step_y = rate * min(max(force * dy, -limit), limit)
            xs[tail] -= step_x
            ys[tail] -= step_y
            xs[head] += step_x
            ys[head] += step_y
            x, y, step_x, step_y = xs[head], ys[head], 0.0, 0.0
            state = (state * 25214903917 + 11) & 0xFFFFFFFFFFFF
            first = ((state >> 16) * len(xs)) >> 32
            end = first + forces[1]  # beyond the last point, the sample goes on at the first
            own = head + int((head - first) % len(xs) < forces[1])  # where the head itself was pushes nothing
            for begin, stop, sign in ((first, min(end, len(xs)), 1), (0, max(end - len(xs), 0), 1), (head, own, -1)):
                sample_xs, sample_ys = seen_xs[begin:stop], seen_ys[begin:stop]
                for other in range(len(sample_xs)):
                    dx, dy = x - sample_xs[other], y - sample_ys[other]
                    square = dx * dx + dy * dy
                    force = push / ((least + square) * (unit + square))
                    step_x += sign * min(max(force * dx, -limit), limit)
                    step_y += sign * min(max(force * dy, -limit), limit)
            xs[head] += rate * step_x
            ys[head] += rate * step_y
    return state


def compiled(numba: Any) -> Any:
    """Return `descend` as numba compiles it: at its first call, unless the code is kept from an earlier process.

    While it runs other threads do too: one watches over the layout's process.
    """
    types = {name: getattr(numba, kind) for kind, names in TYPES.items() for name in names}
    # A division that could raise an error could not be done for many points at once.
    return numba.njit(fastmath=True, nogil=True, error_model="numpy", locals=types)(descend)
