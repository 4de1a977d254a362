"""What is kept of a model: whole or not at all, whatever happens while it is made."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from explorer import ModelIdentity
from explorer.embedder import prepared
from explorer.embedder.prepared import PreparedModel, discard_prepared, find_prepared, keep_prepared
from explorer.embedder.runtimes.openvino import OpenVino

NAME = "0123456789abcdef" * 4
OTHER = "f" * 64
GRAPH = bytes(range(256)) * 20


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of prepared models, in a cache of its own."""
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models-1"


def make(folder: Path) -> dict[str, Any]:
    (folder / "graph.bin").write_bytes(GRAPH)
    (folder / "tokens.json").write_text("{}", encoding="utf-8")
    return {"width": 3, "side": "left"}


def makes(content: bytes, settings: dict[str, Any]) -> Callable[[Path], dict[str, Any]]:
    """Return a function that writes one file and returns these settings."""

    def write(folder: Path) -> dict[str, Any]:
        (folder / "graph.bin").write_bytes(content)
        return settings

    return write


def kept(name: str = NAME) -> PreparedModel:
    found = keep_prepared(name, make)
    assert found is not None
    return found


def entries(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_is_kept_is_found_again(home: Path) -> None:
    assert find_prepared(NAME) is None
    made = kept()
    assert made == find_prepared(NAME)
    assert made.folder == home / NAME
    assert made.settings == {"width": 3, "side": "left"}
    assert made.files == {"graph.bin": (5120, zlib.crc32(GRAPH)), "tokens.json": (2, zlib.crc32(b"{}"))}
    assert made.is_whole("graph.bin")
    assert made.is_whole("tokens.json")
    assert (made.folder / "graph.bin").read_bytes() == GRAPH


def test_settings_come_back_as_json_holds_them(home: Path) -> None:
    settings = {"prompt": "Anfrage: \N{GREEK SMALL LETTER ALPHA} ", "cosines": {"float32": 0.9999998}, "none": None}
    found = keep_prepared(NAME, makes(b"", settings))
    assert found is not None
    assert found.settings == settings


def test_one_model_is_not_another(home: Path) -> None:
    kept()
    assert find_prepared(OTHER) is None
    keep_prepared(OTHER, makes(b"other", {"width": 4}))
    assert (home / NAME / "graph.bin").read_bytes() == GRAPH
    assert (home / OTHER / "graph.bin").read_bytes() == b"other"


def test_what_is_discarded_is_gone(home: Path) -> None:
    kept()
    discard_prepared(NAME)
    assert find_prepared(NAME) is None
    assert NAME not in entries(home)
    discard_prepared(NAME)  # nothing to do


def truncated(folder: Path) -> None:
    (folder / "graph.bin").write_bytes(GRAPH[:-1])


def missing(folder: Path) -> None:
    (folder / "tokens.json").unlink()


def description_cut(folder: Path) -> None:
    file = folder / "prepared.json"
    file.write_bytes(file.read_bytes()[:-30])


def description_altered(folder: Path) -> None:
    file = folder / "prepared.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"left"', '"right"'), encoding="utf-8")


def description_empty(folder: Path) -> None:
    (folder / "prepared.json").write_bytes(b"")


def description_of_another_form(folder: Path) -> None:
    (folder / "prepared.json").write_text("[1, 2]", encoding="utf-8")


def description_not_text(folder: Path) -> None:
    (folder / "prepared.json").write_bytes(b"\xff\xfe\x00")


def description_lost(folder: Path) -> None:
    (folder / "prepared.json").unlink()


def moved_here_from_another_model(folder: Path) -> None:
    keep_prepared(OTHER, makes(b"other", {"width": 4}))
    shutil.rmtree(folder)
    (folder.parent / OTHER).rename(folder)


def replaced_by_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"")


DAMAGES = [
    truncated, missing, description_cut, description_altered, description_empty, description_of_another_form,
    description_not_text, description_lost, moved_here_from_another_model, replaced_by_a_file,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_what_is_damaged_is_as_good_as_absent_and_made_anew(home: Path, damage: Callable[[Path], None]) -> None:
    first = kept()
    damage(home / NAME)
    assert find_prepared(NAME) is None
    assert kept() == first
    assert find_prepared(NAME) == first


def test_an_altered_byte_shows_when_the_file_is_read(home: Path) -> None:
    made = kept()
    (home / NAME / "graph.bin").write_bytes(bytes([GRAPH[0] ^ 1]) + GRAPH[1:])
    assert find_prepared(NAME) == made  # looking does not read it: that would take as long as using it
    assert not made.is_whole("graph.bin")
    assert made.is_whole("tokens.json")
    assert kept().is_whole("graph.bin")


def test_a_file_that_vanishes_later_is_not_whole(home: Path) -> None:
    made = kept()
    discard_prepared(NAME)
    assert not made.is_whole("graph.bin")


def test_another_format_s_folder_is_left_alone(home: Path) -> None:
    for version in ("models-0", "models-2"):
        (home.parent / version / NAME).mkdir(parents=True)
        (home.parent / version / NAME / "prepared.json").write_text("of another time", encoding="utf-8")
    assert find_prepared(NAME) is None
    kept()
    discard_prepared(NAME)
    for version in ("models-0", "models-2"):
        assert (home.parent / version / NAME / "prepared.json").read_text(encoding="utf-8") == "of another time"


@pytest.mark.parametrize("place", ["file", "below a file"])
def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"kept")
    monkeypatch.setenv("EXPLORER_CACHE", str(file if place == "file" else file / "cache"))
    assert find_prepared(NAME) is None
    discard_prepared(NAME)
    with pytest.raises(OSError, match="file"):
        keep_prepared(NAME, lambda folder: pytest.fail("made what cannot be kept"))
    assert file.read_bytes() == b"kept"


