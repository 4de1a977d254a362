r"""Text of JSON to the objects in it, one at a time: lines, a list, lists in an answer, objects one after the other.

    {"title": ...}\n{"title": ...}        [{...}, {...}]        {"meta": {...}, "results": [{...}, {...}]}

Each object is decoded by itself, so a damaged one costs itself and no other: what follows is found by the way the file
is written, as its next line, at the same indentation, or where an object with the same keys begins. All takes time in
the order of what is read, and holds about one object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from explorer.readers.containers.letters import LONGEST, Broken, Letters
from explorer.readers.source import Source

_CUT_OFF = "the list of records is not closed: the file may be cut off"
_TITLES = ("title", "abstract")  # what has one is a paper, whatever lists it has as well
_DEEPEST = 3  # envelopes within each other

_BORDER = re.compile(r"\}\s*+,\s*+(?=\{)|\n[ \t,]*+(?=\{)")
_SIGNS = re.compile(r"\"(?:[^\"\\\n]++|\\.)*+(?P<closed>\")?|[{}\[\]]")
_FIRST_IN_LIST = ("{", "n")  # an object, or null for one that there is not
_PAIRS = {"}": "{", "]": "["}
_LONG_LINE = 1_000_000  # characters; what may be an answer and is longer is read member by member
_ROOM = 65_536  # characters beyond the place of an error in which the end of its object is looked for
_PATIENCE = 8_000_000  # characters that may be read again, and for each that was read well, more
_COST = 20_000  # characters that may be read in the time that any damage takes
_SLOWER = 10  # times, that looking at each bracket takes longer than decoding
_REGAINED = 4
_OVERLAP = 1_000  # characters within which a border is told


class Found(NamedTuple):
    """Be one object and the line it begins on, counted from 1; `problem` says why there is none.

    Of one with which the file ends before its end, `value` is what there is; what is cut within it is None.
    """

    line: int
    value: dict[str, Any]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """Say where an answer keeps its records: the names of lists, and of objects in which such a list may be."""

    lists: frozenset[str] = frozenset()
    envelopes: frozenset[str] = frozenset()

    def inside(self, value: dict[str, Any], depth: int = 0) -> list[Any] | None:
        """Return the records in an answer, None when `value` is a record."""
        if any(name in value for name in _TITLES):
            return None
        for name, content in value.items():
            if name in self.lists and isinstance(content, list) and (not content or isinstance(content[0], dict)):
                return content
            if name in self.envelopes and isinstance(content, dict) and depth < _DEEPEST:
                within = self.inside(content, depth + 1)
                if within is not None:
                    return within
        return None


def objects(source: Source, shape: Shape) -> Iterator[Found]:
    """Yield the objects of `source` in their order, and what is damaged or no object.

    Where the file cannot be read to its end, the last one says so.
    """
    return _Objects(source, shape).read()


class _Objects:
    """Read the objects of one text."""

    def __init__(self, source: Source, shape: Shape) -> None:
        self._source = source
        self._text = Letters(source)
        self._shape = shape
        self._names = shape.lists | shape.envelopes
        self._by_line = False  # a line that is an object of its own was seen
        self._wrapped = False  # an answer with a list was seen
        self._patience = _PATIENCE
        self._keys: frozenset[str] = frozenset()  # of the last object in a list

    def read(self) -> Iterator[Found]:
        """Yield everything, as `objects` does."""
        text = self._text
        while sign := text.skip():
            if sign == "{":
                yield from self._top()
            elif sign == "[" and text.sign(1)[0] in _FIRST_IN_LIST:
                yield from self._list()
            else:
                yield from self._stray()
        if text.damage:
            yield Found(text.line, {}, text.damage)

    # --- at the top

    def _top(self) -> Iterator[Found]:
        """Yield the object that begins here, on one line or several."""
        text, line = self._text, self._text.line
        written = text.rest_of_line(LONGEST if self._by_line and not self._wrapped else _LONG_LINE)
        if written is not None and len(written) > 1 and not written[1:].isspace():
            try:
                value, end = text.decoded(written)
            except Broken as error:
                if self._by_line and not self._wrapped:
                    yield from self._refused_line(line, error)
                    return
            else:
                text.advance(end)
                self._by_line = True
                yield from self._unpacked(line, value)
                return
        yield from self._members(line)

    def _refused_line(self, line: int, error: Broken) -> Iterator[Found]:
        self._text.leave_line()
        if not self._text.is_cut:
            yield Found(line, {}, f"not JSON: {error}")

    def _members(self, line: int) -> Iterator[Found]:
        """Yield the object that begins here or, member by member, what is in the lists of an answer."""
        walk = _Walk(self._text, self._shape)
        try:
            while walk.to_list():
                self._wrapped = True
                yield from self._list()
        except Broken as error:
            yield from self._damaged_top(line, error, walk)
            return
        self._text.advance(walk.offset)
        if not walk.has_lists:
            yield Found(line, walk.members)

    def _damaged_top(self, line: int, error: Broken, walk: _Walk) -> Iterator[Found]:
        text = self._text
        if walk.has_lists:  # what follows the last list is of no interest
            if error.is_end:
                text.advance_to_end()
                self._source.note(_CUT_OFF)
                return
            text.advance(max(1, error.offset))
            text.leave_line()
            return
        self._patience -= error.offset + _COST
        written = text.rest_of_line()
        several = written is None or not written[1:].strip()
        if several or (error.is_end and not text.opens_at(len(written or ""))):  # it may have more lines
            yield from self._mended(line, error)
            return
        self._by_line |= self._patience < 0
        yield from self._refused_line(line, error)

    def _stray(self) -> Iterator[Found]:
        """Yield what is on a line that does not begin with an object."""
        text, line = self._text, self._text.line
        written = text.rest_of_line()
        text.leave_line()
        if text.is_cut:
            return
        if written is None:
            yield Found(line, {}, f"not JSON: a line longer than {LONGEST:,} characters")
            return
        try:
            json.loads(written)
        except (ValueError, RecursionError) as error:
            yield Found(line, {}, f"not JSON: {_reason(error)}")
        else:
            yield Found(line, {}, "not a JSON object")

    # --- in a list

    def _list(self) -> Iterator[Found]:
        """Yield the objects of the list that begins here."""
        text = self._text
        text.advance(1)
        while (sign := text.skip()) != "]":
            if not sign:
                self._source.note(_CUT_OFF)
                return
            line = text.line
            try:
                value, length = text.value(0)
            except Broken as error:
                yield from self._mended(line, error)
                continue
            text.advance(length)
            self._patience = min(_PATIENCE, self._patience + _REGAINED * length)
            if isinstance(value, dict):
                self._keys = frozenset(value)
            yield from self._unpacked(line, value)
        text.advance(1)

    def _unpacked(self, line: int, value: Any) -> Iterator[Found]:
        """Yield an object or, of an answer, what is in its list."""
        if not isinstance(value, dict):
            yield Found(line, {}, "not a JSON object")
            return
        inside = None if self._names.isdisjoint(value) else self._shape.inside(value)
        if inside is None:
            yield Found(line, value)
            return
        self._wrapped = True
        for item in inside:
            yield Found(line, item) if isinstance(item, dict) else Found(line, {}, "not a JSON object")

    # --- after damage

    def _mended(self, line: int, error: Broken) -> Iterator[Found]:
        """Yield that the object that begins here is damaged, and go where the next one begins."""
        text = self._text
        walk = _Walk(text, Shape())
        if error.is_end:
            with suppress(Broken):
                walk.to_list()
        end = 0 if error.is_end else self._balanced(error.offset)
        if end:
            text.advance(end)
        elif text.indent or (text.indent == "" and not text.stands_alone):
            text.advance_to("\n" + text.indent + "{", self._again(error.offset))
        else:
            self._to_similar(error)
        if not (error.is_end and text.is_cut):
            yield Found(line, walk.members, f"not JSON: {error}")

    def _again(self, offset: int) -> int:
        """Return from where to look for the next object: again from the beginning, while that has not been too much."""
        self._patience -= offset + _COST
        return 1 if self._patience > 0 else max(1, offset)

    def _balanced(self, offset: int) -> int:
        """Return where the object that begins here ends by its brackets, 0 when they are not in order."""
        text = self._text
        if self._patience < 0:
            return 0
        text.ensure(offset + _ROOM)
        open_brackets: list[str] = []
        end = 0
        for sign in _SIGNS.finditer(text.text, text.at, text.at + offset + _ROOM):
            end = sign.end() - text.at
            if sign[0] in {"{", "["}:
                open_brackets.append(sign[0])
            elif sign[0] in {"}", "]"}:
                if not open_brackets or open_brackets.pop() != _PAIRS[sign[0]]:
                    break
            elif not sign["closed"]:
                break
            if not open_brackets:
                return end if text.sign(end)[0] in {",", "]", ""} and sign[0] == "}" else 0
        self._patience -= _SLOWER * end
        return 0

    def _to_similar(self, error: Broken) -> None:
        """Go to the next object that has keys as those before."""
        text = self._text
        offset = self._again(error.offset)
        while text.advance_to_match(_BORDER, offset, _OVERLAP):
            try:
                value, _ = text.value(0)
            except Broken as another:
                offset = self._again(another.offset)
                continue
            if isinstance(value, dict) and self._resembles(value):
                return
            offset = 1

    def _resembles(self, value: dict[str, Any]) -> bool:
        keys = frozenset(value)
        if not self._keys:
            return any(name in keys for name in (*_TITLES, "DOI"))
        return 4 * len(keys & self._keys) >= len(keys | self._keys)


class _Walk:
    """Go through the members of one object, and of envelopes within it, up to a list of records and from there on."""

    def __init__(self, text: Letters, shape: Shape) -> None:
        self._text = text
        self._shape = shape
        self._levels: list[tuple[str, dict[str, Any]]] = [("", {})]
        self.offset = 1  # of what follows
        self.has_lists = False
        self._parted = True  # a comma, or the beginning, precedes

    @property
    def members(self) -> dict[str, Any]:
        """Return what has been read of the object."""
        for (_, outer), (name, inner) in pairwise(self._levels):
            outer[name] = inner
        return self._levels[0][1]

    def to_list(self) -> bool:
        """Go to the next list of records; return whether there is one. Raises Broken."""
        text = self._text
        if self.has_lists:
            self.offset = 0
        while True:
            sign, self.offset = text.sign(self.offset)
            if sign == ",":
                self.offset += 1
                self._parted = True
            elif sign == "}":
                self.offset += 1
                name, members = self._levels.pop()
                if not self._levels:
                    self._levels.append((name, members))
                    return False
                self._levels[-1][1][name] = members
                self._parted = False
            elif self._member():
                text.advance(self.offset)
                self.has_lists, self._parted = True, False
                return True

    def _member(self) -> bool:
        """Take a member; return whether its value is a list of records, which is left."""
        text = self._text
        if not self._parted:
            raise Broken("a comma is missing", self.offset, is_end=not text.sign(self.offset)[0])
        name, after = text.value(self.offset, wanted='"')
        sign, colon = text.sign(after)
        if sign != ":":
            raise Broken("a colon is missing", colon, is_end=not sign)
        sign, begin = text.sign(colon + 1)
        members = self._levels[-1][1]
        self.offset = begin
        is_paper = any(title in members for title in _TITLES)
        if sign == "[" and name in self._shape.lists and not is_paper and text.sign(begin + 1)[0] in {"{", "]"}:
            return True
        if sign == "{" and name in self._shape.envelopes and not is_paper and len(self._levels) <= _DEEPEST:
            self._levels.append((name, {}))
            self.offset = begin + 1
            return False
        self._parted = False
        members[name] = None  # it may be cut off
        members[name], self.offset = text.value(begin)
        return False


def _reason(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
