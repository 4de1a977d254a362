"""An index for searches: what is found is what NumPy finds, as often as is said, whoever computes it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hashed_words import HashedWords
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_clusters import records, spread

from explorer import Library
from explorer.builder import neighbors as looked_for
from explorer.builder import searching
from explorer.builder.state import NextState
from explorer.cli import cli
from explorer.errors import ForeignLibrary, LibraryDamaged
from explorer.growth import repair
from explorer.index import Clusters, InMemory, InvertedFile, Lists, NearestRows
from explorer.index import compiled as compiling
from explorer.index.scanning import Scanner, Sought, _nearest, asked
from explorer.search import listing
from explorer.search.corpus import lists_of, nearest_of
from explorer.store import SEARCHED, LibraryFolder, Workshop

WritePapers = Callable[..., Path]
ROWS = 4000


class Searched:
    """Vectors about centers, their index, and what NumPy says."""

    def __init__(self, rows: int = ROWS) -> None:
        self.vectors = NearestRows(spread(rows)).vectors
        products = self.vectors @ self.vectors.T
        np.fill_diagonal(products, -2)
        self.neighbors = np.argsort(-products, axis=1)[:, :20].astype(np.int32)
        self.lists = Lists.made(self.vectors, Clusters.made(self.vectors).of, np.arange(0))
        self.codes = np.concatenate(list(self.lists.codes(self.vectors)))

    def index(self, *reach: tuple[int, int], of_texts: Sequence[tuple[int, int]] = ()) -> InvertedFile:
        return InvertedFile(self.lists, InMemory(self.codes), InMemory(self.neighbors), reach, of_texts)

    def nearest(self, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_]) -> set[int]:
        rows = np.flatnonzero(allowed)
        cosines = self.vectors[rows].astype(np.float64) @ query
        return set(rows[np.argsort(-cosines, kind="stable")[:count]].tolist())


@cache
def shared() -> Searched:
    """Return the same ones each time: hypothesis and fixtures of a module do not go together."""
    return Searched()


@pytest.fixture
def searched() -> Searched:
    return shared()


def found_by_both(
    index: InvertedFile, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Return candidates, which NumPy and what is compiled must agree about."""
    by_numpy = index.candidates(query, count, allowed)
    index.compile()
    compiled = index.candidates(query, count, allowed)
    assert by_numpy is not None
    assert compiled is not None
    assert by_numpy.tolist() == compiled.tolist()
    assert by_numpy.dtype == compiled.dtype == np.int64
    return by_numpy


def questions(count: int, seed: int = 7) -> NDArray[np.float32]:
    return NearestRows(spread(count, seed=seed)).vectors


# --- lists


def test_every_row_is_in_one_list_and_every_list_in_one_group(searched: Searched) -> None:
    lists = searched.lists
    assert np.sort(lists.members).tolist() == list(range(ROWS))
    assert (lists.members[lists.places] == np.arange(ROWS)).all()
    assert lists.sizes[: lists.groups].sum() == len(lists.sizes) - lists.groups
    assert lists.sizes[lists.groups :].sum() == ROWS
    of = lists.of()
    assert np.bincount(of).tolist() == lists.sizes[lists.groups :].tolist()
    clusters = Clusters.made(searched.vectors).of
    for number in range(0, len(lists.sizes) - lists.groups, 9):
        assert len(set(clusters[of == number].tolist())) == 1


def test_codes_hold_most_of_a_vector(searched: Searched) -> None:
    """Products of codes, scaled back, are about the cosines: at most by what components that are left out hold."""
    lists, extents = searched.lists, np.sqrt(1 / (searched.lists.axes**2).sum(axis=0))
    assert lists.axes.shape[0] == 16
    decoded = searched.codes.astype(np.float64) * extents / 127
    assert (
        abs(decoded @ decoded.T - (searched.vectors @ searched.vectors.T)[np.ix_(lists.members, lists.members)]).max()
        < 0.05
    )


