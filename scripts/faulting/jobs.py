"""What is done to a library, in a process of its own: `python jobs.py ORDER`, which is JSON; prints JSON.

    job       "build", "add", "remove", "read" or "map", with its `inputs`, `ids`, `replace`
    library   its folder
    log       a file to which each call of the embedder appends a line when it begins
    model     "words", "wide words", or "real" for the default model
    limit     the most bytes that any file may have; `kill_at`, the step in the folder at which the process ends
    umask     which rights what is made does not have

Ends with 3 for an error of the explorer's own, which is printed, too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
REFUSED = 3
DIMENSIONS = {"words": 48, "wide words": 128}


class Watched:
    """Embed with another embedder; write down that it begins."""

    def __init__(self, embedder: Any, log: str) -> None:
        self._embedder = embedder
        self._log = log
        self.identity = embedder.identity
        self.runtime = embedder.runtime

    def embed(self, texts: Sequence[str], *, as_query: bool = False) -> Any:
        """Embed some texts."""
        with Path(self._log).open("a", encoding="utf-8") as file:
            file.write(f"{len(texts)}\n")
        return self._embedder.embed(texts, as_query=as_query)


def embedder_of(order: dict[str, Any]) -> Watched:
    if order.get("model") == "real":
        from explorer.embedder import find_model, load

        return Watched(load(find_model()), order["log"])
    from hashed_words import HashedWords

    return Watched(HashedWords(DIMENSIONS[order["model"]]), order["log"])


def build(order: dict[str, Any]) -> None:
    from explorer import Library

    Library.build(order["inputs"], order["library"], model=embedder_of(order), replace=order.get("replace", False))


def add(order: dict[str, Any]) -> None:
    from explorer import Library

    with Library.open(order["library"], model=embedder_of(order)) as library:
        library.add(order["inputs"])


def remove(order: dict[str, Any]) -> None:
    from explorer import Library

    with Library.open(order["library"], model=embedder_of(order)) as library:
        library.remove(*order["ids"])


def read(order: dict[str, Any]) -> None:
    """Answer from it."""
    from explorer import Library

    with Library.open(order["library"], model=embedder_of(order)) as library:
        library.similar(next(iter(library.papers)).id)
        library.search("anything")


def write_map(order: dict[str, Any]) -> None:
    from explorer import Library

    with Library.open(order["library"]) as library:
        library.write_map()


JOBS: dict[str, Callable[[dict[str, Any]], None]] = {
    "build": build, "add": add, "remove": remove, "read": read, "map": write_map,
}  # fmt: skip


def main() -> int:
    order = json.loads(sys.argv[1])
    if "umask" in order:
        os.umask(order["umask"])
    if "limit" in order:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], order["limit"]))
    sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "tests")]
    from explorer import ExplorerError
    from faulting.steps import Steps, end_at_once

    steps = Steps(Path(order["library"]), order.get("kill_at", 0), end_at_once)
    try:
        JOBS[order["job"]](order)
    except ExplorerError as error:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}))
        return REFUSED
    shards = sorted({Path(path).name for path in steps.paths if "/shards/" in path})
    print(json.dumps({"steps": steps.count, "shards": shards}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
