"""Arrays read block by block: every row, every checksum, whatever the borders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.errors import LibraryDamaged
from explorer.store import StoredRows, arrays, write_array
from explorer.store.manifest import FileEntry

BLOCK, READ = 65_536, 4_194_304


@contextmanager
def small_blocks() -> Iterator[None]:
    """Blocks of 64 bytes, four read at a time: many borders in little data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "_BLOCK", 64)
        patch.setattr(arrays, "_READ", 256)
        yield


@contextmanager
def stored(path: Path, entry: FileEntry) -> Iterator[StoredRows]:
    with path.open("rb") as file:
        yield StoredRows(file, entry)


def numbers(rows: int, width: int, dtype: str, seed: int = 0) -> NDArray[np.floating]:
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(dtype)


def require_all_rows(source: StoredRows, values: NDArray[np.floating]) -> None:
    """Require the rows of `values`, bit for bit, each once and in order."""
    assert source.shape == values.shape
    following = 0
    for first, rows in source.blocks():
        assert first == following
        assert len(rows)
        assert rows.dtype == values.dtype
        assert rows.tobytes() == values[first : first + len(rows)].tobytes()
        following = first + len(rows)
    assert following == len(values)


@given(
    rows=st.integers(1, 150),
    width=st.integers(1, 150),
    dtype=st.sampled_from(["<f4", "<f2"]),
    taken=st.lists(st.integers(0, 149), max_size=20),
)
def test_all_rows_come_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, rows: int, width: int, dtype: str, taken: list[int]
) -> None:
    values = numbers(rows, width, dtype, seed=rows * width)
    path = tmp_path_factory.getbasetemp() / "all-rows.npy"
    with small_blocks():
        entry = write_array(path, values, dtype)
        with stored(path, entry) as source:
            require_all_rows(source, values)
            require_all_rows(source, values)  # as often as one likes
            some = [row % rows for row in taken]
            for asked in (some, np.array(some, dtype=np.int64)):
                assert source.take(asked).tobytes() == values[some].tobytes()
                assert source.take(asked).shape == (len(some), width)


@pytest.mark.parametrize("dtype", ["<f4", "<f2"])
@pytest.mark.parametrize("size", [BLOCK, READ, 2 * READ], ids=["a block", "a read", "two reads"])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_rows_at_the_real_borders(tmp_path: Path, dtype: str, size: int, more: int) -> None:
    """A row of 128 bytes, as many as NumPy's header has: the last one ends at the border, before it, or after it."""
    width = 128 // np.dtype(dtype).itemsize
    values = numbers((size - 128) // 128 + more, width, dtype)
    entry = write_array(tmp_path / "vectors.npy", values, dtype)
    assert entry.offset + values.nbytes == size + more * 128
    with stored(tmp_path / "vectors.npy", entry) as source:
        require_all_rows(source, values)
        ends = [len(values) - 1, 0, len(values) // 2, 0]
        assert source.take(ends).tobytes() == values[ends].tobytes()


def test_a_row_may_be_longer_than_what_is_read_at_a_time(tmp_path: Path) -> None:
    values = numbers(3, 1_500_000, "<f4")  # six megabytes each
    entry = write_array(tmp_path / "vectors.npy", values, "<f4")
    with stored(tmp_path / "vectors.npy", entry) as source:
        require_all_rows(source, values)


def test_rows_cross_the_borders_of_what_is_read(tmp_path: Path) -> None:
    values = numbers(3001, 999, "<f4")  # three reads; no border between two rows
    entry = write_array(tmp_path / "vectors.npy", values, "<f4")
    with stored(tmp_path / "vectors.npy", entry) as source:
        require_all_rows(source, values)
        assert max(rows.nbytes for _, rows in source.blocks()) <= READ + 4 * 999


def test_two_readers_of_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    values = numbers(3001, 999, "<f4")
    entry = write_array(tmp_path / "vectors.npy", values, "<f4")
    with stored(tmp_path / "vectors.npy", entry) as source:
        for (first, one), (same, other) in zip(source.blocks(), source.blocks(), strict=True):
            assert first == same
            assert one.tobytes() == other.tobytes() == values[first : first + len(one)].tobytes()


# --- damage


def require_damage(path: Path, entry: FileEntry) -> None:
    with stored(path, entry) as source, pytest.raises(LibraryDamaged, match=r"vectors\.npy was altered"):
        list(source.blocks())


@pytest.mark.parametrize("dtype", ["<f4", "<f2"])
def test_each_flipped_byte_is_found(tmp_path: Path, dtype: str) -> None:
    """Every one there is: header, rows, checksums, and the checksum of those."""
    path = tmp_path / "vectors.npy"
    with small_blocks():
        entry = write_array(path, numbers(23, 11, dtype), dtype)
        whole = path.read_bytes()
        for position in range(len(whole)):
            flipped = bytearray(whole)
            flipped[position] ^= 1 << position % 8
            path.write_bytes(flipped)
            require_damage(path, entry)


def test_each_flipped_byte_is_found_in_a_file_of_many_reads(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    entry = write_array(path, numbers(3001, 999, "<f4"), "<f4")
    size, end = path.stat().st_size, entry.offset + 3001 * 999 * 4
    borders = [BLOCK - 1, BLOCK, READ - 1, READ, 2 * READ, end - 1, end, size - 5, size - 4, size - 1]
    with path.open("rb+") as file:
        for position in [0, 9, entry.offset, *borders, *range(100_003, end, 1_000_003)]:
            file.seek(position)
            byte = file.read(1)
            file.seek(position)
            file.write(bytes([byte[0] ^ 0x80]))
            file.flush()
            require_damage(path, entry)
            file.seek(position)
            file.write(byte)
    with stored(path, entry) as source:  # each was put back
        require_all_rows(source, numbers(3001, 999, "<f4"))


def test_rows_before_the_damage_are_right(tmp_path: Path) -> None:
    """What is yielded was checked: nothing of the damaged read is."""
    path, values = tmp_path / "vectors.npy", numbers(3001, 999, "<f4")
    entry = write_array(path, values, "<f4")
    with path.open("rb+") as file:
        file.seek(READ + 5)
        file.write(b"\xff\xff")
    seen: list[tuple[int, NDArray[np.floating]]] = []
    with stored(path, entry) as source, pytest.raises(LibraryDamaged):
        seen.extend(source.blocks())
    ((first, rows),) = seen
    assert (first, len(rows)) == (0, (READ - entry.offset) // (999 * 4))
    assert rows.tobytes() == values[: len(rows)].tobytes()


def test_a_block_in_another_s_place_is_found(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    entry = write_array(path, numbers(3001, 999, "<f4"), "<f4")
    whole = path.read_bytes()
    one, other = (whole[number * BLOCK : (number + 1) * BLOCK] for number in (3, 7))
    path.write_bytes(
        whole[: 3 * BLOCK] + other + whole[4 * BLOCK : 7 * BLOCK] + one + whole[8 * BLOCK :],
    )
    require_damage(path, entry)


def test_a_file_whose_checksums_are_cut_off_is_found(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    with small_blocks():
        entry = write_array(path, numbers(23, 11, "<f4"), "<f4")
        whole = path.read_bytes()
        for size in range(len(whole)):
            path.write_bytes(whole[:size])
            require_damage(path, entry)
