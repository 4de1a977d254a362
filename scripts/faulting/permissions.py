"""What may not be read or written: the library says so, and reading goes where only writing may not."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from explorer.store import read_manifest
from faulting.content import content_of, differences
from faulting.world import Campaign, World, is_root

_READ, _MAP = {"job": "read"}, {"job": "map"}


def _read_only(library: Path) -> None:
    for file in library.iterdir():
        file.chmod(0o444)
    library.chmod(0o555)


def _closed(library: Path) -> None:
    library.chmod(0)


def _without_manifest(library: Path) -> None:
    (library / "manifest.json").chmod(0)


def _without_papers(library: Path) -> None:
    (library / read_manifest(library).files["papers"].name).chmod(0)


def _without_vectors(library: Path) -> None:
    (library / read_manifest(library).files["vectors"].name).chmod(0)


def _locked_work(library: Path) -> None:
    work = library / ".paper-explorer-work"
    work.mkdir()
    work.chmod(0o555)


def _locked_lock(library: Path) -> None:
    (library / ".paper-explorer.lock").touch()
    (library / ".paper-explorer.lock").chmod(0)


# What may not be done, which job meets it (None: the library is built anew), and how that ends.
CASES: list[tuple[Callable[[Path], object], dict[str, Any] | None, str]] = [
    (_read_only, _READ, "done"),
    (_read_only, None, "LibraryInaccessible"),
    (_read_only, {"job": "add", "inputs": ["all.jsonl"]}, "LibraryInaccessible"),
    (_read_only, {"job": "remove", "ids": []}, "LibraryInaccessible"),
    (_read_only, _MAP, "InvalidInput"),
    (_closed, _READ, "LibraryInaccessible"),
    (_closed, None, "LibraryInaccessible"),
    (_without_manifest, _READ, "LibraryInaccessible"),
    (_without_papers, _READ, "LibraryInaccessible"),
    (_without_vectors, _READ, "LibraryInaccessible"),
    (_locked_work, None, "LibraryInaccessible"),
    (_locked_lock, None, "LibraryInaccessible"),
]


def permissions(campaign: Campaign, world: World) -> dict[str, Any]:
    """Try each case without the rights that only root has; and look at the rights of what is made."""
    if is_root() and shutil.which("setpriv") is None:
        return {"left out": "root may do everything, and there is no setpriv to change that"}
    ends: dict[str, str] = {}
    for may_not, job, expected in CASES:
        if job is not None and job["job"] not in world.jobs:
            continue
        library = world.fresh()
        before = content_of(library)
        may_not(library)
        outcome = world.run(job or world.operation.job, library, plain=True)
        name = f"{may_not.__name__.strip('_').replace('_', ' ')}, {(job or world.operation.job)['job']}"
        ends[name] = outcome.end
        if ends[name] != expected:
            campaign.fail(f"permissions: {name}: {ends[name]}: {outcome.said} {outcome.errors[-1500:]}")
        _open_up(library)
        if wrong := differences(content_of(library), before):
            campaign.fail(f"permissions: {name}: these differ: {wrong}")
    ends["umask 077"] = _private(campaign, world)
    return ends


def _private(campaign: Campaign, world: World) -> str:
    """Build where the user keeps all files to themselves."""
    library = world.folder / "private"
    outcome = world.run(world.operation.job, library, umask=0o077)
    modes = {str(file): stat.S_IMODE(file.lstat().st_mode) for file in [library, *library.rglob("*")]}
    if outcome.status or (open_to_others := [file for file, mode in modes.items() if mode & 0o077]):
        campaign.fail(f"permissions: umask 077: {outcome.said} {open_to_others}")
    return f"{len(modes)} files of the user's alone"


def _open_up(library: Path) -> None:
    library.chmod(0o755)
    for folder, _, files in os.walk(library):
        Path(folder).chmod(0o755)
        for file in files:
            Path(folder, file).chmod(0o644)
