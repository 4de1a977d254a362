"""Where the records of an XML file begin and end, found before anything is parsed: a broken one costs only itself.

Only tags, comments and CDATA sections are looked at. Whatever else is wrong with a record is for the parser to say.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from explorer.errors import InvalidInput
from explorer.readers.containers.encodings import ascii_based, declared_encoding
from explorer.readers.source import Source

LONGEST_RECORD = 16 * 1024 * 1024  # bytes
_LONGEST_TAG = 16_384  # bytes, of the elements around the records
_LONGEST_PROLOG = 65_536  # bytes, of a document type declaration
_DEEPEST = 64  # elements around a record that are remembered
_LOOK_AHEAD = _LONGEST_PROLOG
_RELEASED = 262_144  # bytes; less than that is not worth a copy

_TOKEN = re.compile(
    rb"<(?:(?P<comment>!--)|(?P<cdata>!\[CDATA\[)|(?P<doctype>!DOCTYPE\s)|(?P<xml>\?xml\s)|/?[^\s<>/!?&])"
)
# `<` cannot stand in an attribute; so every search ends at the next tag, and all of them together take linear time.
_TAG = re.compile(
    rb"<(?P<close>/?)(?:[^\s<>/:\"'=]{1,100}+:)?(?P<name>[^\s<>/:\"'=]{1,100}+)"
    rb"(?P<attributes>(?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+)>"
)
_PREFIX = re.compile(r"xmlns:(?![Xx][Mm][Ll])[A-Za-z_][A-Za-z0-9_.-]*")
_ATTRIBUTE = re.compile(rb"([^\s<>=\"']{1,100}+)\s*+=\s*+(?:\"([^\"<]{0,1000})\"|'([^'<]{0,1000})')")
_ANOTHER = rb"(?!<!DOCTYPE\s)"
_DOCTYPE = re.compile(
    rb"<!DOCTYPE\s(?:[^\[<>\"']|\"[^\"<>]*+\"|'[^'<>]*+')*+(?:\[(?:"
    rb"<!--(?:(?!--)%(other)b.)*+-->|\"(?:%(other)b[^\"])*+\"|'(?:%(other)b[^'])*+'|[^\]\"'<]|%(other)b<[!?]"
    rb")*+\]\s*+)?>" % {b"other": _ANOTHER},
    re.DOTALL,
)
_COMMENT_END = re.compile(rb"--(>|[^>])")  # in a comment stands no "--" but the one that ends it
_CDATA_END = re.compile(rb"\]\]>|<!\[CDATA\[")
_TAIL = 256  # bytes; no token that is searched for is longer


@dataclass(frozen=True, slots=True)
class Tag:
    """Hold a start tag: the name without its prefix, and the attributes as they are written, prefixes included."""

    name: str
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold one record as it stands in the file, or `problem`: why there is none between its tags.

    `ancestors` are the elements around it, the outermost first; `namespaces` are what they declare, "xmlns:dc" to the
    address.
    """

    name: str
    line: int
    content: bytes
    encoding: str
    ancestors: tuple[Tag, ...]
    namespaces: Mapping[str, str]
    problem: str = ""


