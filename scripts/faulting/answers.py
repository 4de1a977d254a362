"""Everything that a library answers, asked in a process of its own: `python answers.py` reads paths, prints JSON.

A line of input is the path of a library, a line of output a JSON object: for each question the digest of its answer, or
"ERROR Name: message" for what the explorer raises on purpose. "verify" has the names of what verifying finds wrong.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

PROJECT = Path(__file__).parents[2]
_PATIENCE = 60.0  # seconds until an answer counts as hanging
ERROR = "ERROR "
VERIFY = "verify"


class Asker:
    """Ask about one library after another; start a new process when one crashes or hangs."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def ask(self, library: Path) -> dict[str, str]:
        """Return the answers. Raises RuntimeError for a crash, a hang, or an error that is not on purpose."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", str(Path(__file__))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it has crashed: its end is read below
            self._process.stdin.write(f"{library}\n")
            self._process.stdin.flush()
        is_heard = bool(select.select([self._process.stdout], [], [], _PATIENCE)[0])
        line = self._process.stdout.readline() if is_heard else ""
        if not line:
            raise RuntimeError(f"{'crashed' if is_heard else 'hung'}: {self._end()[-1500:]}")
        answers: dict[str, str] = json.loads(line)
        return answers

    def _end(self) -> str:
        if self._process is None:
            return ""
        self._process.kill()
        _, errors = self._process.communicate()
        self._process = None
        return errors


def make_library(papers: Path, library: Path) -> None:
    """Make a library that `answers` can ask by text."""
    from hashed_words import HashedWords

    from explorer import Library
    from faulting.jobs import DIMENSIONS

    Library.build(papers, library, model=HashedWords(DIMENSIONS["wide words"])).close()


def answers(path: Path) -> dict[str, str]:
    """Ask everything."""
    from hashed_words import HashedWords

    from explorer import Library
    from explorer.errors import ExplorerError
    from faulting.jobs import DIMENSIONS

    found: dict[str, str] = {}
    try:
        library = Library.open(path, model=HashedWords(DIMENSIONS["wide words"]))
    except ExplorerError as error:
        return {"open": f"{ERROR}{type(error).__name__}: {error}", VERIFY: unverified(path)}
    with library:
        for question, ask in _questions(library).items():
            try:
                found[question] = _digest(ask())
            except ExplorerError as error:
                found[question] = f"{ERROR}{type(error).__name__}: {error}"
    found[VERIFY] = unverified(path)
    return found


def unverified(path: Path) -> str:
    """Return the names of what `verify` finds wrong."""
    from explorer.errors import ExplorerError
    from explorer.growth import verify

    try:
        return " ".join(check.name for check in verify(path).checks if not check.is_right)
    except ExplorerError as error:
        return f"{ERROR}{type(error).__name__}: {error}"


def _questions(library: Any) -> dict[str, Callable[[], Any]]:
    count = len(library.papers)
    return {
        "papers": lambda: [asdict(paper) for paper in library.papers],
        "ids": lambda: [library.papers[id_of(row)].title for row in range(count)],
        "addresses": lambda: [library.papers[f"https://example.org/{row}"].id for row in range(count)],
        "dois": lambda: [library.papers[f"10.1000/{row}"].id for row in range(0, count, 3)],
        "similar": lambda: [_matches(library.similar(id_of(row))) for row in range(count)],
        "similar, searched": lambda: _matches(library.similar(id_of(1), k=count - 1)),
        "similar, filtered": lambda: _matches(library.similar(id_of(2), category="cs.CA", since="2005")),
        "text": lambda: _matches(library.search("one of these words " + library.papers[3].abstract, k=20)),
        "title": lambda: _matches(library.find_title(library.papers[4].title[:20])),
        "topics": lambda: library.topics().to_json(),
        "topics of rows": lambda: [list(map(int, levels)) for levels in library.topics().levels],
        "map": lambda: _map(library),
        "info": library.info,
    }


def id_of(row: int) -> str:
    from faulting.papers import paper_id

    return paper_id(row)


def _matches(matches: Any) -> list[Any]:
    return [[match.paper.id, match.score, match.similarity] for match in matches]


def _map(library: Any) -> str:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        return sha256(library.write_map(Path(folder) / "map.html").read_bytes()).hexdigest()


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, default=_plain).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else repr(value)


def serve(orders: IO[str], replies: IO[str]) -> None:
    for line in orders:
        replies.write(json.dumps(answers(Path(line.rstrip("\n")))) + "\n")
        replies.flush()


if __name__ == "__main__":
    sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "tests")]
    serve(sys.stdin, sys.stdout)
