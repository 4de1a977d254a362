"""Names of people as catalogs write them, to "First Last"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from explorer.papers import readable

_SUFFIX = re.compile(r"(?:jr|sr|[2-4](?:nd|rd|th)|i{2,3}|iv)\.?", re.IGNORECASE)
_LIFE = re.compile(r"(?<![\s,(])[\s,(]++(?:b\. ?)?[0-9]{4}\s?-?\s?(?:[0-9]{4})?\)?\s*$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[ -]?){1,4}")
_PLACE = re.compile(
    r"univ|instit|depart|dept|colleg|school|hospital|laborator|faculty|facultad|centre|center|academ|polytech",
    re.IGNORECASE,
)
_LONGEST = 500  # characters; what is longer is no name


def named(first: str, last: str, suffix: str = "") -> str:
    """Return a name of its parts, any of which may be empty."""
    return readable(" ".join(" ".join((first, last, suffix)).split()))


def straight(name: str) -> str:
    """Return "Last, First" as "First Last", "Last, Jr., First" and "Last, First, Jr." likewise; others stay."""
    name = _LIFE.sub("", name[:_LONGEST]).strip(" ,;")
    parts = [part.strip() for part in name.split(",")]
    suffix = next((part for part in parts[1:] if _SUFFIX.fullmatch(part)), "")
    rest = [part for part in parts if part and part != suffix]
    if len(rest) != 2 or _PLACE.search(name):
        return readable(name)
    return named(rest[1], rest[0], suffix)


def creators(written: Iterable[str]) -> list[str]:
    """Return the names in Dublin Core's creators: mostly one in each, "Last, First; University" and lists as well."""
    names: list[str] = []
    for creator in written:
        parts = [part.strip() for part in creator.split(";") if part.strip()]
        people = [part for part in parts if not _PLACE.search(part)] if len(parts) > 1 else parts
        names += filter(None, map(straight, people or parts[:1]))
    return names


def listed(written: str) -> list[str]:
    """Return the names in a list parted by commas, "A. First, B. Second and C. Third" or "Last, A., Last, B."."""
    parts = [part.strip() for part in re.split(r",|;| and ", " ".join(written.split())) if part.strip()]
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    if pairs and len(parts) % 2 == 0 and all(_INITIALS.fullmatch(first) and first.isupper() for last, first in pairs):
        return [named(first, last) for last, first in pairs]
    return [readable(part) for part in parts]
