"""The values of one flat record, as tables and tagged files have them, to a paper: names, dates, ids in many spellings.

Values are texts, numbers, lists and mappings. All patterns take time in the order of what they read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from explorer.papers import Paper, arxiv_identifier, doi_in
from explorer.papers.markup import strip_html

_NOTHING = frozenset(
    {"", "nan", "none", "null", "n/a", "nat", "<na>", "\\n", "[no abstract available]", "no abstract available"}
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = r"(?<![0-9])(1[4-9][0-9]{2}|2[01][0-9]{2})(?![0-9])"
_LONGEST = 2_000  # characters of what may be an id, an address or a date
_LONGEST_NAMES = 1_000_000  # characters of all authors

_INITIALS = re.compile(r"(?:[^\W\d_]\.?[ -]?){1,4}\Z")
_QUOTED = re.compile(r"\\.|\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_NAMED = re.compile(r"[\"'](?:name|full_?name|display_name)[\"']\s*+:\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_AND = re.compile(r",? (?:and|&) ")
_SUFFIX = re.compile(r"(?:jr|sr|i{1,3}|iv)\.?\Z", re.IGNORECASE)
_PARTICLE = re.compile(r"(?:van|von|de|del|della|der|den|di|da|dos|du|la|le|el|al|ten|ter|bin|ibn)\s", re.IGNORECASE)
_NO_NAMES = frozenset({"", "et al", "et al.", "...", "others", "and others", "[anonymous]", "anonymous"})

# By what an address or a text names a paper: the pattern and the name that others use.
_ADDRESSES = (
    (re.compile(r"(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/([0-9]{1,9})(?![0-9])"), "pmid:{}"),
    (re.compile(r"ncbi\.nlm\.nih\.gov/(?:pmc/)?articles/(PMC[0-9]{1,9})(?![0-9])"), "{}"),
    (re.compile(r"openalex\.org/(?:works/)?(W[0-9]{1,12})(?![0-9])"), "{}"),
    (re.compile(r"aclanthology\.org/([A-Z0-9][A-Za-z0-9.-]{3,60}?)(?:\.pdf)?/?\Z"), "{}"),
    (re.compile(r"\b(2-s2\.0-[0-9]{6,12})(?![0-9])"), "{}"),
)
_EXTRA = (
    (re.compile(r"(?i)\bPMID:\s{0,3}([0-9]{1,9})(?![0-9])"), "pmid:{}"),
    (re.compile(r"(?i)\bPMCID:\s{0,3}(PMC[0-9]{1,9})(?![0-9])"), "{}"),
)
_NUMBERED = {"pmid": "pmid:{}", "pmcid": "PMC{}", "openalex": "W{}", "s2": "s2:{}", "mag": "mag:{}"}


def paper_of(values: Mapping[str, Any]) -> Paper:
    """Make a paper of the values of one record by field, as `columns.COLUMNS` calls them.

    The id is the arXiv id, else the DOI, else what PubMed and its like call the paper, else the record's own. Raises
    InvalidInput when there is neither a title nor an abstract.
    """
    addresses = [address for name in ("url", "links") for address in _addresses(values.get(name))]
    own = plain(values.get("id"))[:_LONGEST]
    doi = _doi(values, own, addresses)
    arxiv = _arxiv(values, own, doi, addresses)
    names = list(dict.fromkeys(_names(values, own, addresses)))
    also = [name for name in (doi if arxiv else "", *names, *texts_in(values.get("also"))) if name]
    return Paper.from_record({
        "id": arxiv or doi or (names[0] if names else own),
        "title": prose(values.get("title")),
        "abstract": prose(values.get("abstract")),
        "authors": people_in(values.get("authors")),
        "date": date_of(values.get("date"), values.get("year")),
        "categories": categories_in(values.get("categories")),
        "listed_in": texts_in(values.get("listed_in")),
        "url": addresses[0] if addresses else "",
        "doi": doi,
        "links": [address for address in addresses[1:] if "doi.org/" not in address],
        "also": also,
    })  # fmt: skip


def our_paper(values: Mapping[str, Any]) -> Paper:
    """Make a paper of the values of one record that this program wrote; lists may be joined with a semicolon and blank.

    Raises InvalidInput when there is neither a title nor an abstract.
    """
    record = dict(values)
    for name in ("authors", "categories", "listed_in", "links", "also"):
        if isinstance(record.get(name), str):
            record[name] = record[name].split("; ")
    if arxiv_identifier(str(record.get("id"))) and (version := plain(record.get("version"))):
        record["id"] = f"{record['id']}v{version}"
    return Paper.from_record(record)


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
        return [item for item in map(plain, _quoted(text)) if item]
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


# --- dates


def date_of(date: object, year: object = None) -> str:
    """Return a date as ISO 8601, maybe only a year: of a date that lacks its year, with that."""
    written, of_year = plain(date)[:100], iso_date(plain(year))[:4]
    return iso_date(written) or (of_year and written and iso_date(f"{of_year} {written}")) or of_year


def iso_date(written: str) -> str:
    """Return `2020/10/07/`, `2020 Oct 7`, `7 October 2020`, `20201007`, `2020.0` as ISO 8601, else nothing."""
    written = written.strip()[:100]
    if not written or (len(written) == 4 and re.match(_YEAR, written)):
        return written
    numeric = re.match(r"([0-9]{4})(?:[-/.]([0-9]{1,2}))?(?:[-/.]([0-9]{1,2}))?(?![0-9])", written)
    compact = re.fullmatch(r"([12][0-9]{3})([01][0-9])([0-3][0-9])", written)
    if found := compact or (numeric if numeric and re.match(_YEAR, written) and numeric[2] else None):
        return _iso(int(found[1]), int(found[2] or 0), int(found[3] or 0))
    year = re.search(_YEAR, written)
    if year is None:
        return ""
    rest = written[: year.start()] + " " + written[year.end() :]
    months = [_MONTHS.index(word[:3]) + 1 for word in re.findall(r"[a-z]+", rest.lower()) if word[:3] in _MONTHS]
    numbers = [int(number) for number in re.findall(r"(?<![0-9:])[0-9]{1,2}(?![0-9:])", rest)]
    if months:
        return _iso(int(year[0]), months[0], numbers[0] if numbers else 0)
    slashed = re.match(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]\Z", written[: year.start()])
    if slashed and max(numbers[:2]) > 12:  # else nobody knows which is the day
        return _iso(int(year[0]), min(numbers[:2]), max(numbers[:2]))
    return year[0]


def _iso(year: int, month: int, day: int) -> str:
    if not 1 <= month <= 12:
        return f"{year:04}"
    return f"{year:04}-{month:02}" + (f"-{day:02}" if 1 <= day <= 31 else "")


# --- people


def people_in(value: object) -> list[str]:
    """Return the authors in a list, or in a text in which `;`, `|`, line ends, "and" or commas part them."""
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        names: Iterable[str] = (person(name) for name in map(_name_of, value))
    else:
        names = _written_names(plain(value)[:_LONGEST_NAMES])
    return [name for name in names if name.lower() not in _NO_NAMES]


def person(name: str) -> str:
    """Return "Last, First" and "Last, First, Jr." as "First Last" and "First Last Jr."."""
    name = re.sub(r"\s\([0-9]{6,}\)\Z", "", name.strip())
    parts = [part.strip() for part in name.split(",", 4)]
    if len(parts) < 2 or len(parts) > 3:
        return name
    last, first, *suffix = parts
    if suffix and _SUFFIX.match(first):
        first, suffix = suffix[0], [first]
    return " ".join(filter(None, [first, last, *suffix]))


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
        named = ["".join(groups) for groups in _NAMED.findall(text)] if "{" in text else []
        yield from map(person, named or _quoted(text))
        return
    separator = next((sign for sign in ";|\n" if sign in text), None)
    if separator:
        yield from map(person, text.split(separator))
        return
    if text.count(".") == 1 and "," in text:
        text = text.removesuffix(".")  # PubMed: "Moss A, Li C."
    parts = [part.strip(" ,") for part in _AND.split(" ".join(text.split()))]
    one_each = len(parts) > 1 and all(part.count(",") == 1 for part in parts)
    for part in parts:
        yield from [person(part)] if one_each else _by_commas(part)


def _by_commas(text: str) -> list[str]:
    """Return the names between which are commas; "Smith, A., Jones, B." has them within names, too."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) % 2 == 0 and all(map(_INITIALS.match, parts[1::2])):
        return [f"{first} {last}" for last, first in zip(parts[::2], parts[1::2], strict=True)]
    one_person = len(parts) == 2 and (" " not in parts[0] or _PARTICLE.match(parts[0]))
    return [person(text)] if one_person or (len(parts) == 3 and _SUFFIX.match(parts[1])) else parts


