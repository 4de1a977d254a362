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
from faulting.world import Campaign, World, is_root, operations

_NOBODY = 65534
_READ, _MAP = {"job": "read"}, {"job": "map"}


def _read_only(library: Path) -> None:
    for file in library.iterdir():
        file.chmod(0o444)
    library.chmod(0o555)


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
    (lambda library: library.chmod(0), _READ, "LibraryInaccessible"),
    (lambda library: library.chmod(0), None, "LibraryInaccessible"),
    (_without_manifest, _READ, "LibraryInaccessible"),
    (_without_papers, _READ, "LibraryInaccessible"),
    (_without_vectors, _READ, "LibraryInaccessible"),
    (_locked_work, None, "LibraryInaccessible"),
    (_locked_lock, None, "LibraryInaccessible"),
]


def permissions(campaign: Campaign, papers: int) -> dict[str, Any]:
    """Try each case as a user that has no more rights than others; and look at the rights of what is made."""
    world = World(campaign.folder / "permissions", operations()["replace"], papers, campaign.seed)
    as_user = {"user": _NOBODY} if is_root() else {}
    ends: dict[str, str] = {}
    for may_not, job, expected in CASES:
        if job is not None and job["job"] not in world.jobs:
            continue
        library = world.fresh()
        before = content_of(library)
        _give(world, library)
        may_not(library)
        outcome = world.run(job or world.operation.job, library, **as_user)
        name = f"{may_not.__name__.strip('_')}, {(job or world.operation.job)['job']}"
        ends[name] = outcome.said.get("error", "done" if outcome.status == 0 else "crash")
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


def _give(world: World, library: Path) -> None:
    """Let a library be the user's, as whom the job runs; root's rights are no test."""
    if is_root():
        world.folder.chmod(0o777)
        for file in (library, *library.rglob("*")):
            shutil.chown(file, _NOBODY, _NOBODY)


def _open_up(library: Path) -> None:
    library.chmod(0o755)
    for folder, _, files in os.walk(library):
        Path(folder).chmod(0o755)
        for file in files:
            Path(folder, file).chmod(0o644)
