"""A process that reads a library again and again: `python reading.py EXPECTED LIBRARY SEED`, until standard input ends.

Prints how often it found which of the expected states. Anything else ends it with an error.
"""

from __future__ import annotations

import json
import select
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

_FIRST = "1000.01025"  # the id of a paper that all states have


def answers(path: Path, pause: float = 0.0) -> dict[str, Any]:
    """Return answers from every kind of file: the library is opened once, and read after a pause."""
    from explorer import Library

    with Library.open(path) as library:
        time.sleep(pause)
        topics = library.topics()
        return {
            "ids": [paper.id for paper in library.papers],
            "similar": [match.paper.id for match in library.similar(_FIRST)],
            "searched": [match.paper.id for match in library.similar(_FIRST, k=15, since="2005")],
            "title": library.find_title(library.papers[_FIRST].title, k=1)[0].paper.id,
            "topics": _groups(topics.levels.tolist()),
        }


def _groups(levels: list[list[int]]) -> list[list[int]]:
    """Return topics numbered in the order of their first papers: what they are called depends on the state before."""
    numbers: list[dict[int, int]] = [{} for _ in levels[0]]
    return [[known.setdefault(topic, len(known)) for known, topic in zip(numbers, row, strict=True)] for row in levels]


def main() -> None:
    expected = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    dice, found = Random(int(sys.argv[3])), dict.fromkeys(expected, 0)
    while not select.select([sys.stdin], [], [], 0)[0]:
        read = answers(Path(sys.argv[2]), dice.choice([0, 0, 0.01, 0.1]))
        state = next((name for name, whole in expected.items() if whole == read), None)
        if state is None:
            sys.exit(f"an answer from no state: {read}")
        found[state] += 1
    print(json.dumps(found))


if __name__ == "__main__":
    main()
