"""Pictures of many papers: samples that are laid out first, and places for the others."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from explorer.index import NearestRows
from explorer.layout import LayoutOptions, LayoutProcess, begin, faithfulness, levels, project, sampling
from explorer.layout.levels import lay_out
from explorer.layout.sampling import lists_within, placed_by_sample, sampled

VECTORS = Path(__file__).parents[2] / "shared" / "data" / "corpora" / "arxiv-100k.vectors.f16.npy"

Graph = tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]


def graph_of(vectors: NDArray[Any]) -> Graph:
    nearest = NearestRows(vectors)
    found = list(nearest.graph(30))
    joined = (np.concatenate([getattr(block, name) for block in found]) for name in ("rows", "similarities"))
    return (nearest.vectors, *joined)


@pytest.fixture(scope="module")
def graph() -> Graph:
    """1,500 rows in 12 groups of very different sizes: from 20 rows to 700."""
    random = np.random.default_rng(2)
    of = np.repeat(np.arange(12), [20, 20, 20, 30, 40, 50, 70, 100, 100, 150, 200, 700])
    return graph_of(2 * random.normal(size=(12, 20))[of] + random.normal(size=(len(of), 20)))


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Change from how many papers on there is a sample, from how many of a sample on, and how many are laid out."""

    def change(first: int, again: int = 10**9, most: int = 10**9) -> None:
        for name, count in (("FROM", first), ("AGAIN_FROM", again), ("LIMIT", most)):
            monkeypatch.setattr(levels, name, count)

    return change


# --- the sample


