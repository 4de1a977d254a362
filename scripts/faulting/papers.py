"""Papers that nobody wrote, in eight fields that share some words. The same seed makes the same papers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_FIELDS = 8
_LETTERS = "abcdefghijklmnoprstuvw"


def write_papers(path: Path, numbers: Iterable[int], seed: int) -> Path:
    """Write one JSON record a line for each number; a number has the same paper in every file."""
    words = _vocabulary(seed)
    with path.open("w", encoding="utf-8") as file:
        for number in numbers:
            file.write(json.dumps(_record(number, seed, words)) + "\n")
    return path


def paper_id(number: int) -> str:
    return f"{1000 + number // 9000}.{number % 9000 + 1000:05}"


def _record(number: int, seed: int, words: list[str]) -> dict[str, Any]:
    dice = random.Random(f"{seed} {number}")
    field = number % _FIELDS
    own = words[field * 100 : field * 100 + 150]
    return {
        "id": paper_id(number),
        "title": " ".join(dice.choices(own, k=6)).capitalize(),
        "abstract": " ".join(dice.choices(own, k=24)).capitalize() + ".",
        "authors": [" ".join(dice.choices(words, k=2)).title() for _ in range(dice.randint(0, 3))],
        "date": f"{2000 + dice.randrange(25)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
        "categories": [f"cs.{'ABCDEFGH'[field]}{dice.choice('AB')}"],
        "doi": f"10.1000/{number}" if number % 3 == 0 else "",
        "url": f"https://example.org/{number}",
    }


def _vocabulary(seed: int) -> list[str]:
    dice = random.Random(seed)
    return ["".join(dice.choices(_LETTERS, k=dice.randint(3, 8))) for _ in range(_FIELDS * 100 + 50)]
