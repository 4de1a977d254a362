"""The text of a file as a window that moves forward, in which JSON values are decoded."""

from __future__ import annotations

import json
import re
from codecs import utf_8_decode
from typing import Any

from explorer.readers.containers.encodings import ascii_based
from explorer.readers.source import LATIN, Source, Unreadable

LONGEST = 16 * 1024 * 1024  # characters of one object; one that is not closed must not fill the memory

_CHUNK = 262_144  # characters
_BETWEEN = re.compile(r"[\s,\x1e\ufeff]*+")  # blanks, commas, and what RFC 7464 has between objects
_BLANKS = re.compile(r"[ \t\r\n]*+")
_OPENING = re.compile(r"\s*\n\{")
_ESCAPED = re.compile("[\udc80-\udcff]+")
_WINDOW = 32_768  # characters in which most objects are
_WIDEST = 1_000  # characters before an object on its line
_UNSURE = 16  # characters before the end of the window: an escape or a word such as `false` may be cut there
_DECODER = json.JSONDecoder()


class Broken(Exception):
    """Say why there is no value, how far it may have been read, and whether that is only because the text ends there.

    It `is_sure` when more text would not change it.
    """

    def __init__(self, reason: str, offset: int = 0, *, is_end: bool = False, is_sure: bool = False) -> None:
        super().__init__(reason)
        self.offset = offset
        self.is_end = is_end
        self.is_sure = is_sure


