"""PubMed's own format (MEDLINE, `.nbib`): `PMID- 123`, `TI  - Words` and lines of six blanks that go on; also ERIC's.

A record begins with `PMID`, or after an empty line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from explorer.readers.containers.rows import head_lines, text_lines
from explorer.readers.containers.tagged import Entry, Syntax, latest, papers
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_TAG = re.compile(r"(?P<tag>[A-Z][A-Z0-9]{1,4})(?: {0,3})-(?: |\Z)(?P<value>.*)", re.DOTALL)
_SYNTAX = Syntax(_TAG, begins=frozenset({"PMID"}), after_blank=True)
_RECOGNIZED = (r"(?m)^(?:PMID- ?[0-9]|(?:OWN|STAT|DCOM|FAU|OID|EDAT|PST) ?- )", r"(?m)^(?:TI  |BTI |AB  |TT  )- ")


def _read(source: Source) -> Iterator[Record]:
    return papers(text_lines(source), _SYNTAX, _values)


def _values(entry: Entry) -> dict[str, Any]:
    date, year = latest(*entry.all("DP", "DEP", "PDAT"))
    numbers = [found for text in entry.all("LID", "AID", "DO", "SO") if (found := _doi(text))]
    pages = [text for text in entry.all("LID", "URL", "AID", "UR") if re.match(r"https?://", text)]
    return {
        "title": _title(entry.get("TI")) or entry.get("BTI", "CTI") or entry.get("TT"),
        "abstract": entry.longest("AB") or entry.longest("OAB"),
        "authors": entry.all("FAU") or entry.all("AU") or entry.all("CN"),
        "date": date,
        "year": year,
        "doi": next(iter(numbers), ""),
        "url": pages,
        "pmid": entry.get("PMID"),
        "pmcid": entry.get("PMC", "PMCR") if entry.get("PMC").startswith("PMC") else "",
        "arxiv": next(filter(re.compile(r"(?i)arxiv:\S+\Z").match, entry.all("AID", "LID")), ""),
        "also": entry.all("OID")[:1],
        "id": entry.get("OID", "UI", "AN"),
    }


def _doi(written: str) -> str:
    """Return the DOI of `10.1000/x [doi]`, `https://doi.org/10.1000/x` and of "Words. doi: 10.1000/x."."""
    found = re.search(r"(?i)(?:^|doi\.org/|\bdoi:\s?)(10\.[0-9]{4,9}/[^\s\[\]]+)", written[:2_000])
    return found[1].rstrip(".,;") if found else ""


def _title(written: str) -> str:
    """Return a title without the brackets that mark it as a translation."""
    inside = re.fullmatch(r"\[([^\[\]]+)\]\.?", written)
    return inside[1] if inside else written


def _recognizes(head: str) -> bool:
    head = head_lines(head)
    if re.match(r"\s*[{\[<@#]", head) or re.search(r"(?im)^TY {1,2}- *[A-Z]", head):
        return False
    return all(re.search(pattern, head) for pattern in _RECOGNIZED)


register(
    Reader(
        name="nbib",
        description="PubMed's MEDLINE format: lines such as 'PMID- 123', 'TI  - Words', 'AB  - Words'",
        suffixes=(".nbib", ".medline"),
        recognizes=_recognizes,
        read=_read,
    )
)
