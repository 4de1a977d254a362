"""Single values of flat records: texts, numbers, lists and mappings, and lists written as texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from explorer.papers.markup import strip_html

_NOTHING = frozenset(
    {"", "nan", "none", "null", "n/a", "nat", "<na>", "\\n", "[no abstract available]", "no abstract available"}
)
_QUOTED = re.compile(r"\\.|\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_LONGEST = 1_000_000  # characters of a list


def plain(value: object) -> str:
    """Return a text or number as a text without blanks around it; of what says nothing, nothing."""
    if not value and value != 0:
        return ""
    if isinstance(value, str):
        text = value.strip()
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    else:
        text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    return "" if len(text) < 30 and text.lower() in _NOTHING else text


def prose(value: object) -> str:
    """Return a text that people read, without markup."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = "\n\n".join(filter(None, map(plain, value)))
    text = plain(value)
    return strip_html(text)[0] if "<" in text or "&" in text else text


def texts_in(value: object) -> list[str]:
    """Return the items of a list; a list may be written as Python or JSON write it, or with `;` or `|` between."""
    if not value:
        return []
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [text for text in map(plain, value) if text]
    text = plain(value)
    if text.startswith("[") and text.endswith("]"):
        return [item for item in map(plain, quoted(text)) if item]
    return [item for item in map(plain, re.split(r"[;|\n]", text)) if item]


def categories_in(value: object) -> list[str]:
    """Return categories: a list, or a text with commas between, or blanks when it is codes such as `cs.CV stat.ML`."""
    items = texts_in(value)
    if len(items) != 1 or not isinstance(value, str):
        return items
    if "," in items[0]:
        return [item.strip() for item in items[0].split(",")]
    words = items[0].split()
    return words if all(re.fullmatch(r"[a-z-]{2,20}(?:\.[A-Za-z-]{2,20})?", word) for word in words) else items


def quoted(text: str) -> list[str]:
    """Return the texts between quotation marks, as Python or JSON write them in a list."""
    return ["".join(groups) for groups in _QUOTED.findall(text[:_LONGEST]) if any(groups)]
