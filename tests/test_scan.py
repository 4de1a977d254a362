"""The first questions are answered by a scan and later ones by the index: the same answers, those of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.errors import InvalidInput
from explorer.index import NearestRows, VectorRows, unit
from explorer.index import nearest as nearest_module
from explorer.index import vectors as vectors_module
from explorer.store import StoredRows, arrays, write_array

Answer = list[tuple[int, float]]
Vectors = NDArray[np.floating[Any]]

SCANS = 2  # questions answered by a scan


def oracle(vectors: Vectors, query: Vectors, k: int, without: int | None = None) -> Answer:
    """Sort all cosines, computed in float64; equal ones by row."""
    cosines = (unit(vectors).astype(np.float64) * unit(query[None, :])[0]).sum(axis=1)
    similarities = np.clip(cosines, -1, 1).astype(np.float32)
    order = [int(row) for row in np.lexsort((np.arange(len(vectors)), -similarities)) if row != without]
    return [(row, float(similarities[row])) for row in order[:k]]


@contextmanager
def in_file(path: Path, vectors: Vectors) -> Iterator[VectorRows]:
    entry = write_array(path, vectors, vectors.dtype.newbyteorder("<").str)
    with path.open("rb") as file:
        yield StoredRows(file, entry)


@contextmanager
def in_memory(path: Path, vectors: Vectors) -> Iterator[Vectors]:
    yield vectors


Source = Callable[[Path, Vectors], Any]
SOURCES = pytest.mark.parametrize("source", [in_memory, in_file])


@contextmanager
def few_rows_at_a_time() -> Iterator[None]:
    """Many borders in few rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest_module, "ROWS", 7)
        patch.setattr(vectors_module, "ROWS", 7)
        patch.setattr(arrays, "_BLOCK", 64)
        patch.setattr(arrays, "_READ", 192)
        yield


def require_same_answers(nearest: NearestRows, ask: Callable[[], Answer], expected: Answer) -> None:
    """Require `expected` from the scan and from the index."""
    for _ in range(SCANS):
        assert ask() == expected
    assert "vectors" not in vars(nearest)  # none were kept, so it was a scan
    for _ in range(2):
        assert ask() == expected
    assert "vectors" in vars(nearest)


@st.composite
def tied_vectors(draw: st.DrawFn) -> Vectors:
    """Draw rows of which many are the same, or the same but for the last bits, or of another length."""
    rows, width = draw(st.integers(1, 70)), draw(st.integers(1, 40))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    vectors = generator.normal(size=(rows, width))
    vectors[np.abs(vectors).sum(axis=1) == 0] = 1
    sources = generator.integers(0, draw(st.integers(1, rows)), size=rows)
    is_copy = generator.uniform(size=rows) < draw(st.sampled_from([0, 0.5, 0.95]))
    vectors[is_copy] = vectors[sources[is_copy]]
    nudge = draw(st.sampled_from([0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4]))
    vectors *= 1 + nudge * generator.normal(size=vectors.shape)
    vectors *= draw(st.sampled_from([1, 100])) ** generator.uniform(-1, 1, size=(rows, 1))
    return vectors.astype(draw(st.sampled_from([np.float16, np.float32])))


@given(data=st.data(), vectors=tied_vectors(), source=st.sampled_from([in_memory, in_file]), k=st.integers(0, 90))
def test_a_scan_and_the_index_give_numpy_s_answers(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, vectors: Vectors, source: Source, k: int
) -> None:
    row = data.draw(st.integers(0, len(vectors) - 1))
    without = data.draw(st.none() | st.integers(0, len(vectors) - 1))
    query = data.draw(st.sampled_from([vectors[row], -vectors[row], np.cos(np.arange(vectors.shape[1]))]))
    query = query.astype(np.float32)
    path = tmp_path_factory.getbasetemp() / "tied-vectors.npy"
    with few_rows_at_a_time(), source(path, vectors) as rows:
        nearest = NearestRows(rows)
        require_same_answers(nearest, lambda: nearest.search(query, k, without), oracle(vectors, query, k, without))
        again = NearestRows(rows)
        require_same_answers(again, lambda: again.similar(row, k), oracle(vectors, vectors[row], k, without=row))
        one = NearestRows(rows)
        assert one.similar(row, k) == one.similar(row, 100)[:k]


