"""Measure how right the rankings are, on collections in BEIR's layout; choose their setting by cross-validation.

    .venv/bin/python scripts/ranking.py [DIR...]     `explorer evaluate` on each, to artifacts/benchmarks/ranking.json
    .venv/bin/python scripts/ranking.py --choose     other settings beside it, and what cross-validation would choose

Without DIR: the collections beside the project, where they are. The last lines are the table of the README.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from measuring import machine
from numpy.typing import NDArray

from explorer import lexical, ranking
from explorer.embedder import Embedder, find_model, load
from explorer.evaluation import evaluate, read_collection, retrieval
from explorer.search import listing

PROJECT = Path(__file__).parents[1]
RESULTS = PROJECT / "artifacts" / "benchmarks" / "ranking.json"
DATA = PROJECT.parent / "shared" / "data" / "relevance"
EXPLORER = Path(sys.executable).with_name("explorer")
MEASURE = "ndcg@10"
# K1, B, weight of the lexical part, smoothing
SETTINGS = [
    (*saturation, *fusion)
    for saturation in ((0.9, 0.4), (1.0, 0.7), (1.2, 0.75), (1.5, 0.75))
    for fusion in product((0.3, 0.35, 0.4), (0.0, 0.25))
]


def measure(folders: Sequence[Path]) -> dict[str, Any]:
    """Return what `explorer evaluate` says of each collection."""
    found = {}
    for folder in folders:
        command = [str(EXPLORER), "evaluate", str(folder), "--json"]
        shown = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
        found[folder.name] = [json.loads(line) for line in shown.splitlines()]
        print(folder.name, {one["ranking"]: round(100 * one[MEASURE], 1) for one in found[folder.name]}, flush=True)
    return found


def table(collections: dict[str, list[dict[str, Any]]]) -> str:
    """Return the table of the README."""
    lines = [
        "| `explorer evaluate`, nDCG@10 | queries | dense | lexical | fused | interval |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, measured in collections.items():
        values = {one["ranking"]: one for one in measured}
        low, high = values["fused"]["interval"]
        shown = [f"{100 * values[ranking][MEASURE]:.1f}" for ranking in ("dense", "lexical")]
        fused = f"**{100 * values['fused'][MEASURE]:.1f}**"
        lines.append(
            f"| `{name}` | {values['fused']['queries']} | {' | '.join(shown)} | {fused} "
            f"| {100 * low:.1f} to {100 * high:.1f} |"
        )
    return "\n".join(lines)


class Remembering:
    """Embed every text once, however often it is asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.identity, self.runtime = embedder.identity, embedder.runtime
        self._vectors: dict[tuple[str, bool], NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str], *, as_query: bool = False) -> NDArray[np.float32]:
        """Return the vectors of texts."""
        new = [text for text in dict.fromkeys(texts) if (text, as_query) not in self._vectors]
        if new:
            vectors = self._embedder.embed(new, as_query=as_query)
            self._vectors |= {(text, as_query): vector for text, vector in zip(new, vectors, strict=True)}
        return np.stack([self._vectors[text, as_query] for text in texts])


def choose(folders: Sequence[Path]) -> dict[str, Any]:
    """Return what every setting reaches on every collection, and what leaving each one out would choose."""
    embedder = Remembering(load(find_model()))
    collections = [read_collection(folder) for folder in folders]
    retrieval.RANKINGS = ("fused",)
    reached = []
    for setting in SETTINGS:
        lexical.K1, lexical.B, ranking.LEXICAL_WEIGHT, ranking.SMOOTHING = setting
        listing.LEXICAL_WEIGHT = setting[2]
        reached.append([100 * evaluate(one, embedder)[0].means[MEASURE] for one in collections])
        print(setting, [round(value, 2) for value in reached[-1]], round(float(np.mean(reached[-1])), 2), flush=True)
    values = np.array(reached)
    held_out = {}
    for place, folder in enumerate(folders):
        best = int(np.delete(values, place, axis=1).mean(axis=1).argmax())
        held_out[folder.name] = {"setting": SETTINGS[best], MEASURE: values[best, place]}
    best = int(values.mean(axis=1).argmax())
    return {
        "settings": [{"setting": setting, MEASURE: each} for setting, each in zip(SETTINGS, reached, strict=True)],
        "best of all": {"setting": SETTINGS[best], MEASURE: reached[best]},
        "left out": held_out,
    }


def folders_of(named: Sequence[Path]) -> Iterator[Path]:
    """Yield the collections to measure on; say so when there are none."""
    if not named and not DATA.is_dir():
        sys.exit(f"there are no collections in {DATA}: name folders in BEIR's layout")
    yield from named or sorted(folder for folder in DATA.iterdir() if (folder / "qrels.tsv").is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", metavar="DIR", nargs="*", type=Path)
    parser.add_argument("--choose", action="store_true", help="compare settings, which takes an hour")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    folders = list(folders_of(arguments.folders))
    outcome = json.loads(arguments.out.read_text("utf-8")) if arguments.out.exists() else {}
    outcome |= {"machine": machine(), "date": datetime.now(UTC).isoformat(timespec="seconds")}
    if arguments.choose:
        outcome["choice"] = choose(folders)
    else:
        outcome["collections"] = measure(folders)
    arguments.out.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    if "collections" in outcome:
        print(table(outcome["collections"]))


if __name__ == "__main__":
    main()
