"""Nearest rows, against NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.errors import InvalidInput
from explorer.index import NearestRows, unit
from explorer.index import nearest as index


def oracle(
    vectors: NDArray[np.float32],
    query: NDArray[np.float32],
    k: int,
    without: int = -1,
    allowed: Sequence[bool] | NDArray[np.bool_] | None = None,
) -> list[tuple[int, float]]:
    """Sort all cosines, computed in float64; equal ones by row."""
    cosines = np.clip((vectors.astype(np.float64) * query).sum(axis=1), -1, 1).astype(np.float32)
    order = [int(row) for row in np.lexsort((np.arange(len(vectors)), -cosines)) if row != without]
    order = [row for row in order if allowed is None or allowed[row]]
    return [(row, float(cosines[row])) for row in order[:k]]


def random_vectors(rows: int, width: int = 24, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 200])
def test_neighbors_are_those_of_numpy(rows: int) -> None:
    nearest = NearestRows(random_vectors(rows))
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


# --- cosines of all rows, and of some


class InBlocks:
    """Vectors that are not in memory, given a few rows at a time; `read` counts how often."""

    def __init__(self, vectors: NDArray[np.floating], rows: int = 7) -> None:
        self._vectors, self._rows = vectors, rows
        self.shape, self.read = vectors.shape, 0

    def blocks(self) -> Iterator[tuple[int, NDArray[np.floating]]]:
        self.read += 1
        for start in range(0, len(self._vectors), self._rows):
            yield start, self._vectors[start : start + self._rows]

    def take(self, rows: Sequence[int] | NDArray[np.integer]) -> NDArray[np.floating]:
        return self._vectors[rows]


def in_memory(vectors: NDArray[np.floating]) -> NearestRows:
    nearest = NearestRows(vectors)
    assert nearest.vectors.shape == vectors.shape
    return nearest


def scanned(vectors: NDArray[np.floating]) -> NearestRows:
    return NearestRows(InBlocks(vectors))


WAYS = pytest.mark.parametrize("opened", [in_memory, scanned])


@WAYS
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("rows", [1, 7, 300])
def test_cosines_of_all_rows_are_good_to_a_millionth(
    opened: Callable[..., NearestRows], dtype: type, rows: int
) -> None:
    vectors, query = random_vectors(rows).astype(dtype), unit(random_vectors(1, seed=1))[0]
    vectors[0] = (1000 * query).astype(dtype)
    exact = vectors.astype(np.float64) @ query / np.linalg.norm(vectors.astype(np.float64), axis=1)
    cosines = opened(vectors).cosines(query)
    assert cosines.shape == (rows,)
    np.testing.assert_allclose(cosines, exact, atol=1e-6)


@pytest.mark.parametrize("largest", [1e-43, 1e-38, 1e-15, 0.1, 0.4, 0.9, 1.6, 1e15, 3e38])
def test_cosines_of_a_scan_know_no_lengths(largest: float) -> None:
    """The smallest and the largest numbers of single precision leave its range when they are multiplied."""
    vectors, query = random_vectors(50), unit(np.abs(random_vectors(1, seed=1)))[0]
    vectors[25:] = np.abs(vectors[25:])
    scaled = (vectors.astype(np.float64) * (largest / np.abs(vectors).max())).astype(np.float32)
    double = scaled.astype(np.float64)
    known = np.linalg.norm(double, axis=1) > 0
    expected = double[known] @ query / np.linalg.norm(double[known], axis=1)
    np.testing.assert_allclose(scanned(scaled[known]).cosines(query), expected, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf])
def test_a_scan_names_a_vector_without_direction(value: float) -> None:
    vectors = random_vectors(40)
    vectors[23] = value
    with pytest.raises(InvalidInput, match="the vector of row 23 is zero or not finite"):
        scanned(vectors).cosines(unit(random_vectors(1))[0])


def test_vectors_are_kept_from_the_third_question_on() -> None:
    source, query = InBlocks(random_vectors(40)), unit(random_vectors(1, seed=1))[0]
    nearest = NearestRows(source)
    answers = [nearest.search(query, 9) for _ in range(6)]
    assert source.read == 3
    assert all(answer == answers[0] for answer in answers)


@WAYS
def test_exact_cosines_are_those_of_double_precision_whatever_the_others_are(
    opened: Callable[..., NearestRows], monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, query = unit(random_vectors(100)), unit(random_vectors(1, seed=1))[0]
    nearest = opened(vectors)
    stored = vectors if opened is in_memory else unit(vectors)
    rows = [5, 99, 0, 5, 41]
    expected = [np.float32(sum(float(a) * float(b) for a, b in zip(stored[row], query, strict=True))) for row in rows]
    np.testing.assert_allclose(nearest.exact(query, rows), expected, rtol=0, atol=6e-8)
    alone = np.concatenate([nearest.exact(query, [row]) for row in range(100)])
    assert alone.dtype == np.float32
    permutation = np.random.default_rng(0).permutation(100)
    assert nearest.exact(query, permutation).tobytes() == alone[permutation].tobytes()
    assert nearest.exact(query, rows).tobytes() == alone[rows].tobytes()
    monkeypatch.setattr(index, "ROWS", 3)
    assert nearest.exact(query, permutation).tobytes() == alone[permutation].tobytes()
    assert nearest.exact(query, []).tolist() == nearest.exact(query, np.arange(0)).tolist() == []
    pairs = nearest.pairs(np.stack([query, vectors[3]]), np.array([rows, rows[::-1]]))
    assert pairs.tolist() == [alone[rows].tolist(), nearest.exact(vectors[3], rows[::-1]).tolist()]


def test_exact_cosines_lie_between_minus_one_and_one() -> None:
    vectors = unit(random_vectors(500, width=3))
    nearest = in_memory(np.concatenate([vectors, -vectors]))
    for row in range(500):
        same, opposite = nearest.exact(nearest.vectors[row], [row, row + 500]).tolist()
        assert -1 <= opposite < -0.999999
        assert 0.999999 < same <= 1


# --- shortlists, and rows that may not be answers


def with_ties(rows: int, seed: int, width: int = 4) -> NDArray[np.float32]:
    """Half of the rows are copies of a few others."""
    dice = np.random.default_rng(seed)
    vectors = random_vectors(rows, width, seed)
    copied = dice.random(rows) < 0.5
    vectors[copied] = vectors[dice.integers(0, min(rows, 3), copied.sum())]
    return vectors


@WAYS
@pytest.mark.parametrize("rows", [1, 2, 30, 300])
def test_a_shortlist_is_the_first_of_all_sorted(opened: Callable[..., NearestRows], rows: int) -> None:
    """Whatever is left out; of equal ones those of lower rows are in it."""
    vectors = with_ties(rows, seed=rows)
    nearest = opened(vectors)
    dice = np.random.default_rng(2)
    for query in (unit(random_vectors(1, 4, seed=9))[0], unit(vectors[:1])[0]):
        cosines = nearest.cosines(query)
        for allowed in (None, dice.random(rows) < 0.5, np.zeros(rows, dtype=bool)):
            before = None if allowed is None else allowed.copy()
            for without in (None, 0, rows - 1):
                for count in (0, 1, 2, 29, 100, rows - 1, rows, rows + 5):
                    found = nearest.shortlist(cosines, query, count, without, allowed)
                    out = -1 if without is None else without
                    expected = oracle(unit(vectors), query, count, out, allowed)
                    assert sorted(found.tolist()) == sorted(row for row, _ in expected)
            assert before is None or before.tolist() == allowed.tolist()


def test_a_shortlist_does_not_believe_single_precision() -> None:
    """Cosines that are wrong by a little, as float32 sums are, do not decide which row is in it."""
    vectors = unit(random_vectors(300, width=4))
    vectors[100:200] = unit(vectors[100] + 1e-6 * random_vectors(100, width=4, seed=3))
    nearest, query = in_memory(vectors), unit(random_vectors(1, width=4, seed=5))[0]
    for wrong in range(5):
        noise = np.random.default_rng(wrong).uniform(-1e-6, 1e-6, 300).astype(np.float32)
        cosines = nearest.cosines(query) + noise
        for count in (1, 10, 90, 150, 250):
            found = nearest.shortlist(cosines, query, count)
            assert sorted(found.tolist()) == sorted(row for row, _ in oracle(nearest.vectors, query, count))


@WAYS
def test_only_allowed_rows_are_answers(opened: Callable[..., NearestRows]) -> None:
    vectors = random_vectors(200)
    dice = np.random.default_rng(0)
    source = vectors if opened is in_memory else InBlocks(vectors)
    for share in (0.0, 0.01, 0.5, 0.99, 1.0):
        nearest = NearestRows(source)  # anew: the first questions are answered in another way
        allowed = dice.random(200) < share
        for seed in range(4):
            query = random_vectors(1, seed=seed)[0]
            for without in (None, 17):
                answers = nearest.search(query, 20, without, allowed)
                out = -1 if without is None else without
                assert answers == oracle(nearest.vectors, unit(query[None])[0], 20, out, allowed)
                assert len(answers) == min(20, int(allowed.sum()) - int(without is not None and allowed[17]))


def test_no_row_or_one_may_be_the_answer() -> None:
    nearest = NearestRows(random_vectors(50))
    query, allowed = random_vectors(1, seed=1)[0], np.zeros(50, dtype=bool)
    assert nearest.search(query, 10, allowed=allowed) == []
    allowed[31] = True
    ((row, similarity),) = nearest.search(query, 10, allowed=allowed)
    assert (row, similarity) == (31, float(nearest.exact(unit(query[None])[0], [31])[0]))
    assert nearest.search(query, 10, without=31, allowed=allowed) == []
    assert allowed.sum() == 1


@given(
    seed=st.integers(0, 1000),
    rows=st.integers(1, 60),
    k=st.integers(1, 70),
    allowed=st.lists(st.booleans(), min_size=60, max_size=60),
    asked=st.integers(0, 59),
    is_scanned=st.booleans(),
)
def test_filtered_answers_are_the_unfiltered_ones_without_the_others(
    seed: int, rows: int, k: int, allowed: list[bool], asked: int, is_scanned: bool
) -> None:
    vectors = with_ties(rows, seed)
    nearest = scanned(vectors) if is_scanned else in_memory(vectors)
    query, may = unit(vectors)[asked % rows], np.array(allowed[:rows])
    filtered = nearest.search(query, k, asked % rows, may)
    everything = nearest.search(query, rows, asked % rows)
    assert filtered == [answer for answer in everything if may[answer[0]]][:k]


# --- the graph's shortlists


def require_shortlists(vectors: NDArray[np.float32], k: int, count: int, rows: Sequence[int]) -> None:
    """Require for some rows the nearest of all, of equal ones those of lower rows, with their cosines."""
    nearest = NearestRows(vectors)
    n, seen = len(vectors), 0
    for block in nearest.graph(k, count):
        assert block.own.start == seen
        seen = block.own.stop
        size = (len(block.own), min(max(k, count), n - 1))
        assert block.shortlist.shape == block.products.shape == size
        assert (block.shortlist.dtype, block.products.dtype) == (np.int32, np.float32)
        assert block.rows.shape == (len(block.own), min(k, n - 1))
        for row in set(rows) & set(block.own):
            place = row - block.own.start
            expected = dict(oracle(nearest.vectors, nearest.vectors[row], size[1], without=row))
            products = dict(zip(block.shortlist[place].tolist(), block.products[place].tolist(), strict=True))
            assert sorted(products) == sorted(expected), row
            assert all(abs(products[other] - expected[other]) < 1e-6 for other in expected)
            answers = list(zip(block.rows[place].tolist(), block.similarities[place].tolist(), strict=True))
            assert answers == list(expected.items())[:k]
    assert seen == n


@pytest.mark.parametrize("rows", [1, 2, 3, 8, 9, 10, 30, 31, 32, 190, 191, 199, 200, 201, 202, 208, 209, 210, 211, 300])
def test_shortlists_are_the_nearest(rows: int) -> None:
    """Of libraries that are smaller than a shortlist, as large, and a little larger."""
    require_shortlists(random_vectors(rows), 30, 200, range(0, rows, 11))


@pytest.mark.parametrize(
    ("k", "count"), [(30, 0), (30, 30), (30, 10), (1, 1), (5, 299), (299, 5), (400, 200), (5, 1000)]
)
def test_shortlists_of_any_length(k: int, count: int) -> None:
    require_shortlists(random_vectors(300), k, count, range(0, 300, 17))


@pytest.mark.parametrize("copies", [2, 31, 150, 199, 200, 201, 202, 208, 209, 210, 215, 300, 389, 400])
@pytest.mark.parametrize("first", [0, 11])
def test_shortlists_of_rows_that_are_the_same(copies: int, first: int) -> None:
    """Fewer than a shortlist holds, as many, as many as are looked at, more, and all."""
    vectors = random_vectors(400)
    copies = min(copies, 400 - first)
    vectors[first : first + copies] = vectors[first]
    require_shortlists(vectors, 30, 200, [0, 10, 11, 12, 30, 100, 210, 211, 219, 220, 221, 399])


def test_shortlists_of_several_groups_of_rows_that_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_QUERIES", 64)
    vectors = random_vectors(500, width=3)
    for group in range(4):
        vectors[group::5] = vectors[group]
    require_shortlists(vectors, 30, 200, range(0, 500, 3))
    require_shortlists(vectors, 30, 100, range(0, 500, 3))
    require_shortlists(vectors, 30, 99, range(0, 500, 3))


def test_shortlists_of_rows_that_are_nearly_the_same() -> None:
    """Nearer to each other than single precision tells."""
    vectors = unit(random_vectors(400, width=16))
    vectors[50:350] = unit(vectors[50] + 3e-5 * random_vectors(300, width=16, seed=1))
    require_shortlists(vectors, 30, 200, range(0, 400, 7))


@given(
    seed=st.integers(0, 1000),
    rows=st.integers(1, 60),
    k=st.integers(1, 70),
    count=st.integers(0, 70),
    width=st.integers(1, 4),
)
def test_shortlists_of_any_rows(seed: int, rows: int, k: int, count: int, width: int) -> None:
    """Of one dimension there are but two directions."""
    require_shortlists(with_ties(rows, seed, width), k, count, range(rows))
