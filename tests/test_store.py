"""The library folder: arrays, papers, manifest, commit."""

from __future__ import annotations

import errno
import json
import math
import os
import sqlite3
import subprocess
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from explorer.errors import (
    ForeignLibrary,
    LibraryDamaged,
    LibraryExists,
    LibraryInaccessible,
    LibraryLocked,
    LibraryNotFound,
)
from explorer.papers import Paper
from explorer.store import (
    ROLES,
    SAMPLE,
    ArrayWriter,
    FileEntry,
    LibraryFolder,
    Manifest,
    PaperDatabase,
    PaperWriter,
    Workshop,
    describe_file,
    load_array,
    read_manifest,
    write_array,
)
from explorer.store import database as database_module
from explorer.store import folder as folder_module
from explorer.store.arrays import read_row, read_rows, read_values, view_array

PAPERS = [
    Paper("2010.00001", "Depth from One Image", "We estimate depth.", ("Ada B.",), "2020-10-07", ("cs.CV", "cs.LG")),
    Paper("2010.00002", "Schrödinger's cat: an état des lieux", "", (), "", (), ("quant-ph",), "https://example.org/a"),
    Paper("hep-th/9901001", 'Ein "Titel"; DROP TABLE papers', "x" * 5000, version=3, links=("https://example.org",)),
    Paper("x", "Depth from One Image", "The same title again."),
]


@pytest.fixture
def database(tmp_path: Path) -> PaperDatabase:
    return make_database(tmp_path / "papers-00000000.sqlite", PAPERS)


def make_database(path: Path, papers: list[Paper]) -> PaperDatabase:
    writer = PaperWriter(path)
    for paper in papers:
        writer.add(paper)
    writer.finish()
    return PaperDatabase(path, len(papers))


# --- arrays


