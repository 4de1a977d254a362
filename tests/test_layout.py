"""Neighbor graph to two dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from explorer.index import NearestRows
from explorer.layout import LayoutOptions, principal_components, project


def layout_of(vectors: NDArray[np.floating], seed: int = 42) -> NDArray[np.float32]:
    nearest = NearestRows(vectors)
    blocks = list(nearest.graph(30))
    neighbors = np.concatenate([block.rows for block in blocks])
    similarities = np.concatenate([block.similarities for block in blocks])
    return project(nearest.vectors, neighbors, similarities, LayoutOptions(seed=seed))


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
