"""Titles and abstracts with markup in them, as JSON has them, to plain text: HTML, JATS, and MathML within both.

Publishers cut such texts anywhere, so nothing here needs them to be well-formed. All patterns take linear time.
"""

from __future__ import annotations

import html
import re

from explorer.papers.markup import strip_html

_TAGS = re.compile(
    r"<(?P<end>/?)(?P<prefix>(?:jats|mml|m|ns\d|xhtml):)?(?P<name>[A-Za-z][\w-]{0,30}+)(?P<rest>(?:\s[^<>]{0,2000}+)?)/?>"
)
_PREFIXED = re.compile(r"</?(?:jats|mml|m|ns\d|xhtml):[a-z]")
_ESCAPED = re.compile(r"&lt;/?(?:jats:[a-z]|(?:p|i|b|em|sub|sup|strong|italic|bold)&gt;)")
_MARKS = re.compile(
    r"</?(?:title|sec|italic|bold|roman|underline|monospace|inline-formula|disp-formula|math|tex-math|alternatives|list|list-item|ext-link|xref|inf|scp|sc|h[1-6])[\s>/]",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    {"p", "sec", "list", "list-item", "disp-formula", "disp-quote", "div", "ul", "ol", "li", "br", "break", "label"}
)
_INLINE = frozenset({
    "abbrev", "abstract", "bold", "email", "ext-link", "fixed-case", "hsp", "inf", "inline-formula",
    "inline-graphic", "italic", "monospace", "named-content", "overline", "roman", "sans-serif", "sc", "scp",
    "strike", "styled-content", "trans-abstract", "underline", "uri", "xref",
})  # fmt: skip
_AT_END = frozenset({"alternatives", "annotation", "annotation-xml", "math", "tex-math"})
_HEADINGS = frozenset({"title", "h1", "h2", "h3", "h4", "h5", "h6"})
_SELF_EVIDENT = re.compile(r"(?i)\W*(?:abstract|summary|graphical abstract|zusammenfassung|résumé|resumen)\W*")
_BEGIN, _END = r"\begin{document}", r"\end{document}"  # around a formula that was set by itself


def plain_text(markup: str) -> str:
    """Return the text of `markup`: blocks as paragraphs, "Background: text" for a section, LaTeX between dollar signs.

    What is no tag that is known stays: in "a<b and c>d" the words are words.
    """
    if "<" not in markup and "&" not in markup:
        return markup
    if "&lt;" in markup and _ESCAPED.search(markup):
        markup = html.unescape(markup)
    if _PREFIXED.search(markup) or _MARKS.search(markup):
        markup = _Words(markup).text
    return strip_html(markup)[0]


class _Words:
    """Take a fragment apart, from left to right."""

    def __init__(self, markup: str) -> None:
        self._pieces: list[str] = []
        self._begins: dict[str, int] = {}  # of open elements that are changed at their end: the piece they begin with
        self._formula = ""  # the LaTeX among the alternatives
        self._after_heading = False
        end = 0
        for tag in _TAGS.finditer(markup):
            self._words(markup[end : tag.start()])
            self._tag(tag)
            end = tag.end()
        self._words(markup[end:])

    @property
    def text(self) -> str:
        """Return the text."""
        return "".join(self._pieces)

    def _words(self, words: str) -> None:
        if "annotation" in self._begins or "annotation-xml" in self._begins:
            return
        if "math" in self._begins or not words.strip():
            words = words.strip() if "math" in self._begins else " " if words and not self._after_heading else ""
        else:
            self._after_heading = False
        self._pieces.append(words)

    def _tag(self, tag: re.Match[str]) -> None:
        name = tag["name"].lower()
        if name in _HEADINGS or name in _AT_END:
            self._end(name) if tag["end"] else self._begins.setdefault(name, len(self._pieces))
        elif name in _BLOCKS:
            self._pieces.append("" if self._after_heading else "\n\n" if name not in {"br", "break"} else "\n")
        elif name not in _INLINE and "math" not in self._begins and not tag["prefix"]:
            self._pieces.append(tag[0])

    def _end(self, name: str) -> None:
        begin = self._begins.pop(name, None)
        if begin is None:
            return
        inside = "".join(self._pieces[begin:])
        if name in _HEADINGS:
            heading = " ".join(inside.split()).rstrip(":")
            self._after_heading = True
            self._pieces[begin:] = [f"\n\n{heading}: " if heading and not _SELF_EVIDENT.fullmatch(heading) else "\n\n"]
        elif name == "tex-math":
            self._formula = formula(inside)
            self._pieces[begin:] = [self._formula]
        elif name == "alternatives" and self._formula:
            self._pieces[begin:] = [self._formula]
            self._formula = ""


def formula(written: str) -> str:
    """Return the LaTeX of a formula between dollar signs, without the document that it was set in."""
    if _BEGIN in written:
        written = written.partition(_BEGIN)[2].partition(_END)[0]
    bare = written.strip().strip("$").strip()
    return f"${bare}$" if bare else ""
