"""Files and folders to contents that a reader is chosen for: by what they hold, then by their names.

A file may hold several contents, being packed; a folder holds files. What cannot be read is told, never hidden.
"""

from __future__ import annotations

import io
import os
import re
import stat
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_LE, getincrementaldecoder, utf_8_decode
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from explorer.errors import InvalidInput, UnknownFormat
from explorer.readers.archives import Piece, pieces
from explorer.readers.packed import Ahead, without_packing
from explorer.readers.registry import Reader, Record, Rejected, registered
from explorer.readers.source import Source, Unreadable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_HEAD = 65_536  # bytes that are looked at to tell the format
_BUFFER = 131_072  # bytes
_DEEPEST = 100  # folders within each other
_WIDE = ((BOM_UTF32_LE, "utf-32"), (BOM_UTF16_LE, "utf-16"), (BOM_UTF16_BE, "utf-16"))
_OURS = ".paper-explorer"  # how the names of a library's work begin


@dataclass(slots=True)
class Content:
    """Be what one file holds, for reading once: a reader and its source, or why it is not read.

    It `is_foreign` when nothing is wrong with it but that it holds no papers that a reader knows of.
    """

    name: str
    reader: Reader | None = None
    source: Source | None = None
    refusal: str = ""
    is_foreign: bool = False

    def records(self) -> Iterator[Record]:
        """Yield papers and rejected records in the file's order, with a last one where it is damaged or cut off.

        Raises InvalidInput where the reader cannot do anything with the file as a whole.
        """
        if self.reader is None or self.source is None:
            yield Rejected(0, self.refusal, "file")
            return
        try:
            yield from self.reader.read(self.source)
        except Unreadable as error:
            yield Rejected(*self.source.place(error.reason))

    def error(self) -> InvalidInput:
        """Return what to tell who named this file, of which nothing can be read."""
        if not self.is_foreign or self.refusal == _EMPTY:
            return InvalidInput(f"{self.name}: {self.refusal}")
        known = ", ".join(reader.name for reader in registered())
        return UnknownFormat(
            f"{self.name}: in no format that the explorer reads; these are {known} ('explorer formats' describes them)"
        )


_EMPTY = "the file is empty"
_UNKNOWN = "in no known format"


def contents(
    name: str, stream: io.RawIOBase, columns: Mapping[str, str] | None = None, *, is_named: bool = True
) -> Generator[Content, None, None]:
    """Yield what the file `name` holds: one content or, being packed, maybe several; each until the next is asked for.

    `columns` are those that the user chose. A file that the user named, not a member of it, must be able to use them.
    """
    for piece in pieces(name, stream):
        yield _content(piece, columns or {}, must_use=is_named and piece.name == name)


def _content(piece: Piece, columns: Mapping[str, str], *, must_use: bool) -> Content:
    if piece.content is None:
        return Content(piece.name, refusal=piece.reason)
    ahead = _as_utf8(piece.content)
    head = _decoded(ahead.head(_HEAD))
    if not head.strip():
        broken = ahead.error or piece.content.error
        return Content(piece.name, refusal=f"cannot be read: {broken}" if broken else _EMPTY, is_foreign=not broken)
    reader = choose(piece.name, head, with_columns=bool(columns) and (must_use or _is_named_table(piece.name)))
    if reader is None and ahead.error is not None:
        return Content(piece.name, refusal=f"cannot be read: {ahead.error}")
    if reader is None:
        return Content(piece.name, refusal=_UNKNOWN, is_foreign=True)
    if columns and must_use and not reader.takes_columns:
        able = ", ".join(other.name for other in registered() if other.takes_columns)
        return Content(piece.name, refusal=f"it is {reader.name}: columns can be chosen for {able} only")
    stream = io.BufferedReader(ahead, _BUFFER)
    return Content(piece.name, reader, Source(stream, piece.name, columns if reader.takes_columns else None))


def choose(name: str, head: str, *, with_columns: bool = False) -> Reader | None:
    """Return the reader for a file of that name that begins with `head`, or None when none recognizes it.

    Of those that recognize it, one for this very format comes before one for any table or object, then one of its
    suffix. Where the user chose columns, one that can use them comes first, and need not recognize it.
    """
    recognizing = [reader for reader in registered() if reader.recognizes(head)]
    able = [reader for reader in recognizing if with_columns and reader.takes_columns]
    specific = [reader for reader in recognizing if not reader.is_generic]
    if recognizing:
        suffixed = without_packing(name)
        return max(able or specific or recognizing, key=lambda reader: suffixed.endswith(reader.suffixes))
    if not with_columns or "\0" in head:
        return None
    likely = "jsonl" if head.lstrip().startswith(("{", "[")) else "csv"
    return next((reader for reader in registered() if reader.takes_columns and reader.name == likely), None)


def _is_named_table(name: str) -> bool:
    suffixes = tuple(suffix for reader in registered() if reader.takes_columns for suffix in reader.suffixes)
    return without_packing(name).endswith(suffixes)


