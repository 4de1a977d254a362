r"""Words as people wrote them, made clean, readable and comparable.

Three steps, each for its own purpose: `strip_html` and `clean` run when a paper is read and keep LaTeX (it is what
people want to see); `readable` turns LaTeX into words for the embedding; `title_key` reduces a title to what two people
typing it would agree on.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from typing import Literal

# Only these are markup: in "a<b and c>d" the angle brackets are mathematics, and its words must stay.
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>a|abbr|b|big|br|code|div|em|font|i|li|ol|p|pre|s|small|span|strong|sub|sup|tt|u|ul)"
    r"(?P<attributes>(?:\s+[a-zA-Z_:][\w:.-]*(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>`]+))?)*)\s*/?>",
    re.IGNORECASE,
)
_HREF = re.compile(r"\shref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_BREAKING = frozenset({"br", "div", "li", "ol", "p", "pre", "ul"})
_VALUED = re.compile(r"=")

# What prints nothing, tab and line feed aside: NUL, soft hyphens, bidi overrides. Joiners stay, scripts need them.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"[^\S\n]+")
_SIGNS = re.compile(r"[^\w\s!-~]{31,}")
_ENDLESS_NUMBER = re.compile(r"&#[0-9]{20,};?")


def clean(text: str) -> str:
    """Return `text` in NFC, without control characters, with single blanks, paragraphs parted by one empty line."""
    if text.isascii() and text.isprintable() and "  " not in text:  # most are; it saves half of the time
        return text.strip()
    text = _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _UNPRINTABLE.sub(lambda match: "\n" if match[0] in "\u2028\u2029\x0b\x0c\x85" else "", text)
    lines = (_BLANKS.sub(" ", line).strip() for line in _normalize("NFC", text).split("\n"))
    paragraphs = (" ".join(group) for words, group in groupby(lines, key=bool) if words)
    return "\n\n".join(paragraphs)


def _normalize(form: Literal["NFC", "NFKD"], text: str) -> str:
    """Normalize `text`; of a letter's accents, those beyond 30 go: sorting n of them takes time in the order of n².

    30 is Unicode's own limit: https://unicode.org/reports/tr15/#Stream_Safe_Text_Format.
    """
    if text.isascii():
        return text
    text = _SIGNS.sub(lambda match: match[0][:30] if any(map(unicodedata.combining, match[0])) else match[0], text)
    return unicodedata.normalize(form, text)


def strip_html(markup: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of `markup` without tags and entities, and the http(s) addresses it linked to, in order.

    What is not a well-formed tag of running text is kept as it is written: no word is ever lost.
    """
    links: list[str] = []

    def replace(tag: re.Match[str]) -> str:
        name, attributes = tag["name"].lower(), tag["attributes"]
        if attributes.strip() and not _VALUED.search(attributes):
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
    import html

    return html.unescape(_ENDLESS_NUMBER.sub("\ufffd", text))


