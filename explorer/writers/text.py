"""What is safe to write: texts on one line, addresses that are addresses. A library may come from a stranger."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from explorer.papers import clean

_ADDRESS = r"(?i)https?://[^\s/?#]\S*"
_ADDRESS_SIGNS = "!#$%&'()*+,/:;=?@[]~"  # what has a meaning in an address, or is an escape already
_DATE = r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?)?(?![0-9])"


def one_line(text: str) -> str:
    """Return `text` on one line, as clean as the readers make texts: without what prints nothing or steers."""
    return clean(text).replace("\n\n", " ")


def one_line_each(texts: Iterable[str]) -> list[str]:
    """Return texts on one line each, without those of which nothing is left."""
    return list(filter(None, map(one_line, texts)))


def web_address(text: str) -> str:
    """Return `text` as an http(s) address in ASCII, with all that is no part of one percent-encoded, else nothing."""
    if not text.isprintable() or not re.fullmatch(_ADDRESS, text):
        return ""
    return quote(text, safe=_ADDRESS_SIGNS)


def date_parts(date: str) -> list[str]:
    """Return the year, and the month and the day where they are known, as two digits each; nothing of what is none."""
    match = re.match(_DATE, date)
    return [] if match is None else [part for part in match.groups() if part]


def json_line(value: dict[str, Any]) -> str:
    """Return an object as JSON on one line without an end, in which every character can be shown.

    JSON allows U+007F to U+009F and what turns the direction of text as they are; a terminal obeys them.
    """
    import json

    line = json.dumps(value, ensure_ascii=False)
    if line.isprintable():
        return line
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in line)
