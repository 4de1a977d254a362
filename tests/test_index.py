"""Nearest rows, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.errors import InvalidInput
from explorer.index import INDEX_TYPES, NearestRows, unit


def oracle(
    vectors: NDArray[np.float32], query: NDArray[np.float32], k: int, without: int = -1
) -> list[tuple[int, float]]:
    """Sort all cosines, computed in float64; equal ones by row."""
    cosines = np.clip((vectors.astype(np.float64) * query).sum(axis=1), -1, 1).astype(np.float32)
    order = [int(row) for row in np.lexsort((np.arange(len(vectors)), -cosines)) if row != without]
    return [(row, float(cosines[row])) for row in order[:k]]


def random_vectors(rows: int, width: int = 24, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


@pytest.mark.parametrize("index_type", INDEX_TYPES)
@pytest.mark.parametrize("rows", [1, 2, 3, 10, 200])
def test_neighbors_are_those_of_numpy(index_type: str, rows: int) -> None:
    nearest = NearestRows(random_vectors(rows), index_type)
    for row in range(0, rows, 7):
        assert nearest.similar(row, 12) == oracle(nearest.vectors, nearest.vectors[row], 12, without=row)
    query = unit(random_vectors(1, seed=1))[0]
    assert nearest.search(query, 5) == oracle(nearest.vectors, query, 5)


def test_the_graph_holds_the_same_answers_as_single_questions() -> None:
    nearest = NearestRows(random_vectors(1500))  # two blocks
    blocks = list(nearest.graph(30))
    rows = np.concatenate([block.rows for block in blocks])
    similarities = np.concatenate([block.similarities for block in blocks])
    assert rows.shape == similarities.shape == (1500, 30)
    assert (rows.dtype, similarities.dtype) == (np.int32, np.float32)
    for row in (0, 1023, 1024, 1499):
        assert list(zip(rows[row].tolist(), similarities[row].tolist(), strict=True)) == nearest.similar(row, 30)


def test_rows_that_are_many_times_the_same_are_each_other_s_nearest_by_row() -> None:
    vectors = random_vectors(400)
    vectors[50:350] = vectors[50]
    nearest = NearestRows(vectors)
    (block,) = nearest.graph(30)
    rows, similarities = block.rows, block.similarities
    for row in (0, 50, 60, 81, 82, 349, 399):
        expected = oracle(nearest.vectors, nearest.vectors[row], 30, without=row)
        assert list(zip(rows[row].tolist(), similarities[row].tolist(), strict=True)) == expected
    assert rows[60].tolist() == [*range(50, 60), *range(61, 81)]


def test_a_graph_of_few_rows_has_all_others() -> None:
    (block,) = NearestRows(random_vectors(3)).graph(30)
    rows, similarities = block.rows, block.similarities
    assert [set(row) for row in rows.tolist()] == [{1, 2}, {0, 2}, {0, 1}]
    assert similarities.shape == (3, 2)
    (block,) = NearestRows(random_vectors(1)).graph(30)
    rows = block.rows
    assert rows.shape == (1, 0)


def test_twins_come_first_by_row_and_never_a_paper_itself() -> None:
    vectors = random_vectors(300)
    vectors[::3] = vectors[0]  # a hundred twins: more than any list of candidates
    nearest = NearestRows(vectors)
    assert nearest.similar(0, 5) == [(row, 1.0) for row in (3, 6, 9, 12, 15)]
    assert nearest.similar(6, 3) == [(0, 1.0), (3, 1.0), (9, 1.0)]
    (block,) = nearest.graph(30)
    rows, similarities = block.rows, block.similarities
    assert rows[297].tolist() == list(range(0, 90, 3))
    assert set(similarities[297].tolist()) == {1.0}


@given(
    seed=st.integers(0, 1000),
    rows=st.integers(2, 60),
    copies=st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=40),
    k=st.integers(1, 70),
)
def test_fewer_answers_are_the_first_of_more(seed: int, rows: int, copies: list[tuple[int, int]], k: int) -> None:
    vectors = random_vectors(rows, width=4, seed=seed)
    for source, target in copies:
        vectors[target % rows] = vectors[source % rows]
    nearest = NearestRows(vectors)
    answer = nearest.similar(0, 100)
    assert answer == oracle(nearest.vectors, nearest.vectors[0], 100, without=0)
    assert nearest.similar(0, k) == answer[:k]


def test_length_is_of_no_account() -> None:
    vectors = random_vectors(50)
    scaled = vectors * np.random.default_rng(1).uniform(0.001, 1000, size=(50, 1)).astype(np.float32)
    rows = [[row for row, _ in NearestRows(some).similar(4, 20)] for some in (vectors, scaled)]
    assert rows[0] == rows[1]


def test_unit_rows() -> None:
    np.testing.assert_array_equal(unit(np.array([[3.0, 4.0], [0.0, -2.0]])), np.float32([[0.6, 0.8], [0.0, -1.0]]))
    half = unit(random_vectors(9).astype(np.float16))
    assert half.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(half, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_vector_without_direction_is_named(value: float) -> None:
    vectors = random_vectors(4)
    vectors[2] = value
    with pytest.raises(InvalidInput, match="the vector of row 2 is zero or not finite"):
        unit(vectors)
