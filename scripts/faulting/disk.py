"""Full disks: every operation with less and less room, then with enough; and no room at each step of a commit."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError, LibraryInaccessible
from faulting.answers import make_library
from faulting.content import commit_copy, content_of, differences, leftovers
from faulting.papers import write_papers
from faulting.steps import Steps, find_no_room
from faulting.world import Campaign, Outcome, World, is_root, operations

PAPERS, SIZES = 300, 20
_ROOM = 256 * 2**20  # bytes that are enough
_SMALLEST = 4096  # bytes


def disk(campaign: Campaign, papers: int = PAPERS) -> dict[str, Any]:
    """Do every operation on file systems, and with files, of so many sizes."""
    figures: dict[str, Any] = {}
    ways = {"file systems": in_a_small_disk, "files": with_small_files}
    if not can_mount():
        del ways["file systems"]
        figures["file systems"] = "left out: only root can mount a tmpfs"
    for name, operation in operations().items():
        world = World(campaign.folder / name, operation, papers, campaign.seed)
        for way, trial in ways.items():
            figures[f"{name}, {way} too small"] = _sizes(campaign, f"disk {name} {way}", world, trial)
    figures["steps of a commit without room"] = steps(campaign)
    return figures


def _sizes(campaign: Campaign, name: str, world: World, trial: Any) -> dict[str, Any]:
    whole = sum(file.stat().st_size for file in world.after.iterdir()) if world.undisturbed else 0
    if trial is with_small_files:
        whole = max(file.stat().st_size for file in world.after.iterdir())
    count, dice = campaign.number(SIZES), campaign.dice(name)
    found: Counter[str] = Counter()
    for number in range(count):
        size = max(_SMALLEST, int((number + dice.random()) / count * whole * 1.2))
        found[trial(campaign, f"{name}: {size} bytes", world, size)] += 1
    return {"sizes": count, "largest": whole, "outcomes": dict(found)}


def with_small_files(campaign: Campaign, name: str, world: World, size: int) -> str:
    library = world.fresh()
    outcome = world.run(world.operation.job, library, limit=size)
    return _judged(campaign, name, world, library, outcome)


def in_a_small_disk(campaign: Campaign, name: str, world: World, size: int) -> str:
    with mounted(campaign.folder / "disk", _ROOM) as disk:
        library = world.fresh(disk)
        used = shutil.disk_usage(disk).used
        _mount(disk, f"remount,size={used + size}")
        outcome = world.run(world.operation.job, library)
        return _judged(campaign, name, world, library, outcome, disk)


def _judged(
    campaign: Campaign, name: str, world: World, library: Path, outcome: Outcome, disk: Path | None = None
) -> str:
    """Check what a run that may have had no room left, and that the next one, which has, does it."""
    if outcome.status == 0:
        _require_state(campaign, name, world, library, "after")
        return "done"
    if outcome.end != LibraryInaccessible.__name__:
        campaign.fail(f"{name}: not LibraryInaccessible but {outcome.said} {outcome.errors[-2000:]}")
    _require_state(campaign, name, world, library, "before", keeping_shards=True)
    if disk is not None:
        _mount(disk, f"remount,size={_ROOM}")
    again = world.run(world.operation.job, library)
    if again.status:
        campaign.fail(f"{name}: with room, it fails: {again.said} {again.errors[-2000:]}")
    _require_state(campaign, f"{name}, with room", world, library, "after")
    return outcome.end


def _require_state(
    campaign: Campaign, name: str, world: World, library: Path, state: str, *, keeping_shards: bool = False
) -> None:
    if wrong := differences(content_of(library), world.contents[state]):
        campaign.fail(f"{name}: it should be as {state}, but these differ: {wrong}")
    left = leftovers(library)
    if keeping_shards:
        left = [file for file in left if "/shards/" not in file or not file.endswith(".npy")]
    if left:
        campaign.fail(f"{name}: left over: {left}")


def steps(campaign: Campaign, papers: int = 30, every: int = 1) -> dict[str, Any]:
    """Commit one library over another, and into an empty folder, with no room at each step, or every few."""
    folder = campaign.folder / "steps"
    folder.mkdir(parents=True)
    one, other = folder / "one", folder / "other"
    make_library(write_papers(folder / "one.jsonl", range(papers), campaign.seed), one)
    make_library(write_papers(folder / "other.jsonl", range(papers // 2), campaign.seed), other)
    found: Counter[str] = Counter()
    for before in (None, one):
        at, reached = 1 - every, True
        while reached:
            at += every
            library = folder / f"library-{at}"
            if before is not None:
                shutil.copytree(before, library)
            end, reached = _one_step(campaign, at, before, other, library)
            found[end] += 1
            shutil.rmtree(library)
    return dict(found)


def _one_step(campaign: Campaign, at: int, before: Path | None, other: Path, library: Path) -> tuple[str, bool]:
    """Commit with no room at one step; return how that ended, and whether there was such a step."""
    hook = Steps(library, at, find_no_room)
    try:
        commit_copy(other, library)
        end = "done"
    except (ExplorerError, OSError) as error:
        end = type(error).__name__
    finally:
        hook.stop()
    if end not in {"done", LibraryInaccessible.__name__}:
        campaign.fail(f"disk steps: step {at}: {end}")
    if not any(_same(library, state) for state in ((other,) if end == "done" else (before, other))):
        campaign.fail(f"disk steps: step {at}: {end}, and neither state")
    commit_copy(other, library)
    if not _same(library, other) or leftovers(library):
        campaign.fail(f"disk steps: step {at}: the next commit leaves {leftovers(library)}")
    return end, hook.count >= at


def _same(library: Path, state: Path | None) -> bool:
    return not differences(content_of(library), None if state is None else content_of(state))


def can_mount() -> bool:
    return is_root() and shutil.which("mount") is not None and _try_mount()


def _try_mount() -> bool:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        try:
            with mounted(Path(folder, "disk"), 2**20):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[Path]:
    """Mount a tmpfs of so many bytes for as long as it is needed."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount(folder, f"size={size}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def _mount(folder: Path, options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
