"""What there is to build with: memory that is free, room on the disk; and sizes as people write them.

A size is written in bytes, or with K, M, G or T for 1024, 1024^2, ... of them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import InvalidInput

_UNITS = "KMGT"
_DIGITS = r"\d{1,20}(?:\.\d{0,20})?|\.\d{1,20}"
_SIZE = re.compile(rf"({_DIGITS})\s*(?:([{_UNITS}])(?:i?B)?|B)?", re.IGNORECASE | re.ASCII)
_NO_LIMIT = 1 << 60  # bytes; version 1 of control groups writes a number beyond it for "none"


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold bytes: the `disk` that is free for `folder`, `memory` that is available, `bound` that the user set for it.

    None is what nobody knows, or has set.
    """

    folder: Path
    disk: int | None = None
    memory: int | None = None
    bound: int | None = None

    @property
    def usable(self) -> int | None:
        """Return the memory that a build may take, None where nobody knows."""
        return min((size for size in (self.memory, self.bound) if size is not None), default=None)


def limits_of(folder: Path, bound: int | None = None) -> Limits:
    """Return what there is for a library in `folder`, which need not exist; what this process has counts as there."""
    memory = available_memory()
    return Limits(folder, free_disk(folder), None if memory is None else memory + resident_memory(), bound)


def parse_size(text: str | int) -> int:
    """Return the bytes of a size like "4G", "1.5g", "800 MB" or "1000000". Raises InvalidInput."""
    found = _SIZE.fullmatch(str(text).strip())
    if found is not None:
        size = int(float(found[1]) * 1024 ** (1 + _UNITS.index(found[2].upper()) if found[2] else 0))
        if size > 0:
            return size
    raise InvalidInput(f"{text!r} is no size of memory: write bytes or, as in 4G or 1.5G, one of K, M, G, T")


def shown_size(size: float) -> str:
    """Return a size for people, "5.2 GB"; a GB has 1024^3 bytes."""
    for power, unit in ((4, "TB"), (3, "GB")):
        if size >= 0.95 * 1024**power:
            return f"{size / 1024**power:.1f} {unit}"
    return f"{max(round(size / 1024**2), 1)} MB"


def free_disk(folder: Path) -> int | None:
    """Return the bytes that are free where `folder` is, or would be; None where the system does not say."""
    for place in (folder.absolute(), *folder.absolute().parents):
        with suppress(OSError, ValueError):
            return shutil.disk_usage(place).free
    return None


def available_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes of memory that a process can have: what is free, and what its control groups leave it.

    Linux tells that in files below `root`; other systems say at most how much memory is built in. None: unknown.
    """
    found = [size for size in (_free(root), *_left_by_groups(root)) if size is not None]
    return min(found) if found else _built_in()


def resident_memory() -> int:
    """Return the bytes of memory that this process has, 0 where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _free(root: Path) -> int | None:
    found = _named(root / "proc/meminfo").get("MemAvailable:")
    return None if found is None else found * 1024


def _left_by_groups(root: Path) -> Iterator[int | None]:
    """Yield what each control group that holds this process leaves of its limit: version 2, then version 1."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        parts = [part for part in path.split("/") if part not in {"", ".", ".."}]
        groups = ["/".join(parts[:count]) for count in range(len(parts) + 1)]
        if not controllers:
            files = ("memory.max", "memory.current", "inactive_file")
            yield from (_left(root / "sys/fs/cgroup" / group, files) for group in groups)
        elif "memory" in controllers.split(","):
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from (_left(root / "sys/fs/cgroup/memory" / group, files) for group in groups)


def _left(folder: Path, files: tuple[str, str, str]) -> int | None:
    """Return a group's limit less what it uses; the system takes pages of files back that were not used lately."""
    limit, used, idle = files
    allowed = _number(folder / limit)
    if allowed is None or allowed >= _NO_LIMIT:
        return None
    taken = (_number(folder / used) or 0) - _named(folder / "memory.stat").get(idle, 0)
    return max(allowed - max(taken, 0), 0)


def _built_in() -> int | None:
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdecimal() else None


def _named(file: Path) -> dict[str, int]:
    """Return the numbers of a file with a name and a number on each line."""
    lines = (line.split() for line in _text(file).splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdecimal()}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
