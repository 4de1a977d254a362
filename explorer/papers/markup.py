"""HTML in running text, as scraped pages have it, to plain text. Loaded by what reads papers, not by look-ups."""

from __future__ import annotations

import html
import re

# Only these are markup: in "a<b and c>d" the angle brackets are mathematics, and its words must stay.
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>a|abbr|b|big|br|code|div|em|font|i|li|ol|p|pre|s|small|span|strong|sub|sup|tt|u|ul)"
    r"(?P<attributes>(?:\s+[a-zA-Z_:][\w:.-]*(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>`]+))?)*)\s*/?>",
    re.IGNORECASE,
)
_HREF = re.compile(r"\shref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_BREAKING = frozenset({"br", "div", "li", "ol", "p", "pre", "ul"})
_ENDLESS_NUMBER = re.compile(r"&#[0-9]{20,};?")


def strip_html(markup: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of `markup` without tags and entities, and the http(s) addresses it linked to, in order.

    What is not a well-formed tag of running text is kept as it is written: no word is ever lost.
    """
    links: list[str] = []

    def replace(tag: re.Match[str]) -> str:
        name, attributes = tag["name"].lower(), tag["attributes"]
        if attributes.strip() and "=" not in attributes:
            return tag[0]  # "<a or b>": bare words, no attributes
        href = _HREF.search(attributes)
        address = _unescape(next((group for group in href.groups() if group), "")).strip() if href else ""
        if name == "a" and address.lower().startswith(("http://", "https://")) and address not in links:
            links.append(address)
        return "\n" if name in _BREAKING else ""

    text = _TAG.sub(replace, markup)
    for _ in range(3):  # scraped pages are often escaped twice
        text, before = _unescape(text), text
        if text == before:
            break
    return text, tuple(links)


def _unescape(text: str) -> str:
    """Resolve entities; a number too long for Python to read stands for no character, as HTML has it."""
    return html.unescape(_ENDLESS_NUMBER.sub("\ufffd", text))
