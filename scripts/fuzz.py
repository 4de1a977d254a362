"""Feed every reader damaged, hostile and random inputs: none may crash, hang, fill the memory, or give wrong papers.

    python scripts/fuzz.py                                     100,000 inputs for each reader, and its bombs
    python scripts/fuzz.py --readers csv,ris --inputs 1000     some readers, fewer inputs
    python scripts/fuzz.py --show csv:0:17                     write one input to standard output

Inputs are made of samples by chance; seed, reader and number make the same input again. Inputs that fail are saved in
build/fuzz, made smaller where that can be done. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fuzzing.campaign import Campaign, Result, table
from fuzzing.mutations import made

from explorer.readers import registered

PACKAGES = ("defusedxml", "lxml", "orjson", "pyarrow", "rispy", "bibtexparser", "zstandard")


def main() -> int:
    names = [reader.name for reader in registered()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="of chance, for each reader")
    parser.add_argument("--readers", default=",".join(names), help="names, parted by commas; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bombs", type=int, default=20_000_000, help="bytes of the large ones; 0: none")
    parser.add_argument("--runs", type=int, default=50_000, help="bytes of the shorter runs; 0: none")
    parser.add_argument("--workers", type=int, default=0, help="processes; default: one for each core")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="for inputs that fail")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--show", metavar="READER:SEED:NUMBER", help="write one input")
    arguments = parser.parse_args()
    if arguments.show:
        reader, seed, number = arguments.show.split(":")
        sys.stdout.buffer.write(made(reader, int(seed), int(number))[0])
        return 0
    chosen = tuple(arguments.readers.split(","))
    if unknown := set(chosen) - set(names):
        parser.error(f"there is no reader {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    begun = time.perf_counter()
    campaign = Campaign(
        chosen,
        arguments.inputs,
        arguments.seed,
        bomb_size=arguments.bombs,
        run_size=arguments.runs,
        folder=arguments.folder,
        workers=arguments.workers,
        told=lambda text: print(text, file=sys.stderr, flush=True),
    )
    results = list(campaign.run().values())
    return report(results, time.perf_counter() - begun, arguments.seed, arguments.json)


def report(results: list[Result], seconds: float, seed: int, file: Path | None) -> int:
    """Print what was found, write it to `file`, and return the exit status."""
    failures = [failure for result in results for failure in result.failures]
    print(table(results))
    for line in listed(failures):
        print(line)
    print(f"{sum(result.figures.inputs for result in results):,} inputs in {seconds:,.0f} s, {len(failures)} failures")
    if file:
        facts = {
            "seed": seed,
            "seconds": round(seconds, 1),
            "machine": {"system": platform.platform(), "cores": os.cpu_count()},
            "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
            "readers": {
                result.reader: {**asdict(result.figures), "failures": len(result.failures)} for result in results
            },
            "failures": failures,
        }
        file.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return 1 if failures else 0


def listed(failures: list[dict[str, str]]) -> list[str]:
    """Return a line for each kind of failure of each reader, with one input and how many there are."""
    alike: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for failure in failures:
        where = re.sub(r"[0-9][0-9,.]*|'[^']*'", "#", failure["detail"])
        alike.setdefault((failure["reader"], failure["kind"], where), []).append(failure)
    return [
        f"{one['reader']}: {one['kind']}: {one['detail']} [{one['input']}] {one['file']}"
        + (f" and {len(others):,} more" if others else "")
        for one, *others in alike.values()
    ]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
