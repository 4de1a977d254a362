"""Turning a new picture so that it looks like the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROUNDING = 1e-6  # of the size of the coordinates: less than that is no distance, and no direction


def aligned(
    coordinates: NDArray[np.float32],
    reference: NDArray[np.floating[Any]],
    rows: NDArray[np.integer[Any]],
    reference_rows: NDArray[np.integer[Any]],
) -> NDArray[np.float32]:
    """Return a picture moved as a whole so that papers come as near as can be to where they were, (n, 2) float32.

    `coordinates` (n, 2) are the new picture, `reference` (o, 2) the old one; paper `rows[i]` of the new one is
    `reference_rows[i]` of the old one. The picture is turned, mirrored if that is better, scaled evenly and shifted;
    its own distances keep their proportions. The sum of the squared distances of the common papers is the least there
    is (Gower, "Generalized Procrustes analysis", Psychometrika 40, 1975; Schoenemann & Carroll, "Fitting one matrix to
    another under choice of a central dilation and a rigid motion", Psychometrika 35, 1970).

    Where the common papers do not decide, as little as possible is done: a single one, or several in one place in
    either picture, only shift it; without any it stays as it is. Common papers without a finite place are left out.
    """
    import numpy as np

    picture = np.asarray(coordinates, dtype=np.float64)
    here, there = picture[rows], np.asarray(reference, dtype=np.float64)[reference_rows]
    is_known = np.isfinite(here).all(axis=1) & np.isfinite(there).all(axis=1)
    if not is_known.any():
        return np.asarray(coordinates, dtype=np.float32)
    here, there = here[is_known], there[is_known]
    middle, target = here.mean(axis=0), there.mean(axis=0)
    if min(_share_of_spread(here), _share_of_spread(there)) <= _ROUNDING:
        return np.asarray(picture - middle + target, dtype=np.float32)
    return np.asarray((picture - middle) @ _turned(here - middle, there - target) + target, dtype=np.float32)


def _share_of_spread(points: NDArray[np.float64]) -> float:
    """Return how far (m, 2) points lie apart, as a share of how large their coordinates are."""
    import numpy as np

    size = float(np.abs(points).max())
    return float(np.ptp(points, axis=0).max()) / size if size > 0 else 0.0


def _turned(here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (2, 2) rotation or reflection, times the scale, that brings centered points nearest to others."""
    import numpy as np

    left, weights, right = np.linalg.svd(here.T @ there)
    size = float((here**2).sum())
    if weights.sum() <= _ROUNDING * np.sqrt(size * float((there**2).sum())):
        return np.eye(2)  # the two pictures have nothing in common: the best scale would be none
    if weights[1] <= _ROUNDING * weights[0] and np.linalg.det(left @ right) < 0:
        right[1] *= -1  # papers on one line look the same mirrored
    turned: NDArray[np.float64] = left @ right * (weights.sum() / size)
    return turned
