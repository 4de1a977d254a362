"""What a build will need, printed.

As JSON, one object: `rows`, and whether they are exact (`rows_exact`) or estimated from a share of the inputs
(`share_read`, 0 to 1); `dimensions`; `seconds` in all; `stages`, a list of objects with `name`, `seconds` and `memory`;
`memory` with what is `needed`, `available` and the `bound` of --memory; `disk` with what the `library` takes, what is
there at most while `building`, and what is `free`; `saves_memory`, whether the build takes the ways that need less of
it; `fits`, and if not, `refusals`, a list of reasons. Sizes are bytes, null where nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.printing import print_json, say

if TYPE_CHECKING:
    from explorer.builder.calibration import Outlook


def print_plan(inputs: Sequence[Path], path: Path | None, options: dict[str, Any], as_json: bool) -> int:
    """Print what a build with `options`, those of `BuildOptions` by name, will need; return the status.

    That is 1 where it will not fit.
    """
    from explorer.builder import BuildOptions
    from explorer.builder.calibration import outlook
    from explorer.library.library import default_path

    found = outlook(default_path() if path is None else path, BuildOptions(tuple(inputs), **options))
    if as_json:
        print_json(found.as_dict())
    else:
        for line in _lines(found):
            say(line)
    return int(bool(found.forecast.refusals))


def _lines(found: Outlook) -> Iterator[str]:
    from explorer.builder.limits import shown_size

    plan, limits = found.forecast, found.forecast.limits
    rows = "1 paper" if plan.work.rows == 1 else f"{plan.work.rows:,} papers"
    told = "" if found.is_exact else f" (estimated: {max(found.share, 0.001):.1%} of the inputs was read)"
    yield f"{'' if found.is_exact else 'about '}{rows}{told}, {plan.work.dimensions} dimensions"
    yield ""
    yield f"{'stage':<12}{'time':<18}memory"
    for stage in plan.stages:
        yield f"{stage.name:<12}{shown_time(stage.seconds):<18}{shown_size(stage.memory)}"
    yield f"{'in all':<12}{shown_time(plan.seconds):<18}{shown_size(plan.memory)}"
    yield ""
    is_bound = limits.bound is not None and limits.usable == limits.bound
    yield f"memory: {_there(limits.usable, 'allowed by --memory' if is_bound else 'available')}"
    if plan.is_frugal and not plan.refusals:
        yield "        saved where that can be, which takes longer"
    free = _there(limits.disk, f"free for {limits.folder}")
    yield f"disk:   {shown_size(plan.disk)}, while building {shown_size(plan.building)}; {free}"
    yield ""
    yield from plan.refusals or ["It fits."]


def _there(size: int | None, what: str) -> str:
    from explorer.builder.limits import shown_size

    return f"how much is {what} is unknown" if size is None else f"{shown_size(size)} {what}"


def shown_time(seconds: float) -> str:
    """Return a time for people, in two units at most."""
    if seconds < 1:
        return "under a second"
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 100:
        return f"{round(seconds)} s"
    if minutes < 100:
        return f"{minutes} min"
    return f"{hours} h" if hours < 72 else f"{round(seconds / 86400)} days"
