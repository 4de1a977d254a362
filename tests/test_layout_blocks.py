"""The descent by threads: the same bytes for any number of them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from explorer.index import NearestRows
from explorer.layout import LayoutOptions, blocks, faithfulness, project
from explorer.layout.blocks import Cell, block_count, cells, descend_by_rounds, rounds, thread_count

Graph = tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]


def a_field(count: int) -> Graph:
    """Make rows in groups of groups, as papers are: 8 fields of 8 topics of their own, in 40 dimensions."""
    random = np.random.default_rng(3)
    field, topic = random.normal(size=(8, 40)), random.normal(size=(8, 8, 40))
    of = random.integers(0, 8, size=(2, count))
    nearest = NearestRows(field[of[0]] + 0.8 * topic[of[0], of[1]] + random.normal(size=(count, 40)))
    found = list(nearest.graph(30))
    joined = (np.concatenate([getattr(block, name) for block in found]) for name in ("rows", "similarities"))
    return (nearest.vectors, *joined)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return a_field(1500)


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Cut however few points into so many blocks, and let so many threads run."""

    def change(count: int, threads: int) -> None:
        monkeypatch.setattr(blocks, "_BLOCKS", ((0, count),))
        monkeypatch.setattr(blocks, "thread_count", lambda: threads)

    return change


@pytest.mark.parametrize(("n", "count"), [(0, 1), (8191, 1), (8192, 4), (65_536, 8), (262_144, 16), (10**8, 16)])
def test_more_points_are_cut_into_more_blocks(n: int, count: int) -> None:
    assert block_count(n) == count


@pytest.mark.parametrize("count", [2, 4, 6, 8, 16])
def test_each_block_meets_all_others_once_and_one_at_a_time(count: int) -> None:
    made = rounds(count)
    assert len(made) == count - 1
    assert sorted(tuple(sorted(pair)) for together in made for pair in together) == list(combinations(range(count), 2))
    for together in made:
        assert sorted(block for pair in together for block in pair) == list(range(count))


def test_one_block_meets_itself() -> None:
    assert rounds(1) == [[(0, 0)]]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_edges_are_in_the_cell_of_their_blocks_in_their_order(count: int) -> None:
    n, random = 23, np.random.default_rng(1)
    ends = random.integers(0, n, size=(2, 200)).astype(np.int32)
    waits = random.uniform(1, 9, size=200).astype(np.float32)
    states = random.integers(0, 2**48, size=(count, count))
    made = cells(n, ends, waits, states)
    block = np.empty(n, dtype=int)
    for number in range(count):
        block[number * n // count : (number + 1) * n // count] = number
    assert list(made) == list(np.ndindex(count, count))
    for (a, b), cell in made.items():
        own = (block[ends[0]] == a) & (block[ends[1]] == b)
        np.testing.assert_array_equal(cell.ends, ends[:, own])
        np.testing.assert_array_equal(cell.waits, [waits[own], waits[own]])
        assert cell.state == states[a, b]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_edge_has_its_turn_in_every_epoch_and_nobody_else_has_its_blocks(cut: Any, count: int) -> None:
    """Of 12 points all are joined to all; a turn adds one to both ends, so 24 in each epoch."""
    cut(count, 3)
    ends = np.stack(np.divmod(np.arange(144), 12)).astype(np.int32)
    made = cells(12, ends, np.ones(144, dtype=np.float32), np.arange(count**2).reshape(count, count))
    places, seen = np.zeros((2, 12), dtype=np.float32), []

    def descend(both: Any, ends: Any, waits: Any, epochs: Any, forces: Any, state: int) -> int:
        seen.append((epochs, forces, float(both[1].sum())))
        for _ in range(*epochs[:2]):
            np.add.at(both[0], (0, ends), 1)
        return state + 1

    descend_by_rounds(descend, places, made, (0, 3), (0.5, 7, 2.0))
    np.testing.assert_array_equal(places, [[72] * 12, [0] * 12])
    if count > 1:
        assert [sum(cell.state for cell in made.values())] == [sum(range(count**2)) + 3 * count**2]
        # In an epoch all see what was there when it began.
        assert {(epochs, total) for epochs, _, total in seen} == {((t, t + 1, 3), 288.0 * t) for t in range(3)}
    else:
        assert [epochs for epochs, _, _ in seen] == [(0, 3, 3)]
    assert {forces for _, forces, _ in seen} == {(0.5, 7, 2.0)}


def test_what_fails_in_a_thread_is_raised(cut: Any) -> None:
    cut(4, 2)
    made = {(a, b): Cell(np.zeros((2, 0), "i4"), np.zeros((2, 0), "f4"), 0) for a, b in np.ndindex(4, 4)}

    def fail(*arguments: Any) -> int:
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        descend_by_rounds(fail, np.zeros((2, 8), dtype=np.float32), made, (0, 2), (0.5, 7, 2.0))


@pytest.mark.parametrize("count", [4, 8])
def test_any_number_of_threads_makes_the_same_bytes(graph: Graph, cut: Any, count: int) -> None:
    made = []
    for threads in (1, 2, 3, 7):
        cut(count, threads)
        made.append(project(*graph, LayoutOptions(n_epochs=60)).tobytes())
    assert len(set(made)) == 1
    cut(1, 1)
    assert project(*graph, LayoutOptions(n_epochs=60)).tobytes() != made[0]


@pytest.mark.parametrize("count", [4, 16])
def test_blocks_cost_no_truth(graph: Graph, cut: Any, count: int) -> None:
    rows, reached = np.arange(1500), []
    for number in (1, count):
        cut(number, 2)
        shares = [faithfulness(graph[0], project(*graph, LayoutOptions(seed=seed)), rows) for seed in (1, 2, 3)]
        reached.append(np.mean(shares, axis=0))
    kept, trustworthiness = reached[1] - reached[0]
    assert kept > -0.01
    assert trustworthiness > -0.003


def test_there_is_a_thread_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    assert thread_count() >= 1
    monkeypatch.delattr(blocks.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(blocks.os, "cpu_count", lambda: None)
    assert thread_count() == 1
