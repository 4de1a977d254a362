"""One line on standard error that tells what a build is doing, how fast, and how long it will take. Imports nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


class Progress:
    """Show the stages of one piece of work in one place, where standard error is a terminal.

    Use as a context manager; what was shown vanishes at its end. `seconds` tells how long each stage took.
    """

    def __init__(self, stages: Sequence[str]) -> None:
        self._stages = tuple(stages)
        self.seconds: dict[str, float] = {}
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Progress:
        """Begin, with no stage yet."""
        if sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(unit=" papers", leave=False, dynamic_ncols=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Clear the line."""
        if self._bar is not None:
            self._bar.close()

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Callable[[int], object]]:
        """Show that stage `name` has begun; yield what is to be called with the number of papers just done."""
        begun = perf_counter()
        if self._bar is None:
            yield lambda _: None
        else:
            self._bar.set_description_str(f"{self._stages.index(name) + 1}/{len(self._stages)} {name}", refresh=False)
            self._bar.total = total  # resetting keeps the one before where there is none
            self._bar.reset(total)
            yield self._bar.update
        self.seconds[name] = self.seconds.get(name, 0) + round(perf_counter() - begun, 3)