@pytest.mark.parametrize("dtype", ["<i8", "<i4", "<f4"])
@pytest.mark.parametrize("shape", [(1, 0), (1, 1), (3, 7), (40, 1000), (20_000, 3)])
def test_an_array_comes_back_and_so_does_each_row(tmp_path: Path, dtype: str, shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).integers(-1000, 1000, shape).astype(dtype)
    entry = write_array(tmp_path / "neighbors-00000000.npy", values, dtype)
    assert entry.size == (tmp_path / entry.name).stat().st_size
    np.testing.assert_array_equal(np.load(tmp_path / entry.name), values)  # NumPy itself reads the file
    with (tmp_path / entry.name).open("rb") as file:
        np.testing.assert_array_equal(view_array(file, entry), values)
        for row in {0, shape[0] // 2, shape[0] - 1}:
            assert read_row(file, entry, row).tolist() == values[row].tolist()
        assert read_values(file, entry).tolist() == values.ravel().tolist()
        for start, stop in ((0, shape[0]), (shape[0] // 3, shape[0] // 2), (shape[0] - 1, shape[0])):
            some = read_rows(file, entry, start, stop)
            assert some.dtype == values.dtype
            np.testing.assert_array_equal(some, values[start:stop])
    np.testing.assert_array_equal(load_array(tmp_path / entry.name), values)


def test_whole_numbers_of_eight_bytes_keep_all_their_digits(tmp_path: Path) -> None:
    values = np.array([[-(2**63), 2**63 - 1, -1], [0, 2**53 + 1, 1]])
    entry = write_array(tmp_path / "terms-0000000a.npy", values, "<i8")
    with (tmp_path / entry.name).open("rb") as file:
        assert read_values(file, entry).tolist() == [-(2**63), 2**63 - 1, -1, 0, 2**53 + 1, 1]
        assert read_row(file, entry, 1).tolist() == [0, 2**53 + 1, 1]


@pytest.mark.parametrize("width", [2, 3])
def test_an_array_may_have_no_rows(tmp_path: Path, width: int) -> None:
    entry = write_array(tmp_path / "twins-0000000a.npy", np.zeros((0, width)), "<i4")
    assert entry.size == (tmp_path / entry.name).stat().st_size
    with (tmp_path / entry.name).open("rb") as file:
        assert view_array(file, entry).shape == (0, width)
        assert read_rows(file, entry, 0, 0).shape == (0, width)
        assert read_values(file, entry).tolist() == []
    assert load_array(tmp_path / entry.name).shape == (0, width)


@given(
    values=hnp.arrays(
        "<f4", hnp.array_shapes(min_dims=2, max_dims=2, max_side=50), elements=st.floats(-1, 1, width=32)
    ),
    cuts=st.lists(st.integers(0, 50), max_size=5),
)
def test_how_an_array_is_cut_while_written_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, values: np.ndarray, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("cuts")
    writer = ArrayWriter(folder / "a.npy", "<f4", values.shape)
    for part in np.split(values, sorted(min(cut, len(values)) for cut in cuts)):
        writer.append(part)
    assert writer.close().sha256 == write_array(folder / "b.npy", values, "<f4").sha256
    np.testing.assert_array_equal(load_array(folder / "a.npy"), values)


def test_an_array_with_missing_rows_is_never_completed(tmp_path: Path) -> None:
    writer = ArrayWriter(tmp_path / "a.npy", "<f4", (3, 2))
    writer.append(np.zeros((2, 2), dtype=np.float32))
    with pytest.raises(ValueError, match="the rows written are not the"):
        writer.close()


def test_each_flipped_byte_of_an_array_is_found(tmp_path: Path) -> None:
    values = np.arange(40_000, dtype=np.float32).reshape(20_000, 2)  # three blocks
    path = tmp_path / "layout-00000000.npy"
    entry = write_array(path, values, "<f4")
    whole = path.read_bytes()
    for position in [*range(0, len(whole), 4111), entry.offset, len(whole) - 1]:
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with path.open("rb") as file, pytest.raises(LibraryDamaged, match=r"layout-00000000\.npy was altered"):
            view_array(file, entry)


def test_a_row_is_checked_by_its_own_block_alone(tmp_path: Path) -> None:
    values = np.arange(40_000, dtype=np.float32).reshape(20_000, 2)
    path = tmp_path / "layout-00000000.npy"
    entry = write_array(path, values, "<f4")
    with path.open("rb+") as file:
        file.seek(70_000)  # the second block
        file.write(b"\xff")
    with path.open("rb") as file:
        assert read_row(file, entry, 5).tolist() == [10, 11]
        with pytest.raises(LibraryDamaged):
            read_row(file, entry, (70_000 - entry.offset) // 8)


def test_rows_are_checked_by_their_own_blocks_alone(tmp_path: Path) -> None:
    """The second of three blocks is damaged."""
    values = np.arange(40_000, dtype=np.int32).reshape(20_000, 2)
    path = tmp_path / "postings-00000000.npy"
    entry = write_array(path, values, "<i4")
    first, last = (65_536 - entry.offset) // 8, (131_072 - entry.offset) // 8  # the first rows of the other two
    with path.open("rb+") as file:
        file.seek(70_000)
        file.write(b"\xff")
    with path.open("rb") as file:
        for start, stop in ((0, first), (last, 20_000), (first, first), (5, 5)):
            np.testing.assert_array_equal(read_rows(file, entry, start, stop), values[start:stop])
        for start, stop in ((0, first + 1), (last - 1, 20_000), (first, last), (0, 20_000)):
            with pytest.raises(LibraryDamaged, match=r"postings-00000000\.npy was altered"):
                read_rows(file, entry, start, stop)
        with pytest.raises(LibraryDamaged):
            read_values(file, entry)


@pytest.mark.parametrize("cut", [0, 3, 60, 200, -5, -1])
def test_an_array_cut_short_is_not_loaded(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.npy"
    write_array(path, np.ones((30, 2), dtype=np.float32), "<f4")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(LibraryDamaged):
        load_array(path)


# --- papers


def test_papers_come_back_in_the_order_asked(database: PaperDatabase) -> None:
    assert database.papers([2, 0, 3, 1]) == [PAPERS[2], PAPERS[0], PAPERS[3], PAPERS[1]]
    assert list(database.range(0, 4)) == PAPERS
    assert database.papers([]) == []


def test_look_ups(database: PaperDatabase) -> None:
    assert database.row_of("hep-th/9901001") == 2
    assert database.row_of("2010.0000") is None
    assert database.row_at("https://example.org/a") == 1
    assert database.row_at("") is None
    assert database.rows_titled("depth from one image!") == [0, 3]
    assert database.rows_titled("SCHRODINGER'S CAT, an etat des lieux") == [1]
    assert database.rows_titled("...") == []


@pytest.mark.parametrize(
    ("part", "rows"),
    [
        ("depth", {0, 3}),
        ("image one", {0, 3}),  # words in any order
        ("ima", {0, 3}),  # the last word unfinished
        ("etat", {1}),
        ("dinger", {1}),  # within a word: found by its letters
        ('titel"; DROP', {2}),
        ("NEAR(depth", set()),
        ("*", set()),
        ("estimate", set()),  # in an abstract only
        ("depth estimate", set()),  # one word in a title, the other in its abstract
        ("word " * 2000, set()),
    ],
)
def test_titles_by_part(database: PaperDatabase, part: str, rows: set[int]) -> None:
    assert set(database.rows_with_title_part(part, limit=9)) == rows


def test_nearest_ids_are_those_spelled_alike(database: PaperDatabase) -> None:
    assert database.nearest_ids("2010.0002")[0] == "2010.00002"
    assert database.nearest_ids("hep-th/9901010")[0] == "hep-th/9901001"


def test_the_first_paper_of_an_id_stays_and_listings_are_merged(tmp_path: Path) -> None:
    first = Paper("one", "First", listed_in=("cs.CV",))
    database = make_database(tmp_path / "p", [first, Paper("one", "Second", listed_in=("cs.LG", "cs.CV")), first])
    assert list(database.range(0, 1)) == [Paper("one", "First", listed_in=("cs.CV", "cs.LG"))]
    assert database.row_of("one") == 0
    with pytest.raises(LibraryDamaged, match="row 1 is missing"):
        database.papers([1])


def test_an_altered_paper_is_named(tmp_path: Path) -> None:
    path = tmp_path / "papers-00000000.sqlite"
    make_database(path, PAPERS).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE papers SET abstract = 'forged' WHERE row = 1")
    connection.close()
    database = PaperDatabase(path, 4)
    assert database.papers([0]) == [PAPERS[0]]
    with pytest.raises(LibraryDamaged, match="row 1 was altered"):
        database.papers([0, 1])


def test_a_file_that_is_no_database_is_damage(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"no database" * 100)
    with pytest.raises(LibraryDamaged, match="p cannot be read"):
        PaperDatabase(tmp_path / "p", 1)


def test_odd_folder_names_are_no_options(tmp_path: Path) -> None:
    folder = tmp_path / "a?mode=rwc#%20"
    folder.mkdir()
    assert make_database(folder / "p", PAPERS).row_of("x") == 3


# --- manifest


def manifest(files: dict[str, FileEntry] | None = None, papers: int = 2, generation: str = "0123abcd") -> Manifest:
    return Manifest(
        generation=generation,
        papers=papers,
        model={"name": "m", "fingerprint": "f"},
        parameters={"index": "exact"},
        inputs=[{"name": "ü.md", "sha256": "0"}],
        files=files or {},
        index={"type": "exact", "recall": 1.0, "k": 30, "rows": 0},
        weighing={"papers": papers, "average_length": 1.5},
        picture={"kept": 0.5, "trustworthiness": 0.9, "k": 15, "rows": papers},
        added=["2020-10-07T12:00:00+00:00"],
        counts={"repeated": 0, "rejected": 0},
    )


def test_a_manifest_comes_back() -> None:
    entry = FileEntry("vectors-0123abcd.npy", 3, "00", "<f4", (2, 4), 128)
    written = manifest({"vectors": entry})
    assert Manifest.from_json(written.to_json(), "m.json") == written


@pytest.mark.parametrize(
    ("found", "replaced", "error"),
    [
        ('"papers": 2', '"papers": 3', LibraryDamaged),
        ('"format": 6', '"format": 1', ForeignLibrary),
        ('"format": 6', '"format": 2', ForeignLibrary),
        ('"format": 6', '"format": "2"', ForeignLibrary),
        ('"format": 6,', "", LibraryDamaged),
        ('"average_length": 1.5', '"average_length": 2.5', LibraryDamaged),
        ("2020-10-07T12", "2020-10-07T13", LibraryDamaged),
        ("{", "[", LibraryDamaged),
        ('"checksum"', '"check"', LibraryDamaged),
    ],
)
def test_an_altered_manifest_is_refused(found: str, replaced: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^m\.json"):
        Manifest.from_json(manifest().to_json().replace(found, replaced, 1), "m.json")


@pytest.mark.parametrize("text", ["", "null", "[]", "7", '{"format": 5}', "[" * 100_000])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(LibraryDamaged):
        Manifest.from_json(text, "m.json")


@pytest.mark.parametrize(
    "name",
    ["../papers-0123abcd.sqlite", "papers-20201007.sqlite", "papers-0123abcd.npy", "/etc/passwd", "manifest.json", ""],
)
def test_a_manifest_never_leads_out_of_its_folder(name: str) -> None:
    with pytest.raises(LibraryDamaged, match="cannot be a file of a library"):
        Manifest.from_json(manifest({"papers": FileEntry(name, 1, "")}).to_json(), "m.json")


# --- folder

LABELS = '{"next_id": 0, "topics": []}'


def arrays_of(rows: int) -> dict[str, tuple[NDArray[np.generic], str]]:
    """Each paper's neighbor is the next one; all have one term, the first paper has another one twice."""
    following = (np.arange(rows)[:, None] + 1) % rows
    postings = [*([row, 1] for row in range(rows)), [0, 2]]
    return {
        "vectors": (np.eye(rows, 3), "<f4"),
        "sample": (np.eye(rows, 3), "<f4"),
        "neighbors": (following, "<i4"),
        "similarities": (np.full((rows, 1), 0.5), "<f4"),
        "related": (following, "<i4"),
        "scores": (np.full((rows, 1), 1.25), "<f4"),
        "cosines": (np.full((rows, 1), 0.5), "<f4"),
        "scales": (np.tile([0.1, 0.2, 1.0, 2.0, 0.5], (rows, 1)), "<f4"),
        "keys": (np.arange(2 * rows).reshape(rows, 2), "<i8"),
        "twins": (np.array([[0, 0, 0], [1, 0, 1]]), "<i4"),
        "terms": (np.array([[-5, rows, rows], [7, rows + 1, 1]]), "<i8"),
        "postings": (np.array(postings), "<i4"),
        "lengths": (np.array([[3], *([1] for _ in range(rows - 1))]), "<i4"),
        "layout": (np.zeros((rows, 2)), "<f4"),
        "faithfulness": (np.full((rows, 1), 0.25), "<f4"),
        "topics": (np.zeros((rows, 2)), "<i4"),
    }


def commit(path: Path, generation: str, papers: list[Paper]) -> None:
    """Make a tiny library."""
    with Workshop(path) as workshop:
        work = workshop.work
        make_database(work / f"papers-{generation}.sqlite", papers).close()
        (work / f"labels-{generation}.json").write_text(LABELS, encoding="utf-8")
        files = {
            "papers": describe_file(work / f"papers-{generation}.sqlite"),
            "labels": describe_file(work / f"labels-{generation}.json"),
        }
        for role, (values, dtype) in arrays_of(len(papers)).items():
            files[role] = write_array(work / f"{role}-{generation}.npy", values, dtype)
        workshop.commit(manifest(files, len(papers), generation))


def test_a_commit_replaces_everything_and_a_reader_keeps_what_it_opened(tmp_path: Path) -> None:
    path = tmp_path / "library"
    commit(path, "0000000a", PAPERS[:2])
    reader = LibraryFolder(path)
    commit(path, "0000000b", PAPERS[:3])
    assert reader.neighbors(1) == [(0, 0.5)]
    assert reader.database.papers([0, 1]) == PAPERS[:2]
    np.testing.assert_array_equal(reader.array("vectors"), np.eye(2, 3))
    assert reader.related(1) == [(0, 1.25, 0.5)]
    assert reader.terms().postings(0, 2).tolist() == [[0, 1], [1, 1]]
    assert LibraryFolder(path).neighbors(1) == [(2, 0.5)]
    assert sorted(file.name.partition("-")[0] for file in path.iterdir()) == [
        ".paper", "cosines", "faithfulness", "keys", "labels", "layout", "lengths", "manifest.json", "neighbors", "papers",
        "postings", "related", "sample", "scales", "scores", "similarities", "terms", "topics", "twins", "vectors",
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["papers", "labels", *ROLES])
def test_a_missing_or_cut_file_is_named(tmp_path: Path, role: str) -> None:
    commit(tmp_path / "library", "0000000a", PAPERS[:2])
    (file,) = (tmp_path / "library").glob(f"{role}-*")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(LibraryDamaged, match=rf"{role}-0000000a\.\w+ is \d+ bytes long and not \d+; 'explorer verify'"):
        LibraryFolder(tmp_path / "library")
    file.unlink()
    with pytest.raises(LibraryDamaged, match=rf"{role}-0000000a\.\w+ is missing"):
        LibraryFolder(tmp_path / "library")


def test_neighbors_outside_the_library_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "library"
    commit(path, "0000000a", PAPERS[:2])
    with Workshop(path) as workshop:
        current = read_manifest(path)
        entry = write_array(workshop.work / "neighbors-0000000b.npy", np.full((2, 1), 7), "<i4")
        workshop.commit(manifest({**current.files, "neighbors": entry}))
    with pytest.raises(LibraryDamaged, match="names rows that do not exist"):
        LibraryFolder(path).neighbors(0)


@pytest.mark.parametrize("shapes", [{"layout": (2, 3)}, {"vectors": (3, 3)}, {"neighbors": (2, 1, 1)}])
def test_shapes_must_fit_the_library(tmp_path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    path = tmp_path / "library"
    commit(path, "0000000a", PAPERS[:2])
    with Workshop(path) as workshop:
        current = read_manifest(path)
        files = dict(current.files)
        for role, shape in shapes.items():
            old = files[role]
            files[role] = FileEntry(old.name, old.size, old.sha256, old.dtype, shape, old.offset)
        workshop.commit(manifest(files))
    with pytest.raises(LibraryDamaged, match="cannot hold"):
        LibraryFolder(path)


# --- what each array may be


def put(path: Path, role: str, values: object, dtype: str = "") -> None:
    """Replace an array of a library as a stranger could: another one, but with right checksums."""
    folder = path / "manifest.json"
    name = json.loads(folder.read_text())["files"][role]["name"]
    dtype = dtype or arrays_of(2)[role][1]
    made = np.array(values, dtype=dtype)
    entry = write_array(path / name, made.reshape(made.shape or (0, 0)), dtype)
    fields = {"size": entry.size, "sha256": entry.sha256, "dtype": dtype, "shape": entry.shape, "offset": entry.offset}
    forge(path, **{f"{role}__{field}": value for field, value in fields.items()})


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A library of three papers."""
    commit(tmp_path / "library", "0000000a", PAPERS[:3])
    return tmp_path / "library"


RIGHT = [
    ("vectors", (3, 1), "<f2"), ("vectors", (3, 700), "<f4"), ("sample", (3, 3), "<f2"),
    ("sample", (3, 3), "<f4"), ("twins", (0, 3), "<i4"), ("twins", (1, 3), "<i4"), ("terms", (0, 3), "<i8"),
    ("terms", (99, 3), "<i8"), ("postings", (0, 2), "<i4"), ("postings", (99, 2), "<i4"),
]  # fmt: skip
WRONG = [
    ("vectors", (2, 3), "<f4"), ("vectors", (4, 3), "<f4"), ("vectors", (3, 0), "<f4"), ("vectors", (3, 3), "<i4"),
    ("sample", (0, 3), "<f4"), ("sample", (3, 0), "<f4"), ("sample", (SAMPLE, 3), "<f4"), ("sample", (2, 3), "<f4"),
    ("sample", (3, 3), "<i4"),
    ("neighbors", (2, 1), "<i4"), ("neighbors", (3, 0), "<i4"), ("neighbors", (3, 3), "<i4"),
    ("neighbors", (3, 1), "<i8"), ("similarities", (4, 1), "<f4"), ("similarities", (3, 1), "<f2"),
    ("related", (2, 1), "<i4"), ("related", (4, 1), "<i4"), ("related", (3, 0), "<i4"), ("related", (3, 3), "<i4"),
    ("related", (3, 1), "<i8"), ("related", (3, 1), "<f4"), ("scores", (2, 1), "<f4"), ("scores", (3, 0), "<f4"),
    ("scores", (3, 1), "<f2"), ("scores", (3, 1), "<i4"), ("cosines", (4, 1), "<f4"), ("cosines", (3, 3), "<f4"),
    ("cosines", (3, 1), "<i4"), ("twins", (2, 2), "<i4"), ("twins", (2, 4), "<i4"), ("twins", (0, 0), "<i4"),
    ("twins", (2, 3), "<i8"), ("twins", (2, 3), "<f4"), ("terms", (2, 2), "<i8"), ("terms", (2, 4), "<i8"),
    ("terms", (2, 3), "<i4"), ("terms", (2, 3), "<f4"), ("postings", (4, 1), "<i4"), ("postings", (4, 3), "<i4"),
    ("postings", (4, 2), "<i8"), ("postings", (4, 2), "<f4"), ("lengths", (2, 1), "<i4"), ("lengths", (4, 1), "<i4"),
    ("lengths", (3, 2), "<i4"), ("lengths", (3, 0), "<i4"), ("lengths", (3, 1), "<i8"), ("lengths", (3, 1), "<f4"),
    ("layout", (2, 2), "<f4"), ("layout", (3, 1), "<f4"), ("layout", (3, 2), "<f2"),
    ("faithfulness", (2, 1), "<f4"), ("faithfulness", (3, 2), "<f4"), ("faithfulness", (3, 1), "<f2"),
    ("scales", (2, 5), "<f4"), ("scales", (3, 4), "<f4"), ("scales", (3, 5), "<i4"),
    ("keys", (2, 2), "<i8"), ("keys", (3, 1), "<i8"), ("keys", (3, 2), "<i4"),
    ("topics", (2, 2), "<i4"), ("topics", (3, 1), "<i4"), ("topics", (3, 3), "<i4"), ("topics", (3, 2), "<f4"),
]  # fmt: skip


def test_all_roles_are_tried() -> None:
    assert {role for role, *_ in WRONG} == set(ROLES) == set(arrays_of(2))


@pytest.mark.parametrize(("role", "shape", "dtype"), RIGHT)
def test_arrays_that_fit_are_opened(three: Path, role: str, shape: tuple[int, int], dtype: str) -> None:
    if role == "vectors":
        put(three, "sample", np.eye(*shape), dtype)
    put(three, role, np.eye(*shape), dtype)
    np.testing.assert_array_equal(LibraryFolder(three).array(role), np.eye(*shape))


@pytest.mark.parametrize(("role", "shape", "dtype"), WRONG)
def test_whole_files_of_other_shapes_or_types_are_refused(
    three: Path, role: str, shape: tuple[int, int], dtype: str
) -> None:
    put(three, role, np.zeros(shape), dtype)
    with pytest.raises(LibraryDamaged, match=rf"{role}-0000000a\.npy cannot hold {role}: \({shape[0]}, {shape[1]}\)"):
        LibraryFolder(three)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("shape", [[], [3], [3, 1, 1], [1, 3, 1]], ids=str)
def test_arrays_have_two_dimensions(three: Path, role: str, shape: list[int]) -> None:
    forge(three, **{f"{role}__shape": shape})
    with pytest.raises(LibraryDamaged, match=f"cannot hold {role}"):
        LibraryFolder(three)


@pytest.mark.parametrize("role", ["neighbors", "similarities", "related", "scores", "cosines"])
def test_lists_that_belong_together_are_of_one_shape(three: Path, role: str) -> None:
    put(three, role, [[1, 2], [2, 0], [0, 1]])
    with pytest.raises(LibraryDamaged, match=rf"{role}.* are of different shapes|and {role} are of different shapes"):
        LibraryFolder(three)


def test_a_sample_of_other_dimensions_than_the_vectors_is_refused(three: Path) -> None:
    put(three, "sample", np.eye(3, 4))
    with pytest.raises(LibraryDamaged):
        LibraryFolder(three)


# --- what each array may hold


def everything(folder: LibraryFolder) -> dict[str, object]:
    """Read all that a library stores, each in every way there is."""
    rows = range(folder.manifest.papers)
    terms = folder.terms()
    last = folder.manifest.files["postings"].shape[0]
    read: dict[str, object] = {role: folder.array(role).tolist() for role in ROLES}
    read["lists"] = [(folder.neighbors(row), folder.related(row)) for row in rows]
    read["groups"] = folder.twins()
    read["blocks"] = [(first, block.tolist()) for first, block in folder.vectors().blocks()]
    read["words"] = (terms.terms().tolist(), terms.postings(0, last - 1).tolist(), terms.lengths().tolist())
    return read


SINGLE_WAYS = {
    "neighbors": lambda folder: [folder.neighbors(row) for row in range(3)],
    "related": lambda folder: [folder.related(row) for row in range(3)],
    "twins": lambda folder: folder.twins(),
    "postings": lambda folder: folder.terms().postings(0, 3).tolist(),
}
SINGLE_WAYS |= {
    "similarities": SINGLE_WAYS["neighbors"],
    **dict.fromkeys(("scores", "cosines"), SINGLE_WAYS["related"]),
}


def test_what_was_stored_comes_back(three: Path) -> None:
    read = everything(LibraryFolder(three))
    assert {role: read[role] for role in ROLES} == {
        role: values.astype(dtype).tolist() for role, (values, dtype) in arrays_of(3).items()
    }
    assert read["lists"] == [([(row, 0.5)], [(row, 1.25, 0.5)]) for row in (1, 2, 0)]
    assert read["groups"] == {0: (0, 0), 1: (0, 1)}
    assert read["blocks"] == [(0, [[1, 0, 0], [0, 1, 0], [0, 0, 1]])]
    assert read["words"] == ([[-5, 3, 3], [7, 4, 1]], [[0, 1], [1, 1], [2, 1]], [3, 1, 1])


@pytest.mark.parametrize("role", ROLES)
def test_each_flipped_byte_of_a_library_is_found(three: Path, role: str) -> None:
    """Reading all of an array finds it; reading some of it finds it, or gives what is right all the same."""
    (file,) = three.glob(f"{role}-*")
    whole = file.read_bytes()
    folder = LibraryFolder(three)
    right = SINGLE_WAYS[role](folder) if role in SINGLE_WAYS else None
    found = 0
    with file.open("rb+") as opened:
        for position, byte in enumerate(whole):
            opened.seek(position)
            opened.write(bytes([byte ^ (1 << position % 8)]))
            opened.flush()
            with pytest.raises(LibraryDamaged, match=rf"{role}-0000000a\.npy was altered"):
                folder.array(role)
            if role in SINGLE_WAYS:
                try:
                    assert SINGLE_WAYS[role](folder) == right
                except LibraryDamaged:
                    found += 1
            opened.seek(position)
            opened.write(bytes([byte]))
            opened.flush()
    assert everything(folder)
    assert found == (len(whole) - 4 if role in SINGLE_WAYS else 0)  # the last four check the checksums


@pytest.mark.parametrize("role", ["related", "neighbors"])
@pytest.mark.parametrize("wrong", [3, -1, 2**31 - 1, -(2**31)])
def test_lists_that_name_papers_that_do_not_exist_are_damage(three: Path, role: str, wrong: int) -> None:
    put(three, role, [[1], [wrong], [0]])
    folder = LibraryFolder(three)
    one = folder.related if role == "related" else folder.neighbors
    assert one(0)[0][0] == 1  # the row itself is right
    for read in (lambda: one(1), lambda: folder.array(role)):
        with pytest.raises(LibraryDamaged, match=rf"{role}-0000000a\.npy names rows that do not exist"):
            read()


def test_labels_that_were_altered_are_damage(three: Path) -> None:
    assert LibraryFolder(three).labels() == LABELS
    (file,) = three.glob("labels-*")
    file.write_text(LABELS.replace("0", "1"))
    with pytest.raises(LibraryDamaged, match=r"labels-0000000a\.json was altered"):
        LibraryFolder(three).labels()


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("wrong", [3, -1, -2, 2**31 - 1, -(2**31)])
def test_twins_that_do_not_exist_are_damage(three: Path, column: int, wrong: int) -> None:
    twins = [[0, 0, 0], [1, 0, 0]]
    twins[1][column] = wrong
    put(three, "twins", twins)
    with pytest.raises(LibraryDamaged, match=r"twins-0000000a\.npy names rows that do not exist"):
        LibraryFolder(three).twins()


@pytest.mark.parametrize("role", ["similarities", "scores", "cosines", "layout", "faithfulness", "sample"])
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_damage(three: Path, role: str, wrong: float) -> None:
    values, dtype = arrays_of(3)[role]
    values[1, -1] = wrong
    put(three, role, values, dtype)
    with pytest.raises(LibraryDamaged, match=rf"{role}-0000000a\.npy holds numbers that are not finite"):
        LibraryFolder(three).array(role)


@pytest.mark.parametrize("role", ["similarities", "scores", "cosines"])
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_single_list_with_numbers_that_are_not_finite_is_damage(three: Path, role: str, wrong: float) -> None:
    """They would be shown to people, and are no JSON."""
    put(three, role, [[0.5], [wrong], [0.5]])
    folder = LibraryFolder(three)
    with pytest.raises(LibraryDamaged):
        (folder.neighbors if role == "similarities" else folder.related)(1)


def test_a_half_precision_sample_with_nan_is_damage(three: Path) -> None:
    put(three, "sample", [[1, 0, 0], [0, math.nan, 0], [0, 0, 1]], "<f2")
    with pytest.raises(LibraryDamaged, match="not finite"):
        LibraryFolder(three).array("sample")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("size", [0, 1, 100, 128, 130, -8, -4, -1])
def test_a_cut_file_is_refused_even_where_the_manifest_agrees(three: Path, role: str, size: int) -> None:
    (file,) = three.glob(f"{role}-*")
    file.write_bytes(file.read_bytes()[:size])
    forge(three, **{f"{role}__size": file.stat().st_size})
    with pytest.raises(LibraryDamaged, match=f"cannot hold {role}"):
        LibraryFolder(three)


@pytest.mark.parametrize("role", ROLES)
def test_a_file_cut_while_it_is_open_is_damage(three: Path, role: str) -> None:
    folder = LibraryFolder(three)
    (file,) = three.glob(f"{role}-*")
    whole = file.read_bytes()
    for size in (0, 5, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        with file.open("rb+") as opened:
            opened.truncate(size)
        with pytest.raises(LibraryDamaged):
            folder.array(role)
        if role in SINGLE_WAYS and size < len(whole) - 4:
            with pytest.raises(LibraryDamaged):
                SINGLE_WAYS[role](folder)
        with file.open("rb+") as opened:
            opened.write(whole)


def test_a_manifest_must_name_all_files(tmp_path: Path) -> None:
    with Workshop(tmp_path / "library") as workshop:
        workshop.commit(manifest())
    with pytest.raises(LibraryDamaged, match="does not name all files"):
        LibraryFolder(tmp_path / "library")


def test_no_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFound, match="make one with 'explorer build"):
        LibraryFolder(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryNotFound):
        LibraryFolder(tmp_path / "file")
    with pytest.raises(LibraryExists, match="is, or is in, a file"), Workshop(tmp_path / "file"):
        pass
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe")
    with pytest.raises(LibraryDamaged, match="is not text"):
        LibraryFolder(tmp_path)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(LibraryExists, match=r"holds other files \(thesis.tex\)"), Workshop(tmp_path):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


HOLD = """
import sys, time
from pathlib import Path
from explorer.store import Workshop
with Workshop(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_writer_is_refused_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", HOLD, str(tmp_path / "library")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"held\n"
        with pytest.raises(LibraryLocked, match="being written by another process"), Workshop(tmp_path / "library"):
            pass
        writer.kill()
    with Workshop(tmp_path / "library") as workshop:
        assert workshop.shards.is_dir()


def test_a_failed_build_leaves_its_shards_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "library"

    def fail() -> None:
        with Workshop(path) as workshop:
            (workshop.work / "papers-0000000a.sqlite").write_text("half")
            (workshop.shards / "a.npy").write_text("whole")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [file.name for file in (path / ".paper-explorer-work").iterdir()] == ["shards"]
    with pytest.raises(LibraryNotFound, match="unfinished build"):
        LibraryFolder(path)
    with Workshop(path) as workshop:
        assert (workshop.shards / "a.npy").read_text() == "whole"
        (workshop.shards / "a.npy").unlink()
    assert not (path / ".paper-explorer-work").exists()


# --- strangers' folders, and what the system refuses


def forge(path: Path, **changes: object) -> None:
    """Rewrite a library's manifest as a stranger could: wrong, but with a right checksum."""
    file = path / "manifest.json"
    content = json.loads(file.read_text())
    del content["checksum"]
    for name, value in changes.items():
        role, _, field = name.partition("__")
        if field:
            content["files"][role][field] = value
        else:
            content[name] = value
    checksum = zlib.crc32(json.dumps(content, sort_keys=True).encode())
    file.write_text(json.dumps({**content, "checksum": checksum}))


@pytest.mark.parametrize(
    "changes",
    [
        {"papers": 60.0}, {"papers": 0}, {"papers": -1}, {"papers": 10**15}, {"model": [1]}, {"model": {"name": "m"}},
        {"parameters": {}}, {"parameters": {"index": 1}}, {"counts": 5}, {"counts": {}}, {"inputs": [1]}, {"inputs": {}},
        {"versions": {"a": 1}}, {"created": None}, {"generation": 3}, {"files": []}, {"unheard": 1},
        {"vectors__dtype": "O"}, {"vectors__dtype": "<f8"}, {"neighbors__dtype": "<f4"}, {"layout__dtype": ""},
        {"vectors__offset": 2**40}, {"vectors__offset": 2**70}, {"vectors__offset": -1}, {"vectors__shape": [2, 2**62]},
        {"vectors__shape": [2, 0]}, {"vectors__shape": []}, {"vectors__shape": [True, 3]}, {"neighbors__shape": [2, 0]},
        {"neighbors__shape": [2, 2]}, {"vectors__size": "1"},
        {"weighing": 5}, {"weighing": {}}, {"weighing": {"papers": 2}}, {"weighing": {"average_length": 2.0}},
        {"weighing": {"papers": 0, "average_length": 2.0}}, {"weighing": {"papers": 2, "average_length": 0.5}},
        {"weighing": {"papers": True, "average_length": 2.0}}, {"weighing": {"papers": "2", "average_length": 2.0}},
        {"weighing": {"papers": 2**53, "average_length": 2.0}}, {"weighing": {"papers": 2, "average_length": -3.0}},
        {"weighing": {"papers": 2, "average_length": math.nan}}, {"weighing": {"papers": math.inf, "average_length": 2.0}},
        {"weighing": {"papers": 2, "average_length": 2.0, "unheard": 1}},
        {"index": 5}, {"index": {}}, {"index": {"type": 1, "recall": 1.0, "k": 30, "rows": 0}},
        {"index": {"type": "exact", "recall": math.nan, "k": 30, "rows": 0}},
        {"index": {"type": "exact", "recall": 1.0, "k": 30}},
        {"picture": 5}, {"picture": {}}, {"picture": {"kept": 0.5, "trustworthiness": 0.9, "k": 15}},
        {"picture": {"kept": math.nan, "trustworthiness": 0.9, "k": 15, "rows": 2}},
        {"picture": {"kept": -0.1, "trustworthiness": 0.9, "k": 15, "rows": 2}},
        {"picture": {"kept": "x", "trustworthiness": 0.9, "k": 15, "rows": 2}},
        {"added": []}, {"added": [1]}, {"added": "2020-10-07"}, {"added": None}, {"added": {}},
    ],
    ids=str,
)  # fmt: skip
def test_a_forged_manifest_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    path = tmp_path / "library"
    commit(path, "0000000a", PAPERS[:2])
    forge(path, **changes)
    with pytest.raises(LibraryDamaged):
        LibraryFolder(path)


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE papers RENAME TO p", "CREATE VIEW papers AS SELECT * FROM p"],
        ["DROP TABLE words", "CREATE VIEW words AS SELECT 1 AS title"],
        ["DROP TABLE papers"],
    ],
)
def test_tables_that_are_not_a_library_s_are_refused(tmp_path: Path, statements: list[str]) -> None:
    path = tmp_path / "papers-0000000a.sqlite"
    make_database(path, PAPERS).close()
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(LibraryDamaged, match="does not hold the tables of a library"):
        PaperDatabase(path, len(PAPERS))


@pytest.mark.parametrize(
    ("column", "value"),
    [("title", 7), ("version", "x"), ("authors", "[" * 100_000), ("authors", "5"), ("links", "[1]"), ("authors", "{")],
)
def test_values_of_other_types_are_damage(tmp_path: Path, column: str, value: object) -> None:
    """The stranger has made the checksum right."""
    path = tmp_path / "papers-0000000a.sqlite"
    make_database(path, PAPERS).close()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE forged AS SELECT * FROM papers")  # a table without types
    connection.execute(f"UPDATE forged SET {column} = ? WHERE row = 0", (value,))
    names = database_module.COLUMNS.removesuffix(", crc")
    row = connection.execute(f"SELECT {names} FROM forged WHERE row = 0").fetchone()
    connection.execute("UPDATE forged SET crc = ? WHERE row = 0", (database_module.crc_of(row),))
    connection.execute("DROP TABLE papers")
    connection.execute("ALTER TABLE forged RENAME TO papers")
    connection.commit()
    connection.close()
    with pytest.raises(LibraryDamaged):
        PaperDatabase(path, len(PAPERS)).papers([0])


def test_a_swap_of_rows_is_found(tmp_path: Path) -> None:
    path = tmp_path / "papers-0000000a.sqlite"
    make_database(path, PAPERS).close()
    connection = sqlite3.connect(path)
    for old, new in ((0, 9), (1, 0), (9, 1)):
        connection.execute("UPDATE papers SET row = ? WHERE row = ?", (new, old))
    connection.commit()
    connection.close()
    with pytest.raises(LibraryDamaged, match="row 0 was altered"):
        PaperDatabase(path, len(PAPERS)).papers([0])
    with pytest.raises(LibraryDamaged, match="names a row 3 that does not exist"):
        PaperDatabase(path, 3).row_of("x")


def test_neighbors_and_places_are_checked_for_the_map_too(tmp_path: Path) -> None:
    path = tmp_path / "library"
    commit(path, "0000000a", PAPERS[:2])
    for role, values, dtype in (("neighbors", [[1], [2]], "<i4"), ("layout", [[0, 0], [0, np.nan]], "<f4")):
        entry = write_array(path / f"{role}-0000000a.npy", np.array(values), dtype)
        forge(path, **{f"{role}__sha256": entry.sha256})
        with pytest.raises(LibraryDamaged):
            LibraryFolder(path).array(role)


def test_threads_share_an_open_library(tmp_path: Path) -> None:
    values = np.arange(60_000, dtype=np.int32).reshape(20_000, 3)
    path = tmp_path / "neighbors-0000000a.npy"
    entry = write_array(path, values, "<i4")
    rows = [row * 7919 % 20_000 for row in range(2000)]
    interval = sys.getswitchinterval()
    with path.open("rb") as file, ThreadPoolExecutor(8) as pool:
        # Every thread has started before switches become frequent: a tracer cannot be installed in two at once.
        list(pool.map(threading.Barrier(8).wait, [60] * 8))
        sys.setswitchinterval(1e-5)
        try:
            assert list(pool.map(lambda row: read_row(file, entry, row).tolist(), rows)) == values[rows].tolist()
        finally:
            sys.setswitchinterval(interval)


def test_where_a_file_cannot_be_read_at_a_position_threads_take_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = write_array(tmp_path / "a.npy", np.arange(6, dtype=np.int32).reshape(3, 2), "<i4")
    monkeypatch.delattr(os, "pread")
    with (tmp_path / "a.npy").open("rb") as file:
        assert read_row(file, entry, 2).tolist() == [4, 5]


def test_a_build_removes_nothing_that_is_not_a_library_s(tmp_path: Path) -> None:
    path = tmp_path / "library"
    commit(path, "0000000a", PAPERS[:2])
    work = path / ".paper-explorer-work"
    work.mkdir()
    mine = [path / "papers-20201007.sqlite", path / "arxiv-20201007.jsonl", path / "map.html", work / "thesis.txt"]
    for file in mine:
        file.write_text("mine")
    commit(path, "0000000b", PAPERS[:3])
    assert [file.read_text() for file in mine] == ["mine"] * 4
    assert not list(path.glob("*0000000a*"))


@pytest.mark.parametrize("inner", [".paper-explorer-work", ".paper-explorer-work/shards"])
def test_a_link_out_of_the_library_is_not_followed(tmp_path: Path, inner: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "library" / inner
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(LibraryExists, match="is a link to elsewhere"), Workshop(tmp_path / "library"):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_somebody_else_s_manifest_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a browser extension"}')
    with pytest.raises(LibraryExists, match=r"holds other files \(manifest\.json\)"), Workshop(tmp_path):
        pass


def test_a_failed_commit_leaves_the_state_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Manifest) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    first, second = tmp_path / "first", tmp_path / "second"
    commit(second, "0000000a", PAPERS[:2])
    with monkeypatch.context() as patched:
        patched.setattr(Manifest, "to_json", full)
        for path in (first, second):
            with pytest.raises(LibraryInaccessible, match=r"cannot be written: .*No space left"):
                commit(path, "0000000b", PAPERS[:3])
    assert [file.name for file in first.iterdir()] == [".paper-explorer.lock"]
    assert LibraryFolder(second).neighbors(0) == [(1, 0.5)]
    assert not list(second.glob("*0000000b*"))
    commit(first, "0000000c", PAPERS[:3])
    assert LibraryFolder(first).manifest.papers == 3


@pytest.mark.parametrize("name", ["a\0b", "x" * 300])
def test_impossible_paths_are_said_to_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(LibraryInaccessible):
        LibraryFolder(tmp_path / name)
    with pytest.raises(LibraryInaccessible), Workshop(tmp_path / name):
        pass


def test_a_manifest_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(LibraryDamaged, match="is no manifest"):
        LibraryFolder(tmp_path)


def test_a_file_may_not_be_taken_away_while_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit between manifest and files: the manifest is read again, and then the new state is opened."""
    path = tmp_path / "library"
    commit(path, "0000000a", PAPERS[:2])
    original = folder_module.PaperDatabase
    taken = []

    def late(file: Path, rows: int) -> PaperDatabase:
        if not taken:
            taken.append(file)
            commit(path, "0000000b", PAPERS[:3])
        return original(file, rows)

    monkeypatch.setattr(folder_module, "PaperDatabase", late)
    assert LibraryFolder(path).manifest.generation == "0000000b"
    assert taken == [path / "papers-0000000a.sqlite"]


def test_what_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tmp_path / "library", "0000000a", PAPERS[:2])

    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(LibraryFolder, "_open", forbidden)
    with pytest.raises(LibraryInaccessible, match="Permission denied"):
        LibraryFolder(tmp_path / "library")
