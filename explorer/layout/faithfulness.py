"""How much of the truth the picture keeps: of some papers on the average, and of each one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.layout.picture import Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEAREST = 15
SAMPLED = 5000
_PRODUCTS = 16_000_000  # cosines at a time: 64 MB
_COLUMNS = 16_384  # papers at a time that these are with
_TOGETHER = 50_000  # rows at a time that are looked up in the picture


def sampled_rows(n: int, count: int = SAMPLED, seed: int = 0) -> NDArray[np.int64]:
    """Return `count` rows of n, ascending, always the same ones; all where there are no more."""
    import numpy as np

    return np.sort(np.random.default_rng(seed).permutation(n)[:count])


def faithfulness(
    vectors: NDArray[np.floating[Any]],
    coordinates: NDArray[np.float32],
    rows: NDArray[np.integer[Any]],
    k: int = NEAREST,
) -> tuple[float, float]:
    """Return, over some rows, the share of the k nearest that stay among them in the picture, and trustworthiness.

    `vectors` are the (n, d) unit rows, in memory or mapped, of any precision, `coordinates` their (n, 2) places.
    Trustworthiness falls with how far down in the order of cosines those lie that the picture puts among the k nearest
    (Venna & Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001): 1 is perfect, 0.5 chance.
    k is at most half of n. Of equally near ones, the first rows are nearer.
    """
    import numpy as np

    n, asked = len(vectors), np.asarray(rows)
    k = min(k, (n - 1) // 2)
    if k < 1 or len(asked) < 1:
        return 1.0, 1.0
    kept = penalty = 0
    size = max(1, _PRODUCTS // n)
    shown = Picture(coordinates, k).nearest(asked)
    for some in (slice(start, start + size) for start in range(0, len(asked), size)):
        for row, cosines, others in zip(asked[some].tolist(), _cosines(vectors, asked[some]), shown[some], strict=True):
            cosines[row] = -np.inf
            ranks = _ranks(cosines, others)
            kept += int((ranks <= k).sum())
            penalty += int(np.maximum(ranks - k, 0).sum())
    return kept / (len(asked) * k), 1 - 2 * penalty / (len(asked) * k * (2 * n - 3 * k - 1))


def kept_neighbors(
    neighbors: NDArray[np.integer[Any]], coordinates: NDArray[np.float32], k: int = NEAREST
) -> NDArray[np.float32]:
    """Return, for each paper, the share of its nearest that are among as many nearest in the picture, (n,) float32.

    `neighbors` are the (n, c) rows nearest to each, itself excluded, the nearest first; `coordinates` are the (n, 2)
    places. As many are compared as there are, min(k, n - 1, c); where that is none, nothing is lost: 1. Of equally near
    ones in the picture, the first rows are nearer.
    """
    import numpy as np

    n = len(coordinates)
    k = min(k, n - 1, neighbors.shape[1])
    shares = np.ones(n, dtype=np.float32)
    if k < 1:
        return shares
    picture = Picture(coordinates, k)
    for start in range(0, n, _TOGETHER):
        true = np.asarray(neighbors[start : start + _TOGETHER, :k])
        shown = picture.nearest(np.arange(start, start + len(true)))
        shares[start : start + len(true)] = (true[:, :, None] == shown[:, None, :]).any(axis=2).mean(axis=1)
    return shares


def _cosines(vectors: NDArray[np.floating[Any]], rows: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Return the cosines of some rows with all, (m, n), reading the vectors once and keeping none."""
    import numpy as np

    queries = np.asarray(vectors[rows], dtype=np.float32)
    cosines = np.empty((len(rows), len(vectors)), dtype=np.float32)
    for start in range(0, len(vectors), _COLUMNS):
        block = np.asarray(vectors[start : start + _COLUMNS], dtype=np.float32)
        cosines[:, start : start + len(block)] = queries @ block.T
    return cosines


def _ranks(cosines: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return which place, from 1, each of some rows has by its cosine, equal ones by row. They are few: it counts."""
    import numpy as np

    own = cosines[rows]
    near = np.flatnonzero(cosines >= own.min())
    others = cosines[near]
    before = (others > own[:, None]) | ((others == own[:, None]) & (near < rows[:, None]))
    ranks: NDArray[np.int64] = before.sum(axis=1) + 1
    return ranks
