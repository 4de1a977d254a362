"""Bytes of XML to text: which encoding a file declares, which it has, and what to do when they differ."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from explorer.readers.source import LATIN, Source

_CHUNK = 262_144  # bytes
_DECLARED = re.compile(rb"<\?xml\s[^<>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
# Those in which ASCII means itself, so that tags are found before anything is decoded.
_KNOWN = re.compile(
    r"iso8859-\d+|cp(?:437|85\d|86\d|125\d|932|949|950)|koi8-[rut]|mac-roman|gb2312|gbk|gb18030|big5(?:hkscs)?|euc_\w+|"
    r"shift_jis\w*|tis-620"
)
# UTF-8 that was taken for Latin-1 and encoded again, in the letters and signs that are frequent: "Ã©" for "é".
_TWICE = re.compile("[\\x80-\xff\u0152-\u02dc\u2013-\u203a\u20ac\u2122]++")
_LEADING = re.compile("[\xc2-\xc5\xce-\xd1\xe2]")
_TWICE_NOTE = "encoded as UTF-8 twice: read as it was meant"
_WIDE = (  # what files in UTF-32 and UTF-16 begin with, with and without a byte order mark
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)


def ascii_based(source: Source) -> Iterator[bytes]:
    """Yield the bytes of `source` in pieces, those of UTF-16 and UTF-32 as UTF-8; of them all, ASCII is a part."""
    chunk = source.read(_CHUNK)
    while len(chunk) < len(codecs.BOM_UTF32_LE) and (more := source.read(_CHUNK)):
        chunk += more
    wide = next((name for mark, name in _WIDE if chunk.startswith(mark)), None)
    if wide is None:
        while chunk:
            yield chunk
            chunk = source.read(_CHUNK)
        return
    decoder = codecs.getincrementaldecoder(wide)(errors="replace")
    while chunk:
        yield decoder.decode(chunk).encode("utf-8", "replace")
        chunk = source.read(_CHUNK)
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def declared_encoding(declaration: bytes) -> str:
    """Return the encoding that an XML declaration names, as Python calls it; "utf-8" when it names none that is known.

    Latin-1 is Windows' variety of it, as in browsers.
    """
    found = _DECLARED.match(declaration)
    if found is None:
        return "utf-8"
    try:
        name = codecs.lookup(found[1].decode("ascii")).name
    except LookupError:
        return "utf-8"
    if name in {"iso8859-1", "ascii"}:
        return "cp1252"
    return name if _KNOWN.fullmatch(name) else "utf-8"


def decoded(record: bytes, encoding: str, source: Source) -> str:
    """Return the text of one record of a file that declares `encoding`; `source` notes what is not as declared.

    What is valid UTF-8 is UTF-8, whatever is declared: texts in other encodings hardly ever are by chance.
    """
    if record.isascii():
        return record.decode("ascii")
    try:
        text = record.decode("utf-8")
    except UnicodeDecodeError:
        return _otherwise(record, encoding, source)
    if encoding != "utf-8":
        source.note("declared to be in another encoding, but UTF-8: read as UTF-8")
    meant = _meant(text)
    if meant != text:
        source.note(_TWICE_NOTE)
    return meant


def _meant(text: str) -> str:
    """Return what `text` was before it was encoded twice; `text` itself unless that holds for all of its letters."""
    runs = _TWICE.findall(text)
    if not all(_LEADING.match(run) for run in runs):
        return text
    for encoding in ("latin-1", "cp1252"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text


def _otherwise(record: bytes, encoding: str, source: Source) -> str:
    if encoding != "utf-8":
        try:
            return record.decode(encoding, "replace" if encoding == "cp1252" else "strict")
        except UnicodeDecodeError:
            pass
    source.note(LATIN)
    # One bad byte must not spoil the good characters around it.
    escaped = record.decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", lambda found: bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace"), escaped)
