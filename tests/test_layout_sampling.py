"""Pictures of more papers than are laid out at once: a sample, and places for the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from explorer.index import NearestRows
from explorer.layout import LayoutOptions, LayoutProcess, faithfulness, project, sampling
from explorer.layout.sampling import lists_within, project_by_sample, sampled

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
def limit(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda count: monkeypatch.setattr(sampling, "LIMIT", count)


# --- the sample


@given(
    neighbors=st.integers(2, 40).flatmap(
        lambda n: st.integers(1, 20).flatmap(lambda k: hnp.arrays(np.int32, (n, k), elements=st.integers(0, n - 1)))
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_paper_is_in_the_sample_or_near_to_one_that_is(neighbors: NDArray[np.int32], seed: int) -> None:
    sample = sampled(neighbors, seed)
    assert (np.diff(sample) > 0).all()
    assert (np.isin(np.arange(len(neighbors)), sample) | np.isin(neighbors[:, :14], sample).any(axis=1)).all()


def test_the_sample_is_as_large_as_may_be(graph: Graph, limit: Any) -> None:
    sizes = []
    for most in (1000, 700, 450, 10):
        limit(most)
        sizes.append(len(sampled(graph[1], 7)))
        assert sizes[-1] <= most or most == 10
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) > 2
    assert sizes[0] > 500  # a few of the nearest do, where so many may be in it
    limit(450)
    assert sampled(graph[1], 7).tolist() == sampled(graph[1], 7).tolist() != sampled(graph[1], 8).tolist()


def test_small_groups_are_in_the_sample_like_large_ones(graph: Graph, limit: Any) -> None:
    limit(10)
    of = np.repeat(np.arange(12), [20, 20, 20, 30, 40, 50, 70, 100, 100, 150, 200, 700])
    assert np.bincount(of[sampled(graph[1], 7)], minlength=12).min() >= 1


def test_of_a_ring_by_hand() -> None:
    """Each of eight is near to the next, the last to the first; who comes before the one that it is near to is taken."""
    near, order = ((np.arange(8) + 1) % 8)[:, None], np.arange(8)
    assert sampling._standing_for_all(near, order).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert sampling._standing_for_all(near, order[::-1]).tolist() == [1, 3, 5, 7]  # 7 first, 5 when 6 is done, ...


# --- its own neighbors


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_lists_hold_the_true_cosines_in_their_order(graph: Graph, dtype: Any) -> None:
    vectors, neighbors = graph[0].astype(dtype), graph[1]
    sample = np.flatnonzero(np.random.default_rng(1).uniform(size=len(vectors)) < 0.3)
    positions, cosines = lists_within(vectors, neighbors, sample, 30)
    assert positions.shape == cosines.shape == (len(sample), 30)
    assert positions.dtype == np.int32
    own = vectors[sample].astype(np.float32)
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
    positions, _ = lists_within(graph[0], graph[1], np.arange(0, 1500, 1500 // size)[:size], 30)
    assert [sorted(row) for row in positions.tolist()] == [
        [other for other in range(size) if other != row] for row in range(size)
    ]


# --- the picture


def test_others_lie_where_most_of_their_neighbors_are(limit: Any) -> None:
    """Two heaps far apart: three of the sample's neighbors in one, two in the other; not in the middle between them."""
    limit(4)
    neighbors = np.array([[1, 2, 3, 4, 5]] * 6 + [[0, 1, 2, 3, 4]] * 1)
    neighbors[:6] = [[other for other in range(6) if other != row] for row in range(6)]
    heaps = np.array([[0, 0], [0.5, 0], [0, 0.5], [90, 0], [90.5, 0], [90, 0.4], [np.nan, np.nan]], dtype=np.float32)
    made = sampling._by_neighbors(heaps, neighbors, np.array([6]))
    weights = 1 / (1 + np.array([0, 0.25, 0.25, 90**2, 90.5**2]))
    np.testing.assert_allclose(made, [weights @ heaps[:5] / weights.sum()], rtol=1e-5)
    assert abs(made[0, 0]) < 1