_ACCENTS = dict(
    zip(
        "\"'`^~=.cvuHkrdb",
        "\u0308\u0301\u0300\u0302\u0303\u0304\u0307\u0327\u030c\u0306\u030b\u0328\u030a\u0323\u0331",
        strict=True,
    )
)
_ACCENT = re.compile(
    r"\{?\\(?:(?P<mark>[\"'`^~=.])"
    r"(?:\s*\{\s*\\?(?P<a>[A-Za-z])\s*\}|\\(?P<dotless>[ij])(?![A-Za-z])\ ?|(?P<b>[A-Za-z]))"
    r"|(?P<letter>[cvuHkrdb])\s*\{\s*\\?(?P<c>[A-Za-z])\s*\}|(?P<spaced>[cvHk])\ +(?P<d>[A-Za-z]))\}?"
)
# The blank that ends the name of a letter within a word: "Pe\l czy", "\L uka", but not "for some \l in".
_LETTER = re.compile(r"(?:(?<=[^\W\d_])\\(?P<inner>aa|ae|i|j|l|o|oe|ss)|\\(?P<first>AE|L|O))\ +(?=[a-z])")
_SYMBOLS = {
    "AA": "Å", "AE": "Æ", "L": "Ł", "O": "Ø", "aa": "å", "ae": "æ", "approx": "≈", "cdot": "·", "cdots": "…",
    "circ": "°", "degree": "°", "dots": "…", "ell": "ℓ", "ge": "≥", "geq": "≥", "gg": "≫", "i": "i", "in": "∈",
    "infty": "∞", "j": "j", "l": "ł", "ldots": "…", "le": "≤", "leq": "≤", "lesssim": "≲", "ll": "≪", "mapsto": "→",
    "mu": "μ", "ne": "≠", "neq": "≠", "o": "ø", "oe": "œ", "pm": "±", "rightarrow": "→", "sim": "∼", "ss": "ß",
    "textdegree": "°", "times": "×", "to": "→",
}  # fmt: skip
# Commands that say how their argument looks: the argument is the word, the command is not.
_STYLES = frozenset({
    "bar", "bf", "bfseries", "big", "bigg", "Big", "Bigg", "bm", "boldsymbol", "boldmath", "cal", "cite",
    "displaystyle", "emph", "ensuremath", "em", "footnotesize", "frac", "dfrac", "tfrac", "hat", "hbox", "href", "it",
    "itshape", "label", "large", "left", "limits", "mathbb", "mathbf", "mathcal", "mathfrak", "mathit", "mathop",
    "mathrm", "mathscr", "mathsf", "mathtt", "mbox", "middle", "nonumber", "normalsize", "operatorname", "overline",
    "pmb", "quad", "qquad", "ref", "right", "rm", "scriptsize", "sc", "scshape", "sf", "small", "sl", "textbf",
    "textit", "textmd", "textnormal", "textrm", "textsc", "textsf", "textsl", "textsubscript", "textsuperscript",
    "texttt", "text", "textup", "tilde", "tt", "ttfamily", "underline", "url", "vec", "widehat", "widetilde",
    "xspace",
})  # fmt: skip
_ESCAPED = re.compile(r"\\([%&_#${}])")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_DEGREE = re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[^{}]*\}")
# The place between two arguments, where two words would become one: "\href{address}{words}".
_ARGUMENTS = re.compile(r"(\\[A-Za-z]+\*?\s*\{[^{}]*\}|\}\s*\})\s*(?=\{)")
_COMMAND = re.compile(r"(?P<joined>(?<=[A-Za-z0-9]))?\\(?P<name>[A-Za-z]+)\*?(?P<argument>(?=\{\s*[^\s}]))?")
_SPACING = re.compile(r"\\[,;:! />\[\]]")
_UNSEEN = re.compile(r"\\[-@()]|\\")
_MATH = re.compile(r"\$\$([^$]*)\$\$|\$(?:\^\s*\{?\s*)?([^$]*)\$")
_TIE = re.compile(r"(?<=\S)~(?=\S)")
# While LaTeX is taken apart, escaped signs hide behind control characters, which no clean text holds.
_HIDDEN = {character: chr(1 + position) for position, character in enumerate("%&_#${}")}
_LITERAL = str.maketrans({code: character for character, code in _HIDDEN.items()})


def readable(text: str) -> str:
    r"""Return `text` with LaTeX turned into words and signs: `3.7$^{\circ}$` is 3.7°, `\textit{in vivo}` is in vivo.

    Commands that only set type and the ends of environments vanish, accents become letters, signs become Unicode, any
    other command stays as its name (`\alpha` is alpha): no word is lost.
    """
    if not any(sign in text for sign in "\\$~{"):
        return text
    text = _ESCAPED.sub(lambda match: _HIDDEN[match[1]], text.replace("\\\\", " "))
    text = _LETTER.sub(lambda match: _SYMBOLS[match["inner"] or match["first"]], _ACCENT.sub(_accented, text))
    text = _FRACTION.sub(r" \1/\2", _DEGREE.sub("°", _ENVIRONMENT.sub(" ", text)))
    text = _COMMAND.sub(_command, _ARGUMENTS.sub(r"\1 ", text))
    text = _UNSEEN.sub("", _SPACING.sub(" ", text))
    text = _MATH.sub(lambda match: match[2] if match[1] is None else f" {match[1]} ", text)
    text = _TIE.sub(" ", text).replace("{", "").replace("}", "")
    return _BLANKS.sub(" ", text.translate(_LITERAL)).strip()


def _accented(match: re.Match[str]) -> str:
    letter = match["a"] or match["dotless"] or match["b"] or match["c"] or match["d"]
    mark = match["mark"] or match["letter"] or match["spaced"]
    accented = unicodedata.normalize("NFC", letter + _ACCENTS[mark])
    # "\v x" is more often somebody's own command than an accent that no language has.
    return match[0] if match["spaced"] and len(accented) > 1 else accented


def _command(match: re.Match[str]) -> str:
    name = match["name"]
    if name in _STYLES:
        # "{\bf bold}move": the blank that ended the command is still there; "a\textit{b}" stays one word.
        return ""
    sign = _SYMBOLS.get(name)
    if sign is not None:
        return sign
    before = "" if match["joined"] is None else " "
    after = "" if match["argument"] is None else " "
    return before + name + after


def title_key(title: str) -> str:
    """Return the letters and digits of `title` as lower-case words without accents, parted by single blanks.

    Two titles with the same key are the same title: case, punctuation, accents and LaTeX are aside.
    """
    decomposed = _normalize("NFKD", readable(title))
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(re.findall(r"[^\W_]+", letters.casefold()))
