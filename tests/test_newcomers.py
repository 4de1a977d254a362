"""Newcomers in a picture where nobody else moves, and a new picture turned to look like the old one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.index import NearestRows
from explorer.layout import LayoutOptions, LayoutProcess, aligned, kept_neighbors, placed, project
from explorer.layout.fields import free_place, own_picture, parts

Graph = tuple[NDArray[np.int32], NDArray[np.float32]]


def graph(vectors: NDArray[np.float32], k: int = 30) -> Graph:
    blocks = list(NearestRows(vectors).graph(k))
    return np.concatenate([block.rows for block in blocks]), np.concatenate([block.similarities for block in blocks])


def plane(count: int, seed: int = 0, k: int = 30) -> tuple[NDArray[np.float32], Graph]:
    """Return points of a square and the true graph of their neighbors in it: a picture that keeps everything."""
    points = np.random.default_rng(seed).uniform(0, 10, (count, 2)).astype(np.float32)
    squares = ((points[:, None].astype(np.float64) - points) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    neighbors = np.argsort(squares, axis=1, kind="stable")[:, :k].astype(np.int32)
    return points, (neighbors, np.exp(-np.take_along_axis(squares, neighbors, axis=1)).astype(np.float32))


def without(points: NDArray[np.float32], rows: Any) -> NDArray[np.float32]:
    made = points.copy()
    made[rows] = np.nan
    return made


def test_a_newcomer_lies_where_most_of_its_nearest_are_its_nearest() -> None:
    """Two groups far from each other: the mean of the neighbors' places lies between them, where nobody is."""
    left = np.stack([np.linspace(0, 1, 20), np.zeros(20)], axis=1)
    places = np.concatenate([left, left + np.array([100, 0]), [[np.nan, np.nan]]]).astype(np.float32)
    neighbors = np.zeros((41, 20), dtype=np.int32)
    for row in range(40):
        others = [other for other in range(20 * (row // 20), 20 * (row // 20) + 20) if other != row]
        neighbors[row] = [*others, 40]
    neighbors[40] = [*range(9), *range(20, 31)]  # nine of the first, then six of the second count
    made = placed(places, neighbors, np.full((41, 20), 0.5, dtype=np.float32))
    assert made[:40].tobytes() == places[:40].tobytes()
    assert -0.5 < made[40, 0] < 0.5
    assert kept_neighbors(neighbors, made)[40] == np.float32(9 / 15)


def test_newcomers_return_to_where_they_were_taken_from() -> None:
    points, (neighbors, similarities) = plane(1500)
    new = np.random.default_rng(1).choice(1500, 150, replace=False)
    given_places = without(points, new)
    made = placed(given_places, neighbors, similarities)
    old = np.setdiff1d(np.arange(1500), new)
    assert made.dtype == np.float32
    assert made[old].tobytes() == points[old].tobytes()
    spacing = 10 / np.sqrt(1500)
    away = np.linalg.norm(made[new] - points[new], axis=1)
    assert np.median(away) < spacing
    assert away.max() < 4 * spacing
    shares = kept_neighbors(neighbors, made)
    assert shares[new].mean() > 0.8  # of a perfect picture
    assert shares[old].mean() > 0.9
    np.testing.assert_array_equal(given_places, without(points, new))  # what was given is not written to
    assert placed(given_places, neighbors, similarities).tobytes() == made.tobytes()


def test_a_new_field_gets_a_free_area_of_its_own() -> None:
    """Thirty papers that know each other only: beside the picture, near each other, as dense as the others."""
    points, (neighbors, similarities) = plane(600, k=20)
    _, (own, cosines) = plane(30, seed=5, k=20)
    made = placed(
        np.concatenate([points, np.full((30, 2), np.nan, dtype=np.float32)]),
        np.concatenate([neighbors, own + 600]),
        np.concatenate([similarities, cosines]),
    )
    assert made[:600].tobytes() == points.tobytes()
    field = made[600:]
    apart = np.linalg.norm(field[:, None] - field, axis=2)
    away = np.linalg.norm(field[:, None] - points, axis=2).min(axis=1)
    np.fill_diagonal(apart, np.inf)
    assert away.min() > apart.min(axis=1).max()  # nobody lies among the others
    assert away.min() < 2.5
    spacing = np.sort(np.linalg.norm(points[:, None] - points, axis=2), axis=1)[:, 5]
    assert np.median(np.sort(apart, axis=1)[:, 4]) == pytest.approx(np.median(spacing), rel=0.5)
    assert kept_neighbors(own, field).mean() > 0.6


def test_a_field_lies_near_what_it_has_to_do_with() -> None:
    """Of its thirty neighbors the last ten are of one corner of the picture: its free area is the one beside that."""
    points, (neighbors, similarities) = plane(600)
    _, (own, cosines) = plane(40, seed=5)
    corner = np.argsort(((points - [10, 0]) ** 2).sum(axis=1))[:10].astype(np.int32)
    own = np.concatenate([own[:, :20] + 600, np.tile(corner, (40, 1))], axis=1)
    made = placed(
        np.concatenate([points, np.full((40, 2), np.nan, dtype=np.float32)]),
        np.concatenate([neighbors, own]),
        np.concatenate([similarities, cosines]),
    )
    middle = made[600:].mean(axis=0)
    corners = np.array([[10, 0], [0, 0], [0, 10], [10, 10]])
    distances = np.linalg.norm(corners - middle, axis=1)
    assert distances.argmin() == 0
    assert distances[0] < 5


def test_twins_make_no_heap_and_nobody_needs_neighbors() -> None:
    """Fifty newcomers with the same ten neighbors, and one of each kind of nothing."""
    points, (neighbors, similarities) = plane(300, k=20)
    twins = np.tile(neighbors[7], (50, 1))
    made = placed(
        np.concatenate([points, np.full((50, 2), np.nan, dtype=np.float32)]),
        np.concatenate([neighbors, twins]),
        np.concatenate([similarities, np.tile(similarities[7], (50, 1))]),
    )
    assert len(np.unique(made[300:], axis=0)) == 50
    assert np.linalg.norm(made[300:] - points[7], axis=1).max() < 4
    nothing = np.zeros((3, 0), dtype=np.int32)
    alone = placed(np.array([[1, 2], [np.nan, 0], [np.inf, 3]], dtype=np.float32), nothing, nothing.astype(np.float32))
    np.testing.assert_array_equal(alone[0], [1, 2])
    assert np.isfinite(alone).all()
    assert np.isfinite(placed(np.full((1, 2), np.nan, dtype=np.float32), nothing[:1], nothing[:1])).all()
    assert placed(np.zeros((0, 2), dtype=np.float32), nothing[:0], nothing[:0]).shape == (0, 2)
    with pytest.raises(ValueError, match="3 places, but neighbors of 2: rows must be the same papers"):
        placed(np.zeros((3, 2), dtype=np.float32), nothing[:2], nothing[:2])


def test_where_all_are_new_the_picture_is_made_from_nothing() -> None:
    points, (neighbors, similarities) = plane(400)
    made = placed(np.full_like(points, np.nan), neighbors, similarities)
    assert kept_neighbors(neighbors, made).mean() > 0.6


@settings(max_examples=60)
@given(st.data())
def test_whatever_the_graph_all_have_places_and_the_old_ones_keep_theirs(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    k = data.draw(st.integers(0, min(30, count - 1)))
    dice = np.random.default_rng(data.draw(st.integers(0, 99)))
    others = np.argsort(dice.random((count, count - 1)), axis=1)[:, :k]
    neighbors = (others + (others >= np.arange(count)[:, None])).astype(np.int32)
    if data.draw(st.booleans()) and k:  # a chain: each has one neighbor, which waits for its own
        neighbors = np.maximum(np.arange(count) - 1, 0)[:, None].astype(np.int32)
        neighbors[0] = min(1, count - 1)
    size = data.draw(st.sampled_from([0.0, 1e-30, 1.0, 1e30]))
    places = (dice.normal(size=(count, 2)) * size).astype(np.float32)
    places[dice.random(count) < data.draw(st.floats(0, 1))] = np.nan
    made = placed(places, neighbors, np.full(neighbors.shape, 0.5, dtype=np.float32))
    is_old = np.isfinite(places).all(axis=1)
    assert made[is_old].tobytes() == places[is_old].tobytes()
    assert np.isfinite(made).all()


@pytest.fixture(scope="module")
def arxiv(shared_data: Path) -> NDArray[np.float32]:
    vectors = np.load(shared_data / "corpora" / "arxiv-100k.vectors.f16.npy", mmap_mode="r")[:2000]
    return np.asarray(vectors, dtype=np.float32)


def test_newcomers_of_real_papers_keep_nine_tenths_of_what_others_keep(arxiv: NDArray[np.float32]) -> None:
    new = np.arange(2000) >= 1800
    with LayoutProcess() as process:
        old = project(arxiv[~new], *graph(arxiv[~new]), LayoutOptions(), process)
    neighbors, similarities = graph(arxiv)
    made = placed(np.concatenate([old, np.full((200, 2), np.nan, dtype=np.float32)]), neighbors, similarities)
    assert made[:1800].tobytes() == old.tobytes()
    shares = kept_neighbors(neighbors, made)
    assert shares[new].mean() >= 0.9 * shares[~new].mean()


def test_parts_are_those_that_links_hold_together() -> None:
    found = parts(np.array([[0, 3, 4], [2, 4, 5]]), 7)
    assert [rows.tolist() for rows in found] == [[3, 4, 5], [0, 2], [1], [6]]


def test_an_own_picture_keeps_what_is_linked_together() -> None:
    """A ring of sixty: each point's nearest in the picture are the two beside it."""
    rows = np.arange(60)
    made = own_picture(np.stack([rows, (rows + 1) % 60]), 60, seed=1)
    apart = np.linalg.norm(made[:, None] - made, axis=2)
    np.fill_diagonal(apart, np.inf)
    beside = np.stack([(rows - 1) % 60, (rows + 1) % 60], axis=1)
    kept = [
        len(set(near) & set(true))
        for near, true in zip(np.argsort(apart)[:, :2].tolist(), beside.tolist(), strict=True)
    ]
    assert sum(kept) > 100
    np.testing.assert_allclose(made.mean(axis=0), 0, atol=1e-9)


@given(st.floats(0.01, 30), st.integers(1, 60), st.integers(0, 20))
def test_a_free_place_is_free(radius: float, count: int, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-5, 5, (count, 2))
    wanted = points[0]
    found = free_place(points, radius, wanted)
    assert np.linalg.norm(points - found, axis=1).min() >= radius
    # No farther than beyond the nearest side of the picture, and the cells of the grid.
    to_side = np.abs(np.stack([points.min(axis=0), points.max(axis=0)]) - wanted).min()
    assert np.linalg.norm(found - wanted) <= to_side + radius + 6 * max(radius / 4, 10 / 256)


def test_a_turned_mirrored_and_larger_picture_comes_back() -> None:
    dice = np.random.default_rng(3)
    old = dice.normal(size=(50, 2)).astype(np.float32)
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([1, -1])
    new = (3.5 * old[10:] @ turn + [7, -2]).astype(np.float32)
    new = np.concatenate([new, dice.normal(size=(5, 2)).astype(np.float32)])  # and five newcomers
    made = aligned(new, old, np.arange(40), np.arange(10, 50))
    np.testing.assert_allclose(made[:40], old[10:], atol=1e-5)
    apart = [np.linalg.norm(picture[-1] - picture[-2]) for picture in (new, made)]
    assert apart[1] == pytest.approx(apart[0] / 3.5, rel=1e-5)
    assert made.dtype == np.float32


def test_no_other_turn_or_scale_brings_papers_nearer() -> None:
    dice = np.random.default_rng(4)
    old, new = dice.normal(size=(2, 30, 2)) + np.array([[[0, 3]], [[5, 0]]])
    new[:, 0] += 0.8 * old[:, 1]
    rows = np.arange(30)
    made = aligned(new.astype(np.float32), old, rows, rows).astype(np.float64)
    least = ((made - old) ** 2).sum()
    middle = made.mean(axis=0)
    for angle in (-0.01, 0.01, 0):
        for scale in (0.99, 1.01):
            turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            assert (((made - middle) @ turn + middle - old) ** 2).sum() > least
    assert (((made - middle) * [-1, 1] + middle - old) ** 2).sum() > least


def test_where_common_papers_do_not_decide_as_little_as_possible_is_done() -> None:
    new = np.array([[0, 0], [1, 0], [0, 2]], dtype=np.float32)
    old = np.array([[5, 5], [5, 5], [np.nan, 1]], dtype=np.float32)
    none = np.array([], dtype=np.int64)
    np.testing.assert_array_equal(aligned(new, old, none, none), new)
    np.testing.assert_array_equal(aligned(new, old, np.array([1]), np.array([2])), new)  # it has no place
    np.testing.assert_allclose(aligned(new, old, np.array([1]), np.array([0])), new + np.array([4, 5]))
    np.testing.assert_allclose(
        aligned(new, old, np.array([0, 1]), np.array([0, 1])), new + np.array([4.5, 5])
    )  # one place
    # Two papers decide everything but the mirror: the picture is turned by a quarter, not mirrored.
    turned = aligned(new, np.array([[0, 0], [0, 1]], dtype=np.float32), np.array([0, 1]), np.array([0, 1]))
    np.testing.assert_allclose(turned, [[0, 0], [0, 1], [-2, 0]], atol=1e-6)
    # A cross whose arms have changed places without a turn or mirror in common: it is not made a point.
    cross = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], dtype=np.float32)
    rows = np.arange(4)
    np.testing.assert_allclose(aligned(cross, cross[[0, 0, 1, 1]], rows, rows), cross, atol=1e-6)
