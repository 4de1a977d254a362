"""Inputs made of samples by chance. The same seed, reader and number give the same input."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from random import Random

from fuzzing.seeds import everything, seeds, tokens

LARGEST = 262_144  # bytes
_PACKED = 40  # one in so many is packed


def made(reader: str, seed: int, number: int) -> tuple[bytes, str]:
    """Return input `number` for `reader`, and the suffix of its name where it is packed."""
    chance = Random(f"{seed} {reader} {number}")
    data = chance.choice(seeds(reader))
    for _ in range(min(8, 1 + int(chance.expovariate(0.6)))):
        data = chance.choice(_MUTATIONS)(data, reader, chance)[:LARGEST]
    if chance.randrange(_PACKED):
        return data, ""
    suffix = chance.choice(tuple(_PACKINGS))
    data = _PACKINGS[suffix](data)
    return (chance.choice(_BINARY)(data, reader, chance) if chance.random() < 0.6 else data), suffix


def _place(data: bytes, chance: Random) -> int:
    return chance.randint(0, len(data))


def _part(data: bytes, chance: Random) -> tuple[int, int]:
    start = _place(data, chance)
    return start, min(len(data), start + int(chance.expovariate(1 / 40)) + 1)


def _flip(data: bytes, _reader: str, chance: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _random_bytes(data: bytes, _reader: str, chance: Random) -> bytes:
    start, end = _part(data, chance)
    return data[:start] + chance.randbytes(chance.randint(1, 40)) + data[end:]


def _delete(data: bytes, _reader: str, chance: Random) -> bytes:
    start, end = _part(data, chance)
    return data[:start] + data[end:]


def _duplicate(data: bytes, _reader: str, chance: Random) -> bytes:
    start, end = _part(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 1, 2, 10, 300)) + data[end:]


def _move(data: bytes, _reader: str, chance: Random) -> bytes:
    start, end = _part(data, chance)
    rest = data[:start] + data[end:]
    at = _place(rest, chance)
    return rest[:at] + data[start:end] + rest[at:]


def _token(data: bytes, reader: str, chance: Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + chance.choice(tokens(reader)) + data[at:]


def _exchange(data: bytes, reader: str, chance: Random) -> bytes:
    old, new = chance.choice(tokens(reader)), chance.choice(tokens(reader))
    return data.replace(old, new, chance.choice((1, -1)))


def _run(data: bytes, reader: str, chance: Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + chance.choice(tokens(reader)) * chance.choice((10, 100, 1_000, 5_000)) + data[at:]


def _nest(data: bytes, _reader: str, chance: Random) -> bytes:
    start, end = _part(data, chance)
    depth = chance.choice((5, 50, 1_000, 3_000))
    opening, closing = chance.choice(_PAIRS)
    return (
        data[:start]
        + opening * depth
        + data[start:end]
        + closing * (depth if chance.random() < 0.7 else 0)
        + data[end:]
    )


def _splice(data: bytes, reader: str, chance: Random) -> bytes:
    other = chance.choice(seeds(reader) if chance.random() < 0.7 else everything())
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def _cut_off(data: bytes, _reader: str, chance: Random) -> bytes:
    return data[: _place(data, chance)]


def _lines(data: bytes, _reader: str, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if len(lines) < 2:
        return data
    at = chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines[at:at] = [lines[at]] * chance.choice((1, 3, 50))
        case 2:
            lines[at:at] = [lines[chance.randrange(len(lines))]]
        case _:
            chance.shuffle(lines)
    return b"".join(lines)


def _number(data: bytes, _reader: str, chance: Random) -> bytes:
    digits = [at for at, byte in enumerate(data) if 48 <= byte <= 57]
    if not digits:
        return data
    at = chance.choice(digits)
    return (
        data[:at]
        + chance.choice((b"9" * 30, b"9" * 6_000, b"-1", b"0", b"1e400", b"0.5", b"", b"99999999999"))
        + data[at + 1 :]
    )


def _ends(data: bytes, _reader: str, chance: Random) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", chance.choice((b"\r", b"\r\n", b"\n\n", b"", b"\n\r", b" ")))


def _encoding(data: bytes, _reader: str, chance: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    encoding = chance.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "utf-8-sig", "cp1252", "utf-7", "shift_jis")
    )
    return text.encode(encoding, "replace")


_PAIRS = (
    (b"{", b"}"), (b"[", b"]"), (b"(", b")"), (b"<a>", b"</a>"), (b'{"a":', b"}"), (b'{"title":[', b"]}"),
    (b"<p>", b""), (b"<!--", b"-->"), (b"\\frac{", b"}"), (b"$", b"$"), (b"<entry>", b"</entry>"), (b"&lt;", b"&gt;"),
    (b"<![CDATA[", b"]]>"),
)  # fmt: skip
_BINARY: tuple[Callable[[bytes, str, Random], bytes], ...] = (_flip, _random_bytes, _delete, _duplicate, _cut_off)
_MUTATIONS = (
    *_BINARY, _flip, _move, _token, _token, _token, _exchange, _run, _nest, _splice, _splice, _lines, _lines, _number,
    _ends, _encoding,
)  # fmt: skip


def zipped(data: bytes, name: str = "papers") -> bytes:
    """Return a zip file with one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _tarred(data: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("papers")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def _zstandard(data: bytes) -> bytes:
    try:
        from zstandard import ZstdCompressor
    except ImportError:
        return data
    return ZstdCompressor().compress(data)


_PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda data: gzip.compress(data, 1, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lambda data: lzma.compress(data, preset=0),
    ".zip": zipped,
    ".tar": _tarred,
    ".zst": _zstandard,
    ".tar.gz": lambda data: gzip.compress(_tarred(data), 1, mtime=0),
}