def test_beyond_the_limit_a_sample_is_laid_out_and_everything_has_a_place(graph: Graph, limit: Any) -> None:
    limit(700)
    laid: list[int] = []

    def lay_out(some: Any, near: Any, cosines: Any) -> NDArray[np.float32]:
        laid.append(len(some))
        return project(some, near, cosines, LayoutOptions(n_epochs=50))

    made = project_by_sample(*graph, 42, lay_out)
    assert len(laid) == 1
    assert laid[0] == len(sampled(graph[1], 42)) < 700
    assert made.shape == (1500, 2)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    np.testing.assert_allclose(made.mean(axis=0), 0, atol=1e-4)
    assert len(np.unique(made, axis=0)) == 1500


def test_the_seed_decides_every_byte_whatever_the_number_of_threads(
    graph: Graph, limit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(400)
    monkeypatch.setattr(sampling, "_TOGETHER", 50)
    monkeypatch.setattr(sampling, "_PLACED", 70)
    made = []
    for threads in (1, 2, 3, 7):
        monkeypatch.setattr(sampling, "thread_count", lambda threads=threads: threads)
        made.append(project(*graph, LayoutOptions(n_epochs=50)).tobytes())
    assert len(set(made)) == 1
    assert project(*graph, LayoutOptions(n_epochs=50, seed=7)).tobytes() != made[0]


def test_a_sample_that_is_too_large_has_a_sample(graph: Graph, limit: Any) -> None:
    limit(60)
    first = sampled(graph[1], 42)
    lists = lists_within(graph[0], graph[1], first, 30)
    assert len(first) > 60
    second = sampled(lists[0], 42)
    assert len(second) < 0.8 * len(first)
    assert np.isfinite(project(*graph, LayoutOptions(n_epochs=20))).all()


def test_where_nobody_stands_for_others_all_are_laid_out(limit: Any) -> None:
    """Nobody lists anybody but one who comes last by chance: a sample would be nearly all."""
    limit(30)
    vectors, _, _ = graph_of(np.random.default_rng(0).normal(size=(40, 8)))
    last = int(np.random.default_rng(42).permutation(40).argmax())
    neighbors = np.full((40, 1), last)
    neighbors[last] = (last + 1) % 40
    assert len(sampled(neighbors, 42)) > 32
    made = project(vectors, neighbors, np.full((40, 1), 0.5, dtype=np.float32), LayoutOptions(n_epochs=5))
    assert np.isfinite(made).all()


def test_a_process_may_do_it(graph: Graph, limit: Any) -> None:
    limit(700)
    with LayoutProcess() as process:
        made = project(*graph, LayoutOptions(n_epochs=50), process)
    assert made.tobytes() == project(*graph, LayoutOptions(n_epochs=50)).tobytes()


def test_all_the_same_papers_are_placed(limit: Any) -> None:
    limit(40)
    made = project(*graph_of(np.ones((100, 8))), LayoutOptions(n_epochs=20))
    assert np.isfinite(made).all()


@pytest.mark.skipif(not VECTORS.is_file(), reason=f"there is no {VECTORS}")
def test_of_real_papers_it_is_nearly_as_true_as_the_whole_layout(limit: Any) -> None:
    graph = graph_of(np.load(VECTORS, mmap_mode="r")[:4000])
    rows, reached = np.arange(0, 4000, 4), []
    for most in (10_000, 2400, 1500):
        limit(most)
        reached.append(faithfulness(graph[0], project(*graph, LayoutOptions()), rows))
    (kept, trustworthiness), (most_kept, mostly), (some_kept, somewhat) = reached
    assert most_kept > 0.75 * kept
    assert some_kept > 0.6 * kept
    assert min(mostly, somewhat) > trustworthiness - 0.02