def test_held_rows_shape_no_center() -> None:
    vectors = np.eye(4, dtype=np.float32)[[0, 0, 1, 2, 2, 3]]
    lists = Lists.made(vectors, np.int32([0, 0, 0, 1, 1, 2]), np.array([2, 5]))
    directions = np.sqrt(1 / (lists.axes**2).sum(axis=0)) * lists.axes  # unit ones
    decoded = lists.centers[lists.groups :] / 127 * np.sqrt(1 / (lists.axes**2).sum(axis=0)) @ directions.T
    of = lists.of()
    np.testing.assert_allclose(decoded[of[0]], [1, 0, 0, 0], atol=0.02)  # and not (2, 1, 0, 0), of all three
    np.testing.assert_allclose(decoded[of[3]], [0, 0, 1, 0], atol=0.02)
    np.testing.assert_allclose(decoded[of[5]], [0, 0, 0, 1], atol=0.02)  # where all are held, they are where it is
    assert lists.nearest(np.eye(4, dtype=np.float32)[[0, 2, 3]]).tolist() == [of[0], of[3], of[5]]


def test_rows_that_change_lists_are_in_the_others(searched: Searched) -> None:
    of = searched.lists.of()
    moved = np.append(of, [of[0], 3])
    moved[1] = 3
    lists = searched.lists.regrouped(moved)
    assert (lists.of() == moved).all()
    assert (lists.members[lists.places] == np.arange(ROWS + 2)).all()
    assert (lists.centers == searched.lists.centers).all()


@pytest.mark.parametrize(
    ("field", "change", "wrong"),
    [
        ("sizes", lambda sizes: np.append(sizes, 1), "groups|all rows"),
        ("sizes", lambda sizes: np.where(np.arange(len(sizes)) == len(sizes) - 1, -1, sizes), "groups"),
        ("sizes", lambda sizes: sizes[:0], "groups|centers"),
        ("members", lambda rows: np.where(rows == 5, ROWS, rows), "members are not rows"),
        ("members", lambda rows: np.where(rows == 5, -1, rows), "members are not rows"),
        ("places", lambda rows: rows[1:], "members are not rows"),
        ("places", lambda rows: np.where(rows == 5, ROWS, rows), "members are not rows"),
        ("centers", lambda codes: codes[1:], "centers"),
        ("axes", lambda axes: axes * np.float32(np.nan), "axes"),
        ("axes", lambda axes: axes * 0, "axes"),
    ],
)
def test_what_are_no_lists_is_refused(searched: Searched, field: str, change: Any, wrong: str) -> None:
    given = {name: getattr(searched.lists, name) for name in ("sizes", "members", "places", "axes", "centers")}
    with pytest.raises(ValueError, match=wrong):
        Lists(**{**given, field: change(given[field]).astype(given[field].dtype)})


def test_codes_and_neighbors_of_other_rows_are_refused(searched: Searched) -> None:
    for codes, neighbors in ((searched.codes[1:], searched.neighbors), (searched.codes, searched.neighbors[1:])):
        with pytest.raises(ValueError, match="than rows"):
            InvertedFile(searched.lists, InMemory(codes), InMemory(neighbors), ((10, 200),))
    with pytest.raises(ValueError, match="how far to look"):
        searched.index()


# --- candidates


