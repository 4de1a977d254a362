"""Names of people as catalogs write them, to "First Last"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from explorer.papers import readable
from explorer.readers.containers.values import plain, quoted

_SUFFIX = re.compile(r"(?:jr|sr|[2-4](?:nd|rd|th)|i{2,3}|iv|ph\.? ?d|m\.?d)\.?", re.IGNORECASE)
_LIFE = re.compile(r"(?<![\s,(])[\s,(]++(?:b\. ?)?[0-9]{4}\s?-?\s?(?:[0-9]{4})?\)?\s*$")
_NUMBER = re.compile(r"\s\([0-9]{6,}\)\Z")  # Scopus writes its number of an author behind the name
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[ -]?){1,4}")
_PLACE = re.compile(
    r"univ|instit|depart|dept|colleg|school|hospital|laborator|faculty|facultad|centre|center|academ|polytech",
    re.IGNORECASE,
)
_NAMED = re.compile(r"[\"'](?:name|full_?name|display_name)[\"']\s*+:\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_AND = re.compile(r",? (?:and|&) ")
_PARTICLE = re.compile(r"(?:van|von|de|del|della|der|den|di|da|dos|du|la|le|el|al|ten|ter|bin|ibn)\s", re.IGNORECASE)
_NO_NAMES = frozenset({"", "et al", "et al.", "...", "others", "and others", "[anonymous]", "anonymous"})
_LONGEST = 500  # characters; what is longer is no name
_LONGEST_LIST = 1_000_000  # characters


def named(first: str, last: str, suffix: str = "") -> str:
    """Return a name of its parts, any of which may be empty."""
    return readable(" ".join(" ".join((first, last, suffix)).split()))


def straight(name: str) -> str:
    """Return "Last, First" as "First Last", "Last, Jr., First" and "Last, First, Jr." likewise; others stay."""
    name = _LIFE.sub("", _NUMBER.sub("", name[:_LONGEST].strip())).strip(" ,;")
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


def people_in(value: object) -> list[str]:
    """Return the authors in a list, or in a text in which `;`, `|`, line ends, "and" or commas part them."""
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        names: Iterable[str] = (straight(name) for name in map(_name_of, value))
    else:
        names = _written_names(plain(value)[:_LONGEST_LIST])
    return [name for name in names if name.lower() not in _NO_NAMES]


def _name_of(item: object) -> str:
    if isinstance(item, Mapping):
        for key in ("author", "display_name", "name", "full_name", "fullname", "fullName"):
            if item.get(key):
                return _name_of(item[key])
        first = plain(item.get("given") or item.get("first") or item.get("first_name") or item.get("firstName"))
        last = plain(item.get("family") or item.get("last") or item.get("last_name") or item.get("lastName"))
        return f"{first} {last}".strip()
    if isinstance(item, Sequence) and not isinstance(item, str):  # Kaggle's arXiv: ["Last", "First", "Jr"]
        parts = [plain(part) for part in item[:3]]
        return ", ".join(filter(None, parts))
    return plain(item)


def _written_names(text: str) -> Iterator[str]:
    if text.startswith("[") and text.endswith("]"):
        of_objects = ["".join(groups) for groups in _NAMED.findall(text)] if "{" in text else []
        yield from map(straight, of_objects or quoted(text))
        return
    separator = next((sign for sign in ";|\n" if sign in text), None)
    if separator:
        yield from map(straight, text.split(separator))
        return
    if text.count(".") == 1 and "," in text:
        text = text.removesuffix(".")  # PubMed: "Moss A, Li C."
    parts = [part.strip(" ,") for part in _AND.split(" ".join(text.split()))]
    one_each = len(parts) > 1 and all(part.count(",") == 1 for part in parts)
    for part in parts:
        yield from [straight(part)] if one_each else _by_commas(part)


def _by_commas(text: str) -> list[str]:
    """Return the names between which are commas; "Smith, A., Jones, B." has them within names, too."""
    parts = [part.strip() for part in text.split(",")]
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    if len(parts) % 2 == 0 and all(_INITIALS.fullmatch(first) and first.isupper() for _, first in pairs):
        return [named(first, last) for last, first in pairs]
    one_person = len(parts) == 2 and (" " not in parts[0] or _PARTICLE.match(parts[0]))
    if one_person or (len(parts) == 3 and _SUFFIX.fullmatch(parts[1])):
        return [straight(text)]
    return list(map(readable, parts))
