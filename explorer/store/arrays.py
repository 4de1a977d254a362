"""Flat arrays on disk: NumPy's own .npy format, followed by a checksum of each block.

    [.npy header and data][CRC-32 of each block of 64 KiB of that, little-endian uint32][CRC-32 of those]

`numpy.load` reads such a file as it is. The checksums let one row be checked by reading one block, whatever the
array's size, and without NumPy.
"""

from __future__ import annotations

import array
import io
import os
import struct
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from explorer.errors import LibraryDamaged, LibraryInaccessible
from explorer.store.files import new_file, open_file
from explorer.store.manifest import ELEMENT_SIZES, FileEntry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK = 65_536
_READ = 64 * _BLOCK  # bytes read at a time where all of an array is read
_CODES = {"<i4": "i", "<i8": "q", "<f4": "f"}  # the standard library's names of element types; it has no float16
_reading = threading.Lock()


class ArrayWriter:
    """Write a two-dimensional array row block by row block; `close` completes the file and describes it."""

    def __init__(self, path: Path, dtype: str, shape: tuple[int, int]) -> None:
        from hashlib import sha256

        from numpy.lib import format as npy

        header = io.BytesIO()
        npy.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
        self._dtype, self._shape = dtype, shape
        self._offset = header.tell()
        self._path = path
        self._file: BinaryIO = new_file(path)
        self._hash = sha256()
        self._block = b""
        self._checksums: list[int] = []
        self._put(header.getvalue())

    def append(self, rows: NDArray[np.generic]) -> None:
        """Write `rows`, of shape (m, width)."""
        import numpy as np

        self._put(np.ascontiguousarray(rows, dtype=self._dtype).reshape(-1).view(np.uint8).data)

    def close(self) -> FileEntry:
        """Write the checksums, force all to disk and describe the file. Raises ValueError when rows are missing."""
        if self._block:
            self._checksums.append(zlib.crc32(self._block))
        table = array.array("I", self._checksums)
        if sys.byteorder == "big":
            table.byteswap()
        trailer = table.tobytes() + zlib.crc32(table.tobytes()).to_bytes(4, "little")
        self._write(trailer)
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError:
            self.abandon()
            raise
        size = self._file.tell()
        self._file.close()
        entry = FileEntry(self._path.name, size, self._hash.hexdigest(), self._dtype, self._shape, self._offset)
        if size != file_size(entry):
            raise ValueError(f"{self._path}: the rows written are not the {self._shape} promised")
        return entry

    def abandon(self) -> None:
        """Remove the file, which is not complete: where the disk is full, what is left of it takes room."""
        with suppress(OSError):  # what could not be written before is tried once more
            self._file.close()
        self._path.unlink(missing_ok=True)

    def __del__(self) -> None:
        """Close the file: not every array that is begun is completed."""
        if hasattr(self, "_file"):
            with suppress(OSError):
                self._file.close()

    def _put(self, data: bytes | memoryview) -> None:
        """Write `data`, which is copied nowhere: what is large is slow to have twice."""
        self._write(data)
        view, start = memoryview(data), 0
        if self._block:
            start = _BLOCK - len(self._block)
            self._block += view[:start]
            if len(self._block) < _BLOCK:
                return
            self._checksums.append(zlib.crc32(self._block))
        end = len(view) - (len(view) - start) % _BLOCK
        self._checksums.extend(zlib.crc32(view[at : at + _BLOCK]) for at in range(start, end, _BLOCK))
        self._block = bytes(view[end:])

    def _write(self, data: bytes | memoryview) -> None:
        try:
            self._file.write(data)
        except OSError:
            self.abandon()
            raise
        self._hash.update(data)


def write_array(path: Path, values: NDArray[np.generic], dtype: str) -> FileEntry:
    """Write a whole (n, width) array and describe the file."""
    writer = ArrayWriter(path, dtype, (values.shape[0], values.shape[1]))
    writer.append(values)
    return writer.close()


def file_size(entry: FileEntry) -> int:
    """Return how many bytes the file of an array must have, by its element type, shape and data offset."""
    return _data_end(entry) + 4 * _blocks(entry) + 4


def read_row(file: BinaryIO, entry: FileEntry, row: int) -> array.array[Any]:
    """Return row `row` of the array in `file`, reading and checking only the blocks that hold it. Needs no NumPy.

    Any number of threads may read one file. Raises LibraryDamaged when a block does not match its checksum.
    """
    return _values(_read_rows(file, entry, row, row + 1), entry)


