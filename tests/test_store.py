"""The library folder: arrays, papers, manifest, commit."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from explorer.errors import ForeignLibrary, LibraryDamaged, LibraryExists, LibraryLocked, LibraryNotFound
from explorer.papers import Paper
from explorer.store import (
    ArrayWriter,
    FileEntry,
    LibraryFolder,
    Manifest,
    PaperDatabase,
    PaperWriter,
    Workshop,
    describe_file,
    load_array,
    write_array,
)
from explorer.store.arrays import read_row, view_array

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
    writer.close()
    return PaperDatabase(path)


# --- arrays


@pytest.mark.parametrize("dtype", ["<i4", "<f4"])
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
    ],
)
def test_titles_by_part(database: PaperDatabase, part: str, rows: set[int]) -> None:
    assert set(database.rows_with_title_part(part, limit=9)) == rows


def test_nearest_ids_are_those_spelled_alike(database: PaperDatabase) -> None:
    assert database.nearest_ids("2010.0002")[0] == "2010.00002"
    assert database.nearest_ids("hep-th/9901010")[0] == "hep-th/9901001"


def test_the_first_paper_of_an_id_stays_and_listings_are_merged(tmp_path: Path) -> None:
    first = Paper("1", "First", listed_in=("cs.CV",))
    database = make_database(tmp_path / "p", [first, Paper("1", "Second", listed_in=("cs.LG", "cs.CV")), first])
    assert list(database.range(0, 1)) == [Paper("1", "First", listed_in=("cs.CV", "cs.LG"))]
    assert database.row_of("1") == 0
    with pytest.raises(LibraryDamaged, match="row 1 is missing"):
        database.papers([1])


def test_an_altered_paper_is_named(tmp_path: Path) -> None:
    path = tmp_path / "papers-00000000.sqlite"
    make_database(path, PAPERS).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE papers SET abstract = 'forged' WHERE row = 1")
    connection.close()
    database = PaperDatabase(path)
    assert database.papers([0]) == [PAPERS[0]]
    with pytest.raises(LibraryDamaged, match="row 1 was altered"):
        database.papers([0, 1])


def test_a_file_that_is_no_database_is_damage(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"no database" * 100)
    with pytest.raises(LibraryDamaged, match="p cannot be read"):
        PaperDatabase(tmp_path / "p").row_of("1")


def test_odd_folder_names_are_no_options(tmp_path: Path) -> None:
    folder = tmp_path / "a?mode=rwc#%20"
    folder.mkdir()
    assert make_database(folder / "p", PAPERS).row_of("x") == 3


# --- manifest


def manifest(files: dict[str, FileEntry] | None = None, papers: int = 2, generation: str = "0123abcd") -> Manifest:
    return Manifest(generation, papers, {"name": "m"}, {"seed": 1}, [{"name": "ü.md"}], files or {})


def test_a_manifest_comes_back() -> None:
    entry = FileEntry("vectors-0123abcd.npy", 3, "00", "<f4", (2, 4), 128)
    written = manifest({"vectors": entry})
    assert Manifest.from_json(written.to_json(), "m.json") == written


@pytest.mark.parametrize(
    ("found", "replaced", "error"),
    [
        ('"papers": 2', '"papers": 3', LibraryDamaged),
        ('"format": 1', '"format": 2', ForeignLibrary),
        ('"format": 1,', "", LibraryDamaged),
        ("{", "[", LibraryDamaged),
        ('"checksum"', '"check"', LibraryDamaged),
    ],
)
def test_an_altered_manifest_is_refused(found: str, replaced: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^m\.json"):
        Manifest.from_json(manifest().to_json().replace(found, replaced, 1), "m.json")


@pytest.mark.parametrize("text", ["", "null", "[]", "7", '{"format": 1}', "[" * 100_000])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(LibraryDamaged):
        Manifest.from_json(text, "m.json")


@pytest.mark.parametrize("name", ["../papers-0123abcd.sqlite", "/etc/passwd", "manifest.json", ""])
def test_a_manifest_never_leads_out_of_its_folder(name: str) -> None:
    with pytest.raises(LibraryDamaged, match="cannot be a file of a library"):
        Manifest.from_json(manifest({"papers": FileEntry(name, 1, "")}).to_json(), "m.json")


# --- folder


def commit(path: Path, generation: str, papers: list[Paper]) -> None:
    """Make a tiny library: each paper's neighbor is the next one."""
    rows = len(papers)
    with Workshop(path) as workshop:
        work = workshop.work
        make_database(work / f"papers-{generation}.sqlite", papers).close()
        following = (np.arange(rows)[:, None] + 1) % rows
        files = {
            "papers": describe_file(work / f"papers-{generation}.sqlite"),
            "vectors": write_array(work / f"vectors-{generation}.npy", np.eye(rows, 3), "<f4"),
            "neighbors": write_array(work / f"neighbors-{generation}.npy", following, "<i4"),
            "similarities": write_array(work / f"similarities-{generation}.npy", np.full((rows, 1), 0.5), "<f4"),
            "layout": write_array(work / f"layout-{generation}.npy", np.zeros((rows, 2)), "<f4"),
        }
        workshop.commit(manifest(files, rows, generation), [entry.name for entry in files.values()])


