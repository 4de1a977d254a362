"""Readers that do what no reader may, so that it is known to be found. Loaded by the processes that fuzz."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers import Reader, Record, Rejected, Source
from explorer.readers.registry import register

MARK = b"A title"  # what they stumble upon; some inputs have it, some do not
kept: list[bytes] = []


def _content(source: Source) -> bytes:
    pieces = []
    while piece := source.read(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def _raising(source: Source) -> Iterator[Record]:
    if MARK in _content(source):
        raise ValueError("no such thing")
    yield Paper("x", "A title")


def _hanging(source: Source) -> Iterator[Record]:
    while MARK in _content(source) or True:
        pass
    yield Paper("x", "A title")


def _waiting(source: Source) -> Iterator[Record]:
    time.sleep(1_000)
    yield Paper("x", "A title")


def _stuck(source: Source) -> Iterator[Record]:
    """A sum that takes days, in which Python does not look at signals."""
    sum(range(10**13))
    yield Paper("x", "A title")


def _eating(source: Source) -> Iterator[Record]:
    if MARK in _content(source):
        kept.append(b"x" * 300_000_000)
        kept.clear()
    yield Paper("x", "A title")


def _devouring(source: Source) -> Iterator[Record]:
    if MARK in _content(source):
        kept.append(b"x" * 3_000_000_000)
    yield Paper("x", "A title")


def _crashing(source: Source) -> Iterator[Record]:
    if MARK in _content(source):
        os.abort()
    yield Paper("x", "A title")


def _leaving(source: Source) -> Iterator[Record]:
    if MARK in _content(source):
        os._exit(0)
    yield Paper("x", "A title")


def _foreign(source: Source) -> Iterator[Record]:
    yield "no record"  # type: ignore[misc]


def _unclean(source: Source) -> Iterator[Record]:
    if MARK in _content(source):
        yield Paper("x", "A title\0")


def _long_error(source: Source) -> Iterator[Record]:
    raise InvalidInput("a" * 3_000)
    yield Rejected(1, "")


def _slow(source: Source) -> Iterator[Record]:
    """Take time in the order of the square of what is read: 40 ms for 5 KB, 0.6 s for 20 KB."""
    size = len(_content(source))
    end = time.process_time() + size * size * 1.6e-9
    while time.process_time() < end:
        pass
    yield Paper("x", "A title")


def _good(source: Source) -> Iterator[Record]:
    _content(source)
    yield Paper("x", "A title")


for _name, _read in {name: value for name, value in vars().items() if callable(value)}.items():
    if _name.startswith("_") and _name != "_content" and isinstance(_read, type(_content)):
        register(Reader(f"bad{_name}", "a bad reader", (), lambda head: False, _read))
