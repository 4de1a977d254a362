"""The arXiv daily digest: Markdown with a header line, a heading a paper and its abstract as a block quote.

    # ArXiv cs.CV --Wed, 7 Oct 2020
    ### 1.Title  [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)
    >  abstract

Another header begins another listing; any other heading of the first two levels ends the paper before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from explorer.errors import InvalidInput
from explorer.papers import Paper, arxiv_identifier
from explorer.papers.markup import strip_html
from explorer.readers.containers.dates import iso_date
from explorer.readers.registry import Reader, Record, Rejected, register
from explorer.readers.source import Source

_HEADER = re.compile(r"#\s+ArXiv\s+(?P<category>\S+)\s*-{2,}\s*(?P<date>.*)", re.IGNORECASE)
_ENTRY = re.compile(r"###(?!#)\s*(?P<number>\d+\s*\.)?\s*(?P<title>.*)")
# What follows ":arrow_down:"; its end may be missing. Blanks are not given back: of n there are n² ways to part them.
_DOWNLOAD = re.compile(r"\s*+\]\s*+\(\s*+(?P<link>\S*?)\s*+\)?+\s*+")
_SECTION = re.compile(r"##?(?!#)\s")
_DAY = re.compile(r"(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]{3})[a-z]*\s+(?P<year>\d{4})")
_RECOGNIZED = re.compile(
    rf"^(?:{_HEADER.pattern}|###\s*\d+\s*\..*\[\s*:arrow_down:\s*\])", re.IGNORECASE | re.MULTILINE
)


@dataclass(slots=True)
class _Entry:
    """Collect the lines of one paper."""

    line: int
    heading: str
    category: str
    date: str
    body: list[str] = field(default_factory=list)


def _read(source: Source) -> Iterator[Record]:
    category = date = ""
    entry: _Entry | None = None
    for number, line in source.lines():
        if header := _HEADER.match(line):
            yield from _finish(entry)
            entry, category, date = None, header["category"], _date_in(header["date"])
        elif _ENTRY.match(line):
            yield from _finish(entry)
            entry = _Entry(number, line, category, date)
        elif _SECTION.match(line):
            yield from _finish(entry)
            entry = None
        elif entry is not None:
            entry.body.append(line.lstrip().removeprefix(">"))
    yield from _finish(entry)


def _finish(entry: _Entry | None) -> Iterator[Record]:
    if entry is None:
        return
    try:
        yield _paper(entry)
    except InvalidInput as error:
        yield Rejected(entry.line, str(error))


def _paper(entry: _Entry) -> Paper:
    heading = _ENTRY.match(entry.heading)
    assert heading is not None  # noqa: S101 -- only headings become entries
    title, link = _download(heading["title"])
    if link is None and heading["number"] is None:
        raise InvalidInput("a heading with neither a number nor a download link")
    title, title_links = strip_html(title)
    abstract, links = strip_html("\n".join(entry.body))
    record: dict[str, Any] = {
        "title": title,
        "abstract": abstract,
        "date": entry.date,
        "listed_in": entry.category,
        "links": title_links + links,
    }
    return Paper.from_record(record | _identity(link or ""))


def _download(title: str) -> tuple[str, str | None]:
    """Part a title from the download link at its end, if it has one."""
    words, _, rest = title.rpartition(":arrow_down:")
    download = _DOWNLOAD.fullmatch(rest)
    words = words.rstrip()
    return (words[:-1], download["link"]) if download and words.endswith("[") else (title, None)


def _identity(link: str) -> dict[str, str]:
    """Return id and address from a download link. Only arXiv's have a page that is known; others are their own id."""
    written = re.split(r"/(?:pdf|abs)/", link)[-1].removesuffix(".pdf")
    ours = re.match(r"https?://([\w-]+\.)?arxiv\.org/", link)
    return {"id": written if arxiv_identifier(written) else link, "url": "" if ours else link}


def _date_in(written: str) -> str:
    match = _DAY.search(written)
    return iso_date(match["year"], match["month"], match["day"]) if match else ""


register(
    Reader(
        name="digest",
        description=(
            "an arXiv daily digest in Markdown: "
            "'# ArXiv cs.CV --Wed, 7 Oct 2020', then '### 1.Title [ :arrow_down: ](...)'"
        ),
        suffixes=(".md",),
        recognizes=lambda head: _RECOGNIZED.search(head) is not None,
        read=_read,
    )
)
