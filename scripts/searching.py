"""Time questions to an open library by ranking, and what its related papers cost. Prints JSON; `benchmark.py` runs it.

.venv/bin/python scripts/searching.py LIBRARY ROUNDS
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from explorer import Library
from explorer.builder.words import Words
from explorer.duplicates import first_of_equal
from explorer.index import NearestRows
from explorer.ranking import SHORTLIST
from explorer.search.options import RANKINGS
from explorer.search.related import RelatedPapers, sample_rows
from explorer.store import LibraryFolder

QUERIES = (
    "estimating depth with a single camera", "topological insulators under pressure", "dark matter halo mass function",
    "graph neural networks for molecules", "quantum error correction with surface codes", "protein folding",
    "convergence of stochastic gradient descent", "lensing of the cosmic microwave background",
)  # fmt: skip
_KEPT = 30


def questions(path: Path, rounds: int) -> dict[str, Any]:
    """Return for each ranking the median time of a question, model and index in memory, all rankings in turns."""
    seconds: dict[str, list[float]] = {ranking: [] for ranking in RANKINGS}
    with Library.open(path) as library:
        for place in range(rounds + 1):
            for query in QUERIES:
                for ranking in RANKINGS:
                    start = perf_counter()
                    library.search(query, rank=ranking)
                    if place:  # the first round reads the files
                        seconds[ranking].append(perf_counter() - start)
    medians = {ranking: statistics.median(values) for ranking, values in seconds.items()}
    return {
        "median_ms": {ranking: round(1000 * value, 2) for ranking, value in medians.items()},
        "times_dense": {ranking: round(value / medians["dense"], 2) for ranking, value in medians.items()},
        "questions": len(seconds["dense"]),
    }


def related(path: Path) -> dict[str, float]:
    """Return the seconds that counting words, the neighbor graph, and ordering its shortlists anew take."""
    folder = LibraryFolder(path)
    papers = folder.manifest.papers
    start = perf_counter()
    words = Words.of(folder.database.range(0, papers), lambda _: None)
    counted = perf_counter() - start
    nearest = NearestRows(folder.array("vectors"))
    made = RelatedPapers(nearest, words.counts, nearest.vectors[sample_rows(papers)], first_of_equal(words.keys[:, 1]))
    graph = ordered = 0.0
    start = perf_counter()
    for block in nearest.graph(_KEPT, SHORTLIST):
        graph += perf_counter() - start
        start = perf_counter()
        made.of(block, _KEPT)
        ordered += perf_counter() - start
        start = perf_counter()
    folder.close()
    return {"words": round(counted, 2), "graph": round(graph, 2), "related": round(ordered, 2)}


def main() -> None:
    path, rounds = Path(sys.argv[1]), int(sys.argv[2])
    with Library.open(path) as library:
        papers = len(library.papers)
    print(json.dumps({"papers": papers, **questions(path, rounds), "seconds": related(path)}))


if __name__ == "__main__":
    main()
