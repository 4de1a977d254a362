"""Neighbor graph to two dimensions."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.index import NearestRows
from explorer.layout import LayoutOptions, components, faithfulness, kept_neighbors, principal_components, project
from explorer.layout.descent import descend
from explorer.layout.optimizer import _descent, _repulsion, optimize

VECTORS = Path(__file__).parents[2] / "shared" / "data" / "corpora" / "arxiv-100k.vectors.f16.npy"


def graph_of(vectors: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
    nearest = NearestRows(vectors)
    blocks = list(nearest.graph(30))
    neighbors = np.concatenate([block.rows for block in blocks])
    similarities = np.concatenate([block.similarities for block in blocks])
    return nearest.vectors, neighbors, similarities


def layout_of(vectors: NDArray[np.floating], seed: int = 42) -> NDArray[np.float32]:
    return project(*graph_of(vectors), LayoutOptions(seed=seed))


def groups(count: int, size: int, width: int = 16) -> NDArray[np.float64]:
    """Make groups of rows around directions at right angles."""
    noise = np.random.default_rng(0).normal(scale=0.05, size=(count * size, width))
    return np.repeat(np.eye(count, width), size, axis=0) + noise


def test_principal_components_are_those_of_the_svd() -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32) * np.float32([6, 5, 4, 3, 2, 1])
    coordinates = principal_components(vectors)
    _, _, components = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    expected = (vectors - vectors.mean(axis=0)) @ components[:2].T
    np.testing.assert_allclose(np.abs(coordinates), np.abs(expected), atol=1e-4)


@pytest.mark.parametrize(("n", "d"), [(500, 12), (10, 40)])
def test_principal_components_of_blocks_are_those_of_all(n: int, d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32) * np.arange(d, 0, -1, dtype=np.float32)
    centered = vectors - vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    whole = principal_components(vectors)
    if n > d:
        products = (centered.T @ centered).astype(np.float64)
        plane = np.linalg.eigh(products)[1][:, ::-1][:, :2]
        plane *= np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]])
        assert whole.tobytes() == (centered @ plane.astype(np.float32)).tobytes()
    monkeypatch.setattr(components, "_IN_HAND", 4 * d * 37)
    np.testing.assert_allclose(principal_components(vectors), whole, atol=1e-4 * np.abs(whole).max())


def test_two_and_three_papers_are_drawn_at_their_true_distances() -> None:
    vectors = NearestRows(np.random.default_rng(3).normal(size=(3, 9))).vectors
    for some in (vectors[:2], vectors):
        drawn = layout_of(some)
        for one in range(len(some)):
            for other in range(len(some)):
                true = np.linalg.norm(some[one] - some[other])
                assert np.linalg.norm(drawn[one] - drawn[other]) == pytest.approx(true, abs=1e-5)


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 10, 16, 31, 60])
def test_any_number_of_papers_gets_finite_coordinates(rows: int) -> None:
    coordinates = layout_of(np.random.default_rng(rows).normal(size=(rows, 8)))
    assert coordinates.shape == (rows, 2)
    assert coordinates.dtype == np.float32
    assert np.isfinite(coordinates).all()
    assert len(np.unique(coordinates, axis=0)) == rows


@pytest.mark.parametrize("rows", [2, 3, 4, 10, 50])
def test_papers_that_are_all_the_same_are_placed(rows: int) -> None:
    assert np.isfinite(layout_of(np.ones((rows, 8)))).all()


@pytest.mark.parametrize("width", [1, 2])
def test_vectors_of_few_dimensions_are_placed(width: int) -> None:
    assert np.isfinite(layout_of(np.random.default_rng(0).normal(size=(20, width)))).all()


def test_groups_stay_groups() -> None:
    coordinates = layout_of(groups(5, 40))
    centers = coordinates.reshape(5, 40, 2).mean(axis=1)
    nearest_center = np.linalg.norm(coordinates[:, None] - centers[None], axis=2).argmin(axis=1)
    assert (nearest_center == np.repeat(np.arange(5), 40)).mean() == 1.0


def test_the_seed_decides_every_byte() -> None:
    vectors = groups(3, 20)
    first, again, other = layout_of(vectors), layout_of(vectors), layout_of(vectors, seed=7)
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_it_compiles_even_where_no_cache_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba.core.dispatcher import Dispatcher

    layout_of(groups(2, 10))  # UMAP is imported by then, whichever test comes first: its import needs what is patched

    def nowhere(self: Dispatcher) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(Dispatcher, "signatures", property(lambda self: []))
    monkeypatch.setattr(Dispatcher, "enable_caching", nowhere)
    assert np.isfinite(layout_of(groups(2, 10))).all()


# --- the descent


def some_edges(n: int, m: int) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]:
    """Return places, edges in both directions, and the waits of these."""
    random = np.random.default_rng(5)
    ends = random.integers(0, n, size=(2, m))
    both = np.concatenate([ends, ends[::-1]], axis=1).astype(np.int32)
    waits = np.tile(random.uniform(1, 4, size=m), 2).astype(np.float32)
    return random.uniform(0, 10, size=(2, n)).astype(np.float32), both, waits


def moved(
    compiled: Any,
    places: NDArray[np.float32],
    edges: Any,
    epochs: int,
    forces: tuple[float, int, float],
    state: int = 1,
) -> NDArray[np.float32]:
    """Return the places after all epochs; edges are ends and waits."""
    ends, waits, made = *edges, places.copy()
    compiled((made, made), ends, np.stack([waits] * 2), (0, epochs, epochs), forces, state)
    return made


@pytest.mark.parametrize("samples", [0, 1, 7, 29, 30], ids=lambda number: f"{number} pushed")
def test_what_is_compiled_does_what_it_says(samples: int) -> None:
    """As plain Python, on the same numbers: a turn or two, since what is rounded otherwise grows apart."""
    places, *edges = some_edges(30, 40)
    made = [moved(one, places, edges, 4, (0.5, samples, 2.0), 2**47 + 12345) for one in (_descent(), descend)]
    np.testing.assert_allclose(*made, rtol=2e-3, atol=2e-3)
    assert np.abs(made[1] - places).max() > 0.1


@pytest.mark.parametrize("cut", [1, 3])
def test_epochs_may_be_done_in_parts(cut: int) -> None:
    places, ends, waits = some_edges(30, 40)
    whole = moved(_descent(), places, (ends, waits), 4, (0.5, 7, 2.0), 99)
    due, state = np.stack([waits] * 2), 99
    for first, end in ((0, cut), (cut, 4)):
        state = _descent()((places, places), ends, due, (first, end, 4), (0.5, 7, 2.0), state)
    assert places.tobytes() == whole.tobytes()


def test_one_turn_by_hand() -> None:
    """Two papers, one edge, in one direction; its turn comes in the last of two epochs, at half of the learning rate."""
    places, ends = np.array([[0, 2], [0, 0]], dtype=np.float32), np.array([[0], [1]], dtype=np.int32)
    made = moved(descend, places, (ends, np.ones(1, dtype=np.float32)), 2, (0.8, 2, 3.0))
    pulled = 0.4 * 2 * 2 / (1 + 2**2)  # each way: the gradient of log(1 + d²)
    apart = 2 - 2 * pulled
    pushed = 0.4 * 2 * 3.0 * apart / ((0.001 + apart**2) * (1 + apart**2))
    np.testing.assert_allclose(made, [[pulled - pushed, 2 - pulled], [0, 0]], rtol=1e-6)


def test_a_copy_pushes_but_not_where_the_paper_itself_was() -> None:
    """The same turn, but the places that push are others: 1 lies at 5 there, and 0 is not pushed off its own copy."""
    places, ends = np.array([[0, 2], [0, 0]], dtype=np.float32), np.array([[0], [1]], dtype=np.int32)
    seen = np.array([[0.7, 5], [0, 0]], dtype=np.float32)
    for one in (descend, _descent()):
        made = places.copy()
        one((made, seen), ends, np.ones((2, 1), dtype=np.float32), (0, 2, 2), (0.8, 2, 3.0), 1)
        pulled = 0.4 * 2 * 2 / (1 + 2**2)
        apart = 5 - pulled
        pushed = 0.4 * 2 * 3.0 * apart / ((0.001 + apart**2) * (1 + apart**2))
        np.testing.assert_allclose(made, [[pulled - pushed, 2 - pulled], [0, 0]], rtol=1e-5)


def test_no_force_is_more_than_four() -> None:
    places, ends = np.array([[0, 0.02], [0, 0]], dtype=np.float32), np.array([[0], [1]], dtype=np.int32)
    made = moved(descend, places, (ends, np.ones(1, dtype=np.float32)), 2, (1.0, 2, 1e6))
    pulled = 0.5 * 2 * 0.02 / (1 + 0.02**2)  # at half of the learning rate, as four is
    assert made[0, 0] == pytest.approx(pulled + 0.5 * 4, rel=1e-5)


@pytest.mark.parametrize("samples", [1, 3, 8])
def test_a_sample_pushes_as_all_do_on_the_average(samples: int) -> None:
    """So slowly that forces stay what they are: the sum over all turns is known, 7 / 24 of them counted in full."""
    turns, slowly, strength, n = 20_000, 1e-4, 2.0, 8
    places = np.random.default_rng(8).uniform(2, 5, size=(2, n)).astype(np.float32)
    places[:, 0] = 0
    squares = (places.astype(np.float64) ** 2).sum(axis=0)
    force = -(2 * strength * places / ((0.001 + squares) * (1 + squares))).sum(axis=1) * samples / n
    itself = np.zeros((2, 1), dtype=np.int32)  # an edge from a point to itself pulls nothing
    made = moved(_descent(), places, (itself, np.ones(1, dtype=np.float32)), turns, (slowly, samples, strength), 77)
    np.testing.assert_allclose(made[:, 0], turns * slowly * 7 / 24 * force, rtol=0.05)


@pytest.mark.parametrize(
    ("n", "samples", "strength"),
    [(4, 4, 3 / 64), (64, 64, 3 / 64), (128, 128, 3 / 64), (4096, 128, 1.5), (8192, 128, 3.0), (10**6, 128, 3.0)],
)
def test_in_a_small_library_each_is_pushed_as_hard_as_in_a_larger_one(n: int, samples: int, strength: float) -> None:
    assert _repulsion(n, LayoutOptions()) == (samples, pytest.approx(strength))


def test_papers_that_have_places_stay_about_there() -> None:
    """A picture mirrored and turned is as good as it was: it is kept, where a start would be scaled and moved on."""
    _, neighbors, similarities = graph_of(groups(5, 40))
    made = optimize(layout_of(groups(5, 40)), neighbors, similarities, LayoutOptions())
    turned = made[:, ::-1] * np.float32([3, -3])
    again = optimize(turned, neighbors, similarities, LayoutOptions(), is_placed=True)
    np.testing.assert_allclose(again.mean(axis=0), 0, atol=1e-4)
    centers = [places.reshape(5, 40, 2).mean(axis=1) for places in (turned, again)]
    apart = np.linalg.norm(centers[0][:, None] - centers[0], axis=2)
    moved_by = np.linalg.norm(centers[1] - centers[0], axis=1)
    assert moved_by.max() < 0.5 * apart[apart > 0].min()
    afresh = optimize(turned, neighbors, similarities, LayoutOptions())
    assert np.ptp(afresh) < 0.7 * np.ptp(again)  # began at an extent of ten


def test_no_epochs_leave_places_where_they_are() -> None:
    _, neighbors, similarities = graph_of(groups(3, 20))
    places = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    made = optimize(places, neighbors, similarities, LayoutOptions(n_epochs=0), is_placed=True)
    np.testing.assert_allclose(made, places - places.mean(axis=0), atol=1e-5)


def test_no_repulsion_at_all_is_a_layout_too() -> None:
    vectors, neighbors, similarities = graph_of(groups(3, 20))
    placed = project(vectors, neighbors, similarities, LayoutOptions(negative_sample_rate=0, n_epochs=10))
    assert np.isfinite(placed).all()


@given(n=st.integers(4, 60), width=st.integers(1, 6), copies=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_any_vectors_get_finite_centered_coordinates_and_the_same_again(
    n: int, width: int, copies: int, seed: int
) -> None:
    vectors = np.random.default_rng(seed).normal(size=(n, width))
    vectors = np.tile(vectors, (copies, 1))
    first = layout_of(vectors, seed)
    assert np.isfinite(first).all()
    np.testing.assert_allclose(first.mean(axis=0), 0, atol=1e-4)
    assert first.tobytes() == layout_of(vectors, seed).tobytes()


# --- how true it is


def umap_s_own(neighbors: NDArray[np.int32], similarities: NDArray[np.float32], start: NDArray[np.float32]) -> NDArray:
    """Return umap-learn's layout of the same graph from the same start, by its own defaults."""
    from umap import UMAP

    itself = np.arange(len(start), dtype=np.int32)[:, None]
    indices = np.concatenate([itself, neighbors[:, :14]], axis=1)
    distances = np.concatenate([np.zeros(itself.shape), 1 - similarities[:, :14]], axis=1).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return UMAP(
            metric="cosine", init=10 * start / np.abs(start).max(), random_state=42,
            precomputed_knn=(indices, np.maximum(distances, 0), None),
        ).fit_transform(start)  # fmt: skip