class Letters:
    """Hold the text of `source` from `at` on, as far as it has been read. Offsets count from `at`.

    Bytes that are not UTF-8 are read as Windows' Latin-1, which `source` notes. `indent` is what stands before `at` on
    its line, None when that are not only blanks and commas. `damage` says why the file could not be read to its end.
    """

    def __init__(self, source: Source) -> None:
        self.text = ""
        self.at = 0
        self.indent: str | None = ""
        self.damage = ""
        self._source = source
        self._pieces = ascii_based(source)
        self._bytes = b""  # of a character that is not there as a whole yet
        self._ended = False
        self._line = 1
        self._counted = 0  # up to where line ends were counted

    @property
    def line(self) -> int:
        """Return the number of the line, counted from 1."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    @property
    def is_cut(self) -> bool:
        """Tell whether all that could be read of a damaged file has been read."""
        return bool(self.damage) and self.at >= len(self.text)

    @property
    def stands_alone(self) -> bool:
        """Tell whether the sign at `at` is the last of its line."""
        return self.text[self.at + 1 : self.at + 2] in {"\n", "\r"}

    # --- going forward

    def advance(self, offset: int) -> None:
        """Go forward."""
        self.at += offset
        self.indent = None

    def advance_to_end(self) -> None:
        """Go to the end of what has been read."""
        self.advance(len(self.text) - self.at)

    def skip(self) -> str:
        """Go to the next sign that is no blank and no comma and return it; nothing at the end."""
        while True:
            start = self.at
            found = _BETWEEN.match(self.text, start)
            assert found is not None  # noqa: S101 -- it may be empty
            self.at = found.end()
            blanks = self.text[start : self.at]
            if "\n" in blanks:
                self.indent = blanks.rpartition("\n")[2][:_WIDEST]
            elif self.indent is not None:
                self.indent = self.indent + blanks if len(self.indent) + len(blanks) < _WIDEST else None
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._grow():
                return ""

    def leave_line(self) -> None:
        """Go to the end of the line, however long it is."""
        while True:
            end = self.text.find("\n", self.at)
            if end >= 0:
                self.at = end
                return
            self.advance_to_end()
            if not self._grow():
                return

    def advance_to(self, border: str, offset: int) -> bool:
        """Go behind the line end with which `border` begins, where it is next; else to the end."""
        while True:
            found = self.text.find(border, self.at + offset)
            if found >= 0:
                self.advance(found + 1 - self.at)
                self.indent = border[1:-1]
                self.at += len(border) - 2
                return True
            self.advance(max(offset, len(self.text) - self.at - len(border)))
            offset = 0
            if not self._grow():
                self.advance_to_end()
                return False

    def advance_to_match(self, border: re.Pattern[str], offset: int, longest: int) -> bool:
        """Go behind the next match of `border`, which is at most `longest` long; else to the end."""
        while True:
            found = border.search(self.text, self.at + offset)
            if found:
                self.advance(found.end() - self.at)
                return True
            self.advance(max(offset, len(self.text) - self.at - longest))
            offset = 0
            if not self._grow():
                self.advance_to_end()
                return False

    # --- looking

    def ensure(self, size: int) -> None:
        """Read until there are `size` characters, or all."""
        while len(self.text) - self.at < size and self._grow():
            pass

    def sign(self, offset: int) -> tuple[str, int]:
        """Return the first sign from `offset` that is no blank, and its offset; an empty one at the end."""
        while True:
            found = _BLANKS.match(self.text, self.at + offset)
            assert found is not None  # noqa: S101 -- it may be empty
            offset = found.end() - self.at
            if found.end() < len(self.text):
                return self.text[found.end()], offset
            if offset >= LONGEST:
                raise Broken(_TOO_LONG, offset)
            if not self._grow():
                return "", offset

    def opens_at(self, offset: int) -> bool:
        """Tell whether from the line end at `offset` on the next sign is that of an object that begins a line."""
        return _OPENING.match(self.text, self.at + offset) is not None

    def rest_of_line(self, longest: int = LONGEST) -> str | None:
        """Return the line from here on; None when it is longer than `longest`."""
        searched = 0
        while (end := self.text.find("\n", self.at + searched)) < 0:
            searched = len(self.text) - self.at
            if searched > longest:
                return None
            if not self._grow():
                return self.text[self.at :]
        return self.text[self.at : end]

    def value(self, offset: int, wanted: str = "") -> tuple[Any, int]:
        """Return the value that begins at `offset`, and the offset of its end. Raises Broken.

        `wanted` is the sign with which it must begin.
        """
        if wanted and self.sign(offset)[0] != wanted:
            raise Broken(f"no {wanted} where one must be", offset, is_end=not self.sign(offset)[0])
        near = self._near_value(offset)
        while near is None:
            try:
                value, end = self.decoded(self.text, self.at + offset)
            except Broken as error:
                unsure = error.is_end or (error.offset >= len(self.text) - _UNSURE and not error.is_sure)
                if unsure and self._grow_within():
                    continue
                reason = _TOO_LONG if unsure and not self._ended else str(error)
                raise Broken(reason, max(0, error.offset - self.at), is_end=error.is_end and self._ended) from None
            if end < len(self.text) or self.text[end - 1] in '"}]' or not self._grow_within():
                near = value, end - self.at
        return near

    def _near_value(self, offset: int) -> tuple[Any, int] | None:
        """Return as `value` does, None when the value may not end within the next characters. Raises Broken.

        An error in a short text is told in less time: the lines before it are counted.
        """
        window = self.text[self.at + offset : self.at + offset + _WINDOW]
        if len(window) < _WINDOW:
            return None
        try:
            value, length = self.decoded(window)
        except Broken as error:
            if error.is_end or (error.offset >= _WINDOW - _UNSURE and not error.is_sure):
                return None
            raise Broken(str(error), offset + error.offset) from None
        return (value, offset + length) if length < _WINDOW else None

    @staticmethod
    def decoded(text: str, begin: int = 0) -> tuple[Any, int]:
        """Return the value at `begin` in `text`, and where it ends. Raises Broken, with the place as its offset."""
        try:
            return _DECODER.raw_decode(text, begin)
        except json.JSONDecodeError as error:
            is_end = error.msg.startswith("Unterminated string") or _is_blank(text, error.pos)
            raise Broken(error.msg if is_end else _located(error), error.pos, is_end=is_end) from None
        except RecursionError:
            raise Broken("nested too deeply", len(text), is_sure=True) from None
        except ValueError as error:  # a number with more digits than Python reads
            raise Broken(str(error), len(text), is_sure=True) from None

    # --- reading

    def _grow_within(self) -> bool:
        """Read more unless that is too much for one object."""
        return len(self.text) - self.at <= LONGEST and self._grow()

    def _grow(self) -> bool:
        """Read about as much again as there is, and let go of what precedes `at`; return whether there was more."""
        if self._ended:
            return False
        _ = self.line
        pieces = [self.text[self.at :]]
        self.at = self._counted = 0
        wanted = max(_CHUNK, len(pieces[0]))
        while wanted > 0 and not self._ended:
            piece = self._piece()
            wanted -= len(piece)
            pieces.append(piece)
        self.text = "".join(pieces)
        return len(self.text) > len(pieces[0])

    def _piece(self) -> str:
        try:
            data = next(self._pieces, b"")
        except Unreadable as error:
            self.damage, data = error.reason, b""
        self._ended = not data
        data = self._bytes + data
        try:
            text, length = utf_8_decode(data, "strict", self._ended)
        except UnicodeDecodeError:
            self._source.note(LATIN)
            # One bad byte must not spoil the good characters around it.
            text, length = utf_8_decode(data, "surrogateescape", self._ended)
            text = _ESCAPED.sub(_latin, text)
        self._bytes = data[length:]
        return text


_TOO_LONG = f"longer than {LONGEST:,} characters"


def _located(error: json.JSONDecodeError) -> str:
    """Return the message of an error with what stands there, as its place in the window says nothing."""
    return f"{error.msg} at {error.doc[error.pos : error.pos + 20]!r}"


def _is_blank(text: str, begin: int) -> bool:
    found = _BLANKS.match(text, begin)
    return found is not None and found.end() == len(text)


def _latin(found: re.Match[str]) -> str:
    return found[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")
