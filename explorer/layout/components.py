"""Principal components of vectors: where a layout begins.

They are deterministic, and as good a start as a spectral one (Kobak & Linderman, "Initialization is critical for
preserving global data structure in both t-SNE and UMAP", Nature Biotechnology 39, 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Coordinates = NDArray[np.float32]

_IN_HAND = 192 << 20  # bytes of vectors at a time: of 131,072 that have 384 dimensions


class Vectors(Protocol):
    """Give (n, d) float32 rows slice by slice, from wherever they are; an array does."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (n, d)."""

    def __getitem__(self, rows: slice, /) -> Any:
        """Return some rows that follow each other."""


def taken(vectors: Vectors | NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return some of (n, d) rows, which ascend, (m, d) float32, after reading all of them, some at a time."""
    import numpy as np

    n, d = vectors.shape
    size = max(_IN_HAND // (4 * d), 1)
    made = np.empty((len(rows), d), dtype=np.float32)
    for start in range(0, n, size):
        begin, end = np.searchsorted(rows, (start, start + size))
        made[begin:end] = vectors[start : start + size][rows[begin:end] - start]
    return made


def principal_components(vectors: Vectors | NDArray[np.float32]) -> Coordinates:
    """Return the first two principal components of (n, d) rows, (n, 2) float32; absent ones are zero.

    The sign of each component, which is arbitrary, is set so that its loading of largest size is positive. Of many
    rows, some are in memory at a time.
    """
    import numpy as np

    n, d = vectors.shape
    size = max(_IN_HAND // (4 * d), d)
    if n <= size:
        vectors = vectors[:n]  # read once
        mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        plane = _plane(vectors - mean)
    else:
        mean, products = _moments(vectors, size)
        plane = np.linalg.eigh(products)[1][:, ::-1][:, :2]
    largest = np.abs(plane).argmax(axis=0)
    plane = plane * np.sign(plane[largest, np.arange(plane.shape[1])])
    coordinates = np.zeros((n, 2), dtype=np.float32)
    for start in range(0, n, size):
        part = vectors[start : start + size] - mean
        coordinates[start : start + size, : plane.shape[1]] = part @ plane.astype(np.float32)
    return coordinates


def _plane(centered: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the first two axes, (d, 2), of (n, d) rows whose mean is zero; fewer where there are no more."""
    import numpy as np

    if len(centered) < centered.shape[1]:
        return np.asarray(np.linalg.svd(centered.astype(np.float64), full_matrices=False)[2][:2].T)
    return np.asarray(np.linalg.eigh((centered.T @ centered).astype(np.float64))[1][:, ::-1][:, :2])


def _moments(vectors: Vectors | NDArray[np.float32], size: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the mean of all rows, (d,), and the (d, d) products of their distances from it, in one go.

    So many rows are in memory at a time.
    """
    import numpy as np

    n, d = vectors.shape
    total, products = np.zeros(d), np.zeros((d, d))
    for start in range(0, n, size):
        part = np.asarray(vectors[start : start + size], dtype=np.float32)
        total += part.sum(axis=0, dtype=np.float64)
        products += part.T @ part
    mean = total / n
    return mean.astype(np.float32), products - n * np.outer(mean, mean)