@given(
    neighbors=st.integers(2, 40).flatmap(
        lambda n: st.integers(1, 20).flatmap(lambda k: hnp.arrays(np.int32, (n, k), elements=st.integers(0, n - 1)))
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_paper_is_in_the_sample_or_near_to_one_that_is(neighbors: NDArray[np.int32], seed: int) -> None:
    sample = sampled(neighbors, seed, 20)
    assert (np.diff(sample) > 0).all()
    assert (np.isin(np.arange(len(neighbors)), sample) | np.isin(neighbors[:, :14], sample).any(axis=1)).all()


def test_the_sample_is_as_large_as_may_be(graph: Graph) -> None:
    sizes = []
    for most in (1000, 700, 450, 10):
        sizes.append(len(sampled(graph[1], 7, most)))
        assert sizes[-1] <= most or most == 10
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) > 2
    assert sizes[0] > 500  # a few of the nearest do, where so many may be in it
    assert (
        sampled(graph[1], 7, 450).tolist() == sampled(graph[1], 7, 450).tolist() != sampled(graph[1], 8, 450).tolist()
    )


def test_small_groups_are_in_the_sample_like_large_ones(graph: Graph) -> None:
    of = np.repeat(np.arange(12), [20, 20, 20, 30, 40, 50, 70, 100, 100, 150, 200, 700])
    assert np.bincount(of[sampled(graph[1], 7, 10)], minlength=12).min() >= 1


def test_of_a_ring_by_hand() -> None:
    """Each of eight is near to the next, the last to the first; who comes before the one that it is near to is taken."""
    near, order = ((np.arange(8) + 1) % 8)[:, None], np.arange(8)
    assert sampling._standing_for_all(near, order).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert sampling._standing_for_all(near, order[::-1]).tolist() == [1, 3, 5, 7]  # 7 first, 5 when 6 is done, ...


# --- its own neighbors


def test_lists_hold_the_true_cosines_in_their_order(graph: Graph) -> None:
    vectors, neighbors = graph[0], graph[1]
    sample = np.flatnonzero(np.random.default_rng(1).uniform(size=len(vectors)) < 0.3)
    positions, cosines = lists_within(vectors[sample], neighbors, sample, 30)
    assert positions.shape == cosines.shape == (len(sample), 30)
    assert positions.dtype == np.int32
    own = vectors[sample]
    true = own @ own.T
    np.testing.assert_allclose(cosines, np.take_along_axis(true, positions.astype(int), axis=1), atol=1e-5)
    assert (np.diff(cosines, axis=1) <= 0).all()
    assert (positions != np.arange(len(sample))[:, None]).all()
    assert all(len(set(row)) == 30 for row in positions.tolist())
    np.fill_diagonal(true, -np.inf)
    nearest = np.argsort(-true, axis=1)[:, :14]
    assert (positions[:, :, None] == nearest[:, None]).any(axis=1).mean() > 0.85


@pytest.mark.parametrize("size", [1, 2, 5])
def test_of_a_small_sample_all_others_are_listed(graph: Graph, size: int) -> None:
    sample = np.arange(0, 1500, 1500 // size)[:size]
    positions, _ = lists_within(graph[0][sample], graph[1], sample, 30)
    assert [sorted(row) for row in positions.tolist()] == [
        [other for other in range(size) if other != row] for row in range(size)
    ]


# --- the picture


def test_others_lie_where_most_of_their_neighbors_are() -> None:
    """Two heaps far apart: three of the sample's neighbors in one, two in the other; not in the middle between them."""
    neighbors = np.array([[1, 2, 3, 4, 5]] * 6 + [[0, 1, 2, 3, 4]] * 1)
    neighbors[:6] = [[other for other in range(6) if other != row] for row in range(6)]
    heaps = np.array([[0, 0], [0.5, 0], [0, 0.5], [90, 0], [90.5, 0], [90, 0.4], [np.nan, np.nan]], dtype=np.float32)
    made = sampling._by_neighbors(heaps, neighbors, np.array([6]))
    weights = 1 / (1 + np.array([0, 0.25, 0.25, 90**2, 90.5**2]))
    np.testing.assert_allclose(made, [weights @ heaps[:5] / weights.sum()], rtol=1e-5)
    assert abs(made[0, 0]) < 1


def test_a_sample_keeps_its_places_and_all_others_get_one(graph: Graph) -> None:
    sample = sampled(graph[1], 42, 700)
    made = np.random.default_rng(0).normal(size=(len(sample), 2)).astype(np.float32)
    placed = placed_by_sample(made, sample, graph[1], 42)
    assert placed.shape == (1500, 2)
    assert placed.dtype == np.float32
    assert np.isfinite(placed).all()
    np.testing.assert_allclose(placed.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(placed[sample] - placed[sample[0]], made - made[0], atol=1e-5)
    assert len(np.unique(placed, axis=0)) == 1500


def test_levels_by_hand(graph: Graph, limits: Any) -> None:
    """What is laid out, in which order, from where, and that there is room for those who come."""
    limits(1000, again=100)
    start, coarser = begin(*graph, LayoutOptions())
    sizes = [len(level.sample) for level in coarser]
    assert 1500 > sizes[0] > sizes[1] > 20
    assert all(len(level.neighbors) == len(level.similarities) == len(level.sample) for level in coarser)
    assert sizes[-1] == len(start)
    laid: list[tuple[int, bool]] = []
    began = []

    def optimize(start: Any, near: Any, cosines: Any, options: LayoutOptions, *, is_placed: bool = False) -> Any:
        laid.append((len(start), is_placed))
        began.append(start)
        assert len(near) == len(cosines) == len(start)
        return start

    made = lay_out(optimize, start, *graph[1:], LayoutOptions(), coarser)
    sizes = [1500, *sizes]
    assert laid == [(size, size != sizes[-1]) for size in sizes[::-1]]
    assert made is began[-1]
    for level, (first, second), more in zip(coarser[::-1], pairwise(began), sizes[-2::-1], strict=True):
        grown = (more / len(first)) ** 0.5
        kept = second[level.sample]
        np.testing.assert_allclose(kept - kept[0], grown * (first - first[0]), rtol=1e-4, atol=1e-4)


def test_beyond_the_limit_only_a_sample_is_laid_out(graph: Graph, limits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    limits(100, most=700)
    laid: list[int] = []
    monkeypatch.setattr(
        "explorer.layout.optimizer.optimize", lambda start, *_, **__: (laid.append(len(start)), start)[1]
    )
    made = project(*graph, LayoutOptions(n_epochs=50))
    assert laid == [len(sampled(graph[1], 42, 700))]
    assert np.isfinite(made).all()
    assert len(np.unique(made, axis=0)) == 1500


@pytest.mark.parametrize("most", [10**9, 400])
def test_the_seed_decides_every_byte_whatever_the_number_of_threads(
    graph: Graph, limits: Any, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    limits(400, again=100, most=most)
    monkeypatch.setattr(sampling, "_TOGETHER", 50)
    monkeypatch.setattr(sampling, "_PLACED", 70)
    made = []
    for threads in (1, 2, 3, 7):
        monkeypatch.setattr(sampling, "thread_count", lambda threads=threads: threads)
        made.append(project(*graph, LayoutOptions(n_epochs=50)).tobytes())
    assert len(set(made)) == 1
    assert project(*graph, LayoutOptions(n_epochs=50, seed=7)).tobytes() != made[0]


def test_a_sample_that_is_too_large_has_a_sample(graph: Graph, limits: Any) -> None:
    limits(100, again=10**9, most=60)
    first = sampled(graph[1], 42, 60)
    assert len(first) > 60
    assert [len(level.sample) for level in begin(*graph, LayoutOptions()).coarser] == [len(first)]
    limits(60, again=60, most=60)
    assert len(begin(*graph, LayoutOptions()).coarser) > 1
    assert np.isfinite(project(*graph, LayoutOptions(n_epochs=20))).all()


def test_where_nobody_stands_for_others_all_are_laid_out(limits: Any) -> None:
    """Nobody lists anybody but one who comes last by chance: a sample would be nearly all."""
    limits(30)
    vectors, _, _ = graph_of(np.random.default_rng(0).normal(size=(40, 8)))
    last = int(np.random.default_rng(42).permutation(40).argmax())
    neighbors = np.full((40, 1), last)
    neighbors[last] = (last + 1) % 40
    assert len(sampled(neighbors, 42, 0)) > 32
    similarities = np.full((40, 1), 0.5, dtype=np.float32)
    assert not begin(vectors, neighbors, similarities, LayoutOptions()).coarser
    assert np.isfinite(project(vectors, neighbors, similarities, LayoutOptions(n_epochs=5))).all()


@pytest.mark.parametrize(
    ("again", "most", "count"), [(10**9, 10**9, 15), (200, 10**9, 15), (10**9, 700, 15), (200, 10**9, 5)]
)
def test_a_process_may_do_it(graph: Graph, limits: Any, again: int, most: int, count: int) -> None:
    limits(600, again, most)
    options = LayoutOptions(n_epochs=50, n_neighbors=count)
    with LayoutProcess() as process, pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "umap.umap_")
        process.start()
        assert process._process is not None
        patch.undo()
        made = project(*graph, options, process)
        assert process._process is not None  # it has answered
    assert made.tobytes() == project(*graph, options).tobytes()


def test_all_the_same_papers_are_placed(limits: Any) -> None:
    graph = graph_of(np.ones((100, 8)))
    for most in (10**9, 40):
        limits(40, most=most)
        assert np.isfinite(project(*graph, LayoutOptions(n_epochs=20))).all()


@pytest.mark.skipif(not VECTORS.is_file(), reason=f"there is no {VECTORS}")
def test_of_real_papers_it_is_as_true_as_the_whole_layout(limits: Any) -> None:
    """Few papers show less of it than many: of 100,000, it is the whole layout's truth in half the time."""
    graph = graph_of(np.load(VECTORS, mmap_mode="r")[:4000])
    rows, reached = np.arange(0, 4000, 4), []
    for first, most in ((10_000, 10**9), (1000, 10**9), (1000, 2400), (1000, 1500)):
        limits(first, most=most)
        reached.append(faithfulness(graph[0], project(*graph, LayoutOptions()), rows))
    whole, by_levels, *by_sample = reached
    assert by_levels[0] > 0.9 * whole[0]
    assert by_levels[1] > whole[1] - 0.015
    assert [kept > share * whole[0] for share, (kept, _) in zip((0.75, 0.6), by_sample, strict=True)] == [True, True]
    assert min(trustworthiness for _, trustworthiness in by_sample) > whole[1] - 0.02
