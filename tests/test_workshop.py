"""A library's one writer: what is on disk when, what a killed one leaves, and what is in its way."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faulting.answers import make_library
from faulting.content import commit_copy, content_of, leftovers
from faulting.papers import paper_id, write_papers
from hashed_words import HashedWords

from explorer import Library
from explorer.errors import LibraryDamaged, LibraryExists, LibraryInaccessible, LibraryLocked, LibraryNotFound
from explorer.store import LibraryFolder, Workshop, arrays, files, load_array, read_manifest, tidy, write_array
from explorer.store import folder as folder_module
from explorer.store.files import make_folder, open_file
from explorer.wholefiles import flush_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, pipes and forcing folders to disk are POSIX")

ORPHAN = "papers-0000abcd.sqlite"
SHARD = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 12 papers, for copying."""
    folder = tmp_path_factory.mktemp("whole")
    make_library(write_papers(folder / "papers.jsonl", range(12), 0), folder / "library")
    return folder / "library"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of 8."""
    folder = tmp_path_factory.mktemp("other")
    make_library(write_papers(folder / "papers.jsonl", range(8), 0), folder / "library")
    return folder / "library"


@pytest.fixture
def library(tmp_path: Path, whole: Path) -> Path:
    shutil.copytree(whole, tmp_path / "library")
    return tmp_path / "library"


# --- lost power


class Disk:
    """Record, in order, what is forced to disk and what is renamed, by number of file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[tuple[str, int, str]] = []
        fsync, move = os.fsync, Path.replace

        def forced(descriptor: int) -> None:
            self.events.append(("forced", os.fstat(descriptor).st_ino, ""))
            fsync(descriptor)

        def moved(path: Path, target: Path) -> Path:
            self.events.append(("moved", path.stat().st_ino, str(target)))
            return move(path, target)

        monkeypatch.setattr(os, "fsync", forced)
        monkeypatch.setattr(Path, "replace", moved)

    def forced(self, path: Path) -> list[int]:
        return [place for place, (kind, file, _) in enumerate(self.events) if (kind, file) == ("forced", inode(path))]

    def moved(self, to: Path) -> int:
        return next(
            place for place, (kind, _, target) in enumerate(self.events) if (kind, target) == ("moved", str(to))
        )


def inode(path: Path) -> int:
    return path.stat().st_ino