def read_values(file: BinaryIO, entry: FileEntry) -> array.array[Any]:
    """Return all values of an array, row after row, checked. Needs no NumPy. Raises LibraryDamaged."""
    return _values(_read_rows(file, entry, 0, entry.shape[0]), entry)


def read_rows(file: BinaryIO, entry: FileEntry, start: int, stop: int) -> NDArray[Any]:
    """Return the rows `start` to `stop`, the last not included, as `read_row` does."""
    import numpy as np

    return np.frombuffer(_read_rows(file, entry, start, stop), entry.dtype).reshape(stop - start, entry.shape[1])


def _read_rows(file: BinaryIO, entry: FileEntry, start: int, stop: int) -> memoryview:
    width = entry.shape[1] * ELEMENT_SIZES[entry.dtype]
    begin, size = entry.offset + start * width, (stop - start) * width
    if size == 0:
        return memoryview(b"")
    first, last = begin // _BLOCK, (begin + size - 1) // _BLOCK
    length = min((last + 1) * _BLOCK, _data_end(entry)) - first * _BLOCK
    data = memoryview(_read_at(file, first * _BLOCK, length))
    table = _read_at(file, _data_end(entry) + 4 * first, 4 * (last - first + 1))
    if len(data) != length or len(table) != 4 * (last - first + 1):  # cut while it was open
        raise _damaged(entry)
    for block in range(last - first + 1):
        stored = int.from_bytes(table[4 * block : 4 * block + 4], "little")
        if zlib.crc32(data[block * _BLOCK : (block + 1) * _BLOCK]) != stored:
            raise _damaged(entry)
    return data[begin - first * _BLOCK : begin - first * _BLOCK + size]


def _values(data: memoryview, entry: FileEntry) -> array.array[Any]:
    values = array.array(_CODES[entry.dtype])
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def view_array(file: BinaryIO, entry: FileEntry) -> NDArray[Any]:
    """Return the whole array of shape `entry.shape`, memory-mapped read-only, after checking every block.

    Raises LibraryDamaged when a block does not match its checksum or the file is not as long as the array needs.
    """
    import numpy as np

    if os.fstat(file.fileno()).st_size != file_size(entry):
        raise _damaged(entry)
    # Read rather than mapped for the check: pages that a mapping has touched count as this process's memory.
    for _ in StoredRows(file, entry).checked():
        pass
    content = np.memmap(file, dtype=np.uint8, mode="r")
    end = _data_end(entry)
    return content[entry.offset : end].view(entry.dtype).reshape(entry.shape)


