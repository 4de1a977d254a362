"""Vectors that the user has, in a .npy file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 8192  # rows copied at a time


def ready_vectors(file: Path) -> NDArray[np.floating[Any]]:
    """Return the (n, d) vectors in a .npy file, memory-mapped. Raises InvalidInput when it holds no such thing."""
    import numpy as np

    try:
        vectors = np.load(file, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a file can be wrong in more ways than NumPy has errors for
        raise InvalidInput(f"{file} is not a NumPy .npy file of numbers: {error}") from None
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind != "f" or 0 in vectors.shape:
        shape = f"{getattr(vectors, 'shape', '')} {getattr(vectors, 'dtype', type(vectors).__name__)}"
        raise InvalidInput(f"{file} must hold an (n, d) array of floating-point numbers, not {shape}")
    return vectors


def rows_without_direction(file: Path) -> set[int]:
    """Return the rows of ready vectors that are zero or not finite: their papers are rejected, not the whole file."""
    import numpy as np

    vectors = ready_vectors(file)
    unusable: set[int] = set()
    for start in range(0, len(vectors), BLOCK):
        block = np.asarray(vectors[start : start + BLOCK], dtype=np.float32)
        usable = np.isfinite(block).all(axis=1) & block.any(axis=1)
        unusable.update((start + np.flatnonzero(~usable)).tolist())
    return unusable
