"""SIGKILL at random moments, and at the steps in which a library's folder is changed."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from explorer import Library
from explorer.errors import ExplorerError, ModelNotAvailable
from explorer.store import tidy
from faulting.content import content_of, differences, leftovers
from faulting.world import Campaign, World, family, operations, started_at

PAPERS, REAL_PAPERS = 2000, 700  # the latter are two shards
KILLS, STEPS, REAL_KILLS = 50, 20, 5
_UNTIL_GONE = 10.0  # seconds that a helper process may take to notice


def kill(campaign: Campaign, papers: int = PAPERS) -> dict[str, Any]:
    """Kill every operation at so many moments and steps, and the build with the real model at a few."""
    figures = {}
    for name, operation in operations().items():
        world = World(campaign.folder / name, operation, papers, campaign.seed)
        figures[name] = _killed(campaign, name, world, KILLS, STEPS)
    figures["build with the real model"] = _real(campaign)
    return figures


def _real(campaign: Campaign) -> Any:
    from explorer.embedder import find_model

    if campaign.share < 1 / REAL_KILLS:
        return "left out of so small a share"
    try:
        find_model()
    except ModelNotAvailable as error:
        return f"left out: {error}"
    operation = replace(operations()["build"], model="real")
    world = World(campaign.folder / "real", operation, REAL_PAPERS, campaign.seed)
    source = real_papers(world.folder / "all.jsonl")
    return {"papers of": source, **_killed(campaign, "real", world, REAL_KILLS, 0)}


def real_papers(path: Path) -> str:
    """Replace made-up papers by the first of a real corpus, where that is; say which they are."""
    import gzip
    from itertools import islice

    corpus = Path(__file__).parents[3] / "shared" / "data" / "corpora" / "arxiv-100k.jsonl.gz"
    if not corpus.exists():
        return "made up: ../shared/data/corpora/arxiv-100k.jsonl.gz is absent"
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        path.write_text("".join(islice(lines, REAL_PAPERS)), encoding="utf-8")
    return corpus.name


def _killed(campaign: Campaign, name: str, world: World, kills: int, steps: int) -> dict[str, Any]:
    seconds, last = world.undisturbed.seconds, world.undisturbed.said["steps"]
    needed, dice = world.begun(world.after), campaign.dice(f"kill {name}")
    states: Counter[str] = Counter()
    redone: Counter[int] = Counter()
    count, step_count = campaign.number(kills), campaign.number(steps) if steps else 0
    moments = [(number + dice.random()) / count * seconds for number in range(count)]
    # The commit is the last of the steps: half of the kills are for it.
    half = step_count // 2
    at = [dice.randrange(1, last + 1) for _ in range(half)] + [
        dice.randrange(last * 2 // 3, last + 1) for _ in range(step_count - half)
    ]
    trials: list[dict[str, Any]] = [*({"moment": moment} for moment in moments), *({"step": step} for step in at)]
    for trial in trials:
        state, again = one_kill(campaign, f"kill {name} {trial}", world, needed, **trial)
        states[state] += 1
        redone[again] += 1
    return {
        "kills": count, "kills at a step": step_count, "seconds undisturbed": round(seconds, 1), "steps": last,
        "state found": dict(states), "embeddings begun again": {str(k): n for k, n in sorted(redone.items())},
    }  # fmt: skip


def one_kill(
    campaign: Campaign, name: str, world: World, needed: int, *, moment: float | None = None, step: int = 0
) -> tuple[str, int]:
    """Kill one run; return the state that was found after it, and how many shards were embedded once more."""
    library = world.fresh()
    process = world.start(world.operation.job, library, **({"kill_at": step} if step else {}))
    _end_family(campaign, name, process, moment)
    state = _state(campaign, name, world, library)
    if state == "after":
        tidy(library)
    else:
        outcome = world.run(world.operation.job, library)
        if outcome.status:
            campaign.fail(f"{name}: the next run fails: {outcome.said} {outcome.errors[-2000:]}")
    wrong = differences(content_of(library), world.contents["after"])
    if wrong:
        campaign.fail(f"{name}: after {state}, these differ: {wrong}")
    left = [file for file in leftovers(library) if state != "after" or "shards" not in file]
    if left:
        campaign.fail(f"{name}: left over: {left}")
    again = max(0, world.begun(library) - needed)
    if again > 1:
        campaign.fail(f"{name}: {again} shards were embedded again")
    if not wrong and not left:
        shutil.rmtree(library)
    return state, again


def _end_family(campaign: Campaign, name: str, process: subprocess.Popen[str], moment: float | None) -> None:
    """Kill a process at its moment, or see it end by itself; its helpers must end soon after."""
    begun = time.monotonic()
    helpers: set[tuple[int, str]] = set()
    while process.poll() is None:
        helpers |= family(process.pid)
        if moment is not None and time.monotonic() - begun >= moment:
            process.kill()
            process.wait()
        time.sleep(0.01)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()  # not read to its end: a helper may hold it, and never end
    deadline = time.monotonic() + _UNTIL_GONE
    while any(started_at(pid) == started for pid, started in helpers):
        if time.monotonic() > deadline:
            campaign.fail(f"{name}: helper processes are still there after {_UNTIL_GONE:.0f} s")
            return
        time.sleep(0.02)


def _state(campaign: Campaign, name: str, world: World, library: Path) -> str:
    """Return "before" or "after", whichever state the library is in."""
    for state, content in world.contents.items():
        if differences(content_of(library), content):
            continue
        if content is not None:
            try:
                with Library.open(library) as opened:
                    opened.similar(next(iter(opened.papers)).id)
            except ExplorerError as error:
                campaign.fail(f"{name}: {error}")
        return state
    campaign.fail(
        f"{name}: the library is in neither state: {differences(content_of(library), world.contents['after'])}"
    )
    return "neither"