def test_a_state_is_on_disk_before_anything_refers_to_it(
    tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power may be lost at any moment: files, then their names, then the manifest, then its name."""
    disk, path = Disk(monkeypatch), tmp_path / "new" / "library"
    Library.build(sample, path, model=HashedWords()).close()
    committed = disk.moved(path / "manifest.json")
    named = [disk.moved(path / entry.name) for entry in read_manifest(path).files.values()]
    for entry in read_manifest(path).files.values():
        assert disk.forced(path / entry.name)[-1] < disk.moved(path / entry.name), entry.name
    assert [place for place in disk.forced(path) if max(named) < place < committed]
    assert disk.forced(path / "manifest.json")[0] < committed
    assert [place for place in disk.forced(path) if place > committed]
    assert disk.forced(tmp_path)[0] < committed  # that there is a folder
    assert disk.forced(path.parent)[0] < committed


def test_a_shard_is_on_disk_when_it_is_found_again(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workshop(library) as workshop:
        disk = Disk(monkeypatch)
        shard = workshop.keep_shard(SHARD, np.eye(3, dtype=np.float32))
        assert disk.forced(shard)[0] < disk.moved(shard) < disk.forced(workshop.shards)[0]


def test_a_file_system_may_have_nothing_to_force_for_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(number: int) -> Callable[[int], None]:
        def fsync(_: int) -> None:
            raise OSError(number, os.strerror(number))

        return fsync

    monkeypatch.setattr(os, "fsync", refuse(errno.EINVAL))
    flush_folder(tmp_path)
    monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        flush_folder(tmp_path)
    make_folder(tmp_path / "a" / "b")  # where a folder may be made, its parent need not be readable
    assert (tmp_path / "a" / "b").is_dir()


# --- what a killed writer leaves


def test_files_of_no_state_are_ignored_and_removed_by_the_next_writer(library: Path, whole: Path) -> None:
    work = library / ".paper-explorer-work"
    (work / "shards").mkdir(parents=True)
    write_array(work / "shards" / f"{SHARD}.npy", np.eye(2), "<f4")
    for file in (library / ORPHAN, work / ORPHAN, work / "manifest.json", work / "shards" / f"{SHARD}.tmp"):
        file.write_text("half")
    mine = [library / "map.html", work / "thesis.txt", work / "shards" / "a.npy"]
    for file in mine:
        file.write_text("mine")
    assert LibraryFolder(library).manifest == read_manifest(whole)
    with Workshop(library) as workshop:
        assert workshop.find_shard(SHARD) == work / "shards" / f"{SHARD}.npy"
        assert {file.name for file in work.iterdir()} == {"shards", "thesis.txt"}
        assert not (library / ORPHAN).exists()
    assert content_of(library) == content_of(whole)
    assert [file.read_text() for file in mine] == ["mine"] * 3


@pytest.mark.parametrize("content", [None, "", "{}"], ids=["no manifest", "empty", "another"])
def test_where_no_manifest_tells_what_is_of_use_nothing_is_removed(library: Path, content: str | None) -> None:
    names = {file.name for file in library.iterdir()} - {"manifest.json"}
    (library / "manifest.json").unlink()
    if content is not None:
        (library / "manifest.json").write_text(content)
    with Workshop(library):
        pass
    assert {file.name for file in library.iterdir()} - {"manifest.json"} == names


def test_tidying_removes_what_a_killed_writer_left(library: Path, whole: Path) -> None:
    before = sorted(library.rglob("*"))
    tidy(library)
    assert sorted(library.rglob("*")) == before
    (library / ORPHAN).write_text("half")
    with Workshop(library):
        (library / ORPHAN).write_text("half")
        tidy(library)  # which may be of use to the one that writes
        assert (library / ORPHAN).exists()
    tidy(library)
    assert leftovers(library) == []
    assert content_of(library) == content_of(whole)
    tidy(library / "nowhere")
    assert not (library / "nowhere").exists()


def test_ctrl_c_right_after_the_commit_does_not_undo_it(
    library: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = Path.replace

    def interrupted(path: Path, target: Path) -> Path:
        moved = move(path, target)
        if path.name == "manifest.json":
            raise KeyboardInterrupt
        return moved

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            commit_copy(other, library)
    assert content_of(library) == content_of(other)
    assert leftovers(library) == []


def test_a_manifest_that_names_what_is_not_there_is_not_committed(library: Path, whole: Path) -> None:
    manifest = read_manifest(library)
    for entry, message in (
        (replace(manifest.files["layout"], name="layout-0000abcd.npy"), "layout-0000abcd.npy is missing"),
        (replace(manifest.files["layout"], size=7), "bytes long and not 7"),
    ):
        files_of_it = {**manifest.files, "layout": entry}
        with pytest.raises(LibraryDamaged, match=message), Workshop(library) as workshop:
            workshop.commit(replace(manifest, generation="0000abcd", files=files_of_it))
    assert content_of(library) == content_of(whole)
    assert leftovers(library) == []


def test_commits_may_follow_each_other_while_a_library_is_opened(
    library: Path, whole: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, commits = folder_module.PaperDatabase, iter([other, whole] * 4)

    def late(file: Path, rows: int) -> object:
        if (source := next(commits, None)) is not None:
            commit_copy(source, library)
        return original(file, rows)

    monkeypatch.setattr(folder_module, "PaperDatabase", late)
    assert LibraryFolder(library).manifest.papers == 12
    assert next(commits, None) is None


def test_a_build_that_finds_its_library_tidies_it(tmp_path: Path) -> None:
    papers, library = write_papers(tmp_path / "papers.jsonl", range(12), 0), tmp_path / "library"
    make_library(papers, library)
    (library / ORPHAN).write_text("half")
    make_library(papers, library)
    assert leftovers(library) == []


@pytest.mark.parametrize("change", ["add", "remove"])
def test_damaged_papers_are_not_handed_on_to_the_next_state(tmp_path: Path, library: Path, change: str) -> None:
    """Copied, they would get checksums that are right."""
    file = library / read_manifest(library).files["papers"].name
    with Library.open(library, model=HashedWords(128)) as opened:
        content = file.read_bytes()
        title = opened.papers[3].title.encode()
        file.write_bytes(content.replace(title, title.swapcase()))
        assert file.read_bytes() != content
        before = content_of(library)
        papers = write_papers(tmp_path / "more.jsonl", range(12, 14), 0)
        with pytest.raises(LibraryDamaged, match=r"papers-\w+\.sqlite was altered"):
            opened.add(papers) if change == "add" else opened.remove(paper_id(5))
    assert content_of(library) == before


# --- no room


def test_of_an_array_for_which_there_is_no_room_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")

    def full(path: Path) -> object:
        path.touch()
        return Path("/dev/full").open("wb")

    monkeypatch.setattr(arrays, "new_file", full)
    for values in (np.eye(2), np.zeros((500, 500))):  # noticed at the end, and before it
        with pytest.raises(OSError, match="No space left"):
            write_array(tmp_path / "a.npy", values, "<f4")
        assert list(tmp_path.iterdir()) == []


def test_a_workshop_that_cannot_be_set_up_is_not_locked(library: Path) -> None:
    work = library / ".paper-explorer-work"
    work.write_text("in the way")
    with (
        pytest.raises(LibraryInaccessible, match=r"cannot be written: .*(File exists|Not a directory)"),
        Workshop(library),
    ):
        pass
    work.unlink()
    with Workshop(library), pytest.raises(LibraryLocked), Workshop(library):
        pass


def test_a_disk_that_cannot_be_read_is_said_to_be(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    folder = LibraryFolder(library)
    monkeypatch.setattr(os, "pread", broken)
    with pytest.raises(LibraryInaccessible, match=r"neighbors-\w+\.npy cannot be read: .*Input/output error"):
        folder.neighbors(0)
    with pytest.raises(LibraryInaccessible, match="Input/output error"):
        list(folder.vectors().blocks())


# --- links and other things in the way


@pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to], ids=["link", "hard link"])
def test_the_lock_is_no_way_out(tmp_path: Path, library: Path, make: Callable[[Path, Path], None]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    (library / ".paper-explorer.lock").unlink()
    make(library / ".paper-explorer.lock", tmp_path / "thesis.txt")
    with pytest.raises(LibraryExists, match="remove it"), Workshop(library):
        pass
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to], ids=["link", "hard link"])
def test_nothing_is_written_through_a_link(
    tmp_path: Path, library: Path, other: Path, make: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with Workshop(library) as workshop:
        make(workshop.shards / f"{SHARD}.tmp", tmp_path / "thesis.txt")
        make(workshop.shards / f"{SHARD}.npy", tmp_path / "thesis.txt")
        make(workshop.work / "manifest.json", tmp_path / "thesis.txt")
        assert workshop.find_shard(SHARD) is None  # the thesis is no array
        shard = workshop.keep_shard(SHARD, np.eye(3, dtype=np.float32))
        assert not shard.is_symlink()
        np.testing.assert_array_equal(load_array(shard), np.eye(3))
        workshop.commit(read_manifest(library))
    commit_copy(other, library)
    assert not (library / "manifest.json").is_symlink()
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_what_is_no_file_is_not_waited_for(tmp_path: Path, library: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LibraryDamaged, match="pipe is no file"):
        open_file(tmp_path / "pipe")
    with Workshop(library) as workshop:
        os.mkfifo(workshop.shards / f"{SHARD}.npy")
        assert workshop.find_shard(SHARD) is None
        workshop.keep_shard(SHARD, np.eye(3, dtype=np.float32))
        assert workshop.find_shard(SHARD) is not None


def test_a_shard_that_was_cut_is_none(library: Path) -> None:
    with Workshop(library) as workshop:
        assert workshop.find_shard(SHARD) is None
        shard = workshop.keep_shard(SHARD, np.eye(3, dtype=np.float32))
        shard.write_bytes(shard.read_bytes()[:-1])
        assert workshop.find_shard(SHARD) is None
    with pytest.raises(LibraryNotFound):
        LibraryFolder(library / ".paper-explorer-work")


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() == 0, reason="root may do everything")
def test_a_file_of_papers_that_may_not_be_read_is_not_called_missing(library: Path) -> None:
    (library / read_manifest(library).files["papers"].name).chmod(0)
    with pytest.raises(LibraryInaccessible, match="Permission denied"):
        LibraryFolder(library)


def test_the_system_s_word_on_papers_is_passed_on(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path) -> object:
        if path.suffix == ".sqlite":
            raise PermissionError(errno.EACCES, "Permission denied")
        return files.open_file(path)

    monkeypatch.setattr(folder_module, "open_file", forbidden)
    with pytest.raises(LibraryInaccessible, match="Permission denied"):
        LibraryFolder(library)
