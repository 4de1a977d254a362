"""Neighbors that are looked for in clusters: as many as is said are found, and what is found is exact."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hashed_words import HashedWords
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer import Library
from explorer.builder import neighbors as looked_for
from explorer.builder.lists import LISTS
from explorer.cli import cli
from explorer.errors import ForeignLibrary, InvalidInput, LibraryInaccessible
from explorer.growth import repair
from explorer.index import Clusters, GraphBlock, NearestRows, enough
from explorer.store import LibraryFolder

WritePapers = Callable[..., Path]


def spread(rows: int, groups: int = 30, width: int = 16, seed: int = 0) -> NDArray[np.float32]:
    """Vectors about some centers, wide enough that groups meet."""
    dice = np.random.default_rng(seed)
    centers = dice.normal(size=(groups, width))
    return (centers[dice.integers(0, groups, rows)] + 0.7 * dice.normal(size=(rows, width))).astype(np.float32)


def by_row(blocks: list[GraphBlock]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    own = np.concatenate([np.asarray(block.own) for block in blocks])
    rows, similarities = (
        np.concatenate([getattr(block, name) for block in blocks])[np.argsort(own)] for name in ("rows", "similarities")
    )
    return rows, similarities


# --- clusters


@pytest.fixture
def three() -> Clusters:
    """Rows 0, 2, 5 are in cluster 0; 1, 3 in 1; 4 in 2. Cluster 0 knows nobody but 2."""
    return Clusters(np.int32([0, 1, 0, 1, 2, 0]), np.int32([[0, 2], [1, 0], [2, 1]]))


def test_parts_are_clusters_with_their_covers(three: Clusters) -> None:
    parts = [(part.own.tolist(), part.among.tolist()) for part in three.parts(range(6), 1)]
    assert parts == [([0, 2, 5], [0, 2, 5]), ([1, 3], [1, 3]), ([4], [4])]
    parts = [(part.own.tolist(), part.among.tolist()) for part in three.parts(np.array([5, 1]), 4)]
    assert parts == [([5], [0, 2, 4, 5]), ([1], [0, 1, 2, 3, 5])]


def test_where_a_cover_is_too_small_all_rows_are_looked_at(three: Clusters) -> None:
    assert [part.among.tolist() for part in three.parts([4], 3)] == [[1, 3, 4]]
    assert [part.among.tolist() for part in three.parts([4], 4)] == [[0, 1, 2, 3, 4, 5]]


def test_how_large_covers_must_be(three: Clusters) -> None:
    needed = three.needed(np.array([0, 4]), np.array([[2, 4, 1], [3, 1, 0]]))
    assert needed.tolist() == [[1, 4, 5], [2, 2, 4]]
    for row, others in ((0, [2, 4, 1]), (4, [3, 1, 0])):
        for other, size in zip(others, needed[[0, 4].index(row)].tolist(), strict=True):
            for tried in {max(size - 1, 1), size}:
                (part,) = three.parts([row], tried)
                assert (other in part.among) == (tried == size)
    assert enough(needed, 0.5) == 2
    assert enough(needed, 0.51) == 4
    assert enough(needed, 5 / 6) == 4
    assert enough(needed, 1.0) == 5


def test_the_same_vectors_give_the_same_clusters() -> None:
    nearest = NearestRows(spread(3000))
    one, other = (Clusters.made(nearest.vectors) for _ in range(2))
    assert len(one.covers) == pytest.approx(60, abs=6)
    count = len(one.covers)
    assert one.sizes.sum() == 3000
    assert one.of.tobytes() == other.of.tobytes()
    assert one.covers.tobytes() == other.covers.tobytes()
    assert one.covers[:, 0].tolist() == list(range(count))
    assert all(len(set(cover)) == count for cover in one.covers.tolist())
    # Rows of one group, which is about as large as two clusters, are near each other in clusters, too.
    row_of_group = np.random.default_rng(0)
    row_of_group.normal(size=(30, 16))
    groups = row_of_group.integers(0, 30, 3000)
    together = [np.bincount(groups[one.rows(cluster)]).max() / max(1, one.sizes[cluster]) for cluster in range(count)]
    assert np.mean(together) > 0.6


@pytest.mark.parametrize("rows", [1, 2, 49, 74])
def test_few_rows_are_one_cluster(rows: int) -> None:
    clusters = Clusters.made(NearestRows(spread(rows)).vectors)
    (part,) = clusters.parts(range(rows), 1)
    assert part.own.tolist() == part.among.tolist() == list(range(rows))


# --- the graph


@settings(max_examples=40)
@given(seed=st.integers(0, 1000), rows=st.integers(2, 500), k=st.integers(1, 40), copies=st.integers(1, 60))
def test_covers_of_all_rows_find_what_all_rows_hold(seed: int, rows: int, k: int, copies: int) -> None:
    vectors = spread(rows, seed=seed, width=4)
    vectors[:copies] = vectors[0]
    nearest = NearestRows(vectors)
    clusters = Clusters.made(nearest.vectors)
    exact = by_row(list(nearest.graph(k, 60)))
    found = list(nearest.graph(k, 60, within=(clusters, rows)))
    for one, other in zip(exact, by_row(found), strict=True):
        np.testing.assert_array_equal(one, other)
    cosines = nearest.vectors.astype(np.float64) @ nearest.vectors.T
    for block in found:
        for own, shortlist, products in zip(block.own, block.shortlist, block.products, strict=True):
            assert len(set(shortlist.tolist())) == len(shortlist) == min(max(k, 60), rows - 1)
            assert own not in shortlist
            np.testing.assert_allclose(products, cosines[own, shortlist], rtol=0, atol=2e-6)


def test_recall_is_what_was_foreseen() -> None:
    nearest = NearestRows(spread(4000))
    clusters = Clusters.made(nearest.vectors)
    exact, similarities = by_row(list(nearest.graph(30)))
    rows = np.arange(0, 4000, 7)
    needed = clusters.needed(rows, exact[rows])
    for recall in (0.93, 0.98):
        size = enough(needed, recall)
        assert 40 < size < 3000
        found, cosines = by_row(list(nearest.graph(30, within=(clusters, size))))
        shares = [len(set(a) & set(b)) / 30 for a, b in zip(exact[rows].tolist(), found[rows].tolist(), strict=True)]
        assert np.mean(shares) == pytest.approx((needed <= size).mean(), abs=1e-12)
        assert recall <= np.mean(shares) < 1
        # What is found is exact: cosines as everywhere, in their order, none larger than the true ones.
        np.testing.assert_array_equal(cosines, nearest.pairs(nearest.vectors, found))
        assert (np.diff(cosines, axis=1) <= 0).all()
        assert (cosines <= similarities).all()


def test_some_rows_get_what_they_get_among_all() -> None:
    nearest = NearestRows(spread(1000))
    clusters = Clusters.made(nearest.vectors)
    rows = np.array([3, 500, 999])
    whole, _ = by_row(list(nearest.graph(10, within=(clusters, 200))))
    some, _ = by_row(list(nearest.graph(10, rows=rows, within=(clusters, 200))))
    np.testing.assert_array_equal(some, whole[rows])


# --- libraries


def records(count: int) -> list[dict[str, Any]]:
    dice = np.random.default_rng(0)
    words = [f"{kind}{number}" for kind in ("depth", "galaxy", "protein", "theorem") for number in range(30)]
    made = []
    for number in range(count):
        start = 30 * (number % 4)
        text = " ".join(dice.choice(words[start : start + 30], 12)) + " " + " ".join(dice.choice(words, 3))
        made.append({"id": f"2010.{number:05}", "title": text[:30], "abstract": text})
    return made


@pytest.fixture
def clustered(tmp_path: Path, write_papers: WritePapers) -> Library:
    return Library.build(write_papers(records(900)), tmp_path / "clustered", model=HashedWords(), index="clusters")


def test_a_library_says_how_it_found_neighbors(clustered: Library, tmp_path: Path, write_papers: WritePapers) -> None:
    exact = Library.build(write_papers(records(900)), tmp_path / "exact", model=HashedWords())
    assert exact.info()["index"] == {"type": "exact", "recall": 1.0, "k": 30, "rows": 0}
    said = clustered.info()["index"]
    assert (said["type"], said["k"], said["rows"]) == ("clusters", 30, 900)
    true, found = (each._folder.array("neighbors") for each in (exact, clustered))
    shares = [len(set(a) & set(b)) / 30 for a, b in zip(true.tolist(), found.tolist(), strict=True)]
    assert np.mean(shares) == pytest.approx(said["recall"], abs=1e-3)  # equal cosines aside
    assert 0.95 <= said["recall"] <= 1
    assert clustered.verify().is_right
    same = [a.paper.id for a in exact.similar("2010.00005", k=10)]
    assert len(set(same) & {b.paper.id for b in clustered.similar("2010.00005", k=10)}) >= 8
    assert [match.paper.id for match in clustered.search("galaxy1 galaxy2")] == [
        match.paper.id for match in exact.search("galaxy1 galaxy2")
    ]


def test_auto_looks_in_clusters_where_papers_are_many(
    tmp_path: Path, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looked_for, "EXACT_UP_TO", 199)
    papers = write_papers(records(200))
    library = Library.build(papers, tmp_path / "library", model=HashedWords())
    assert library.info()["index"]["type"] == "clusters"
    assert Library.build(papers, tmp_path / "library", model=HashedWords()).built.unchanged
    monkeypatch.setattr(looked_for, "EXACT_UP_TO", 200)
    library = Library.build(papers, tmp_path / "library", model=HashedWords(), replace=True)
    assert library.info()["index"]["type"] == "exact"


def test_what_grows_and_is_repaired_stays_what_it_is(clustered: Library, write_papers: WritePapers) -> None:
    said = clustered.info()["index"]
    clustered.add(write_papers(records(930)[900:], name="more.jsonl"))
    assert clustered.info()["index"]["type"] == "clusters"
    clustered.remove("2010.00003")
    assert clustered.verify().is_right
    repair(clustered.path)
    clustered = Library.open(clustered.path, model=HashedWords())
    assert clustered.info()["index"]["recall"] >= 0.95
    assert said["type"] == clustered.info()["index"]["type"]
    assert clustered.verify().is_right


def test_a_full_disk_is_an_error_and_no_end_of_the_process(
    clustered: Library, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(LibraryInaccessible, match="No space left"):
        Library.build(write_papers(records(300)), clustered.path, model=HashedWords(), index="clusters", replace=True)
    monkeypatch.undo()
    with Library.open(clustered.path, model=HashedWords()) as library:
        assert len(library.papers) == 900
        assert library.verify().is_right


def test_where_room_cannot_be_reserved_it_is_written(
    tmp_path: Path, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = write_papers(records(300))
    one = Library.build(papers, tmp_path / "one", model=HashedWords(), index="clusters")
    monkeypatch.delattr(os, "posix_fallocate")
    other = Library.build(papers, tmp_path / "other", model=HashedWords(), index="clusters")
    for role in LISTS:
        np.testing.assert_array_equal(one._folder.array(role), other._folder.array(role))


def test_an_unknown_index_is_refused(tmp_path: Path, write_papers: WritePapers) -> None:
    with pytest.raises(InvalidInput, match="no index 'hnsw': choose one of auto, exact, clusters"):
        Library.build(write_papers(records(5)), tmp_path / "library", model=HashedWords(), index="hnsw")
    outcome = CliRunner().invoke(cli, ["build", "x.jsonl", "--index", "hnsw"])
    assert outcome.exit_code == 2
    assert "'auto', 'exact', 'clusters'" in outcome.output


def test_a_graph_of_the_future_is_foreign(clustered: Library) -> None:
    folder = LibraryFolder(clustered.path)
    folder.manifest.index["type"] = "hnsw"
    with pytest.raises(ForeignLibrary, match="'hnsw' is unknown"):
        Library(folder, HashedWords()).search("galaxy1")
