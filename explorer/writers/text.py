"""What is safe to write: texts on one line, addresses that are addresses. A library may come from a stranger."""

from __future__ import annotations

import re
from urllib.parse import quote

from explorer.papers import clean

_ADDRESS = r"(?i)https?://[^\s/?#]\S*"
_ADDRESS_SIGNS = "!#$%&'()*+,/:;=?@[]~"  # what has a meaning in an address, or is an escape already


def one_line(text: str) -> str:
    """Return `text` on one line, as clean as the readers make texts: without what prints nothing or steers."""
    return clean(text).replace("\n\n", " ")


def web_address(text: str) -> str:
    """Return `text` as an http(s) address in ASCII, with all that is no part of one percent-encoded, else nothing."""
    if not text.isprintable() or not re.fullmatch(_ADDRESS, text):
        return ""
    return quote(text, safe=_ADDRESS_SIGNS)