def _quoted(text: str) -> list[str]:
    return ["".join(groups) for groups in _QUOTED.findall(text[:_LONGEST_NAMES]) if any(groups)]


# --- ids


def _addresses(value: object) -> list[str]:
    if not value:
        return []
    texts = [plain(value)] if isinstance(value, str) else texts_in(value)
    return [
        word for text in texts for word in re.split(r"[\s;|]+", text[:_LONGEST]) if re.match(r"(?i)https?://", word)
    ]


def _doi(values: Mapping[str, Any], own: str, addresses: list[str]) -> str:
    written = plain(values.get("doi"))[:_LONGEST]
    inside = re.search(r"\b10\.[0-9]{4,9}/[^\s;|\"<>]+", written) if written else None
    candidates = [
        written,
        inside[0] if inside else "",
        own,
        *(address for address in addresses if "doi.org/" in address),
    ]
    doi = next(filter(None, (doi_in(candidate) for candidate in candidates if candidate)), "")
    return doi.rstrip(".,;")


def _arxiv(values: Mapping[str, Any], own: str, doi: str, addresses: list[str]) -> str:
    """Return the arXiv id of a record, maybe with its version, or nothing."""
    given = plain(values.get("arxiv"))[:_LONGEST]
    said = re.search(r"(?i)\barxiv\s{0,3}:\s{0,3}(\S+)", plain(values.get("extra"))[:_LONGEST])
    candidates = [given, own, doi, said[1] if said else "", *texts_in(values.get("also"))]
    candidates += [address for address in addresses if re.search(r"(?i)ar[x5]iv", address)]
    return next((candidate for candidate in candidates if candidate and arxiv_identifier(candidate)), "")


def _names(values: Mapping[str, Any], own: str, addresses: list[str]) -> Iterator[str]:
    """Yield what PubMed and its like call the paper, in the spelling in which all readers do."""
    for field, spelled in _NUMBERED.items():
        written = plain(values.get(field))[:_LONGEST]
        if written and (number := re.search(r"([0-9]{1,12})(?:\.0|v[0-9]+)?/?\Z", written)):
            yield spelled.format(number[1])
    for field in ("eid", "wos"):
        yield from texts_in(plain(values.get(field))[:200])[:1]
    patterns = [(text[:_LONGEST], _ADDRESSES) for text in (own, *addresses)]
    for text, known in [*patterns, (plain(values.get("extra"))[:_LONGEST], _EXTRA)]:
        for pattern, spelled in known if text else ():
            if found := pattern.search(text):
                yield spelled.format(found[1])
    if re.fullmatch(r"(?i)(?:pmid:[0-9]{1,9}|PMC[0-9]{1,9}|W[0-9]{4,12}|s2:[0-9]+|WOS:\w+)", own):
        yield own