def test_how_many_rows_are_looked_at(searched: Searched) -> None:
    index = searched.index((10, 100), (200, 800))
    assert [index.wanted(count) for count in (1, 10, 200)] == [100, 100, 800]
    assert index.wanted(2000) == round(100 * 200 ** (log(8) / log(20)))
    assert searched.index((10, 100)).wanted(500) == 100
    assert searched.index((10, 100), (200, 90)).wanted(2000) == 100
    assert index.is_of_use(10)
    assert not searched.index((10, ROWS // 2 + 1)).is_of_use(10)
    assert searched.index((10, ROWS // 2 + 1)).candidates(searched.vectors[0], 10) is None


def test_the_nearest_are_among_the_candidates(searched: Searched) -> None:
    index, everything = searched.index((10, 1500)), np.ones(ROWS, dtype=bool)
    found = 0
    for query in questions(100):
        candidates = index.candidates(query, 10)
        assert candidates is not None
        assert len(candidates) <= 3 * 10 + 20
        assert len(set(candidates.tolist())) == len(candidates)
        found += len(searched.nearest(query, 10, everything) & set(candidates.tolist()))
    assert found >= 985


def test_texts_are_looked_for_farther(searched: Searched) -> None:
    index, everything, found = searched.index((10, 100)), np.ones(ROWS, dtype=bool), {1: 0, 4: 0, 16: 0}
    for query in questions(100):
        for times in found:
            candidates = index.reaching(((10, 100),), ((10, times * 100),)).candidates(query, 10, of_text=True)
            assert candidates is not None
            assert len(candidates) <= times * 50
            found[times] += len(searched.nearest(query, 10, everything) & set(candidates.tolist()))
    assert found[1] < found[4] < found[16]
    assert found[16] >= 990


def test_how_far_texts_are_looked_for(searched: Searched) -> None:
    index = searched.index((10, 100), (200, 800), of_texts=((10, 2000), (40, 2001)))
    assert [index.wanted(count, of_text=True) for count in (1, 10, 40)] == [2000, 2000, 2001]
    assert [index.wanted(count) for count in (10, 200)] == [100, 800]
    most = index.candidates(searched.vectors[0], 10, of_text=True)
    assert most is not None
    assert len(most) == 16 * 50  # more are not compared
    assert index.candidates(searched.vectors[0], 40, of_text=True) is None  # more than half of all
    assert index.candidates(searched.vectors[0], 40) is not None
    few = searched.index((10, 100), of_texts=((10, 50),)).candidates(searched.vectors[0], 10, of_text=True)
    assert few is not None
    assert len(few) == 50  # no fewer are compared than for a paper


def test_where_nothing_says_how_far_texts_are_all_are_compared(searched: Searched) -> None:
    index, query = searched.index((10, 100)), questions(1)[0]
    assert index.candidates(query, 10, of_text=True) is None
    allowed = np.arange(ROWS) < 300
    few = index.candidates(query, 10, allowed, of_text=True)
    assert few is not None
    assert few.tolist() == list(range(300))
    assert index.candidates(query, 10, np.arange(ROWS) < 500, of_text=True) is None
    nearest = NearestRows(searched.vectors, index)
    assert nearest.listed(query, 10, of_text=True) is None
    assert nearest.listed(query, 10) is not None


def test_what_is_compared_with_all_is_what_numpy_says(searched: Searched) -> None:
    asked_for = questions(5)
    found = NearestRows(searched.vectors, searched.index((10, 100))).among_all(asked_for, 12)
    assert found.shape == (5, 12)
    for query, rows in zip(asked_for, found.tolist(), strict=True):
        assert set(rows) == searched.nearest(query, 12, np.ones(ROWS, dtype=bool))


def test_neighbors_of_the_best_are_candidates_too(searched: Searched) -> None:
    """A row in a list that is not near is found by one that knows it."""
    index = searched.index((10, 60))
    strangers = InvertedFile(
        searched.lists, InMemory(searched.codes), InMemory(np.zeros_like(searched.neighbors)), ((10, 60),)
    )
    everything, found = np.ones(ROWS, dtype=bool), {index: 0, strangers: 0}
    for query in questions(100):
        for one in found:
            candidates = one.candidates(query, 10)
            assert candidates is not None
            found[one] += len(searched.nearest(query, 10, everything) & set(candidates.tolist()))
    assert found[index] > found[strangers] + 100


@given(seed=st.integers(0, 10**6), share=st.sampled_from([None, 0.2, 0.5, 0.9]), count=st.sampled_from([1, 10, 40]))
@settings(max_examples=40, deadline=None)
def test_numpy_and_what_is_compiled_find_the_same(seed: int, share: float | None, count: int) -> None:
    searched, query = shared(), questions(1, seed=seed)[0]
    allowed = None if share is None else np.random.default_rng(seed).random(ROWS) < share
    found_by_both(searched.index((10, 150), (200, 600)), query, count, allowed)


@pytest.mark.parametrize("share", [None, 0.6])
def test_what_is_compiled_is_what_it_says(searched: Searched, share: float | None) -> None:
    """The same functions without a compiler."""
    index, query = searched.index((10, 150)), questions(1)[0]
    allowed = None if share is None else np.random.default_rng(0).random(ROWS) < share
    scanner, sought = index._scanner, Sought(600, 150, 30, 6)
    codes = asked(query @ index._weights)
    plain = compiling.searching(lambda function: function, lambda array, row: None)
    may = np.empty(0, dtype=bool) if allowed is None else allowed
    found = plain(scanner._held, codes, may, scanner._counted(allowed), sought)
    assert found.tolist() == scanner.by_numpy(codes, allowed, sought).tolist()
    assert len(found) == 30


@given(rows=st.lists(st.integers(0, 2**31 - 1) | st.integers(0, 9), max_size=32))
def test_a_row_is_new_once(rows: list[int]) -> None:
    is_new, seen, held = compiling._remembering(lambda function: function), np.full(64, -1, dtype=np.int32), set()
    for row in np.array(rows, dtype=np.int32):
        assert is_new(seen, row) == (int(row) not in held)
        held.add(int(row))
    assert sorted(seen[seen >= 0].tolist()) == sorted(held)


def test_rows_that_are_many_times_the_same_are_found_by_both() -> None:
    vectors = spread(3000)
    vectors[100:1100] = vectors[100]
    nearest = NearestRows(vectors)
    neighbors = np.concatenate([block.rows for block in nearest.graph(20)])
    lists = Lists.made(nearest.vectors, Clusters.made(nearest.vectors).of, np.arange(0))
    codes = np.concatenate(list(lists.codes(nearest.vectors)))
    index = InvertedFile(lists, InMemory(codes), InMemory(neighbors), ((10, 200),))
    assert set(found_by_both(index, nearest.vectors[100], 10).tolist()) <= set(range(100, 1100))


@given(
    weights=st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=600).filter(
        lambda them: max(map(abs, them)) > 0
    )
)
def test_products_fit_32_bits(weights: list[float]) -> None:
    codes = asked(np.array(weights)).astype(np.int64)
    assert abs(codes).max() <= 32_767
    assert 128 * abs(codes).sum() < 2**31
    assert (np.sign(codes) * np.sign(weights) >= 0).all()


def test_a_question_that_codes_know_nothing_of_is_answered(searched: Searched) -> None:
    assert asked(np.zeros(5)).tolist() == [0] * 5
    index = searched.index((10, 150))
    index._weights = np.zeros_like(index._weights)
    assert len(found_by_both(index, searched.vectors[0], 10)) == 50


def test_the_nearest_that_count_enough() -> None:
    products, counts = np.int64([5, 9, 7, 9, 1]), np.int64([1, 2, 4, 0, 8])
    assert [_nearest(products, counts, wanted).tolist() for wanted in (1, 2, 3, 6, 7, 8, 15, 99)] == [
        [1, 3], [1, 3], [1, 2, 3], [1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4],
    ]  # fmt: skip


# --- cosines with what is stored

HALVES = compiling._halves(compiling.in_any_order())  # compiled when it is first called


@given(
    rows=st.lists(st.lists(st.floats(-65504, 65504, width=16), min_size=7, max_size=7), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
def test_cosines_of_bits_are_those_of_numbers(rows: list[list[float]], seed: int) -> None:
    """Every float16 there is, but for rows so short that squares of float32 do not hold their lengths."""
    halves = np.array(rows, dtype=np.float16)
    halves[abs(halves).max(axis=1) < 1e-5] = 1
    query = np.random.default_rng(seed).normal(size=7).astype(np.float32)
    query /= np.linalg.norm(query)
    exact = halves.astype(np.float64) @ query / np.linalg.norm(halves.astype(np.float64), axis=1)
    for cosines in (HALVES, compiling._halves(lambda function: function)):
        np.testing.assert_allclose(cosines(halves.view(np.uint16), query), exact, atol=1e-6)
    for near in (compiling.compiled_cosines(), compiling.comparing(lambda function: function)):
        for k in range(1, len(exact) + 1):
            found = set(near(halves.view(np.uint16), query, k, 1e-3).tolist())
            least = np.sort(exact)[-k] - 1e-3
            assert set(np.flatnonzero(exact >= least + 1e-5).tolist()) <= found
            assert found <= set(np.flatnonzero(exact >= least - 1e-5).tolist())


def test_a_row_of_zeros_is_no_error_of_what_is_compiled() -> None:
    cosines = HALVES(np.zeros((1, 8), dtype=np.uint16), np.ones(8, dtype=np.float32))
    assert np.isnan(cosines).tolist() == [True]


def test_a_row_of_zeros_is_among_the_near_so_that_it_is_refused() -> None:
    rows = np.float16([[0, 1], [0, 0], [1, 0], [-1, 0]])
    near = compiling.compiled_cosines()(rows.view(np.uint16), np.float32([1, 0]), 2, 1e-5)
    assert near.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_who_asks_often_gets_the_same_answers(searched: Searched, dtype: str) -> None:
    """Some rows are the same, so that cosines are, too."""
    vectors = searched.vectors.astype(dtype)
    same = sorted([5, *searched.neighbors[5, :12].tolist()])
    vectors[same] = vectors[5]
    index = searched.index((10, 900))
    nearest = NearestRows(vectors, index)
    asked_for = [*questions(30), searched.vectors[5]]
    first = [nearest.search(query, 10) for query in asked_for]
    index.compile()
    assert index.is_compiled
    assert [nearest.search(query, 10) for query in asked_for] == first
    rows, similarities = zip(*first[-1], strict=True)
    assert list(rows) == same[:10]
    assert len(set(similarities)) == 1


# --- filters


@pytest.mark.parametrize("share", [0.001, 0.02, 0.1, 0.3, 0.7])
def test_filters_always_leave_as_many_answers_as_there_are(searched: Searched, share: float) -> None:
    nearest = NearestRows(searched.vectors, searched.index((10, 900)))
    dice, found, wanted = np.random.default_rng(3), 0, 0
    for query in questions(40):
        allowed = dice.random(ROWS) < share
        answers = nearest.search(query, 10, allowed=allowed)
        assert len(answers) == min(10, int(allowed.sum()))
        assert all(allowed[row] for row, _ in answers)
        true = searched.nearest(query, 10, allowed)
        found, wanted = found + len(true & {row for row, _ in answers}), wanted + len(true)
    assert found >= 0.99 * wanted
    assert share > 0.1 or found == wanted  # few are all compared


def test_a_filter_that_leaves_one_corner_is_answered_from_there(searched: Searched) -> None:
    far = searched.vectors @ searched.vectors[0]
    allowed = far < np.quantile(far, 0.9)  # all that is near is not
    nearest = NearestRows(searched.vectors, searched.index((10, 700)))
    answers = nearest.search(searched.vectors[0], 10, allowed=allowed)
    assert len(searched.nearest(searched.vectors[0], 10, allowed) & {row for row, _ in answers}) >= 9


def test_answers_of_an_index_are_cosines_in_order(searched: Searched) -> None:
    nearest, exact = NearestRows(searched.vectors, searched.index((10, 900))), NearestRows(searched.vectors)
    for row in (0, 17, 399):
        assert nearest.similar(row, 10) == exact.similar(row, 10)
    query = questions(1)[0]
    assert nearest.search(query, 5) == exact.search(query, 5)
    assert nearest.search(query, 5, allowed=np.ones(ROWS, dtype=bool)) == exact.search(query, 5)
    listed = nearest.listed(query, 60)
    assert listed is not None
    assert set(listed.tolist()) == {row for row, _ in exact.search(query, 60)}
    assert exact.listed(query, 60) is None


# --- libraries


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 3,000 papers, which has an index."""
    folder = tmp_path_factory.mktemp("indexed")
    papers = folder / "papers.jsonl"
    papers.write_text("".join(json.dumps(record) + "\n" for record in records(3000)), encoding="utf-8")
    with Library.build(papers, folder / "library", model=HashedWords(), index="clusters") as library:
        assert library.info()["search"]["type"] == "inverted"
    return folder / "library"


@pytest.fixture
def indexed(built: Path, tmp_path: Path) -> Library:
    import shutil

    shutil.copytree(built, tmp_path / "library")
    return Library.open(tmp_path / "library", model=HashedWords())


def recall(library: Library, rows: range) -> float:
    """What share of the ten nearest of some papers a search finds."""
    folder = LibraryFolder(library.path)
    nearest, exact = nearest_of(folder), NearestRows(folder.array("vectors"))
    shares = []
    for row in rows:
        true = {other for other, _ in exact.similar(row, 10)}
        shares.append(len(true & {other for other, _ in nearest.similar(row, 10)}) / len(true))
    return float(np.mean(shares))


def require_codes(library: Library) -> None:
    """Require that every paper has the code of its vector, in the list that says so."""
    folder = LibraryFolder(library.path)
    lists = lists_of(folder)
    vectors = NearestRows(folder.array("vectors")).vectors
    assert (np.concatenate(list(lists.codes(vectors))) == folder.array("codes")).all()
    assert np.sort(lists.members).tolist() == list(range(len(library.papers)))


def test_a_library_says_how_it_searches(indexed: Library) -> None:
    said = indexed.info()["search"]
    assert (said["type"], said["k"], said["rows"]) == ("inverted", 10, 1000)
    assert 0.99 <= said["recall"] <= 1
    assert [count for count, _ in said["reach"]] == [10, 200]
    assert all(128 <= rows <= 1500 for _, rows in said["reach"])
    assert recall(indexed, range(1, 3000, 13)) >= 0.985
    assert indexed.search("galaxy1 galaxy2").recall == said["texts"]["recall"]
    assert indexed.similar("2010.00005").recall == indexed.info()["index"]["recall"]
    assert indexed.search("galaxy1", rank="lexical").recall == 1
    assert indexed.search("galaxy1")[:3].recall == said["texts"]["recall"]
    require_codes(indexed)


def test_the_recall_told_is_that_of_what_was_asked(indexed: Library) -> None:
    said = indexed._folder.manifest.search
    said["recall"], said["texts"]["recall"] = 0.995, 0.991
    assert indexed.similar("2010.00005", rank="dense", why=True).recall == 0.995
    assert indexed.search("galaxy1 galaxy2").recall == 0.991
    assert indexed.find_similar("2010.00005", "galaxy1 galaxy2").recall == 0.991
    assert indexed.find_similar("2010.00005", "2010.00007").recall == 0.995
    assert indexed.similar("2010.00005", unlike=("galaxy1 galaxy2",)).recall == 0.991
    assert indexed.search("galaxy1", rank="lexical").recall == 1


# --- texts


def test_what_is_like_texts_is_unlike_papers(searched: Searched) -> None:
    vectors, sums = searched.vectors, searching.like_texts(searched.vectors)
    rows = np.random.default_rng(0).integers(ROWS, size=(256, 4))
    np.testing.assert_allclose(sums[9], sum(vectors[rows[9]]) / np.linalg.norm(sum(vectors[rows[9]])), atol=1e-6)
    assert (sums == searching.like_texts(vectors)).all()
    nearest_of_sums = (sums @ vectors.T).max(axis=1)
    nearest_of_papers = [np.partition(vectors @ vector, -2)[-2] for vector in vectors[:256]]
    assert np.median(nearest_of_sums) < np.median(nearest_of_papers) - 0.05


def test_sums_that_cancel_are_left_out() -> None:
    axis = np.eye(1, 8, dtype=np.float32)
    sums = searching.like_texts(np.concatenate([axis, -axis] * 20))
    assert 100 < len(sums) < 200  # of 256; of four, as many are for as against in three of eight
    np.testing.assert_allclose(abs(sums @ axis[0]), 1)


def test_how_far_texts_are_looked_for_is_measured(tmp_path: Path) -> None:
    """Half of the number of rows that is told find 99 % of the nearest of each half; those of the step before, not."""
    vectors = NearestRows(spread(40_000)).vectors
    clusters, rows = Clusters.made(vectors), np.arange(0, 40_000, 200)
    products = vectors[rows] @ vectors.T
    products[np.arange(len(rows)), rows] = -2
    known = (rows, *(np.argsort(-products, axis=1)[:, :k] for k in (30, 200)))
    nearest = NearestRows(vectors)
    graph = np.concatenate([block.rows for block in nearest.graph(30)])
    with Workshop(tmp_path / "library") as workshop:
        state = NextState(workshop)
        state.store("neighbors", graph, "<i4")
        said = searching.store_index(state, nearest, clusters, known)
    texts = searching.like_texts(vectors)
    true = np.argsort(-(texts @ vectors.T), axis=1)[:, :10]
    lists = Lists.made(vectors, clusters.of, rows)
    codes = InMemory(np.concatenate(list(lists.codes(vectors))))
    (_, told), (many, _) = said["texts"]["reach"]
    assert many == 2000
    for size, is_enough in ((told // 2, True), (round(told / 2**1.25), False)):
        index = InvertedFile(lists, codes, InMemory(graph), said["reach"], ((10, size),))
        found = searching.shares_found(NearestRows(vectors, index), texts, true)
        assert (min(found[::2].mean(), found[1::2].mean()) >= 0.99) == is_enough
        assert not is_enough or found.mean() == pytest.approx(said["texts"]["recall"])


def test_json_tells_the_recall(indexed: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = CliRunner().invoke(cli, ["find-similar", "2010.00005", "-l", str(indexed.path), "--json"])
    lines = [json.loads(line) for line in outcome.output.splitlines()]
    assert {line["recall"] for line in lines} == {indexed.info()["index"]["recall"]}


@pytest.mark.parametrize("rank", ["fused", "dense"])
@pytest.mark.parametrize(("reach", "least"), [([[10, 200]], 0.9), ([], 1.0)])
def test_answers_are_those_without_an_index(
    indexed: Library, rank: str, reach: list[list[int]], least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all papers are looked at; where fewer are, scores are the same where papers are."""
    indexed._folder.manifest.search["texts"]["reach"] = reach
    monkeypatch.setattr(listing, "COMPARED", 400)
    folder = LibraryFolder(indexed.path)
    folder.manifest.search.update(type="exact", recall=1.0)
    exact, same = Library(folder, HashedWords()), []
    for record in records(3000)[::211]:
        text = " ".join(record["abstract"].split()[:9])
        for k in (10, 40):
            true, found = (each.search(text, k=k, rank=rank) for each in (exact, indexed))
            scores = {match.paper.id: match.score for match in true}
            shared = [match for match in found if match.paper.id in scores]
            assert len(true) == len(found) == k
            assert all(match.score == pytest.approx(scores[match.paper.id], abs=1e-6) for match in shared)
            same.append(len(shared) / k)
    assert np.mean(same) >= least


def test_where_too_few_papers_are_compared_all_are(indexed: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed._folder.manifest.search["texts"]["reach"] = [[10, 200], [200, 400]]
    text = records(1)[0]["abstract"]
    right = [match.paper.id for match in indexed.search(text, k=20)]
    monkeypatch.setattr(listing, "COMPARED", 12)
    assert [match.paper.id for match in indexed.search(text, k=20)] == right


def test_an_index_follows_what_changes(indexed: Library, write_papers: WritePapers) -> None:
    indexed.add(write_papers(records(3100)[3000:], name="more.jsonl"))
    assert indexed.info()["search"]["type"] == "inverted"
    require_codes(indexed)
    assert recall(indexed, range(3000, 3100)) >= 0.97
    indexed.remove("2010.00003", "2010.03050")
    require_codes(indexed)
    changed = {**records(1)[0], "abstract": "galaxy1 galaxy2 galaxy3 galaxy4"}
    indexed.update(write_papers([changed], name="changed.jsonl"))
    require_codes(indexed)
    assert indexed.search("galaxy1 galaxy2 galaxy3 galaxy4", k=1, rank="dense")[0].paper.id == "2010.00000"
    assert recall(indexed, range(0, 3000, 17)) >= 0.98
    assert indexed.verify().is_right
    repair(indexed.path)
    again = Library.open(indexed.path, model=HashedWords())
    assert again.info()["search"]["type"] == "inverted"
    require_codes(again)


@pytest.mark.parametrize("role", sorted(SEARCHED))
def test_a_damaged_index_is_told(indexed: Library, role: str) -> None:
    (file,) = indexed.path.glob(f"{role}-*.npy")
    content = bytearray(file.read_bytes())
    content[200] ^= 0x40
    content[len(content) // 2] ^= 0x40
    file.write_bytes(content)
    with pytest.raises(LibraryDamaged, match=role):
        recall(indexed, range(0, 3000, 5))  # reads all of it
    assert not indexed.verify().is_right


def test_codes_of_other_papers_are_found(indexed: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are what was written, of an index that is not that of the papers."""
    right = LibraryFolder.array

    def moved(folder: LibraryFolder, role: str) -> NDArray[Any]:
        return np.roll(right(folder, role), 1, axis=0) if role == "codes" else right(folder, role)

    monkeypatch.setattr(LibraryFolder, "array", moved)
    wrong = [check for check in indexed.verify().checks if not check.is_right]
    assert [check.name for check in wrong] == ["search"]
    assert "does not hold the code of row" in wrong[0].wrong
    monkeypatch.undo()
    monkeypatch.setattr(Scanner, "by_numpy", lambda *_: np.arange(50))
    monkeypatch.setattr(Scanner, "compiled", lambda *_: np.arange(50))
    (wrong_search,) = [check for check in indexed.verify().checks if not check.is_right]
    assert "of the nearest of 200 papers" in wrong_search.wrong


@pytest.mark.parametrize(("by", "is_right"), [(1, True), (2, False)])
def test_codes_may_be_rounded_otherwise(
    indexed: Library, by: int, is_right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on another machine, whose sums have another order."""
    right = LibraryFolder.array

    def other(folder: LibraryFolder, role: str) -> NDArray[Any]:
        array = right(folder, role)
        return array - np.int8(by) * np.sign(array, dtype=np.int8) if role == "codes" else array

    monkeypatch.setattr(LibraryFolder, "array", other)
    (search,) = [check for check in indexed.verify().checks if check.name == "search"]
    assert search.is_right == is_right


def test_lists_that_contradict_each_other_are_told(indexed: Library) -> None:
    folder = LibraryFolder(indexed.path)
    folder.manifest.search["reach"] = [[10, 200]]
    right = folder.array

    def wrong(role: str) -> NDArray[Any]:
        return right(role) if role != "sizes" else right(role) + 1

    folder.array = wrong  # type: ignore[method-assign]
    with pytest.raises(LibraryDamaged, match="the index is not that of a library"):
        Library(folder, HashedWords()).search("galaxy1")


def test_a_search_of_the_future_is_foreign(indexed: Library) -> None:
    folder = LibraryFolder(indexed.path)
    folder.manifest.search["type"] = "hnsw"
    with pytest.raises(ForeignLibrary, match="'hnsw' is unknown"):
        Library(folder, HashedWords()).search("galaxy1")


def test_where_an_index_is_of_no_use_there_is_none(
    tmp_path: Path, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "RECALL", 1.1)  # which none reaches
    library = Library.build(write_papers(records(400)), tmp_path / "library", model=HashedWords(), index="clusters")
    everywhere = {"recall": 1.0, "rows": 0, "reach": []}
    assert library.info()["search"] == {"type": "exact", "k": 10, **everywhere, "texts": everywhere}
    assert not [file for role in SEARCHED for file in library.path.glob(f"{role}-*")]
    assert library.search("galaxy1", k=3).recall == 1
    assert looked_for.EXACT_UP_TO > 400


def test_a_library_that_does_not_tell_of_texts_compares_them_with_all(indexed: Library) -> None:
    content = json.loads((indexed.path / "manifest.json").read_text(encoding="utf-8"))
    del content["search"]["texts"]
    _rewrite(indexed.path, content)
    with Library.open(indexed.path, model=HashedWords()) as library:
        assert library.info()["search"]["texts"] == {"recall": 1.0, "rows": 0, "reach": []}
        assert library.search("galaxy1 galaxy2").recall == 1
        assert library.similar("2010.00005", rank="dense", k=40).recall == library.info()["search"]["recall"]


@pytest.mark.parametrize(
    "texts", [None, [], {}, {"recall": 1.0, "rows": 0}, {"recall": "1", "rows": 0, "reach": []},
              {"recall": 1.0, "rows": 0, "reach": [[10, 0]]}, {"recall": 1.0, "rows": 0, "reach": [[200, 9], [10, 9]]}],
)  # fmt: skip
def test_what_cannot_be_told_of_texts_is_damage(indexed: Library, texts: Any) -> None:
    content = json.loads((indexed.path / "manifest.json").read_text(encoding="utf-8"))
    content["search"]["texts"] = texts
    _rewrite(indexed.path, content)
    with pytest.raises(LibraryDamaged, match="not a manifest"):
        Library.open(indexed.path, model=HashedWords())


def _rewrite(library: Path, content: dict[str, Any]) -> None:
    """Write a manifest whose checksum is right."""
    content.pop("checksum", None)
    content["checksum"] = zlib.crc32(json.dumps(content, sort_keys=True).encode())
    (library / "manifest.json").write_text(json.dumps(content), encoding="utf-8")


def test_a_library_of_format_5_is_read(indexed: Library) -> None:
    """It lacks what says how to search, and so searches everywhere."""
    content = json.loads((indexed.path / "manifest.json").read_text(encoding="utf-8"))
    true = [match.paper.id for match in indexed.search("galaxy1 galaxy2", rank="dense")]
    del content["search"]
    content["format"] = 5
    content["files"] = {role: entry for role, entry in content["files"].items() if role not in SEARCHED}
    _rewrite(indexed.path, content)
    with Library.open(indexed.path, model=HashedWords()) as library:
        assert library.info()["search"]["type"] == "exact"
        assert len({m.paper.id for m in library.search("galaxy1 galaxy2", rank="dense")} & set(true)) >= 9