@SOURCES
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_ties_that_run_past_all_candidates(tmp_path: Path, source: Source, dtype: type[np.floating]) -> None:
    """Hundreds of rows that differ in the last bits of float32, as wide as a model's: the order is that of float64."""
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(2000, 384))
    vectors[300:1000] = vectors[0] * (1 + 1e-7 * generator.normal(size=(700, 384)))
    vectors[1000:1300] = vectors[1]
    vectors = vectors.astype(dtype)
    with source(tmp_path / "vectors.npy", vectors) as rows:
        for row in (0, 1, 500, 1299):
            nearest = NearestRows(rows)
            expected = oracle(vectors, vectors[row], 100, without=row)
            require_same_answers(nearest, lambda row=row, nearest=nearest: nearest.similar(row, 100), expected)
            shorter = NearestRows(rows)
            require_same_answers(shorter, lambda row=row, nearest=shorter: nearest.similar(row, 10), expected[:10])


@SOURCES
def test_all_vectors_may_be_the_same(tmp_path: Path, source: Source) -> None:
    vectors = np.full((20_000, 24), 0.3, dtype=np.float16)
    first = [(row, 1.0) for row in range(11) if row != 7]
    everything = [(row, 1.0) for row in range(20_000)]
    with source(tmp_path / "vectors.npy", vectors) as rows:
        nearest = NearestRows(rows)
        require_same_answers(nearest, lambda: nearest.similar(7, 10), first)
        again = NearestRows(rows)
        require_same_answers(again, lambda: again.search(np.ones(24, dtype=np.float32), 30_000), everything)


def test_two_questions_are_scans_whatever_they_ask() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    nearest = NearestRows(vectors)
    assert nearest.similar(3, 5) == oracle(vectors, vectors[3], 5, without=3)
    assert nearest.search(vectors[9], 50) == oracle(vectors, vectors[9], 50)
    assert "vectors" not in vars(nearest)
    assert nearest.similar(4, 49) == oracle(vectors, vectors[4], 49, without=4)
    assert "vectors" in vars(nearest)


def test_where_the_vectors_are_in_memory_nothing_is_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    nearest = NearestRows(vectors)
    blocks = list(nearest.graph(5))
    monkeypatch.setattr(NearestRows, "_scan", lambda *_: pytest.fail("scanned"))
    (block,) = blocks
    rows, similarities = block.rows, block.similarities
    answer = nearest.similar(3, 5)
    assert answer == list(zip(rows[3].tolist(), similarities[3].tolist(), strict=True))
    assert answer == oracle(vectors, vectors[3], 5, without=3)


@SOURCES
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf])
def test_a_scan_names_the_row_without_direction(
    tmp_path: Path, source: Source, dtype: type[np.floating], value: float
) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(dtype)
    vectors[33] = value
    with few_rows_at_a_time(), source(tmp_path / "vectors.npy", vectors) as rows:
        for ask in (
            lambda nearest: nearest.search(vectors[2], 3),
            lambda nearest: nearest.similar(2, 3),
            lambda nearest: nearest.similar(33, 3),
        ):
            with pytest.raises(InvalidInput, match="the vector of row 33 is zero or not finite"):
                ask(NearestRows(rows))


@SOURCES
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf])
def test_the_index_names_the_row_without_direction(
    tmp_path: Path, source: Source, dtype: type[np.floating], value: float
) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(dtype)
    vectors[33] = value
    with few_rows_at_a_time(), source(tmp_path / "vectors.npy", vectors) as rows:
        for ask in (lambda nearest: nearest.vectors, lambda nearest: list(nearest.graph(3))):
            with pytest.raises(InvalidInput, match="the vector of row 33 is zero or not finite"):
                ask(NearestRows(rows))


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_question_without_direction_has_no_answer(value: float) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    nearest = NearestRows(vectors)
    for _ in range(2):
        with pytest.raises(InvalidInput, match="is zero or not finite"):
            nearest.search(np.full(8, value, dtype=np.float32), 3)
        assert nearest.vectors.shape == (50, 8)  # from now on, the index
