"""How files are packed, told by their first bytes; and gzip, bzip2, xz and Zstandard to what is in them. Streaming.

A stream in here is raw: it gives what it has, so that what precedes a damaged place is not lost with it.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from explorer.readers.source import UNREADABLE

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE = 8_192  # bytes unpacked at a time: what can be lost before a damaged place
_ZSTD_PIECE = 512  # packed bytes given to Zstandard at a time: four can become 128 KB, all 16 MB
_MEMORY = 256 * 1024 * 1024  # bytes that xz may use; `xz -9` needs 65 MB
_WINDOW = 128 * 1024 * 1024  # bytes that Zstandard may look back; `zstd --ultra -22` needs all of them
_FREELY = 64 * 1024 * 1024  # bytes that any file may unpack to
_RATIO = 250  # and beyond them, how many times its packed size: words become smaller by five to fifty times
_MAGIC = 512  # bytes by which a packing is told

# What the system, the decompressors and the archives raise for what cannot be read.
BROKEN = (
    *UNREADABLE,
    zipfile.BadZipFile,
    tarfile.TarError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
)


class Packing(NamedTuple):
    """Describe one way of packing: how its content begins, and its usual suffixes."""

    name: str
    suffixes: tuple[str, ...]
    begins: str


PACKINGS = (
    Packing("gzip", (".gz", ".tgz"), r"\x1f\x8b"),
    Packing("bzip2", (".bz2",), r"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"),
    Packing("xz", (".xz",), r"\xfd7zXZ\x00"),
    Packing("zstd", (".zst", ".zstd"), r"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
    Packing("zip", (".zip",), r"PK(?:\x03\x04|\x05\x06)"),
    Packing("tar", (".tar",), r"[\x00-\xff]{257}ustar"),
)


class Raw(Protocol):
    """Be a raw stream."""

    def readinto(self, buffer: Any, /) -> int | None:
        """Fill a part of `buffer`, nothing of it at the end."""

    def read(self, size: int = -1, /) -> bytes | None:
        """Return up to `size` bytes, none at the end."""


class Ahead(io.RawIOBase):
    """Give a stream of which one can look at the beginning first."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._held = b""
        self.error: BaseException | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def head(self, size: int) -> bytes:
        """Return the first `size` bytes, fewer where the stream ends or breaks; `error` is why it broke."""
        pieces, missing = [self._held], size - len(self._held)
        while missing > 0 and self.error is None:
            try:
                piece = self._raw.read(missing)
            except BROKEN as error:
                self.error = error
                break
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        self._held = b"".join(pieces)
        return self._held[:size]

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a part of `buffer`."""
        if self._held:
            view = memoryview(buffer)
            part = self._held[: len(view)]
            view[: len(part)] = part
            self._held = self._held[len(part) :]
            return len(part)
        if self.error is not None:
            raise self.error
        return self._raw.readinto(buffer) or 0


def packing_of(content: Ahead) -> str:
    """Return the name of the packing in which `content` is, or nothing."""
    head = content.head(_MAGIC)
    return next((packing.name for packing in PACKINGS if re.match(packing.begins.encode("latin-1"), head, re.S)), "")


def without_packing(name: str) -> str:
    """Return a file's name, in lower case, without the suffix of its packing."""
    name = name.lower()
    suffixes = (suffix for packing in PACKINGS for suffix in packing.suffixes if name.endswith(suffix))
    return name.removesuffix(next(suffixes, ""))


class _Decoder(Protocol):
    """Unpack one frame; a file may have several."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Zstandard:
    """Unpack one frame of Zstandard. It gives all that it makes of what it gets, which is why it gets little."""

    needs_input = True

    def __init__(self) -> None:
        from zstandard import ZstdDecompressor

        self._decoder = ZstdDecompressor(max_window_size=_WINDOW).decompressobj()

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:  # noqa: ARG002 -- the protocol's
        from zstandard import ZstdError

        try:
            return self._decoder.decompress(data)
        except ZstdError as error:
            raise OSError(str(error)) from error


class _Frames:
    """Read frames that follow each other, with nothing or zeros between them."""

    def __init__(self, packed: _Counted, new: Callable[[], Any], piece: int = _PIECE) -> None:
        self._packed = packed
        self._new = new
        self._piece = piece
        self._decoder: _Decoder = new()
        self._ready = memoryview(b"")

    def read1(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        while not self._ready:
            if self._decoder.eof:
                data = self._next_frame()
                if not data:
                    return b""
                self._decoder = self._new()
            elif self._decoder.needs_input:
                data = self._packed.read(self._piece)
                if not data:
                    raise EOFError("it ends too early")
            else:
                data = b""
            self._ready = memoryview(self._decoder.decompress(data, _PIECE))
        part, self._ready = self._ready[:size], self._ready[size:]
        return bytes(part)

    def _next_frame(self) -> bytes:
        """Return how it begins; nothing when there is none."""
        begin = self._decoder.unused_data.lstrip(b"\0")
        while not begin:
            data = self._packed.read(self._piece)
            if not data:
                return b""
            begin = data.lstrip(b"\0")
        return begin


class _Counted:
    """Count what is read of a packed file."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        data = self._raw.read(size) or b""
        self.size += len(data)
        return data


class Unpacked(io.RawIOBase):
    """Give what `file` unpacks to. Raises OSError for whatever is wrong with it, and where it grows beyond measure."""

    def __init__(self, file: Any, packed_size: Callable[[], int]) -> None:
        self._file = file
        self._packed_size = packed_size
        self._size = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a part of `buffer`."""
        view = memoryview(buffer)
        try:
            data = self._file.read1(min(len(view), _PIECE))
        except BROKEN as error:
            raise OSError(str(error) or type(error).__name__) from error
        self._size += len(data)
        if self._size > _FREELY and self._size > _RATIO * self._packed_size():
            raise OSError(f"it unpacks to more than {_RATIO} times its size: not read further")
        view[: len(data)] = data
        return len(data)


UNPACKING: dict[str, Callable[[_Counted], Any]] = {
    "gzip": lambda packed: gzip.GzipFile(fileobj=packed, mode="rb"),  # type: ignore[call-overload]  # it only reads
    "bzip2": lambda packed: _Frames(packed, bz2.BZ2Decompressor),
    "xz": lambda packed: _Frames(packed, lambda: lzma.LZMADecompressor(memlimit=_MEMORY)),
    "zstd": lambda packed: _Frames(packed, _Zstandard, _ZSTD_PIECE),
}


def unpacked(packing: str, content: Ahead) -> Ahead:
    """Return what is in a file that is packed in one of `UNPACKING`."""
    packed = _Counted(io.BufferedReader(content))
    return Ahead(Unpacked(UNPACKING[packing](packed), lambda: packed.size))