def test_what_fails_to_be_made_leaves_what_was_there(home: Path) -> None:
    made = kept()

    def fill_the_disk(folder: Path) -> dict[str, Any]:
        (folder / "graph.bin").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        keep_prepared(NAME, fill_the_disk)
    assert find_prepared(NAME) == made
    assert made.is_whole("graph.bin")
    with pytest.raises(OSError, match="No space left"):
        keep_prepared(OTHER, fill_the_disk)
    assert find_prepared(OTHER) is None
    assert not {name for name in entries(home) if name.startswith(OTHER)} - {f"{OTHER}.lock"}


def test_readers_see_the_old_until_the_new_is_complete(home: Path) -> None:
    old = kept()

    def renew(folder: Path) -> dict[str, Any]:
        (folder / "graph.bin").write_bytes(b"new")
        assert find_prepared(NAME) == old
        assert old.is_whole("graph.bin")
        return {"width": 4}

    with (home / NAME / "graph.bin").open("rb") as file:
        new = keep_prepared(NAME, renew)
        assert file.read() == GRAPH  # who has it open keeps it
    assert new is not None
    assert new == find_prepared(NAME)
    assert (new.settings, (new.folder / "graph.bin").read_bytes()) == ({"width": 4}, b"new")
    assert not old.is_whole("graph.bin")
    assert not (home / NAME / "tokens.json").exists()


TWO = """
import os, sys, time
from pathlib import Path
from explorer.embedder import prepared

me, log = sys.argv[1:]
look = prepared._stamp

def look_and_tell(home):
    seen = look(home)
    Path(f"ready-{me}").touch()
    return seen

prepared._stamp = look_and_tell

def make(folder):
    while not (Path("ready-a").exists() and Path("ready-b").exists()):
        time.sleep(0.01)  # both have seen that there is nothing
    with open(log, "a") as file:
        file.write(me)
    (folder / "graph.bin").write_text(me)
    return {"by": me}

found = prepared.keep_prepared("0123456789abcdef" * 4, make)
print(found.settings["by"], found.is_whole("graph.bin"))
"""


def started(program: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def test_two_processes_make_it_once(home: Path, tmp_path: Path) -> None:
    both = [started(TWO, tmp_path, name, "log") for name in "ab"]
    said = [process.communicate(timeout=60) for process in both]
    assert [errors for _, errors in said] == ["", ""]
    maker = (tmp_path / "log").read_text()
    assert maker in {"a", "b"}
    assert [output.split() for output, _ in said] == [[maker, "True"]] * 2


KILLED = """
import os, signal
from explorer.embedder.prepared import keep_prepared

def make(folder):
    (folder / "graph.bin").write_bytes(b"half")
    (folder / "prepared.json").write_bytes(b"{")
    os.kill(os.getpid(), signal.SIGKILL)

keep_prepared("0123456789abcdef" * 4, make)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal on this system")
def test_a_killed_process_leaves_nothing_that_is_found_and_the_next_clears_it(home: Path, tmp_path: Path) -> None:
    process = started(KILLED, tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    (leftover,) = home.glob("*.part")
    assert (leftover / "graph.bin").read_bytes() == b"half"
    assert find_prepared(NAME) is None
    others = home / f"{OTHER}.abc.part"  # another model's: someone may be at work in it
    others.mkdir()
    assert kept().is_whole("graph.bin")  # the dead hold no lock
    assert not leftover.exists()
    assert others.exists()


def test_waiting_for_another_process_ends(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "_PATIENCE", 0.05)
    home.mkdir(parents=True)
    with FileLock(home / f"{NAME}.lock"), pytest.raises(OSError, match="could not be acquired"):
        kept()


@pytest.mark.parametrize("hostile", ["", ".", "..", "../../x", NAME + "/..", NAME + "\n", NAME[:-1], NAME.upper(),
    NAME + "0", "../" + NAME, "/" + NAME, NAME[:32] + "/" + NAME[33:], "\0" * 64, "٠" * 64])  # fmt: skip
def test_names_from_strangers_lead_nowhere(home: Path, tmp_path: Path, hostile: str) -> None:
    content = (kept().folder / "prepared.json").read_text(encoding="utf-8")
    described = {**json.loads(content), "fingerprint": hostile, "files": {}}
    del described["checksum"]
    described["checksum"] = prepared._checksum(described)
    if "\0" not in hostile:  # what the name would lead to is there, and right in itself
        target = Path(os.path.normpath(home / hostile.lstrip("/")))
        target.mkdir(parents=True, exist_ok=True)
        if target != home / NAME:
            (target / "prepared.json").write_text(json.dumps(described), encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    assert find_prepared(hostile) is None
    assert OpenVino().prepared(ModelIdentity("m", "", hostile)) is None
    assert sorted(tmp_path.rglob("*")) == before


def test_only_the_model_and_its_lock_remain(home: Path) -> None:
    kept()
    assert entries(home) == {NAME, f"{NAME}.lock"}