# --- encodings


def _decoded(head: bytes) -> str:
    """Decode UTF-8 that may end within a character; what is not UTF-8, as the Windows code page it most likely is."""
    head = head.removeprefix(BOM_UTF8)
    try:
        return utf_8_decode(head, "strict", False)[0]
    except UnicodeDecodeError:
        return head.decode("cp1252", errors="replace")


def _as_utf8(content: Ahead) -> Ahead:
    """Return the content in UTF-8 when a mark says that it is in another of Unicode's encodings.

    Lines that end as on the first Macintoshes, in a carriage return only, get ends that readers know.
    """
    head = content.head(_HEAD)
    encoding = next((encoding for mark, encoding in _WIDE if head.startswith(mark)), None)
    if encoding is not None:
        return Ahead(_Recoded(content, encoding))
    if b"\r" in head.rstrip(b"\r") and not {b"\n"[0], 0} & set(head):
        return Ahead(_Lines(content))
    return content


class _Lines(io.RawIOBase):
    """Give a text with line feeds for its carriage returns."""

    def __init__(self, raw: Ahead) -> None:
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        data = (self._raw.read(len(view)) or b"").replace(b"\r", b"\n")
        view[: len(data)] = data
        return len(data)


class _Recoded(io.RawIOBase):
    """Give a text in UTF-8. An XML declaration of the other encoding is corrected."""

    def __init__(self, raw: Ahead, encoding: str) -> None:
        self._raw = raw
        self._decoder = getincrementaldecoder(encoding)(errors="replace")
        self._ready = b""
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        while not self._ready:
            data = self._raw.read(_HEAD) or b""
            text = self._decoder.decode(data, final=not data)
            if not self._begun and text:
                self._begun = True
                text = re.sub(r"(?i)\A(<\?xml[^>]*?encoding\s*=\s*[\"'])utf-?(?:16|32)\w*", r"\g<1>utf-8", text)
            self._ready = text.encode("utf-8", "replace")
            if not data:
                break
        part, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(part)] = part
        return len(part)


# --- folders


class Found(NamedTuple):
    """Be a file in a folder, or what is not read in it and why."""

    path: Path
    reason: str = ""


def walk(folder: Path, depth: int = 0) -> Iterator[Found]:
    """Yield the files in `folder` and below it, sorted. Hidden ones are left out, and so are the explorer's libraries.

    What is neither a file nor a folder, links among it, is named with a reason: nothing outside `folder` is read.
    """
    try:
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError as error:
        yield Found(folder, f"cannot be read: {error.strerror}")
        return
    if is_library([entry.name for entry in entries]):
        if depth == 0:
            yield Found(folder, "a library of the explorer: name what it was made of")
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and depth + 1 < _DEEPEST:
            yield from walk(folder / entry.name, depth + 1)
        elif not entry.name.startswith("."):
            yield Found(folder / entry.name, _not_read(entry))


def _not_read(entry: os.DirEntry[str]) -> str:
    """Return why an entry is no file that can be read, or nothing when it is one."""
    if entry.is_symlink():
        return "a link: not followed"
    if entry.is_dir(follow_symlinks=False):
        return f"deeper than {_DEEPEST} folders"
    return "" if entry.is_file(follow_symlinks=False) else "no regular file"


def is_library(names: list[str]) -> bool:
    """Tell whether a folder with files of these names is a library, or is about to be one."""
    own = any(name.startswith("papers-") and name.endswith(".sqlite") for name in names)
    return any(name.startswith(_OURS) for name in names) or ("manifest.json" in names and own)


def open_regular(path: Path) -> io.FileIO:
    """Open a file that a folder holds. Raises OSError, also when it has become something else than a file."""
    file = io.FileIO(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("no regular file")
    return file


# --- one file


def read(path: Path) -> Iterator[Record]:
    """Yield the papers and the rejected records of the file at `path`, in its order, streaming.

    Raises InvalidInput when nothing of the file can be read, UnknownFormat when it is in no known format.
    """
    with _open(path) as file, closing(contents(str(path), file)) as found:
        anything = False
        for content in found:
            if content.reader is None and content.name == str(path) and not anything:
                raise content.error()
            anything = True
            yield from content.records()


def find_reader(path: Path) -> Reader:
    """Return the reader for the file at `path`; of a file that holds several, for the first that has one.

    Raises InvalidInput when the file cannot be opened or is empty, UnknownFormat when no reader recognizes it.
    """
    first = None
    with _open(path) as file, closing(contents(str(path), file)) as found:
        for content in found:
            if content.reader is not None:
                return content.reader
            first = first or content
    raise InvalidInput(f"{path}: the file is empty") if first is None else first.error()


def _open(path: Path) -> io.FileIO:
    try:
        if path.is_dir():
            raise InvalidInput(f"{path} is a folder: name the files in it")
        return io.FileIO(path)
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InvalidInput(f"{path}: cannot be read: {error}") from error
