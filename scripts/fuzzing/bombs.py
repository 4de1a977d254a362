"""Inputs made to break readers: what is small and becomes large, deep, endless or slow."""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fuzzing.mutations import zipped
from fuzzing.seeds import seeds, tokens

_GROWTH = 4  # times as long, a run must take about as many times as long


class Bomb(NamedTuple):
    """One input: its name, its bytes, and the suffix of its file's name."""

    name: str
    data: bytes
    suffix: str = ""


class Runs(NamedTuple):
    """The same input, shorter and longer: time must grow as length does."""

    name: str
    short: bytes
    long: bytes


def bombs(reader: str, size: int) -> Iterator[Callable[[], Bomb]]:
    """Yield what makes the bombs for `reader`, of about `size` bytes; packed ones unpack to ten times that."""
    samples = seeds(reader)
    sample = samples[0]
    yield from _of_text(sample, size)
    if any(b"<" in one for one in samples):
        yield from _of_xml(next(one for one in samples if b"<" in one), size)
    if any(one.lstrip()[:1] in (b"{", b"[") for one in samples):
        yield from _of_json(next(one for one in samples if one.lstrip()[:1] in (b"{", b"[")), size)
    yield from _packed(sample, size)


def runs(reader: str, size: int) -> Iterator[Callable[[], Runs]]:
    """Yield runs of everything that means something to `reader`, `size` bytes long, within a sample."""
    sample = seeds(reader)[0]
    middle = len(sample) // 2
    words = [
        *tokens(reader),
        b"<a ",
        b"\\a",
        b"{$",
        b"@a{",
        b"a=",
        b"a,",
        b"A B ",
        b"&#",
        b"and ",
        b" {",
        b"}{",
        b"\n\n",
        b"\n ",
    ]

    def make(word: bytes, at: int) -> Callable[[], Runs]:
        def made() -> Runs:
            short = sample[:at] + word * (size // len(word)) + sample[at:]
            return Runs(
                f"run of {word!r} at {at}", short, sample[:at] + word * (_GROWTH * size // len(word)) + sample[at:]
            )

        return made

    for word in dict.fromkeys(words):
        for at in (middle, len(sample)):
            yield make(word, at)


def _of_text(sample: bytes, size: int) -> Iterator[Callable[[], Bomb]]:
    yield lambda: Bomb("nothing", b"")
    yield lambda: Bomb("blanks", b" \n" * (size // 2))
    yield lambda: Bomb("NULs", b"\0" * size)
    yield lambda: Bomb("NULs within", sample[: len(sample) // 2] + b"\0" * size + sample[len(sample) // 2 :])
    yield lambda: Bomb("an endless line", sample.replace(b"An abstract", b"An abstract" + b" word" * (size // 5), 1))
    yield lambda: Bomb("an endless word", sample.replace(b"An abstract", b"a" * size, 1))
    yield lambda: Bomb(
        "an endless word of accents", sample.replace(b"An abstract", "e\u0301\u0323".encode() * (size // 5), 1)
    )
    yield lambda: Bomb("an endless accent", sample.replace(b"An abstract", "\u0301".encode() * (size // 2), 1))
    yield lambda: Bomb("a first line without an end", b"a" * size + sample)
    yield lambda: Bomb("empty lines", sample + b"\n" * size + sample)
    yield lambda: Bomb("a quotation mark that is not closed", sample + b'\n"' + b"a,b\n" * (size // 4) + sample)
    yield lambda: Bomb("quotation marks", b'"' * size)
    yield lambda: Bomb("commas", sample + b"," * size)
    yield lambda: Bomb("columns", b"title," * (size // 6) + b"\nA title")
    yield lambda: Bomb("authors", sample.replace(b"Ada", b"Ada; " * (size // 5), 1))
    yield lambda: Bomb("braces", sample + b"{" * size)
    yield lambda: Bomb("records", sample * (size // len(sample)))
    yield lambda: Bomb("wrong bytes", sample + b"\xff\xfe\x80" * (size // 3))
    yield lambda: Bomb("digits", sample.replace(b"2020", b"2" * size, 1))
    yield lambda: Bomb("commands", sample.replace(b"A title", rb"\frac{a}{" * (size // 9), 1))
    yield lambda: Bomb("mathematics", sample.replace(b"A title", b"$a$ " * (size // 4), 1))
    yield lambda: Bomb("tags", sample.replace(b"An abstract", b"&lt;p " * (size // 6), 1))
    yield lambda: Bomb("in wide characters", sample.decode("utf-8", "replace").encode("utf-16") * 3)


def _of_xml(sample: bytes, size: int) -> Iterator[Callable[[], Bomb]]:
    body = re.sub(rb"\A\s*<\?xml[^>]*\?>\s*(?:<!DOCTYPE[^>]*>)?", b"", sample)

    def within(declarations: bytes, reference: bytes) -> bytes:
        text = re.sub(rb">([^<>]{3,})<", lambda found: b">" + reference + found[1] + b"<", body)
        return b'<?xml version="1.0"?>\n<!DOCTYPE bomb [' + declarations + b"]>\n" + text

    laughs = b'<!ENTITY a0 "ha">' + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    parameters = b"<!ENTITY % a \"<!ENTITY b 'ha'>\">%a;" + b"".join(
        b"<!ENTITY %% p%d '%s'>" % (n, b"&#37;p%d;" % (n - 1) * 10) for n in range(1, 9)
    )
    yield lambda: Bomb("billion laughs", within(laughs, b"&a11;"))
    yield lambda: Bomb("billion laughs in an attribute", within(laughs, b'<a b="&a11;"/>'))
    yield lambda: Bomb("parameter entities", within(parameters, b"&b;"))
    yield lambda: Bomb("quadratic blowup", within(b'<!ENTITY a "' + b"a" * (size // 20) + b'">', b"&a;" * 2_000))
    yield lambda: Bomb("an entity from outside", within(b'<!ENTITY a SYSTEM "file:///etc/passwd">', b"&a;"))
    yield lambda: Bomb("a DTD from outside", b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + body)
    yield lambda: Bomb("a DTD without an end", b"<!DOCTYPE a [" + b'<!ENTITY a "b">' * (size // 15) + body)
    yield lambda: Bomb("deep elements", body.replace(b"A title", b"<a>" * (size // 3), 1))
    yield lambda: Bomb(
        "deep elements that end", body.replace(b"A title", b"<a>" * (size // 7) + b"</a>" * (size // 7), 1)
    )
    yield lambda: Bomb("many elements", body.replace(b"A title", b"<a/>" * (size // 4), 1))
    yield lambda: Bomb(
        "many attributes",
        body.replace(b"A title", b"<a " + b"".join(b'a%d="" ' % n for n in range(size // 12)) + b"/>", 1),
    )
    yield lambda: Bomb("a long attribute", body.replace(b"A title", b'<a b="' + b"a" * size + b'"/>', 1))
    yield lambda: Bomb("a long name", body.replace(b"A title", b"<" + b"a" * size + b">", 1))
    yield lambda: Bomb("a comment without an end", body.replace(b"A title", b"<!--" + b"-" * size, 1))
    yield lambda: Bomb("CDATA without an end", body.replace(b"A title", b"<![CDATA[" + b"]" * size, 1))
    yield lambda: Bomb("a tag without an end", body.replace(b"A title", b"<a " * (size // 3), 1))
    yield lambda: Bomb(
        "many namespaces", body.replace(b"A title", b"".join(b'<a xmlns:b%d="c">' % n for n in range(size // 24)), 1)
    )
    yield lambda: Bomb("references", body.replace(b"A title", b"&#233;" * (size // 6), 1))


def _of_json(sample: bytes, size: int) -> Iterator[Callable[[], Bomb]]:
    def in_title(value: bytes) -> bytes:
        return sample.replace(b'"A title"', value, 1)

    depth = size // 10
    yield lambda: Bomb("deep lists", b"[" * size)
    yield lambda: Bomb("deep lists that end", in_title(b"[" * depth + b"]" * depth))
    yield lambda: Bomb("deep objects", b'{"title":' * (size // 9))
    yield lambda: Bomb("deep objects that end", in_title(b'{"a":' * depth + b"1" + b"}" * depth))
    yield lambda: Bomb("as deep as Python bears", in_title(b"[" * 900 + b"]" * 900))
    yield lambda: Bomb("a huge number", in_title(b"9" * size))
    yield lambda: Bomb("a huge exponent", in_title(b"1e" + b"9" * 1_000))
    yield lambda: Bomb("a huge integer for a year", sample.replace(b"2020", b"9" * 4_000))
    yield lambda: Bomb("a string without an end", in_title(b'"' + b"a" * size))
    yield lambda: Bomb("a string of escapes", in_title(b'"' + b"\\u0301" * (size // 6) + b'"'))
    yield lambda: Bomb("half characters", in_title(b'"' + b"\\ud800" * (size // 6) + b'"'))
    yield lambda: Bomb("many small lists", in_title(b"[" + b"[]," * (size // 3) + b"[]]"))
    yield lambda: Bomb("many keys", in_title(b"{" + b",".join(b'"%d":1' % n for n in range(size // 12)) + b"}"))
    yield lambda: Bomb("the same key", in_title(b"{" + b'"a":1,' * (size // 6) + b'"a":2}'))
    yield lambda: Bomb("backslashes", in_title(b'"' + b"\\" * size))
    yield lambda: Bomb("an inverted abstract of far places", sample.replace(b"[0]", b"[2000000000]", 1))
    yield lambda: Bomb(
        "an inverted abstract of many places", sample.replace(b"[0]", b"[" + b"1," * (size // 2) + b"1]", 1)
    )
    yield lambda: Bomb(
        "an inverted abstract of one long word in many places",
        sample.replace(
            b'"An": [0]',
            b'"' + b"a" * (size // 64) + b'": [' + b",".join(b"%d" % n for n in range(size // 64)) + b"]",
            1,
        ),
    )


def _packed(sample: bytes, size: int) -> Iterator[Callable[[], Bomb]]:
    much = 10 * size
    yield lambda: Bomb("gzip of zeros", gzip.compress(bytes(much)), ".gz")
    yield lambda: Bomb("gzip of one line", gzip.compress(sample.replace(b"An abstract", b"a" * much, 1)), ".gz")
    yield lambda: Bomb("gzip of blanks", gzip.compress(b"\n" * much + sample), ".gz")
    yield lambda: Bomb("gzip in gzip", gzip.compress(gzip.compress(gzip.compress(bytes(much)))), ".gz")
    yield lambda: Bomb("gzip cut off", gzip.compress(sample * 100)[:-50], ".gz")
    yield lambda: Bomb("many gzips", gzip.compress(b"") * (size // 20), ".gz")
    yield lambda: Bomb("zip of zeros", zipped(bytes(much)), ".zip")
    yield lambda: Bomb("zip of one line", zipped(sample.replace(b"An abstract", b"a" * much, 1)), ".zip")
    yield lambda: Bomb("zips in zips", zipped(zipped(zipped(zipped(bytes(size), "a.zip"), "b.zip"), "c.zip")), ".zip")
    yield lambda: Bomb("zip of many members", _members(sample, min(5_000, size // 200)), ".zip")
    yield lambda: Bomb("zip whose members overlap", _overlapping(sample * 50), ".zip")
    yield lambda: Bomb("zip that lies about its size", _lying(sample), ".zip")
    yield lambda: Bomb("zip that leads outside", zipped(sample, "../../outside"), ".zip")
    yield lambda: Bomb("zip cut off", zipped(sample * 100)[:-30], ".zip")


def _members(sample: bytes, count: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"{number}"), sample[:50])
    return packed.getvalue()


def _overlapping(data: bytes) -> bytes:
    """Name one member a thousand times."""
    whole = zipped(data)
    end = whole.rindex(b"PK\5\6")
    directory = whole[struct.unpack("<I", whole[end + 16 : end + 20])[0] : end]
    count = 1_000
    tail = bytearray(whole[end:])
    tail[8:12] = struct.pack("<HH", count, count)
    tail[12:16] = struct.pack("<I", count * len(directory))
    return whole[: end - len(directory)] + directory * count + bytes(tail)


def _lying(data: bytes) -> bytes:
    """Claim four gigabytes for a member."""
    whole = bytearray(zipped(data))
    directory = whole.rindex(b"PK\1\2")
    whole[directory + 24 : directory + 28] = struct.pack("<I", 0xFFFFFFF0)
    return bytes(whole)
