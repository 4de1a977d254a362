"""The values of one flat record, as tables and tagged files have them, to a paper: names, dates, ids in many spellings.

Values are texts, numbers, lists and mappings. All patterns take time in the order of what they read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from explorer.papers import Paper, arxiv_identifier, doi_in
from explorer.readers.containers.dates import written_date
from explorer.readers.containers.people import people_in
from explorer.readers.containers.values import categories_in, plain, prose, texts_in

_LONGEST = 2_000  # characters of what may be an id, an address or a date

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
_NAME = re.compile(r"(?i)pmid:[0-9]{1,9}|PMC[0-9]{1,9}|W[0-9]{4,12}|s2:[0-9]+|WOS:\w+")
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


def date_of(date: object, year: object = None) -> str:
    """Return a date as ISO 8601, maybe only a year: of a date that lacks its year, with that."""
    written, of_year = plain(date)[:100], written_date(plain(year))[:4]
    return written_date(written) or (of_year and written and written_date(f"{of_year} {written}")) or of_year


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
    if is_name(own):
        yield own


def is_name(text: str) -> bool:
    """Tell whether a text is what PubMed and its like call a paper, in the spelling in which all readers write it."""
    return _NAME.fullmatch(text) is not None
