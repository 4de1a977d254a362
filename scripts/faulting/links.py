"""Links out of a library, pipes and folders in the place of files: nothing is written outside, and nothing hangs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.store import read_manifest
from faulting.content import content_of, differences
from faulting.permissions import permissions
from faulting.world import Campaign, World, operations

PAPERS = 60
WORK, LOCK = ".paper-explorer-work", ".paper-explorer.lock"
_ORPHAN = "papers-0000abcd.sqlite"
READ, MAP = {"job": "read"}, {"job": "map"}


class Place:
    """Hold a library, and beside it a folder that no job may touch."""

    def __init__(self, folder: Path, world: World) -> None:
        self.world = world
        self.outside = folder / "outside"
        self.library = folder / "library"
        self.outside.mkdir(parents=True)
        self.marker = self.outside / "thesis.txt"
        self.marker.write_text("years of work", encoding="utf-8")
        assert world.before is not None
        shutil.copytree(world.before, self.library)
        self.manifest = read_manifest(self.library)

    def link(self, name: str, to: Path | None = None, *, hard: bool = False) -> None:
        """Put a link to something outside, by default the marker, in the place of a file of the library."""
        place = self.library / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        if hard:
            place.hardlink_to(to or self.marker)
        else:
            place.symlink_to(to or self.marker)

    def move_out(self, name: str) -> None:
        """Let a file of the library be outside, and a link to it in its place."""
        (self.library / name).rename(self.outside / name)
        self.link(name, self.outside / name)

    def replace(self, name: str, make: Callable[[Path], object]) -> None:
        """Let something else be where a file of the library was."""
        (self.library / name).parent.mkdir(parents=True, exist_ok=True)
        (self.library / name).unlink(missing_ok=True)
        make(self.library / name)

    def shards(self) -> list[str]:
        """Return the names that the job gives to shards, finished and not."""
        names = self.world.undisturbed.said["shards"]
        return [f"{WORK}/shards/{name}" for name in names]

    def seen(self) -> list[tuple[Any, ...]]:
        """Return all there is outside."""
        return sorted(
            (str(file), status.st_mode, status.st_size, status.st_mtime_ns, file.is_file() and file.read_bytes())
            for file in self.outside.rglob("*")
            for status in [file.lstat()]
        )


@dataclass(frozen=True)
class Trick:
    """Say what is put in the way, which job meets it (the library is built anew unless said), and how that ends."""

    plant: Callable[[Place], object]
    ends: str = "done"
    job: dict[str, Any] | None = None


def _data(place: Place) -> list[str]:
    return [entry.name for entry in place.manifest.files.values()]


def _papers(place: Place) -> str:
    return place.manifest.files["papers"].name


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)  # bytes, none of them on disk


def _as_link(place: Place) -> None:
    place.library.rename(place.library.with_name("real"))
    place.library.symlink_to("real")


def _links(place: Place) -> None:
    for name in _data(place):
        place.move_out(name)


def _on_shards(do: Callable[[Place, str], object]) -> Callable[[Place], object]:
    return lambda place: [do(place, name) for name in place.shards()]


def _shard_folders(place: Place) -> None:
    for name in place.shards():
        if name.endswith(".npy"):
            place.replace(name, Path.mkdir)


def _link(name: str, *, hard: bool = False) -> Callable[[Place], object]:
    return lambda place: place.link(name, hard=hard)


def _instead(name: str, make: Callable[[Path], object]) -> Callable[[Place], object]:
    return lambda place: place.replace(name, make)


def _instead_of_papers(make: Callable[[Path], object]) -> Callable[[Place], object]:
    return lambda place: place.replace(_papers(place), make)


_MANIFEST = "manifest.json"
_REFUSED, _DAMAGED, _INACCESSIBLE = "LibraryExists", "LibraryDamaged", "LibraryInaccessible"

TRICKS: dict[str, Trick] = {
    "the lock is a link": Trick(_link(LOCK), _REFUSED),
    "the lock is a link to nothing": Trick(lambda place: place.link(LOCK, place.outside / "new"), _REFUSED),
    "the lock is a hard link": Trick(_link(LOCK, hard=True), _REFUSED),
    "the lock is a folder": Trick(_instead(LOCK, Path.mkdir), _REFUSED),
    "the lock is a pipe": Trick(_instead(LOCK, os.mkfifo), _REFUSED),
    "the work folder is a link": Trick(lambda place: place.link(WORK, place.outside), _REFUSED),
    "the folder of shards is a link": Trick(lambda place: place.link(f"{WORK}/shards", place.outside), _REFUSED),
    "the work folder is a file": Trick(_instead(WORK, Path.touch), _INACCESSIBLE),
    "the next manifest is a link": Trick(_link(f"{WORK}/{_MANIFEST}")),
    "the next manifest is a hard link": Trick(_link(f"{WORK}/{_MANIFEST}", hard=True)),
    "shards are links": Trick(_on_shards(Place.link)),
    "shards are links to nothing": Trick(_on_shards(lambda place, name: place.link(name, place.outside / "new"))),
    "shards are hard links": Trick(_on_shards(lambda place, name: place.link(name, hard=True))),
    "shards are pipes": Trick(_on_shards(lambda place, name: place.replace(name, os.mkfifo))),
    "shards are folders": Trick(_shard_folders, _INACCESSIBLE),
    "a file of no state is a link": Trick(_link(_ORPHAN)),
    "a file at work is a link": Trick(_link(f"{WORK}/{_ORPHAN}")),
    "the manifest is a link": Trick(lambda place: place.move_out(_MANIFEST)),
    "all files are links": Trick(_links),
    "all files are links, and read": Trick(_links, job=READ),
    "all files are links, and papers come": Trick(_links, job={"job": "add", "inputs": ["all.jsonl"]}),
    "the page is a link": Trick(_link("map.html"), job=MAP),
    "the page is a hard link": Trick(_link("map.html", hard=True), job=MAP),
    "the library is a link": Trick(_as_link),
    "the manifest is a pipe, read": Trick(_instead(_MANIFEST, os.mkfifo), _DAMAGED, READ),
    "the manifest is a folder, read": Trick(_instead(_MANIFEST, Path.mkdir), _DAMAGED, READ),
    "the manifest is huge, read": Trick(_instead(_MANIFEST, _huge), _DAMAGED, READ),
    "the manifest is empty, read": Trick(_instead(_MANIFEST, Path.touch), _DAMAGED, READ),
    "the manifest is a pipe": Trick(_instead(_MANIFEST, os.mkfifo)),
    "the manifest is huge": Trick(_instead(_MANIFEST, _huge)),
    "the manifest is a folder": Trick(_instead(_MANIFEST, Path.mkdir), _INACCESSIBLE),
    "the papers are a pipe, read": Trick(_instead_of_papers(os.mkfifo), _DAMAGED, READ),
    "the papers are a folder, read": Trick(_instead_of_papers(Path.mkdir), _DAMAGED, READ),
}


def links(campaign: Campaign) -> dict[str, Any]:
    """Play every trick, whatever the share."""
    world = World(campaign.folder / "links", operations()["replace"], PAPERS, campaign.seed)
    ends: dict[str, str] = {}
    for number, (name, trick) in enumerate(TRICKS.items()):
        if trick.job is None or trick.job["job"] in world.jobs:
            place = Place(campaign.folder / f"trick {number}", world)
            ends[name] = played(campaign, name, trick, place)
    return {"tricks": len(ends), "ends": ends, "permissions": permissions(campaign, world)}


def played(campaign: Campaign, name: str, trick: Trick, place: Place) -> str:
    """Play one trick; return how the job ended."""
    trick.plant(place)
    seen = place.seen()
    outcome = place.world.run(trick.job or place.world.operation.job, place.library)
    ends = outcome.end
    if ends != trick.ends:
        campaign.fail(f"links: {name}: ends as {ends}: {outcome.said} {outcome.errors[-1500:]}")
    if place.seen() != seen:
        campaign.fail(f"links: {name}: something outside has changed: {place.seen()} {seen}")
    if ends == "done" and trick.job is None:
        wrong = differences(content_of(place.library), place.world.contents["after"])
        if "manifest" in name:  # without it, topics have no former names to keep
            wrong = [what for what in wrong if what not in {"topics", "labels", "labels described"}]
        linked = [str(file) for file in place.library.iterdir() if file.is_symlink()]
        if wrong or linked:
            campaign.fail(f"links: {name}: these differ: {wrong}, these are links: {linked}")
    return ends


__all__ = ["TRICKS", "Place", "Trick", "links", "played"]
