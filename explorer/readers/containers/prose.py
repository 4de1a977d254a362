"""Titles and abstracts with markup inside, as publishers' XML has them, to plain text with LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from explorer.readers.containers.elements import attribute, name_of
from explorer.readers.containers.fragments import formula

_DEEPEST = 60  # elements within each other; deeper ones give their words only
_BLOCKS = frozenset({
    "abstract", "div", "disp-formula", "disp-quote", "label", "li", "list", "list-item", "ol", "p", "sec", "ul",
})  # fmt: skip
_LEFT_OUT = frozenset(
    {"annotation", "annotation-xml", "fn", "graphic", "inline-graphic", "media", "object-id", "xref-group"}
)
_NOTES = frozenset({"aff", "author-notes", "corresp", "fn", "table-fn"})


def prose(element: Element | None) -> str:
    """Return the text of an element, empty for None: blocks as paragraphs, LaTeX between dollar signs, MathML as signs.

    The title of a section stands before its first paragraph: "Background: text".
    """
    if element is None:
        return ""
    if len(element) == 0:
        return element.text or ""
    pieces: list[str] = []
    _collect(element, pieces, 0)
    return "".join(pieces)


def _collect(element: Element, pieces: list[str], depth: int) -> None:
    pieces.append(element.text or "")
    for part in element:
        _piece(part, pieces, depth)
        pieces.append(part.tail or "")


def _piece(part: Element, pieces: list[str], depth: int) -> None:
    name = name_of(part)
    if name == "math" or depth > _DEEPEST:
        pieces.append(_signs(part))
    elif name == "title":
        title = " ".join(_signs(part).split()).rstrip(":")
        pieces.append(f"\n\n{title}: " if title else "")
    elif name in _FORMS:
        pieces.append(_FORMS[name](part))
    elif name in _BLOCKS:
        _block(part, pieces, depth)
    elif name not in _LEFT_OUT:
        _collect(part, pieces, depth + 1)


def _block(part: Element, pieces: list[str], depth: int) -> None:
    inside: list[str] = []
    _collect(part, inside, depth + 1)
    text = "".join(inside).strip()
    follows_title = any(piece.startswith("\n\n") and piece.endswith(": ") for piece in pieces[-2:])
    pieces.append(text if follows_title else f"\n\n{text}")
    pieces.append("\n\n")


def _signs(element: Element) -> str:
    """Return the signs of MathML, which stand on lines of their own; a formula it was made of is not repeated."""
    pieces: list[str] = []
    waiting: list[Element | str] = [element]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            pieces.append(part)
        elif name_of(part) not in _LEFT_OUT:
            pieces.append(part.text or "")
            for inner in reversed(part):
                waiting += [inner.tail or "", inner]
    return "".join(map(str.strip, pieces) if name_of(element) == "math" else pieces)


def _formula(element: Element) -> str:
    return formula("".join(element.itertext()))


def _alternative(element: Element) -> str:
    """Return one thing that is given in several forms: as LaTeX, else as the first of them."""
    forms = [form for form in element if name_of(form) not in _LEFT_OUT]
    latex = [form for form in forms if name_of(form) == "tex-math"]
    return _formula(latex[0]) if latex else _signs(forms[0]) if forms else ""


def _reference(element: Element) -> str:
    """Return the text of a reference, unless it is the mark of a footnote."""
    return "" if element.get("ref-type") in _NOTES else _signs(element)


_FORMS: dict[str, Callable[[Element], str]] = {
    "alternatives": _alternative,
    "br": lambda _: "\n",
    "break": lambda _: "\n",
    "tex-math": _formula,
    "xref": _reference,
}


def language(element: Element) -> str:
    """Return the language of an element as it is written, in lower case; empty when none is."""
    return (attribute(element, "lang") or attribute(element, "Language")).lower()
