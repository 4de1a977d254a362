"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from explorer.wholefiles import whole_file

DAY = 24 * 3600


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    path.write_text("before")
    with whole_file(path) as file:
        file.write(b"af")
        assert path.read_text() == "before"
        file.write(b"ter")
    assert path.read_text() == "after"
    assert [file.name for file in tmp_path.iterdir()] == ["map.html"]


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    path.write_text("before")
    with pytest.raises(ValueError, match="no"), whole_file(path) as file:  # noqa: PT012 -- writing begins first
        file.write(b"half")
        raise ValueError("no")
    assert path.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["map.html"]


def test_what_killed_processes_left_goes_after_a_day(tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    left = [tmp_path / f".map.html-{16 * sign}.part" for sign in "a1"]
    others = [
        tmp_path / name for name in (".map.html-mine.part", f".mine.html-{16 * 'a'}.part", f"map.html-{16 * 'a'}.part")
    ]
    for file in [*left, *others]:
        file.touch()
        os.utime(file, (0, file.stat().st_mtime - (DAY + 60 if file != left[1] else 60)))
    with whole_file(path) as file:
        file.write(b"page")
    assert sorted(tmp_path.iterdir()) == sorted([path, left[1], *others])


def test_a_folder_may_be_writable_and_not_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("explorer.wholefiles.flush_folder", refuse)
    monkeypatch.setattr(Path, "iterdir", refuse)
    with whole_file(tmp_path / "map.html") as file:
        file.write(b"page")
    assert (tmp_path / "map.html").read_bytes() == b"page"