@dataclass(slots=True)
class _Window:
    """Hold the part of a stream that is looked at. Positions count from its beginning, which only `release` moves."""

    chunks: Iterator[bytes]
    data: bytes = b""
    ended: bool = False
    failure: InvalidInput | None = None
    _line: int = 1
    _counted: int = 0

    def more(self) -> bool:
        """Read about as much again as is held, so that all copying takes linear time; tell whether there was more."""
        pieces, wanted = [self.data], max(1, len(self.data))
        while wanted > 0 and not self.ended:
            chunk = self._chunk()
            self.ended = chunk is None
            pieces.append(chunk or b"")
            wanted -= len(pieces[-1])
        self.data = b"".join(pieces)
        return len(self.data) > len(pieces[0])

    def _chunk(self) -> bytes | None:
        """Return what comes next. Where the file is damaged, what precedes comes first, so it ends here for now."""
        try:
            return next(self.chunks, None)
        except InvalidInput as error:
            self.failure = error
            return None

    def line_at(self, position: int) -> int:
        """Return the number of the line at `position`, which never goes back."""
        self._line += self.data.count(b"\n", self._counted, position)
        self._counted = max(self._counted, position)
        return self._line

    def release(self, position: int) -> int:
        """Forget what is before `position`, if that is worth it; return where `position` is now."""
        if position < _RELEASED:
            return position
        self.line_at(position)
        self.data = self.data[position:]
        self._counted = 0
        return 0

    def find(self, pattern: re.Pattern[bytes], start: int, end: int) -> re.Match[bytes] | None:
        """Return the first match from `start` on; None when there is none before `end`."""
        searched = start
        while True:
            found = pattern.search(self.data, searched)
            if found is not None:
                return found
            searched = max(searched, len(self.data) - _TAIL)
            if len(self.data) > end or not self.more():
                return None


@dataclass(slots=True)
class _Surroundings:
    """Remember the elements that are open around the records, and the encoding of the file."""

    encoding: str = "utf-8"
    ancestors: tuple[Tag, ...] = ()
    namespaces: Mapping[str, str] = field(default_factory=dict)

    def see(self, tag: re.Match[bytes]) -> None:
        """Take in a tag that is none of a record. An end tag closes what is open within its element, too."""
        name, attributes = tag["name"].decode("utf-8", "replace"), tag["attributes"]
        if tag["close"]:
            names = [ancestor.name for ancestor in self.ancestors]
            if name in names:
                self._set(self.ancestors[: len(names) - 1 - names[::-1].index(name)])
        elif not attributes.endswith(b"/") and len(self.ancestors) < _DEEPEST:
            self._set((*self.ancestors, Tag(name, _attributes(attributes))))

    def begin(self, declaration: bytes) -> None:
        """Begin another file."""
        self.encoding = declared_encoding(declaration)
        self._set(())

    def _set(self, ancestors: tuple[Tag, ...]) -> None:
        declared = {
            name: value for tag in ancestors for name, value in tag.attributes.items() if _declares(name, value)
        }
        self.ancestors, self.namespaces = ancestors, dict(list(declared.items())[-_DEEPEST:])


def _attributes(written: bytes) -> dict[str, str]:
    found = _ATTRIBUTE.findall(written)[:_DEEPEST]
    return {
        name.decode("utf-8", "replace"): html.unescape((one + two).decode("utf-8", "replace"))
        for name, one, two in found
    }


def _declares(name: str, value: str) -> bool:
    """Tell whether an attribute declares a namespace, and that in a way which a parser accepts elsewhere, too."""
    if name == "xmlns":
        return value.isprintable()
    return _PREFIX.fullmatch(name) is not None and value.isprintable() and value != ""


