"""How much of the truth the picture keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEAREST = 15


def faithfulness(
    vectors: NDArray[np.float32], coordinates: NDArray[np.float32], rows: NDArray[np.integer[Any]], k: int = NEAREST
) -> tuple[float, float]:
    """Return, over some rows, the share of the k nearest that stay among them in the picture, and trustworthiness.

    `vectors` are the (n, d) unit rows, `coordinates` their (n, 2) places. Trustworthiness falls with how far down in
    the order of cosines those lie that the picture puts among the k nearest (Venna & Kaski, "Neighborhood preservation
    in nonlinear projection methods", ICANN 2001): 1 is perfect, 0.5 chance. k is at most half of n.
    """
    import numpy as np

    n, count = len(vectors), len(rows)
    k = min(k, (n - 1) // 2)
    if k < 1 or count < 1:
        return 1.0, 1.0
    kept = penalty = 0
    for row in np.asarray(rows).tolist():
        cosines = vectors @ vectors[row]
        distances = ((coordinates - coordinates[row]).astype(np.float64) ** 2).sum(axis=1)
        cosines[row], distances[row] = -np.inf, np.inf
        ranks = _ranks(cosines, _smallest(distances, k))
        kept += int((ranks <= k).sum())
        penalty += int(np.maximum(ranks - k, 0).sum())
    return kept / (count * k), 1 - 2 * penalty / (count * k * (2 * n - 3 * k - 1))


def _smallest(distances: NDArray[np.float64], k: int) -> NDArray[np.intp]:
    """Return the rows of the k smallest distances, of equal ones the first, in no order."""
    import numpy as np

    last = np.partition(distances, k - 1)[k - 1]
    nearer = np.flatnonzero(distances < last)
    return np.concatenate([nearer, np.flatnonzero(distances == last)[: k - len(nearer)]])


def _ranks(cosines: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return which place, from 1, each of some rows has by its cosine, equal ones by row. They are few: it counts."""
    import numpy as np

    before = [(cosines > cosines[row]).sum() + (cosines[:row] == cosines[row]).sum() for row in rows.tolist()]
    return np.array(before, dtype=np.int64) + 1
