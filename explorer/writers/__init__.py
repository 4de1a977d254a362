"""Answers to text, one module or package a format, found by name. May import matches, papers and errors.

To add a format, add one module here that is called what the format is called and ends in `register(Writer(...))`: it is
found by being in this folder, and imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from explorer.errors import InvalidInput
from explorer.writers.registry import Writer, find

if TYPE_CHECKING:
    from explorer.matches import Match

__all__ = ["Writer", "names", "registered", "write"]

_SHARED = frozenset({"registry", "text"})  # every other module of this folder is a format


def names() -> tuple[str, ...]:
    """Return the names of the formats in the alphabet's order, without importing any."""
    import pkgutil

    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _SHARED))


def registered() -> tuple[Writer, ...]:
    """Return all writers, by name; this imports them."""
    return tuple(map(_writer, names()))


def write(name: str, matches: Iterable[Match]) -> Iterator[str]:
    """Yield pieces of text which, joined, are `matches` in the format `name`; each match is taken when it is written.

    Line ends are part of the pieces: write them to a stream that leaves line ends alone. No piece holds a control
    character other than a line end. Raises InvalidInput, at once, when there is no such format.
    """
    known = names()
    if name not in known:
        raise InvalidInput(f"there is no output format {name!r}; there are {', '.join(known)}")
    return _writer(name).write(matches)


def _writer(name: str) -> Writer:
    import_module(f"{__name__}.{name}")
    return find(name)