class StoredRows:
    """Read an array where it is needed: all of it, a few megabytes at a time, or some rows; each block is checked once.

    What is read is checked when it is first read. `below` is what all numbers are less than, none being negative, where
    they name rows.
    """

    def __init__(self, file: BinaryIO, entry: FileEntry, below: int | None = None) -> None:
        self._file = file
        self._entry = entry
        self._below = below
        self.shape = (entry.shape[0], entry.shape[1])

    def blocks(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield (first row, rows) from the first row to the last.

        Raises LibraryDamaged when a block does not match its checksum.
        """
        import numpy as np

        width = self.shape[1]
        row, rest = 0, b""
        for start, data in self.checked():
            rest += data[max(0, self._entry.offset - start) :]
            count = len(rest) // (width * ELEMENT_SIZES[self._entry.dtype])
            values = np.frombuffer(rest, self._entry.dtype, count * width).reshape(count, width)
            rest = rest[values.nbytes :]
            if count:
                yield row, values
            row += count
        if row != self.shape[0]:
            raise _damaged(self._entry)

    def take(self, rows: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        """Return some rows. Raises LibraryDamaged."""
        import numpy as np

        numbers = np.asarray(rows, dtype=np.int64)
        begin = self._entry.offset + numbers * self._width
        self._check(begin, begin + self._width)
        return self._right(self._mapped.take(numbers, axis=0))  # sooner done than by an index

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Return the rows `start` to `stop`, the last not included. Raises LibraryDamaged."""
        import numpy as np

        begin = np.array([start, stop]) * self._width + self._entry.offset
        self._check(begin[:1], begin[1:])
        return self._right(self._mapped[start:stop])

    def whole(self) -> NDArray[Any]:
        """Return all rows, memory-mapped. Raises LibraryDamaged."""
        return self._right(view_array(self._file, self._entry))

    @cached_property
    def _mapped(self) -> NDArray[Any]:
        import numpy as np

        if os.fstat(self._file.fileno()).st_size != file_size(self._entry):  # what is cut cannot be read past its end
            raise _damaged(self._entry)
        content = np.asarray(np.memmap(self._file, dtype=np.uint8, mode="r"))  # of which rows are taken faster
        return content[self._entry.offset : _data_end(self._entry)].view(self._entry.dtype).reshape(self.shape)

    @cached_property
    def _unchecked(self) -> NDArray[np.bool_]:
        import numpy as np

        return np.ones(_blocks(self._entry), dtype=bool)

    @cached_property
    def _stored(self) -> tuple[int, ...]:
        table = _read_at(self._file, _data_end(self._entry), 4 * _blocks(self._entry) + 4)
        return _checksums(table, self._entry)

    @property
    def _width(self) -> int:
        return self.shape[1] * ELEMENT_SIZES[self._entry.dtype]

    def _check(self, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
        """Check the blocks of ranges of bytes that have not been checked."""
        import numpy as np

        if not len(begins):
            return
        first, last = begins // _BLOCK, np.maximum(ends - 1, begins) // _BLOCK
        for step in range(int((last - first).max()) + 1):
            blocks = np.minimum(first + step, last)
            blocks = blocks[self._unchecked[blocks]]
            for block in np.unique(blocks).tolist() if len(blocks) else ():
                data = _read_at(self._file, block * _BLOCK, min(_BLOCK, _data_end(self._entry) - block * _BLOCK))
                if zlib.crc32(data) != self._stored[block]:
                    raise _damaged(self._entry)
                self._unchecked[block] = False

    def _right(self, values: NDArray[Any]) -> NDArray[Any]:
        if self._below is not None and values.size and not 0 <= values.min() <= values.max() < self._below:
            raise LibraryDamaged(f"{self._entry.name} names rows that do not exist")
        return values

    def checked(self) -> Iterator[tuple[int, bytes]]:
        """Yield (place, bytes) of the file up to the end of its data. Raises LibraryDamaged as `blocks` does."""
        end, stored = _data_end(self._entry), iter(self._stored)
        for start in range(0, end, _READ):
            data = _read_at(self._file, start, min(_READ, end - start))
            view = memoryview(data)
            for block in range(0, len(data), _BLOCK):
                if zlib.crc32(view[block : block + _BLOCK]) != next(stored):
                    raise _damaged(self._entry)
            yield start, data


def load_array(path: Path) -> NDArray[Any]:
    """Return the whole array that an `ArrayWriter` wrote to `path`, checked against its checksums alone.

    Raises LibraryDamaged when they do not match or the file is no such array.
    """
    from tokenize import TokenError  # what NumPy lets through for a broken header

    from numpy.lib import format as npy

    with open_file(path) as file:
        try:
            npy.read_magic(file)
            shape, _, dtype = npy.read_array_header_1_0(file)
            if dtype.str not in ELEMENT_SIZES or len(shape) != 2:
                raise ValueError(f"{shape} of {dtype}")
            return view_array(file, FileEntry(path.name, 0, "", dtype.str, shape, file.tell()))
        except (ValueError, EOFError, OSError, TokenError) as error:
            raise LibraryDamaged(f"{path} is not a whole array: {error}") from None


def _checksums(table: bytes, entry: FileEntry) -> tuple[int, ...]:
    """Return the checksum of each block from the end of a file. Raises LibraryDamaged when that is not what it was."""
    count = _blocks(entry)
    if len(table) != 4 * count + 4 or zlib.crc32(table[:-4]) != int.from_bytes(table[-4:], "little"):
        raise _damaged(entry)
    return struct.unpack(f"<{count}I", table[:-4])


def _data_end(entry: FileEntry) -> int:
    return entry.offset + entry.shape[0] * entry.shape[1] * ELEMENT_SIZES[entry.dtype]


def _blocks(entry: FileEntry) -> int:
    return -(-_data_end(entry) // _BLOCK)


def _read_at(file: BinaryIO, position: int, size: int) -> bytes:
    """Read without moving the file's one position, which other threads share; where that cannot be, take turns."""
    try:
        if hasattr(os, "pread"):
            return os.pread(file.fileno(), size, position)
        with _reading:
            file.seek(position)
            return file.read(size)
    except OSError as error:
        raise LibraryInaccessible(f"{file.name} cannot be read: {error}") from error


def _damaged(entry: FileEntry) -> LibraryDamaged:
    return LibraryDamaged(f"{entry.name} was altered: a checksum does not match")
