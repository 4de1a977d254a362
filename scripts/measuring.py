"""Whole processes, measured: seconds, and the memory of a process with all its children. And what machine this is."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

# Software WebGL, and no traffic of the browser's own.
CHROMIUM = [
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY = 0.02  # seconds between two looks at the memory; at first, more often
_AT_FIRST = 0.004
# Developers' settings that users do not have; the first would have the explorer compiled from source in each process,
# where what pip installed is compiled already.
_NOT_A_USER_S = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH", "NUMBA_CACHE_DIR"}


def run(command: list[str], environment: Mapping[str, str] | None = None) -> tuple[float, float, str]:
    """Run one process; return its seconds, its peak memory in MB, helper processes included, and what it printed.

    Raises RuntimeError with its errors. The memory is looked at while the process runs: what the kernel says after its
    end counts what this process had when it started that one.
    """
    seconds, tree, printed = watched(command, environment)
    return seconds, tree.peak, printed


def watched(command: list[str], environment: Mapping[str, str] | None = None) -> tuple[float, Tree, str]:
    """Run one process as `run` does; return the looks at its memory rather than the peak alone."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        settings = {name: value for name, value in os.environ.items() if name not in _NOT_A_USER_S}
        process = subprocess.Popen(command, stdout=output, stderr=errors, env={**settings, **(environment or {})})
        tree = Tree(process.pid)
        tree.start()
        process.wait()
        seconds = time.perf_counter() - started
        tree.done.set()
        tree.join()
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{command} failed:\n{errors.read().decode(errors='replace')}")
        output.seek(0)
        return seconds, tree, output.read().decode(errors="replace")


class Tree(threading.Thread):
    """Look at the resident memory of a process and its children while it runs.

    `looks` are seconds since the start and MB; `peak` is the most, by what the kernel remembers of the process, too.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.peak = 0.0
        self.looks: list[tuple[float, float]] = []
        self._pid = pid

    def run(self) -> None:
        """Look until it is `done`."""
        started = time.perf_counter()
        while not self.done.wait(_EVERY if len(self.looks) > 100 else _AT_FIRST):
            resident = sum(map(_resident, _family(self._pid)))
            self.looks.append((time.perf_counter() - started, resident))
            self.peak = max(self.peak, resident, _highest(self._pid))

    def between(self, start: float, stop: float) -> float:
        """Return the most memory from one second to another; 0 where nobody looked."""
        return max((resident for second, resident in self.looks if start <= second <= stop), default=0.0)


def _family(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in _family(child))]


def _resident(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20
    except (OSError, IndexError):
        return 0.0


def _highest(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def machine() -> dict[str, object]:
    """Say what this was measured on."""
    cpu = platform.processor()
    flags: list[str] = []
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        found = dict(line.split(":", 1) for line in lines if ":" in line)
        cpu = next((value.strip() for key, value in found.items() if key.strip() == "model name"), cpu)
        known = next((value.split() for key, value in found.items() if key.strip() == "flags"), [])
        flags = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if flag in known]
    return {"cpu": cpu, "cores": os.cpu_count(), "flags": flags, "python": platform.python_version()}


def note(text: str) -> None:
    """Say on standard error how far it is."""
    print(text, file=sys.stderr, flush=True)
