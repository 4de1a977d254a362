"""Names of people: which part is the family's, where that is safe to tell."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_SUFFIX = re.compile(r"(?i)(?:jr|sr)\.?|I{2,3}|IV")
_PERSON = re.compile(r"[^\W\d_](?:[^\W\d_]|[.'’ʼ‐ -])*")
# Groups are whole, and so is what BibTeX itself would take for the end of a name or of all names.
_NOBODY = re.compile(
    r"(?i)\b(?:and|association|center|centre|collaboration|committee|company|consortium|department|et al|for|group|inc|"
    r"institute|lab|laboratory|network|of|others|project|research|society|survey|team|the|university)\b"
)
_INITIALS = re.compile(r"[A-Z]{1,3}|.*\.")


class Name(NamedTuple):
    """Hold the parts of a name; suffix and given names may be empty."""

    family: str
    suffix: str
    given: str


def parts(name: str) -> Name | None:
    """Return family name, suffix and given names of a name without LaTeX, or None when they cannot be told apart."""
    before, comma, after = (part.strip() for part in name.partition(","))
    whole = f"{before} {after}".strip()
    if not _PERSON.fullmatch(whole) or _NOBODY.search(whole) or not all(map(_is_latin, whole)):
        return None
    if comma and not _SUFFIX.fullmatch(after):
        return Name(before, "", after) if before and after else None
    words = whole.split()
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    start = len(words) - 1
    while start > 1 and words[start - 1][0].islower():  # "van", "de la"
        start -= 1
    # "Smith J." and "Wang LI" begin with the family's name; "boyd" and "van Gogh" have no given names.
    if start < 1 or _INITIALS.fullmatch(words[-1]) or words[0][0].islower():
        return None
    return Name(" ".join(words[start:]), suffix, " ".join(words[:start]))


def _is_latin(sign: str) -> bool:
    """Tell whether `sign` is a Latin letter or none: elsewhere the family's name often comes first."""
    return sign.isascii() or not sign.isalpha() or unicodedata.name(sign, "").startswith("LATIN")
