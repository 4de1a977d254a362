"""Sums of products by compiled code: to the bit what NumPy makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.index import NearestRows, nearest
from explorer.index.pairing import _parts, compiled_sums, summed, summing

LENGTHS = [1, 2, 7, 8, 9, 15, 16, 96, 127, 128, 129, 135, 136, 256, 263, 384, 385, 768, 1000, 1024, 3072]


def vectors_of(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(40, length)).astype(np.float32)


@pytest.mark.parametrize("length", LENGTHS)
def test_sums_are_those_of_numpy_to_the_bit(length: int) -> None:
    vectors, dice = vectors_of(length), np.random.default_rng(1)
    candidates = dice.integers(0, 40, (12, 9))
    expected = summed(vectors, vectors[:12], candidates)
    assert expected.dtype == np.float64
    np.testing.assert_allclose(expected[3, 5], np.dot(*vectors[[3, candidates[3, 5]]].astype(np.float64)))
    assert compiled_sums()(vectors, vectors[:12], candidates).tobytes() == expected.tobytes()


@given(length=st.integers(1, 600), seed=st.integers(0, 99))
def test_the_same_functions_without_a_compiler(length: int, seed: int) -> None:
    vectors = vectors_of(length, seed)
    candidates = np.array([[3, 1], [0, 39]], dtype=np.int32)
    found = summing(lambda function: function)(vectors, vectors[:2], candidates)
    assert found.tobytes() == summed(vectors, vectors[:2], candidates).tobytes()


def test_parts_are_halves_of_whole_lanes() -> None:
    assert _parts(128) == [(128, 0)]
    assert _parts(129) == [(64, 0), (65, 1)]
    assert _parts(384) == [(96, 0), (96, 1), (96, 0), (96, 2)]


def test_no_row_has_no_candidates() -> None:
    vectors = vectors_of(8)
    assert compiled_sums()(vectors, vectors[:0], np.empty((0, 5), dtype=np.int64)).shape == (0, 5)
    assert compiled_sums()(vectors, vectors[:2], np.empty((2, 0), dtype=np.int64)).shape == (2, 0)


def test_graphs_of_many_rows_are_what_those_of_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = vectors_of(64)
    vectors[7] = vectors[30]
    few = next(iter(NearestRows(vectors).graph(5)))
    monkeypatch.setattr(nearest, "_COMPILED_FROM", 40)
    rows = NearestRows(vectors)
    many = next(iter(rows.graph(5)))
    assert rows._sums is compiled_sums()
    assert (many.rows.tolist(), many.similarities.tobytes()) == (few.rows.tolist(), few.similarities.tobytes())
    assert many.rows[7, 0] == 30
