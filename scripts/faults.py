"""Try to break libraries, and see that nothing committed is lost and nothing wrong goes unnoticed.

    python scripts/faults.py                            all campaigns, some hours
    python scripts/faults.py kill flips --share 0.01    two of them, with a hundredth of their trials
    python scripts/faults.py --json FILE                also write the figures to a file

    kill      SIGKILL at random moments, and at the steps in which the folder changes, of build, add and remove
    disk      the same on full disks, with files that may not grow, and with no room at each step of a commit
    flips     single bits of all files of a library flipped: found, or harmless
    cuts      files cut, emptied, grown
    links     links out of the folder, pipes and folders in the place of files, what may not be read or written
    readers   several readers while a writer commits again and again; a second writer

Prints figures as JSON, what fails on standard error; ends with 1 when anything did. The trials are those of the seed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from faulting.damage import cuts, flips
from faulting.disk import disk
from faulting.kill import kill
from faulting.links import links
from faulting.readers import readers
from faulting.world import Campaign
from measuring import machine, note

from explorer import __version__

CAMPAIGNS: dict[str, Callable[[Campaign], dict[str, Any]]] = {
    "kill": kill, "disk": disk, "flips": flips, "cuts": cuts, "links": links, "readers": readers,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaigns", nargs="*", choices=[*CAMPAIGNS, "all"], default="all", metavar="CAMPAIGN")
    parser.add_argument("--share", type=float, default=1.0, help="how many of the trials to make, 0 to 1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where to write the figures, too")
    asked = parser.parse_args(arguments)
    names = list(CAMPAIGNS) if "all" in asked.campaigns else list(dict.fromkeys(asked.campaigns))
    outcome = {"machine": machine(), "explorer": __version__, "seed": asked.seed, "share": asked.share}
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("EXPLORER_CACHE", str(Path(folder, "cache")))
        outcome |= tried(names, Path(folder), asked.share, asked.seed)
    text = json.dumps(outcome, indent=1)
    print(text)
    if asked.json is not None:
        asked.json.write_text(text + "\n", encoding="utf-8")
    return int(any(outcome[name]["failures"] for name in names))


def tried(names: list[str], folder: Path, share: float, seed: int) -> dict[str, Any]:
    """Return the figures of some campaigns."""
    figures = {}
    for name in names:
        note(f"{name} ...")
        begun = time.monotonic()
        campaign = Campaign(folder / name, share, seed)
        made = CAMPAIGNS[name](campaign)
        figures[name] = {**made, "seconds": round(time.monotonic() - begun, 1), "failures": campaign.failures}
    return figures


if __name__ == "__main__":
    sys.exit(main())
