"""Numbers and texts as blobs that a browser reads in one step: deflated, in base64.

Numbers are written in planes: the lowest bytes of all of them, then the next, as bytes of one kind deflate best.

Texts of all fields share one dictionary, commonest entry first, of words (letters, digits, underscores) and of what
stands between them. A text is the numbers of its entries, without the single blanks between two words. Titles take
half of what they take deflated as they are, and a search looks at the dictionary's entries rather than at every title.
"""

from __future__ import annotations

import base64
import re
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PART = re.compile(r"\w+|\W+")


@dataclass(frozen=True, slots=True)
class Blob:
    """Hold what stands in one island, and how it is to be read: `width` bytes a number, in planes; 0 for plain text."""

    text: str
    width: int = 0
    count: int = 0
    deflated: bool = True

    def described(self) -> dict[str, Any]:
        """Return what the page must know to read it."""
        return {"width": self.width, "count": self.count, "deflated": self.deflated}


def numbers(values: NDArray[np.integer[Any]], *, deflated: bool = True) -> Blob:
    """Return a blob of integers >= 0, in as many bytes each as the largest needs."""
    import numpy as np

    flat = np.ascontiguousarray(values).reshape(-1)
    largest = int(flat.max()) if len(flat) else 0
    width = max(1, (largest.bit_length() + 7) // 8)
    planes = [((flat >> (8 * plane)) & 0xFF).astype(np.uint8).tobytes() for plane in range(width)]
    if not deflated:
        return Blob(_base64(b"".join(planes)), width, len(flat), deflated=False)
    return Blob(_base64(_deflated(*planes)), width, len(flat))


def text(content: str) -> Blob:
    """Return a blob of one text."""
    return Blob(_base64(_deflated(encodable(content).encode())))


def script(content: str) -> Blob:
    """Return a blob of a program. It is made anew for each page, so it is deflated fast rather than best."""
    writer = zlib.compressobj(3, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    return Blob(_base64(writer.compress(content.encode()) + writer.flush()))


def encodable(content: str) -> str:
    """Return `content` with what UTF-8 or HTML cannot hold, lone surrogates and NUL, replaced."""
    if content.isascii() and "\0" not in content:
        return content
    return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


class Texts:
    """Collect texts, field by field, and write them in the numbers of one dictionary."""

    def __init__(self) -> None:
        self._dictionary = _Dictionary({" ": 0})
        self._fields: dict[str, tuple[array[int], array[int]]] = {}

    def add(self, field: str, content: str) -> None:
        """Append the next paper's text of a field."""
        entries, ends = self._fields.setdefault(field, (array("i"), array("q")))
        entries.extend(map(self._dictionary.__getitem__, _PART.findall(encodable(content))))
        ends.append(len(entries))

    def blobs(self) -> dict[str, Blob]:
        """Return all fields, "<field>.counts" and "<field>.entries", and the dictionary, "words" and "betweens"."""
        import numpy as np

        counted = {field: _without_blanks(*stored) for field, stored in self._fields.items()}
        size = len(self._dictionary)
        frequencies = sum(
            (np.bincount(entries, minlength=size) for entries, _ in counted.values()), np.zeros(size, int)
        )
        order = np.argsort(-frequencies, kind="stable")[: int((frequencies > 0).sum())]
        place = np.zeros(size, dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        made = {}
        for field, (entries, counts) in counted.items():
            made[f"{field}.counts"] = numbers(counts)
            made[f"{field}.entries"] = numbers(place[entries])
        spelled = list(self._dictionary)
        chosen = [spelled[entry] for entry in order.tolist()]
        is_between = np.fromiter((not _is_word(entry) for entry in chosen), np.uint8, len(chosen))
        return {**made, "words": text("\n".join(map(_escaped, chosen))), "betweens": numbers(is_between)}


class _Dictionary(dict[str, int]):
    """Number entries as they come."""

    def __missing__(self, entry: str) -> int:
        number = self[entry] = len(self)
        return number


def _without_blanks(entries: array[int], ends: array[int]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the entries that are not a single blank (number 0), and how many of these each text has."""
    import numpy as np

    every = np.asarray(entries, dtype=np.int32)
    kept = np.concatenate([[0], np.cumsum(every != 0)])
    return every[every != 0], np.diff(kept[np.asarray(ends)], prepend=0)


def _is_word(entry: str) -> bool:
    return entry[0].isalnum() or entry[0] == "_"


def _escaped(entry: str) -> str:
    r"""Return an entry on one line: paragraphs end in line feeds, which end the dictionary's entries, too."""
    return entry.replace("\\", "\\\\").replace("\n", "\\n")


def column(values: Iterable[str]) -> tuple[list[str], NDArray[np.int32]]:
    """Return the different values in their order, and the position of each paper's value in it, (n,) int32."""
    import numpy as np

    seen = _Dictionary()
    codes = np.fromiter(map(seen.__getitem__, values), np.int32)
    ordered = sorted(seen)
    place = np.empty(len(seen), dtype=np.int32)
    place[[seen[value] for value in ordered]] = np.arange(len(seen), dtype=np.int32)
    return ordered, place[codes]


def _deflated(*planes: bytes) -> bytes:
    """Return the planes as one raw deflate stream, each by the strategy that makes it smallest.

    The numbers of a text have no repetitions that pay: most of their bytes are worth coding one by one. A stream that
    was flushed fully and not finished can be followed by another one (RFC 1951; zlib's manual on Z_FULL_FLUSH).
    """
    parts = []
    for number, plane in enumerate(planes, 1):
        end = zlib.Z_FINISH if number == len(planes) else zlib.Z_FULL_FLUSH
        tried = []
        for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY):
            writer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
            tried.append(writer.compress(plane) + writer.flush(end))
        parts.append(min(tried, key=len))
    return b"".join(parts)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
