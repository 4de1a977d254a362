"""Models prepared for a runtime, kept in the user's cache by their identity.

    models-1/<fingerprint>/prepared.json    settings; every other file with size and CRC-32; its own CRC-32
    models-1/<fingerprint>/...              what the runtime reads
    models-1/<fingerprint>.lock             held while it is prepared

A folder appears whole, by a rename, or not at all. What is found wrong is as good as absent: it is prepared anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from explorer.cache import cache_folder

_FOLDER = "models-1"  # with the format's version: another one is another folder
_DESCRIPTION = "prepared.json"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_PATIENCE = 300.0  # seconds to wait for another process that prepares the same model


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """Name the folder of a prepared model and hold its settings; `files` maps each file to (bytes, CRC-32)."""

    folder: Path
    settings: dict[str, Any]
    files: dict[str, tuple[int, int]]

    def is_whole(self, name: str) -> bool:
        """Tell whether a file is what was written, by reading all of it."""
        try:
            with (self.folder / name).open("rb") as file:
                return _crc(file) == self.files[name][1]
        except (OSError, KeyError):
            return False


def find_prepared(fingerprint: str) -> PreparedModel | None:
    """Return what is kept of the model, after looking at names and sizes; None when there is nothing or it is wrong."""
    if not _FINGERPRINT.fullmatch(fingerprint):
        return None  # it may come from a stranger's library, and must not lead elsewhere
    folder = _home(fingerprint)
    try:
        content = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        checksum = content.pop("checksum")
        files = {str(name): (int(size), int(crc)) for name, (size, crc) in content["files"].items()}
        settings = content["settings"]
        is_right = checksum == _checksum(content) and content["fingerprint"] == fingerprint
        is_right = is_right and all((folder / name).stat().st_size == size for name, (size, _) in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return PreparedModel(folder, settings, files) if is_right else None


def keep_prepared(fingerprint: str, make: Callable[[Path], dict[str, Any]]) -> PreparedModel | None:
    """Have `make` fill a folder and return the settings, and keep both; one process at a time.

    A process that had to wait takes what the other one made. Returns None when what was kept cannot be read again.
    Raises OSError when the cache cannot be written, a full disk included; whatever `make` raises.
    """
    from filelock import FileLock

    home = _home(fingerprint)
    home.parent.mkdir(parents=True, exist_ok=True)
    before = _stamp(home)
    with FileLock(f"{home}.lock", timeout=_PATIENCE):
        if _stamp(home) != before and (made := find_prepared(fingerprint)) is not None:
            return made
        for leftover in home.parent.glob(f"{home.name}.*.part"):  # of a process that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=f"{home.name}.", suffix=".part", dir=home.parent))
        try:
            _describe(work, fingerprint, make(work))
            discard_prepared(fingerprint)
            work.rename(home)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return find_prepared(fingerprint)


def discard_prepared(fingerprint: str) -> None:
    """Remove what is kept of the model: moved aside first, so that no half of it can be found."""
    home = _home(fingerprint)
    if not home.exists():
        return
    with suppress(OSError):
        aside = Path(tempfile.mkdtemp(prefix=f"{home.name}.", suffix=".part", dir=home.parent))
        try:
            home.rename(aside / "discarded")
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _home(fingerprint: str) -> Path:
    return cache_folder(_FOLDER, fingerprint)


def _stamp(home: Path) -> int | None:
    try:
        return (home / _DESCRIPTION).stat().st_mtime_ns
    except OSError:
        return None


def _describe(folder: Path, fingerprint: str, settings: dict[str, Any]) -> None:
    """Force all files to disk, then write the description that vouches for them."""
    files = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb+") as file:
            files[path.name] = (path.stat().st_size, _crc(file))
            os.fsync(file.fileno())
    described: dict[str, Any] = json.loads(
        json.dumps({"fingerprint": fingerprint, "settings": settings, "files": files})
    )
    with (folder / _DESCRIPTION).open("w", encoding="utf-8") as file:
        json.dump({**described, "checksum": _checksum(described)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _crc(file: BinaryIO) -> int:
    checksum = 0
    while block := file.read(1 << 20):
        checksum = zlib.crc32(block, checksum)
    return checksum


def _checksum(content: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
