r"""Words as people wrote them, made clean, readable and comparable.

Each step for its own purpose: `clean` runs when a paper is read and keeps LaTeX (it is what people want to see);
`readable` turns LaTeX into words for the embedding; `title_key` reduces a title to what two people typing it would
agree on. Look-ups use this module, so what only LaTeX or HTML needs is in modules of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

# What prints nothing, tab and line feed aside: NUL, soft hyphens, bidi overrides. Joiners stay, scripts need them.
_UNPRINTABLE = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)
_SURROGATE = "[\ud800-\udfff]"
_BLANKS = r"[^\S\n]+"
_SHOWN = 100  # characters
_SIGNS = r"[^\w\s!-~]{31,}"
_LATEX = "\\$~{"  # without any of these there is no LaTeX in a text
_IN_KEYS = {  # of ASCII characters: letters and digits as they are in keys, blanks for others, NUL where LaTeX begins
    code: "\0" if chr(code) in _LATEX else chr(code).lower() if chr(code).isalnum() else " " for code in range(128)
}

_IN_LINES = _IN_KEYS | {ord("\n"): "\n"}


def clean(text: str) -> str:
    """Return `text` in NFC, without control characters, with single blanks, paragraphs parted by one empty line."""
    if text.isascii() and text.isprintable() and "  " not in text:  # most are; it saves half of the time
        return text.strip()
    if all(map(str.isprintable, text.split("\n"))):  # blanks are all that can be wrong
        lines = (" ".join(line.split()) for line in _normalize("NFC", text).split("\n"))
    else:
        text = re.sub(_SURROGATE, "\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = re.sub(_UNPRINTABLE, lambda match: "\n" if match[0] in "\u2028\u2029\x0b\x0c\x85" else "", text)
        lines = (re.sub(_BLANKS, " ", line).strip() for line in _normalize("NFC", text).split("\n"))
    paragraphs = (" ".join(group) for words, group in groupby(lines, key=bool) if words)
    return "\n\n".join(paragraphs)


def _normalize(form: Literal["NFC", "NFKD"], text: str) -> str:
    """Normalize `text`; of a letter's accents, those beyond 30 go: sorting n of them takes time in the order of n².

    30 is Unicode's own limit: https://unicode.org/reports/tr15/#Stream_Safe_Text_Format.
    """
    if text.isascii():
        return text
    text = re.sub(_SIGNS, lambda match: match[0][:30] if any(map(unicodedata.combining, match[0])) else match[0], text)
    return unicodedata.normalize(form, text)


def shortened(text: str) -> str:
    """Return `text` for an error, which need not repeat all of it."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def readable(text: str) -> str:
    r"""Return `text` with LaTeX turned into words and signs: `3.7$^{\circ}$` is 3.7°, `\textit{in vivo}` is in vivo.

    Commands that only set type and the ends of environments vanish, accents become letters, signs become Unicode, any
    other command stays as its name (`\alpha` is alpha): no word is lost.
    """
    if not any(sign in text for sign in _LATEX):
        return text
    from explorer.papers.latex import spelled_out

    return re.sub(_BLANKS, " ", spelled_out(text)).strip()


def names_key(names: Sequence[str]) -> str:
    """Return the `title_key` of each of `names` on a line of its own; all at once, where they are plain."""
    written = "\n".join(names)
    if written.isascii() and "\0" not in (keys := written.translate(_IN_LINES)):
        lines = keys.split("\n")
        if len(lines) == len(names):
            return "\n".join([" ".join(line.split()) for line in lines])
    return "\n".join(map(title_key, names))


def title_key(title: str) -> str:
    """Return the letters and digits of `title` as lower-case words without accents, parted by single blanks.

    Two titles with the same key are the same title: case, punctuation, accents and LaTeX are aside.
    """
    if title.isascii() and "\0" not in (key := title.translate(_IN_KEYS)):  # most titles and names
        return " ".join(key.split())
    letters = _normalize("NFKD", readable(title))
    if not letters.isascii():
        letters = "".join(character for character in letters if not unicodedata.combining(character))
    return " ".join(re.findall(r"[^\W_]+", letters.casefold()))
