"""Several processes that read while one writes: every answer is from one state, and a second writer is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from explorer.errors import LibraryLocked
from explorer.store import Workshop
from faulting.answers import make_library
from faulting.content import commit_copy, leftovers
from faulting.papers import write_papers
from faulting.reading import answers
from faulting.world import Campaign, World, operations

PAPERS, READERS, SECONDS = 40, 3, 60.0
READER = Path(__file__).with_name("reading.py")


def readers(campaign: Campaign, papers: int = PAPERS, *, built: bool = True) -> dict[str, Any]:
    """Read while states alternate: first copied, many a second, then, unless left out, built."""
    folder = campaign.folder / "readers"
    folder.mkdir(parents=True)
    states = {}
    for name, numbers in (("one", range(papers)), ("other", range(papers // 2, papers * 2))):
        states[name] = folder / name
        make_library(write_papers(folder / f"{name}.jsonl", numbers, campaign.seed), states[name])
    expected = {name: answers(path) for name, path in states.items()}
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    figures = {"copied": _commits(campaign, folder, states)}
    if built:
        figures["built"] = _builds(campaign, folder)
    if expected["one"] == expected["other"]:
        campaign.fail("readers: two states have the same answers, so nothing was tried")
    return figures


def _commits(campaign: Campaign, folder: Path, states: dict[str, Path]) -> dict[str, Any]:
    library = folder / "copied"
    commit_copy(states["one"], library)
    commits = refused = 0
    processes = [_reader(folder, library, number) for number in range(READERS)]
    until = time.monotonic() + max(2.0, SECONDS * campaign.share)
    while time.monotonic() < until:
        for path in (states["other"], states["one"]):
            commit_copy(path, library)
            commits += 1
        refused += _refused(library)
    read = _ended(campaign, processes, "readers of copies")
    if left := leftovers(library):
        campaign.fail(f"readers: left over: {left}")
    if refused == 0:
        campaign.fail("readers: no second writer was refused")
    return {"commits": commits, "second writers refused": refused, **read}


def _builds(campaign: Campaign, folder: Path) -> dict[str, Any]:
    """Let a process build the library anew and anew; another that wants to, too, is refused while it does."""
    world = World(folder / "built", operations()["replace"], PAPERS, campaign.seed)
    library = folder / "built" / "library"
    orders = [{"job": "build", "inputs": [str(folder / f"{name}.jsonl")], "replace": True} for name in ("one", "other")]
    for order in orders:
        order["model"] = "wide words"
    world.run(orders[0], library)
    processes = [_reader(folder, library, number) for number in range(READERS)]
    builds: Counter[str] = Counter()
    until = time.monotonic() + max(2.0, SECONDS * campaign.share)
    while time.monotonic() < until:
        for order in reversed(orders):
            outcome = world.run(order, library)
            builds[outcome.end] += 1
    if set(builds) != {"done"}:
        campaign.fail(f"readers: builds ended as {dict(builds)}")
    read = _ended(campaign, processes, "readers of builds")
    return {"builds": builds["done"], **read, "two at once": _two_at_once(campaign, world, library, orders)}


def _two_at_once(campaign: Campaign, world: World, library: Path, orders: list[dict[str, Any]]) -> dict[str, int]:
    """Build two at a time: one is done, the other refused, or done after the first."""
    ends: Counter[str] = Counter()
    for _ in range(campaign.number(5)):
        processes = [world.start(order, library) for order in orders]
        for process in processes:
            output, errors = process.communicate()
            said = json.loads(output) if output.strip() else {"error": f"crash {errors[-500:]}"}
            ends[said.get("error", "done")] += 1
    if not ends["done"] or set(ends) - {"done", LibraryLocked.__name__}:
        campaign.fail(f"readers: of two builds at once: {dict(ends)}")
    if leftovers(library):
        campaign.fail(f"readers: after two builds at once, left over: {leftovers(library)}")
    return dict(ends)


def _refused(library: Path) -> bool:
    """Tell whether a second writer is refused while one is at work."""
    with Workshop(library):
        try:
            with Workshop(library):
                return False
        except LibraryLocked:
            return True


def _reader(folder: Path, library: Path, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", str(READER), str(folder / "expected.json"), str(library), str(number)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
    )


def _ended(campaign: Campaign, processes: list[subprocess.Popen[str]], name: str) -> dict[str, Any]:
    """Have readers end; return how often they read which state."""
    total: Counter[str] = Counter()
    for process in processes:
        output, errors = process.communicate("end\n", timeout=60)
        if process.returncode:
            campaign.fail(f"{name}: {output[-1000:]} {errors[-2000:]}")
        else:
            total.update(json.loads(output))
    if not campaign.failures and not all(total[state] for state in ("one", "other")):
        campaign.fail(f"{name}: not both states were read: {dict(total)}")
    return {"readers": len(processes), "states read": dict(total)}
