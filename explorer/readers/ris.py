"""RIS, as reference managers and databases write it: `TY  - JOUR`, `TI  - Words`, `AU  - Last, First`, `ER  - `.

Programs differ in everything: which tag the title has, where the DOI is, whether an entry ends. An entry begins with
`TY`, ends with `ER` or the next, and may lack either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from explorer.readers.containers.rows import head_lines, text_lines
from explorer.readers.containers.tables import is_name
from explorer.readers.containers.tagged import Entry, Syntax, latest, papers
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

# Tags of which a line may begin with, however it is written; others must be written as the format has it.
_KNOWN = (
    "TY|TI|T[1-3]|A[1-4]|AB|AD|AN|AU|AV|BT|C[1-8]|CA|CN|CT|CY|D[ABOP]|ED|EP|ET|I[DS]|J[AFO12]|KW|L[1-4AKN]|M[1-3]|"
    "N[12]|NV|OP|P[BPY]|SE|SN|SP|ST|TA|TT|U[1-5]|UR|VL|VO|Y[12]"
)
# "IS - it" in an abstract is no tag: with a single blank, upper case is asked for; a line "ER" alone is an end.
_TAG = re.compile(
    rf"[ \t]{{0,4}}(?P<tag>(?:(?i:{_KNOWN}|ER)|[A-Z][A-Z0-9])(?=  -)|(?:{_KNOWN}|ER)(?=[ \t]?-(?:[ \t]|\Z))"
    r"|ER(?=[ \t]*\Z))[ \t]{0,3}-?[ \t]*+(?P<value>.*)",
    re.DOTALL,
)
_SYNTAX = Syntax(_TAG, begins=frozenset({"TY"}), ends=frozenset({"ER"}))
_RECOGNIZED = r"(?im)^[ \t]{0,4}TY {1,2}-[ \t]*+[A-Za-z]{2,10}[ \t]*+$"
_WITHOUT_TYPE = (r"(?m)^(?:TI|T1)  - \S", r"(?m)^(?:AB|N2|AU|A1|PY|Y1|ER)  -")
_ANOTHER_FORMAT = r"\A\s*+[{\[<@#]|(?m:^(?:PMID|OWN ?|STAT|FAU ?|DCOM|OID ?)- )"
_BOOKS = frozenset({"BOOK", "EBOOK", "EDBOOK", "WHOLE"})


def _read(source: Source) -> Iterator[Record]:
    return papers(text_lines(source), _SYNTAX, _values)


def _values(entry: Entry) -> dict[str, Any]:
    date, year = latest(*entry.all("PY", "Y1", "DA", "YR"))
    database = " ".join(entry.all("DB", "DP"))[:500].lower()
    return {
        "title": entry.get("TI", "T1", "CT", "BT", *(["T2"] if entry.get("TY") in _BOOKS else []), "TT", "ST"),
        "abstract": entry.longest("AB", "N2"),
        "authors": [name for author in entry.all("AU", "A1") or entry.all("A3") for name in _people(author)],
        "date": date,
        "year": year,
        "doi": _doi(entry),
        "url": entry.all("UR", "L2", "L1", "LK"),
        "arxiv": _arxiv(entry),
        "pmid": _pubmed(entry, database),
        "pmcid": next(filter(re.compile(r"PMC[0-9]+\Z").match, entry.all("C2", "C1", "AN", "M2")), ""),
        "eid": next(filter(re.compile(r"2-s2\.0-[0-9]+\Z").match, entry.all("AN", "ID", "M2")), ""),
        "wos": next(filter(re.compile(r"WOS:\w+\Z").match, entry.all("AN", "ID")), ""),
        "id": entry.get("ID", "AN"),
        "also": [text for text in entry.all("AN") if is_name(text)],  # as the explorer's own exports have it
    }


def _people(written: str) -> list[str]:
    """Return the names in one value: one, as the format has it, unless someone put `;` between several."""
    return [name.strip() for name in written.split(";")]


def _doi(entry: Entry) -> str:
    resolver = r"(?i)(?:https?://)?(?:dx\.)?doi\.org/\S+"
    elsewhere = [
        re.match(r"(?i)(?:doi:?\s*)?10\.[0-9]{4,9}/\S+", text) for text in entry.all("M3", "L3", "N1", "M1", "AN", "ID")
    ]
    linked = [re.match(resolver, text) for text in entry.all("UR", "L1", "L2", "LK")]
    return next((found[0] for found in (*elsewhere, *linked) if found and not entry.get("DO")), entry.get("DO"))


def _arxiv(entry: Entry) -> str:
    places = " ".join(entry.all("AN", "M3", "M1", "JO", "JF", "T2", "PB", "VL", "SE", "C7", "ID", "SP"))[:1000]
    found = re.search(r"(?i)\barxiv\s{0,3}[:.]\s{0,3}(\S+)", places)
    return found[1].removeprefix("/") if found else ""


def _pubmed(entry: Entry, database: str) -> str:
    """Return the number that PubMed gave: it is told by where it came from, as any database writes its own there."""
    from_pubmed = re.search(r"pubmed|medline|\bnlm\b", database) is not None
    numbers = [number for number in entry.all("AN") if from_pubmed and re.fullmatch(r"[0-9]{4,9}", number)]
    if "scopus" in database:
        numbers += [number for number in entry.all("C2") if re.fullmatch(r"[0-9]{4,9}", number)]
    return next(iter(numbers), "")


def _recognizes(head: str) -> bool:
    head = head_lines(head)
    if re.search(_ANOTHER_FORMAT, head):
        return False
    return re.search(_RECOGNIZED, head) is not None or all(re.search(pattern, head) for pattern in _WITHOUT_TYPE)


register(
    Reader(
        name="ris",
        description="RIS: lines such as 'TY  - JOUR', 'TI  - Words', 'AB  - Words', 'ER  - '",
        suffixes=(".ris",),
        recognizes=_recognizes,
        read=_read,
    )
)
