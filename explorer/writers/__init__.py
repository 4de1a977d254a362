"""Answers to text, libraries to files, one module or package a format, found by name.

May import matches, papers and errors. To add a format, add one module here, or in `libraries` if it is only for
libraries, that is called what the format is called (`csl_json` is csl-json) and ends in `register(Writer(...))`: it is
found by being in this folder, and imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import InvalidInput
from explorer.writers.registry import Entry, Holdings, Writer, find

if TYPE_CHECKING:
    from explorer.matches import Match

__all__ = ["PACKED", "Entry", "Holdings", "Writer", "for_library", "library_names", "names", "registered", "write"]

PACKED = ".gz"  # after the suffix of a format that is text
# Every other module of this folder is a format.
_SHARED = frozenset({"columns", "libraries", "people", "registry", "text"})


def names() -> tuple[str, ...]:
    """Return the names of the formats of answers in the alphabet's order, without importing any."""
    return tuple(sorted(_modules("") - {_as_name(name) for name in _SHARED}))


def library_names() -> tuple[str, ...]:
    """Return the names of the formats of libraries in the alphabet's order; this imports them."""
    return tuple(writer.name for writer in registered() if writer.library is not None)


def registered() -> tuple[Writer, ...]:
    """Return all writers, by name; this imports them."""
    return tuple(map(_writer, sorted({*names(), *_modules("libraries")})))


def write(name: str, matches: Iterable[Match]) -> Iterator[str]:
    """Yield pieces of text which, joined, are `matches` in the format `name`; each match is taken when it is written.

    Line ends are part of the pieces: write them to a stream that leaves line ends alone. No piece holds a control
    character other than a line end. Raises InvalidInput, at once, when there is no such format.
    """
    known = names()
    if name not in known:
        raise InvalidInput(f"there is no output format {name!r}; there are {', '.join(known)}")
    answers = _writer(name).answers
    assert answers is not None  # noqa: S101 -- those without are in a folder of their own
    return answers(matches)


def for_library(name: str | None, file: Path | None = None) -> Writer:
    """Return the writer of libraries called `name`, else the one that the suffix of `file` says: .csv or .csv.gz.

    Raises InvalidInput, which lists the formats, when there is none.
    """
    writers = [writer for writer in registered() if writer.library is not None]
    for writer in writers:
        if writer.name == name or (name is None and file is not None and _has_suffix(file.name.lower(), writer)):
            return writer
    known = ", ".join(f"{writer.name} ({', '.join(writer.suffixes)})" for writer in writers)
    if name is not None:
        raise InvalidInput(f"a library cannot be written as {name!r}; there are {known}")
    where = "say in which format" if file is None else f"{file}: its name does not say which format it is to have"
    raise InvalidInput(f"{where}; there are {known}")


def _has_suffix(file: str, writer: Writer) -> bool:
    return (file if writer.is_binary else file.removesuffix(PACKED)).endswith(writer.suffixes)


def _modules(folder: str) -> set[str]:
    import pkgutil

    paths = [str(Path(path, folder)) for path in __path__]
    return {_as_name(module.name) for module in pkgutil.iter_modules(paths)}


def _as_name(module: str) -> str:
    return module.replace("_", "-")


def _writer(name: str) -> Writer:
    folder = "" if name in names() else ".libraries"
    import_module(f"{__name__}{folder}.{name.replace('-', '_')}")
    return find(name)
