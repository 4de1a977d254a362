"""What is in a file that may be an archive: the file itself, or its members one after the other. Streaming.

zip and tar; members may themselves be packed, but not be archives again. No member is ever held as a whole.
"""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from explorer.readers.packed import BROKEN, UNPACKING, Ahead, Unpacked, packing_of, unpacked

_LONGEST_READ = 1024 * 1024  # bytes that a tar header may be long
_DOCUMENTS = ("[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF")  # zip files that are no archives: .docx, .epub
_PIECE = 8_192  # bytes

# What stands before each member of a zip file: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7
_SIGNATURE = b"PK\x03\x04"
_HEADER = struct.Struct("<6xHH8xI4xHH")  # flags, method, packed size, length of the name, of an extra field
_NEXT = 28  # bytes in which it begins: a member's checksum and sizes may stand between
_ENCRYPTED, _SIZE_FOLLOWS = 0x1, 0x8
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


class Piece(NamedTuple):
    """Be one file: its content, or why there is none. `name` is the packed file's, with the member's behind a slash."""

    name: str
    content: Ahead | None
    reason: str = ""


def pieces(name: str, stream: io.RawIOBase) -> Iterator[Piece]:
    """Yield the file `name` itself, unpacked, or its members in their order; each is for reading until the next.

    `stream` must be able to go back to its beginning.
    """
    content = Ahead(stream)
    packing = packing_of(content)
    if packing == "zip":
        stream.seek(0)
        yield from _zip_members(name, stream)
        return
    if packing in UNPACKING:
        content = unpacked(packing, content)
        packing = packing_of(content)
    if packing == "tar":
        yield from _tar_members(name, content)
    else:
        yield Piece(name, content)


def _member(name: str, content: Ahead) -> Piece:
    """Return a member of an archive, which may be packed, but not be an archive again."""
    packing = packing_of(content)
    if packing in UNPACKING:
        content = unpacked(packing, content)
        packing = packing_of(content)
    if packing:
        return Piece(name, None, "packed within a packed file: unpack it first")
    return Piece(name, content)


def _is_hidden(member: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in member.split("/") if part not in {".", ".."})


# --- zip


def _zip_members(name: str, stream: io.RawIOBase) -> Iterator[Piece]:
    try:
        archive = zipfile.ZipFile(stream)
    except BROKEN:
        yield from _members_without_directory(name, stream)
        return
    with archive:
        members = archive.infolist()
        if any(member.filename in _DOCUMENTS for member in members):
            stream.seek(0)
            yield Piece(name, Ahead(stream))
        elif sum(member.compress_size for member in members) > stream.seek(0, io.SEEK_END):
            yield Piece(name, None, "cannot be read: its members overlap")
        else:
            for member in members:
                if not member.filename.endswith("/") and not _is_hidden(member.filename):
                    yield from _zip_member(f"{name}/{member.filename}", archive, member)


def _zip_member(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[Piece]:
    if member.flag_bits & _ENCRYPTED:
        yield Piece(name, None, "encrypted: unpack it first")
        return
    try:
        opened = archive.open(member)
    except BROKEN as error:
        yield Piece(name, None, f"cannot be read: {error}")
        return
    with opened:
        yield _member(name, Ahead(Unpacked(opened, lambda: member.compress_size)))


class _Inflated:
    """Unpack a member where nothing says how long it is."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream
        self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        self._begin = stream.tell()

    def packed_size(self) -> int:
        """Return how much has been read."""
        return self._stream.tell() - self._begin

    def read1(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        while not self._decoder.eof:
            data = self._decoder.unconsumed_tail or self._stream.read(_PIECE)
            if not data:
                raise EOFError("it ends too early")
            if part := self._decoder.decompress(data, size):
                return bytes(part)
        return b""

    def finish(self) -> None:
        """Go to where the packed member ends, of which all must have been read."""
        self._stream.seek(-len(self._decoder.unused_data), io.SEEK_CUR)


class _Stored:
    """Read a member that is not packed."""

    def __init__(self, stream: io.RawIOBase, size: int) -> None:
        self._stream = stream
        self._size = self._left = size

    def packed_size(self) -> int:
        """Return how long it is."""
        return self._size

    def read1(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        data = self._stream.read(min(size, self._left)) or b""
        if self._left and not data:
            raise EOFError("it ends too early")
        self._left -= len(data)
        return data

    def finish(self) -> None:
        """Do nothing: it is where the member ends, of which all must have been read."""


def _members_without_directory(name: str, stream: io.RawIOBase) -> Iterator[Piece]:
    """Yield the members of a zip file whose end, where they are listed, is missing or damaged, as far as they go."""
    stream.seek(0)
    try:
        while (found := _next_member(stream)) is not None:
            member, opened = found
            content = Unpacked(opened, opened.packed_size)
            if not member.endswith("/") and not _is_hidden(member):
                yield _member(f"{name}/{member}", Ahead(content))
            while content.read(_PIECE):
                pass
            opened.finish()
    except BROKEN as error:
        yield Piece(name, None, f"cannot be read to its end: {error}")
        return
    yield Piece(name, None, "cannot be read to its end: the list of its members is missing or damaged")


def _next_member(stream: io.RawIOBase) -> tuple[str, _Inflated | _Stored] | None:
    """Return the next member's name and content; None when there is none, or none of which one can tell the end."""
    around = stream.read(_NEXT) or b""
    place = around.find(_SIGNATURE)
    if place < 0:
        return None
    stream.seek(place - len(around), io.SEEK_CUR)
    header = stream.read(_HEADER.size) or b""
    if len(header) < _HEADER.size:
        return None
    flags, method, size, name_size, extra = _HEADER.unpack(header)
    name = (stream.read(name_size) or b"").decode("utf-8", "replace")
    stream.seek(extra, io.SEEK_CUR)
    if flags & _ENCRYPTED or method not in _METHODS:
        return None
    if method == zipfile.ZIP_DEFLATED:
        return name, _Inflated(stream)
    return None if flags & _SIZE_FOLLOWS else (name, _Stored(stream, size))


# --- tar


class _Forward(io.RawIOBase):
    """Let an archive be read from its beginning to its end as if one could go to any place of it."""

    def __init__(self, content: Ahead) -> None:
        self._stream = io.BufferedReader(content, _LONGEST_READ)
        self._at = 0
        self.last = b""

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset < self._at:
            raise OSError("it cannot be read backwards")
        while self._at < offset and self.read(min(offset - self._at, _LONGEST_READ)):
            pass
        return self._at

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_READ:
            raise OSError("a header is too long")
        self.last = self._stream.read(size)
        self._at += len(self.last)
        return self.last


def _tar_members(name: str, content: Ahead) -> Iterator[Piece]:
    forward = _Forward(content)
    try:
        with closing(tarfile.TarFile(fileobj=forward)) as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep all of them
                opened = archive.extractfile(member) if member.isfile() and not _is_hidden(member.name) else None
                if opened is not None:
                    with opened:
                        yield _member(f"{name}/{member.name}", Ahead(Unpacked(opened, forward.tell)))
    except BROKEN as error:
        yield Piece(name, None, f"cannot be read to its end: {error}")
        return
    if forward.last.strip(b"\0"):  # neither the end nor a header
        yield Piece(name, None, "cannot be read to its end: bad header")