def a_field(count: int) -> NDArray[np.float64]:
    """Make rows in groups of groups, as papers are: 8 fields of 8 topics of their own, in 40 dimensions."""
    random = np.random.default_rng(3)
    field, topic = random.normal(size=(8, 40)), random.normal(size=(8, 8, 40))
    of = random.integers(0, 8, size=(2, count))
    return field[of[0]] + 0.8 * topic[of[0], of[1]] + random.normal(size=(count, 40))


def test_more_neighbors_are_kept_than_by_umap_s_defaults() -> None:
    vectors, neighbors, similarities = graph_of(a_field(1500))
    ours = project(vectors, neighbors, similarities, LayoutOptions())
    theirs = umap_s_own(neighbors, similarities, principal_components(vectors))
    kept, trustworthiness = faithfulness(vectors, ours, np.arange(1500))
    usual, usually = faithfulness(vectors, theirs, np.arange(1500))
    assert kept > 1.05 * usual
    assert trustworthiness > usually > 0.99


@pytest.mark.skipif(not VECTORS.is_file(), reason=f"there is no {VECTORS}")
def test_of_real_papers_a_third_of_the_neighbors_are_kept() -> None:
    """umap-learn's defaults keep 0.39 of these thousand, at a trustworthiness of 0.927."""
    vectors, neighbors, similarities = graph_of(np.load(VECTORS, mmap_mode="r")[:1000])
    shares = []
    for seed in (1, 2, 3):
        placed = project(vectors, neighbors, similarities, LayoutOptions(seed=seed))
        kept, trustworthiness = faithfulness(vectors, placed, np.arange(1000))
        assert kept == pytest.approx(kept_neighbors(neighbors, placed).mean(), abs=1e-3)
        assert trustworthiness > 0.935
        shares.append(kept)
    assert min(shares) > 0.42
    assert max(abs(one - other) for one, other in pairwise(shares)) < 0.02