class Framing:
    """Find the elements called one of `records` or of `context`, whatever their prefix, from left to right.

    None of them is part of another: where one begins within its like, the first was not closed. Elements of the
    context are needed to understand the records; a record that begins within one ends it.
    """

    def __init__(self, source: Source, records: frozenset[str], context: frozenset[str] = frozenset()) -> None:
        self._window = _Window(ascii_based(source))
        self._surroundings = _Surroundings()
        self._start = re.compile(rb"<(?:[^\s<>/:\"'=]{1,100}+:)?(%b)(?=[\s/>])" % _either(records | context))
        self._inside = {name: _inside(name, records if name in context else frozenset()) for name in records | context}

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames in the order in which they begin. Raises InvalidInput where the file cannot be read on."""
        position, window = 0, self._window
        while True:
            position = window.release(position)
            token = _TOKEN.search(window.data, position)
            here = token.start() if token else max(position, len(window.data) - _TAIL)
            if len(window.data) - here < _LOOK_AHEAD and not window.ended:
                position = window.release(here)
                window.more()
                continue
            if token is None:
                break
            begin = self._start.match(window.data, here)
            if begin is None:
                position = self._pass(token)
            else:
                frame, position = self._frame(begin)
                if window.failure and frame.problem.startswith("cut off"):
                    break
                yield frame
        if window.failure:
            raise window.failure

    def _pass(self, token: re.Match[bytes]) -> int:
        """Go past a token that begins no record; return where."""
        data, start = self._window.data, token.start()
        if token["comment"] or token["cdata"]:
            return self._past_literal(token, start + LONGEST_RECORD)
        if token["xml"]:
            self._surroundings.begin(data[start : start + 300])
        elif token["doctype"]:
            doctype = _DOCTYPE.match(data, start, start + _LONGEST_PROLOG)
            return doctype.end() if doctype else token.end()
        elif tag := _TAG.match(data, start, start + _LONGEST_TAG):
            self._surroundings.see(tag)
            return tag.end()
        return token.end()

    def _past_literal(self, token: re.Match[bytes], limit: int) -> int:
        """Return the end of a comment or CDATA section; of what only looks like the beginning of one, its end."""
        closing = self._window.find(_COMMENT_END if token["comment"] else _CDATA_END, token.end(), limit)
        if closing is None:
            return token.end()
        if token["cdata"]:
            return closing.end() if closing[0] == b"]]>" else token.end()
        return closing.end() if closing[1] == b">" else token.end()

    def _frame(self, begin: re.Match[bytes]) -> tuple[Frame, int]:
        """Return the frame that begins there, and where to go on."""
        name, start, around = begin[1].decode("utf-8"), begin.start(), self._surroundings
        line = self._window.line_at(start)
        end, problem = self._end(name, start, begin.end())
        content = b"" if problem else self._window.data[start:end]
        if problem.startswith("longer"):
            end = self._skip(name, end)
        return Frame(name, line, content, around.encoding, around.ancestors, around.namespaces, problem), end

    def _end(self, name: str, start: int, position: int) -> tuple[int, str]:
        """Return where the record that begins at `start` ends, and what is wrong with it."""
        window, limit = self._window, start + LONGEST_RECORD
        tag = _TAG.match(window.data, start, start + _LONGEST_TAG)
        if tag and tag["attributes"].endswith(b"/"):
            return tag.end(), ""
        while token := window.find(self._inside[name], position, limit):
            if token.start() > limit:
                break
            if token["comment"] or token["cdata"]:
                position = self._past_literal(token, limit)
            elif token["close"]:
                return token.end(), ""
            else:
                return token.start(), f"not closed: no </{name}> before the next"
        if len(window.data) <= limit:
            return len(window.data), f"cut off: the file ends before </{name}>"
        return limit, f"longer than {LONGEST_RECORD // 1024 // 1024} MB"

    def _skip(self, name: str, position: int) -> int:
        """Return where a record ends that is too long to be held."""
        window = self._window
        while True:
            token = self._inside[name].search(window.data, position)
            if token is None:
                position = window.release(max(position, len(window.data) - _TAIL))
                if not window.more():
                    return len(window.data)
            elif token["comment"] or token["cdata"]:
                position = token.end()
            else:
                return token.end() if token["close"] else token.start()


def _either(names: frozenset[str]) -> bytes:
    return "|".join(map(re.escape, sorted(names))).encode()


def _inside(name: str, others: frozenset[str]) -> re.Pattern[bytes]:
    """Return what matters within a record: its end, the beginning of another, and what may hide either."""
    prefix = rb"(?:[^\s<>/:\"'=]{1,100}+:)?"
    end, begin = prefix + re.escape(name).encode(), prefix + rb"(?:%b)" % _either(others | {name})
    return re.compile(
        rb"<(?:(?P<comment>!--)|(?P<cdata>!\[CDATA\[)|(?P<xml>\?xml\s)|(?P<close>/%b\s{0,100}+>)|%b(?=[\s/>]))"
        % (end, begin)
    )
