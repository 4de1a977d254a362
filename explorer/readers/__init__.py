"""Files to papers, one module a format, found by content and then by suffix. May import papers and errors.

To add a format, add one module here that ends in `register(Reader(...))`: it is found by being in this folder.
"""

from __future__ import annotations

import gzip
import importlib
import io
import pkgutil
import zlib
from codecs import BOM_UTF8, utf_8_decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from explorer.errors import InvalidInput, UnknownFormat
from explorer.readers.registry import Reader, Record, Rejected, registered
from explorer.readers.source import Source

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Reader", "Record", "Rejected", "Source", "find_reader", "read", "registered"]

_HEAD = 65_536  # bytes that are looked at to tell the format


def read(path: Path) -> Iterator[Record]:
    """Yield the papers and the rejected records of the file at `path`, in its order, streaming.

    Raises InvalidInput when the file cannot be read, UnknownFormat when it is in no known format.
    """
    reader = find_reader(path)
    try:
        with _open(path) as stream:
            yield from reader.read(Source(stream, str(path)))
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path}: cannot be read to its end: {error}") from error


def find_reader(path: Path) -> Reader:
    """Return the reader for the file at `path`: one that recognizes its content, preferably of its suffix.

    Raises InvalidInput when the file cannot be opened or is empty, UnknownFormat when no reader recognizes it.
    """
    try:
        if path.is_dir():
            raise InvalidInput(f"{path} is a folder: name the files in it")
        with _open(path) as stream:
            head = _decode(stream.read(_HEAD), whole=False)
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path}: cannot be read: {error}") from error
    if not head.strip():
        raise InvalidInput(f"{path}: the file is empty")
    recognizing = [reader for reader in registered() if reader.recognizes(head)]
    if recognizing:
        return max(recognizing, key=lambda reader: path.name.removesuffix(".gz").endswith(reader.suffixes))
    known = "; ".join(f"{reader.name} ({reader.description})" for reader in registered())
    raise UnknownFormat(f"{path}: in no format that the explorer reads. It reads: {known}")


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as stream:
        compressed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        if not compressed:
            yield stream
            return
        with gzip.open(stream) as unpacked, io.BufferedReader(unpacked) as buffered:
            yield buffered


def _decode(line: bytes, *, whole: bool = True) -> str:
    """Decode UTF-8, and a line that is not UTF-8 as the Windows code page that it most likely is.

    What is not `whole` may end within a character.
    """
    line = line.removeprefix(BOM_UTF8)
    try:
        return utf_8_decode(line, "strict", whole)[0]
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