def test_a_commit_replaces_everything_and_a_reader_keeps_what_it_opened(tmp_path: Path) -> None:
    path = tmp_path / "library"
    commit(path, "00000001", PAPERS[:2])
    reader = LibraryFolder(path)
    commit(path, "00000002", PAPERS[:3])
    assert reader.neighbors(1) == [(0, 0.5)]
    assert reader.database.papers([0, 1]) == PAPERS[:2]
    np.testing.assert_array_equal(reader.array("vectors"), np.eye(2, 3))
    assert LibraryFolder(path).neighbors(1) == [(2, 0.5)]
    assert sorted(file.name.partition("-")[0] for file in path.iterdir()) == [
        ".lock", "layout", "manifest.json", "neighbors", "papers", "similarities", "vectors",
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["papers", "vectors", "neighbors", "similarities", "layout"])
def test_a_missing_or_cut_file_is_named(tmp_path: Path, role: str) -> None:
    commit(tmp_path / "library", "00000001", PAPERS[:2])
    (file,) = (tmp_path / "library").glob(f"{role}-*")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(LibraryDamaged, match=rf"{role}-00000001\.\w+ is \d+ bytes long and not \d+; build it again"):
        LibraryFolder(tmp_path / "library")
    file.unlink()
    with pytest.raises(LibraryDamaged, match=rf"{role}-00000001\.\w+ is missing"):
        LibraryFolder(tmp_path / "library")


def test_neighbors_outside_the_library_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "library"
    commit(path, "00000001", PAPERS[:2])
    with Workshop(path) as workshop:
        current = workshop.current()
        assert current is not None
        entry = write_array(workshop.work / "neighbors-00000002.npy", np.full((2, 1), 7), "<i4")
        workshop.commit(manifest({**current.files, "neighbors": entry}), [entry.name])
    with pytest.raises(LibraryDamaged, match="names rows that do not exist"):
        LibraryFolder(path).neighbors(0)


@pytest.mark.parametrize("shapes", [{"layout": (2, 3)}, {"vectors": (3, 3)}, {"neighbors": (2, 1, 1)}])
def test_shapes_must_fit_the_library(tmp_path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    path = tmp_path / "library"
    commit(path, "00000001", PAPERS[:2])
    with Workshop(path) as workshop:
        current = workshop.current()
        assert current is not None
        files = dict(current.files)
        for role, shape in shapes.items():
            old = files[role]
            files[role] = FileEntry(old.name, old.size, old.sha256, old.dtype, shape, old.offset)
        workshop.commit(manifest(files), [])
    with pytest.raises(LibraryDamaged, match="has shape"):
        LibraryFolder(path)


def test_a_manifest_must_name_all_files(tmp_path: Path) -> None:
    with Workshop(tmp_path / "library") as workshop:
        workshop.commit(manifest(), [])
    with pytest.raises(LibraryDamaged, match="does not name all files"):
        LibraryFolder(tmp_path / "library")


def test_no_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFound, match="make one with 'explorer build"):
        LibraryFolder(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryNotFound):
        LibraryFolder(tmp_path / "file")
    with pytest.raises(LibraryExists, match="is a file"), Workshop(tmp_path / "file"):
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
    command = [sys.executable, "-c", HOLD, str(tmp_path / "library")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"held\n"
        with pytest.raises(LibraryLocked, match="being written by another process"), Workshop(tmp_path / "library"):
            pass
        writer.kill()
    with Workshop(tmp_path / "library") as workshop:
        assert workshop.current() is None


def test_a_failed_build_leaves_its_shards_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "library"

    def fail() -> None:
        with Workshop(path) as workshop:
            (workshop.work / "papers-00000001.sqlite").write_text("half")
            (workshop.shards / "a.npy").write_text("whole")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [file.name for file in (path / ".work").iterdir()] == ["shards"]
    with pytest.raises(LibraryNotFound, match="unfinished build"):
        LibraryFolder(path)
    with Workshop(path) as workshop:
        assert (workshop.shards / "a.npy").read_text() == "whole"
        (workshop.shards / "a.npy").unlink()
    assert not (path / ".work").exists()
