"""Titles and abstracts with markup inside, as publishers' XML has them, to plain text with LaTeX."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from explorer.readers.containers.elements import attribute, name_of

_DEEPEST = 60  # elements within each other; deeper ones give their words only
_BLOCKS = frozenset({
    "abstract", "AbstractText", "div", "disp-formula", "disp-quote", "label", "li", "list", "list-item", "ol", "p", "sec",
    "simple-sect", "title", "ul",
})  # fmt: skip
_LEFT_OUT = frozenset(
    {"annotation", "annotation-xml", "fn", "graphic", "inline-graphic", "media", "object-id", "xref-group"}
)
_FORMULAS = re.compile(r"\\begin\s*+\{document\}(.*?)\\end\s*+\{document\}", re.DOTALL)


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
    if name in _LEFT_OUT:
        return
    if name == "math" or depth > _DEEPEST:
        pieces.append(_signs(part))
    elif name == "tex-math":
        pieces.append(_formula("".join(part.itertext())))
    elif name == "alternatives":  # one thing in several forms: LaTeX is what the explorer reads
        chosen = next((form for form in part if name_of(form) == "tex-math"), part[0] if len(part) else None)
        if chosen is not None:
            _piece(chosen, pieces, depth + 1)
    elif name == "title":
        title = " ".join(prose(part).split()).rstrip(":")
        pieces.append(f"\n\n{title}: " if title else "")
    elif name in _BLOCKS:
        _block(part, pieces, depth)
    elif name in {"br", "break"}:
        pieces.append("\n")
    else:
        _collect(part, pieces, depth + 1)


def _block(part: Element, pieces: list[str], depth: int) -> None:
    before = len(pieces)
    inside: list[str] = []
    _collect(part, inside, depth + 1)
    text = "".join(inside).strip()
    follows_title = next((piece.endswith(": ") for piece in reversed(pieces[:before]) if piece.strip()), False)
    pieces.append(text if follows_title else f"\n\n{text}")
    pieces.append("\n\n")


def _signs(element: Element) -> str:
    """Return the signs of MathML, which stand on lines of their own; a formula it was made of is not repeated."""
    if any(name_of(part) in _LEFT_OUT for part in element.iter()):
        for parent in list(element.iter()):
            for part in [part for part in parent if name_of(part) in _LEFT_OUT]:
                parent.remove(part)
    return "".join(text.strip() if name_of(element) == "math" else text for text in element.itertext())


def _formula(written: str) -> str:
    found = _FORMULAS.search(written)
    formula = (found[1] if found else written).strip()
    bare = formula.strip("$").strip()
    return f"${bare}$" if bare else ""


def language(element: Element) -> str:
    """Return the language of an element as it is written, in lower case; empty when none is."""
    return (attribute(element, "lang") or attribute(element, "Language")).lower()
