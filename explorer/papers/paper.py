"""One paper, and how a raw record becomes one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from explorer.errors import InvalidInput
from explorer.papers.identifiers import arxiv_identifier, doi_in, identity
from explorer.papers.text import clean, readable, title_key

_DATE = r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?(?![0-9])"
_LONGEST_ID = 400
_LONGEST_DATE = 11  # characters that are looked at: one beyond year, month and day


@dataclass(frozen=True, slots=True)
class Paper:
    """Hold what is known of one paper. Texts are clean Unicode with LaTeX kept; unknown texts are empty.

    `id` is unique in a library and carries no version; `date` is ISO 8601, maybe only a year; `categories` are the
    paper's own, the primary one first; `listed_in` are the listings it was read from, which may differ; `also` are
    other ids under which the paper is known.
    """

    id: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    categories: tuple[str, ...] = ()
    listed_in: tuple[str, ...] = ()
    url: str = ""
    doi: str = ""
    version: int | None = None
    links: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def identities(self) -> tuple[str, ...]:
        """Return every name by which this is one paper, comparable with those of others, the id first."""
        names = (self.id, self.doi, *self.also)
        return tuple(dict.fromkeys(identity(name) for name in names if name))

    @property
    def text(self) -> str:
        """Return what is embedded: "title. abstract" with LaTeX made readable."""
        title, abstract = readable(self.title), readable(self.abstract).replace("\n\n", " ")
        return f"{title}. {abstract}" if title and abstract else title or abstract

    @property
    def words(self) -> str:
        """Return the text whose words are counted: the title twice, as it says most, and the abstract."""
        return f"{readable(self.title)} {self.text}"

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Paper:
        """Make a paper of a raw record whose keys are field names; other keys are ignored.

        Raises InvalidInput, with the reason, when there is neither a title nor an abstract. A record without an id
        gets one derived from its words, so that reading it again gives the same paper.
        """
        title, abstract = _text(record.get("title")).replace("\n\n", " "), _text(record.get("abstract"))
        if not _says(title) and not _says(abstract):
            raise InvalidInput("neither title nor abstract")
        paper_id, version = _identifier(record, title, abstract)
        doi = doi_in(_text(record.get("doi"))) or ""
        others = (name[:_LONGEST_ID].rstrip() for name in _words(record.get("also")))
        return cls(
            id=paper_id,
            title=title,
            abstract=abstract,
            authors=_names(record.get("authors")),
            date=_date(record.get("date")),
            categories=_words(record.get("categories")),
            listed_in=_words(record.get("listed_in")),
            url=_address(record.get("url")) or _known_address(paper_id, doi),
            doi=doi,
            version=version,
            links=tuple(filter(None, map(_address, _words(record.get("links"))))),
            also=tuple(
                name for name in dict.fromkeys(others) if identity(name) not in {identity(paper_id), doi.lower()}
            ),
        )


def _says(text: str) -> bool:
    """Tell whether `text` has a letter or a digit; most begin with one, and need no key made of them."""
    first = text[:1]
    return (first.isascii() and first.isalnum()) or bool(title_key(text))


def _text(value: object) -> str:
    if type(value) is str:  # nearly always
        return clean(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return clean(str(value))


def _identifier(record: Mapping[str, Any], title: str, abstract: str) -> tuple[str, int | None]:
    written = _text(record.get("id"))[:_LONGEST_ID].rstrip()
    if found := arxiv_identifier(written):
        return found
    if written:
        return written, None
    return _words_id(title, abstract), None


def derived_id(paper: Paper) -> str:
    """Return the id that a paper without one gets: of its words, so that reading it again gives the same."""
    return _words_id(paper.title, paper.abstract)


def _words_id(title: str, abstract: str) -> str:
    from hashlib import sha256

    words = title_key(title) + "\n" + title_key(abstract)
    return "x-" + sha256(words.encode()).hexdigest()[:12]


def _date(value: object) -> str:
    return _calendar_date(_text(value)[:_LONGEST_DATE])


@lru_cache(maxsize=4096)  # papers come by the day
def _calendar_date(written: str) -> str:
    match = re.match(_DATE, written)
    if match is None:
        return ""
    for length, rest in ((10, ""), (7, "-01"), (4, "-01-01")):
        with suppress(ValueError):  # not in the calendar
            date.fromisoformat(match[0][:length] + rest)
            return match[0][:length]
    return ""


def _address(value: object) -> str:
    """Return a web address that is safe to link to, else nothing: "javascript:" comes from strangers too."""
    address = _text(value)
    return address if address and re.fullmatch(r"https?://[^\s<>\"'`\\]+", address, re.IGNORECASE) else ""


def _known_address(paper_id: str, doi: str) -> str:
    if arxiv_identifier(paper_id):
        return f"https://arxiv.org/abs/{paper_id}"
    return f"https://doi.org/{quote(doi, safe='/:;()+=@,!*$')}" if doi else ""


def _words(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    parts = re.split(r"[\s,;]+", value) if isinstance(value, str) else value if isinstance(value, Sequence) else ()
    return tuple(dict.fromkeys(filter(None, (_text(part) for part in parts))))


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        # Either "A. Surname, B. Surname and C. Surname" or BibTeX's "Surname, A. and Surname, B.".
        written = _text(value)
        parts = re.split(r";|,? and ", written)
        value = parts if ";" in written or ("," in parts[-1] and len(parts) > 1) else ",".join(parts).split(",")
    if not isinstance(value, Sequence):
        return ()
    names = (_text(name.get("name")) if isinstance(name, Mapping) else _text(name) for name in value)
    return tuple(filter(None, names))
