"""The records of an XML file as elements, each parsed by itself: nothing is expanded, fetched or held for long.

Expat sees one record at a time and never a document type, so that there are no entities to be expanded.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers.expat import ErrorString
from xml.sax.saxutils import quoteattr

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers.containers.encodings import decoded
from explorer.readers.containers.frames import Frame, Framing, Tag
from explorer.readers.registry import Record, Rejected
from explorer.readers.source import Source

_MOST_TAGS = 400_000  # of one record; each takes some hundred bytes
_MANY = 1024 * 1024  # bytes of a record that is worth counting them
_MOST_NAMESPACES = 64
_LONGEST_REPAIR = 1024 * 1024  # bytes; there may be as many things to repair
_ROOT = re.compile(r"<(?:[^\s<>/:\"'=!?]{1,100}+:)?([A-Za-z_][^\s<>/:\"'=]{0,100}+)(?=[\s/>])")
_HIDDEN = re.compile(r"<!--(?:(?!--).)*+--\s*+>", re.DOTALL)

_UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Each search ends at the next beginning of its like, so that all of them together take linear time.
_CDATA = re.compile(r"(<!\[CDATA\[[^\]<]*+(?:(?!\]\]>|<!\[CDATA\[)[\]<][^\]<]*+)*+\]\]>)")
_COMMENT = re.compile(r"<!--(?:[^-<]|-(?!->)|<(?!!--))*+-->")
_AMPERSAND = re.compile(r"&(?:#([0-9]{1,8}+|x[0-9a-fA-F]{1,6}+);|([A-Za-z][A-Za-z0-9]{0,40}+);)?")
_PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})
_STRAY = re.compile(r"<(?![A-Za-z_/!?:\x80-\U0010ffff])")
_VOID = re.compile(r"<(?:br|hr)\s*+>", re.IGNORECASE)
_PREFIX = re.compile(r"(?:</?|\s(?=[^\s=<>]{1,100}=))([A-Za-z_][\w.-]{0,50}+):[A-Za-z_]")
_CONVENTIONAL = {
    "arxiv": "http://arxiv.org/schemas/atom",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
}


@dataclass(frozen=True, slots=True)
class Found:
    """Hold one record: its element, the line it begins on, and the elements around it, the outermost first."""

    name: str
    line: int
    element: Element
    ancestors: tuple[Tag, ...]


def papers(
    source: Source,
    records: frozenset[str],
    paper: Callable[[Found], Paper | Rejected | None],
    context: frozenset[str] = frozenset(),
) -> Iterator[Record]:
    """Yield what `paper` makes of the elements of `source` that are called one of `records`, whatever their prefix.

    It also gets those of the `context`, and returns nothing for these. A record that is not well-formed even after
    the simple repairs is rejected; so is one for which `paper` raises InvalidInput.
    """
    for frame in Framing(source, records, context):
        try:
            made = paper(_found(frame, source))
        except InvalidInput as error:
            made = Rejected(frame.line, str(error))
        if made is not None and (frame.name in records or isinstance(made, Paper)):
            yield made


def root_of(head: str) -> str:
    """Return the name of the first element of a file that begins with `head`, without its prefix; maybe none."""
    start = _HIDDEN.sub("", head.replace("\0", "").lstrip("\ufeff\xff\xfe \t\r\n"))
    if not start.startswith("<"):
        return ""
    found = _ROOT.search(start)
    return found[1] if found else ""


def name_of(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element, name: str) -> list[Element]:
    """Return the children of that name, in any namespace, in their order."""
    ending = "}" + name
    return [part for part in element if part.tag == name or part.tag.endswith(ending)]


def grouped(element: Element) -> tuple[dict[str, list[Element]], dict[str, list[Element]]]:
    """Return the children by their names: those in the element's own namespace, and those in others."""
    own: dict[str, list[Element]] = {}
    others: dict[str, list[Element]] = {}
    namespace = str(element.tag).rpartition("}")[0]
    for part in element:
        home, _, name = str(part.tag).rpartition("}")
        (own if home == namespace else others).setdefault(name, []).append(part)
    return own, others


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first child of that name, its first child of the next name, and so on; None where there is none."""
    for name in path:
        ending = "}" + name
        for part in () if element is None else element:
            if part.tag == name or part.tag.endswith(ending):
                element = part
                break
        else:
            return None
    return element


def attribute(element: Element, name: str) -> str:
    """Return an attribute, in any namespace; empty when it is missing."""
    if name in element.attrib:
        return element.attrib[name]
    return next((value for key, value in element.attrib.items() if key.endswith("}" + name)), "")


def words_of(element: Element | None) -> str:
    """Return all characters within an element, its markup aside, with single blanks; empty for None."""
    if element is None:
        return ""
    return " ".join((element.text or "" if len(element) == 0 else "".join(element.itertext())).split())


def _found(frame: Frame, source: Source) -> Found:
    """Parse a frame. Raises InvalidInput, with the reason, when it cannot be."""
    if frame.problem:
        raise InvalidInput(frame.problem)
    content = frame.content
    if len(content) > _MANY and max(content.count(b"<"), content.count(b"=")) > _MOST_TAGS:
        raise InvalidInput(f"a record with more than {_MOST_TAGS:,} tags or attributes")
    text = decoded(content, frame.encoding, source)
    namespaces = {
        name: address for name, address in frame.namespaces.items() if name == "xmlns" or name[6:] + ":" in text
    }
    try:
        element = _parsed(text, namespaces)
    except ParseError as error:
        if len(content) > _LONGEST_REPAIR:
            raise _not_well_formed(error, frame) from None
        try:
            repaired = _repaired(text)
            element = _parsed(repaired, _conventions(repaired) | namespaces)
        except ParseError as error_after_repair:
            raise _not_well_formed(error_after_repair, frame) from None
    return Found(frame.name, frame.line, element, frame.ancestors)


def _parsed(text: str, namespaces: dict[str, str]) -> Element:
    """Return the one element that is `text`, within the namespaces around it. Raises ParseError."""
    around = "".join(f" {name}={quoteattr(address)}" for name, address in namespaces.items())
    parser = XMLParser(encoding="utf-8")  # noqa: S314 -- no document type gets this far, so there are no entities
    parser.feed(f"<around{around}>")
    parser.feed(text)
    parser.feed("</around>")
    root: Element = parser.close()
    return root[0]


def _not_well_formed(error: ParseError, frame: Frame) -> InvalidInput:
    return InvalidInput(f"not well-formed XML: {ErrorString(error.code)} in line {frame.line + error.position[0] - 1}")


def _conventions(text: str) -> dict[str, str]:
    """Return namespaces for all prefixes in `text`, for those that were declared nowhere."""
    prefixes = sorted({prefix for prefix in _PREFIX.findall(text) if prefix[:3].lower() != "xml"})[:_MOST_NAMESPACES]
    return {f"xmlns:{prefix}": _CONVENTIONAL.get(prefix, f"prefix:{prefix}") for prefix in prefixes}


def _repaired(text: str) -> str:
    """Return `text` without what people's scripts get wrong most: signs that were not escaped, control characters."""
    parts = _CDATA.split(_UNPRINTABLE.sub("", text))
    parts[::2] = [_escaped(part) for part in parts[::2]]
    return "".join(parts)


def _escaped(text: str) -> str:
    text = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    text = _STRAY.sub("&lt;", _VOID.sub(" ", text).replace("]]>", "]]&gt;"))
    return _AMPERSAND.sub(_reference, text)


def _reference(found: re.Match[str]) -> str:
    """Return a reference as XML has it: HTML's names as the signs they stand for, unknown ones as they are written."""
    number, name = found[1], found[2]
    if number:
        code = int(number[1:], 16) if number.startswith("x") else int(number)
        valid = code in {9, 10, 13} or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
        return found[0] if valid else ""
    if name in _PREDEFINED:
        return found[0]
    signs = html.unescape(found[0]) if name else found[0]
    return signs.replace("&", "&amp;").replace("<", "&lt;")
