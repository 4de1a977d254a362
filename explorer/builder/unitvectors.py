"""The stored vectors as unit rows, some at a time: what needs them one block after the other keeps none in memory."""

from __future__ import annotations

import mmap
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.builder.state import NextState
from explorer.index import unit
from explorer.store.arrays import read_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROWS = 4096  # converted at a time


class UnitVectors:
    """Give slices of the (n, d) stored vectors as float32 unit rows, read anew each time; the same bits as all at once.

    They were stored, or are kept, by `state`. A slice raises LibraryDamaged where a checksum does not match,
    InvalidInput for a row without direction.
    """

    def __init__(self, state: NextState) -> None:
        self._path, self._entry = state.file("vectors"), state.files["vectors"]
        self.shape = (self._entry.shape[0], self._entry.shape[1])

    def __len__(self) -> int:
        """Return n."""
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        """Return some rows that follow each other, (m, d)."""
        import numpy as np

        start, stop, _ = rows.indices(len(self))
        made = np.empty((max(stop - start, 0), self.shape[1]), dtype=np.float32)
        with closing(self._path.open("rb")) as file:
            for begin in range(start, stop, _ROWS):
                block = read_rows(file, self._entry, begin, min(begin + _ROWS, stop))
                made[begin - start : begin - start + len(block)] = unit(block, begin)
        return made


class MappedVectors:
    """Hold unit vectors in a file without a name, in `folder`, of which the system can take back the memory any time.

    `vectors` is their (n, d) array.
    """

    def __init__(self, vectors: UnitVectors, folder: Path) -> None:
        import numpy as np

        with tempfile.TemporaryFile(dir=folder) as file:
            for start in range(0, len(vectors), _ROWS):
                file.write(vectors[start : start + _ROWS].data)
            file.flush()
            self._mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.vectors: NDArray[np.float32] = np.frombuffer(self._mapping, dtype=np.float32).reshape(vectors.shape)

    def let_go(self) -> None:
        """Give back the memory of what was read, where the system offers that; what is needed again is read again."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED)
