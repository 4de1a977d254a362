"""The largest of many products: those that a sort finds, however many are equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.index import products
from explorer.index.products import ProductIndex, choosing, single_threaded

Choose = Callable[[NDArray[np.float32], int], tuple[NDArray[np.float32], NDArray[np.int32]]]


@pytest.fixture(params=["compiled", "numpy"])
def choose(request: pytest.FixtureRequest) -> Choose:
    return choosing(products._COMPILED_FROM if request.param == "compiled" else 0)


def interpreted(values: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """What is compiled, as Python runs it."""
    count = min(count, values.shape[1])
    bounds = np.empty((len(values), 2), dtype=np.float32)
    found, places = (np.empty((len(values), count), dtype=dtype) for dtype in (np.float32, np.int32))
    products._bound(values, count, bounds, products._number, np.float32(products._STEP), np.float32(0.5))
    products._write(values, bounds, found, places)
    for row, (low, high) in zip(values, bounds, strict=True):
        assert products._number(row, low) >= count > products._number(row, high)
    return found, places


def check(choose: Choose, values: NDArray[np.float32], count: int) -> None:
    found, places = choose(values, count)
    assert (found.dtype, places.dtype, found.shape) == (
        np.float32,
        np.int32,
        (len(values), min(count, values.shape[1])),
    )
    np.testing.assert_array_equal(np.take_along_axis(values, places, axis=1), found)
    assert all(len(set(row)) == len(row) for row in places.tolist())
    wanted = -np.sort(-values, axis=1)[:, :count]
    np.testing.assert_array_equal(-np.sort(-found, axis=1), wanted)


@given(st.data())
def test_they_are_the_largest(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 90))
    count, decimals = data.draw(st.integers(1, 95)), data.draw(st.sampled_from([0, 1, 2, 8]))
    dice = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    values = np.round(dice.normal(size=(rows, columns)) * data.draw(st.sampled_from([0.1, 1.0, 30.0])), decimals)
    for choose in (choosing(0), choosing(products._COMPILED_FROM), interpreted):
        check(choose, values.astype(np.float32), count)


@pytest.mark.parametrize("count", [1, 30, 217, 2999, 3000])
@pytest.mark.parametrize(
    "made",
    [
        lambda dice: dice.normal(size=(20, 3000)),
        lambda dice: np.full((3, 3000), 0.25),
        lambda dice: np.repeat(dice.normal(size=(5, 30)), 100, axis=1),
        lambda dice: np.where(dice.random((5, 3000)) < 0.02, 0.9, -0.9),
        lambda dice: np.float32(0.5) + np.arange(3000)[None, ::-1] * np.float32(2**-24),  # neighbors among numbers
        lambda dice: np.sort(dice.normal(size=(4, 3000)), axis=1) * 1e-3,
    ],
    ids=["normal", "equal", "repeated", "two values", "adjacent", "ascending"],
)
def test_they_are_the_largest_of_thousands(choose: Choose, made: Callable[[Any], Any], count: int) -> None:
    check(choose, np.ascontiguousarray(made(np.random.default_rng(0)), dtype=np.float32), count)


def test_an_index_compares_queries_with_all_vectors(choose: Choose) -> None:
    dice = np.random.default_rng(1)
    vectors, queries = (dice.integers(-3, 4, (count, 6)).astype(np.float32) for count in (200, 7))
    found, places = ProductIndex(vectors, choose).candidates(queries, 9)
    np.testing.assert_array_equal(found, np.einsum("qcd,qd->qc", vectors[places], queries))
    np.testing.assert_array_equal(-np.sort(-found, axis=1), -np.sort(-(queries @ vectors.T), axis=1)[:, :9])


def test_products_are_made_by_one_thread_each() -> None:
    from threadpoolctl import threadpool_info

    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    with single_threaded():
        assert set(threads()) == {1}
    assert threads() == before
