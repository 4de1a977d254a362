"""Tables to papers: CSV in all its kinds, and Parquet; hostile ones, too."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reading import reader_of, records, source

from explorer.errors import InvalidInput
from explorer.papers import Paper, clean
from explorer.papers.markup import strip_html
from explorer.readers import Record, Rejected, parquet
from explorer.readers.containers import rows as rows_module
from explorer.readers.containers.columns import choose
from explorer.readers.containers.dates import written_date
from explorer.readers.containers.people import people_in, straight
from explorer.readers.containers.rows import Dialect, Rows, text_lines
from explorer.readers.containers.tables import date_of
from explorer.readers.containers.values import categories_in

SAMPLES = Path(__file__).parent / "samples"


def table(content: str | bytes, **columns: str) -> list[Record]:
    """Read `content` as CSV."""
    return records("csv", content, columns)


def titles(content: str | bytes, **columns: str) -> list[str]:
    """The titles in `content`, and the reasons where there are none."""
    return [
        record.title if isinstance(record, Paper) else f"{record.line}: {record.reason}"
        for record in table(content, **columns)
    ]


def chosen(header: str) -> dict[str, str]:
    """The columns that are taken of a header."""
    read = source(header + "\n" + "x," * header.count(",") + "x\n")
    list(reader_of("csv").read(read))
    return read.chosen


# --- real files, and what programs write


def test_a_file_of_asreview(shared_data: Path) -> None:
    file = shared_data / "formats" / "csv" / "asreview_ADHD.csv"
    content = file.read_bytes()
    assert reader_of("csv").recognizes(content[:65_536].decode(errors="ignore"))
    found = table(content)
    with file.open(encoding="utf-8", newline="") as lines:
        written = list(csv.DictReader(lines))
    assert len(found) == len(written) == 851
    for record, row in zip(found, written, strict=True):
        if not row["title"] and not row["abstract"]:
            assert isinstance(record, Rejected)
            assert record.reason == "neither title nor abstract"
            continue
        assert isinstance(record, Paper)
        assert (record.title, record.abstract) == (clean(row["title"]), clean(row["abstract"]))
        assert (record.id, record.date) == (f"pmid:{row['pubmedID']}", row["year"].removesuffix(".0"))
        assert record.authors == tuple(name.strip() for name in row["authors"].split(";") if name.strip())
    assert sum(isinstance(record, Rejected) for record in found) == sum(
        not row["title"] and not row["abstract"] for row in written
    )


PROGRAMS: dict[str, list[Paper]] = {
    "scopus.csv": [
        Paper(
            "10.1000/lake.2021.1", "Deep nets, shallow lakes",
            'We measure "deep" lakes, and then shallow ones. H2O & more.', ("Ngozi Okafor", "Per Lind"), "2021",
            url="https://www.scopus.com/inward/record.uri?eid=2-s2.0-85100000001&doi=10.1000",
            doi="10.1000/lake.2021.1", also=("2-s2.0-85100000001",),
        ),
        Paper("2-s2.0-85100000002", "An erratum", date="2020"),
    ],
    "web_of_science.tsv": [
        Paper(
            "10.1000/roof", '"Green" roofs in "old" towns', 'Roofs are "green".', ("Ngozi Okafor", "Per Lind"),
            "2020-10-07", url="https://doi.org/10.1000/roof", doi="10.1000/roof",
            also=("pmid:31000001", "WOS:000500000000001"),
        ),
        Paper("WOS:000500000000002", "A plain one", authors=("Anna Solo",), date="2019"),
    ],
    "pubmed.csv": [
        Paper(
            "10.1000/sleep.1", "Sleep, and lack of it", authors=("Moss A", "van der Berg B", "Li C"), date="2020",
            url="https://doi.org/10.1000/sleep.1", doi="10.1000/sleep.1", also=("pmid:33000001", "PMC7000001"),
        ),
    ],
    "zotero.csv": [
        Paper(
            "2010.02893", "EmberDepth", "Depth from one image.", ("Ngozi Okafor", "Per Lind"), "2020-10-06",
            url="http://arxiv.org/abs/2010.02893",
        ),
        Paper(
            "pmid:31000002", "Alone", authors=("Anna Solo",), date="2019-03", url="https://example.org/alone",
            also=("PMC6000002",),
        ),
    ],
    "ieee_xplore.csv": [
        Paper(
            "10.1109/X.2020.1", "A radio for all", "Radios, cheap ones.", ("N. Okafor", "P. Lind"), "2020",
            url="https://ieeexplore.ieee.org/stamp/stamp.jsp?arnumber=1", doi="10.1109/X.2020.1",
        ),
    ],
    "dimensions.csv": [
        Paper(
            "10.1000/dim.1", "Lakes", "All about lakes.", ("Ngozi Okafor", "Per Lind"), "2020-10-07",
            url="https://app.dimensions.ai/details/publication/pub.1000000001", doi="10.1000/dim.1",
            also=("pmid:33000002", "PMC7000002"),
        ),
    ],
    "kaggle_arxiv.csv": [
        Paper("x-b26d54de195f", "Survey of things", "We survey things.", categories=("cs.CV", "cs.LG")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_programs_write(name: str) -> None:
    content = (SAMPLES / "csv" / name).read_bytes()
    assert reader_of("csv").recognizes(content.decode("utf-8-sig"))
    assert table(content) == PROGRAMS[name]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,Title,ABSTRACT", {"title": "Title", "abstract": "ABSTRACT", "id": "id"}),
        ("Article Title,Author,Journal Title,Publication Date,DOI,Abstract,PLink",
         {"title": "Article Title", "authors": "Author", "date": "Publication Date", "doi": "DOI", "abstract": "Abstract",
          "url": "PLink"}),
        ("cord_uid,sha,title,doi,pmcid,pubmed_id,abstract,publish_time,authors,mag_id,arxiv_id,url,s2_id",
         {"id": "cord_uid", "title": "title", "doi": "doi", "pmcid": "pmcid", "pmid": "pubmed_id", "abstract": "abstract",
          "date": "publish_time", "authors": "authors", "mag": "mag_id", "arxiv": "arxiv_id", "url": "url", "s2": "s2_id"}),
        ("Lens ID,Title,Date Published,Publication Year,Source Title,Author/s,Abstract,Source URLs,PMID",
         {"id": "Lens ID", "title": "Title", "date": "Date Published", "year": "Publication Year",
          "abstract": "Abstract", "url": "Source URLs", "pmid": "PMID", "authors": "Author/s"}),
        ("Item Title,Publication Title,Item DOI,Authors,Publication Year,URL",
         {"title": "Item Title", "doi": "Item DOI", "authors": "Authors", "year": "Publication Year", "url": "URL"}),
        ("paper-title,Summary,paper_id", {"title": "paper-title", "abstract": "Summary", "id": "paper_id"}),
    ],
)  # fmt: skip
def test_the_columns_that_are_guessed(header: str, expected: dict[str, str]) -> None:
    assert chosen(header) == expected


# --- the columns that the user says


def test_columns_that_are_said() -> None:
    content = "Heading,What it says,title\nA,B,C\n"
    assert titles(content) == ["C"]
    (paper,) = table(content, title="Heading", abstract="what-it says")
    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract) == ("A", "B")
    assert titles("x|y\nA|B\n", title="y") == ["B"]
    assert titles("y\nA\n", title="y") == ["A"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"title": "nothing"}, "file: --columns: there is no column 'nothing'; there are 'a', 'b, c', 'd'"),
        ({"titel": "a"}, "file: --columns: there is no field 'titel'; there are title, abstract, authors, date"),
        (
            {},
            "file: no column is a title or an abstract: say which with --columns title=... There are 'a', 'b, c', 'd'",
        ),
    ],
)
def test_columns_that_are_not_there(columns: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInput) as error:
        table('a,"b, c",d\n1,2,3\n', **columns)
    assert str(error.value).startswith(message)


def test_an_error_lists_columns_within_limits() -> None:
    with pytest.raises(InvalidInput) as error:
        table(",".join(f"column{number}" for number in range(1000)) + "\n1\n")
    assert len(str(error.value)) < 450


# --- the syntax


@pytest.mark.parametrize(
    "content",
    [
        'title,abstract\n"A, ""b""",c\nD,e\n',
        '\ufefftitle\tabstract\r\nA, "b"\tc\r\nD\te\r\n',
        'title;abstract\n"A, ""b""";c\nD;e\n',
        'title|abstract\nA, "b"|c\nD|e',
        'sep=;\ntitle;abstract\nA, "b";c\n\nD;e\n;\n',
        '"sep=|"\ntitle|abstract\nA, "b"|c\nD|e\n',
        'title, abstract\n"A, ""b""", c\nD, e\n',
        'title,abstract\n"A, \\"b\\"",c\nD,e\n',
        'title,abstract\n"A, "b"",c\nD,e\n',
        '\n\n"title","abstract"\n"A, ""b""" ,"c"\n"D","e"\n',
        'title,abstract\n"A, ""b""",c,,\nD,e,,,\n',
        'title,abstract\n"A, ""b""",c\ntitle,abstract\nD,e\n',
        'title,abstract\r"A, ""b""",c\rD,e\r',
        'title,abstract\r\n"A, ""b""",c\r\nD\r\n',
    ],
)
def test_one_table_in_many_spellings(content: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        if encoding == "utf-16" and content.startswith("\ufeff"):
            continue
        data = content.encode(encoding)
        if '"A, "b""' not in content:
            assert titles(data) == ['A, "b"', "D"]
        head = data[:65_536].decode("utf-8-sig" if encoding == "utf-8" else "cp1252")
        assert reader_of("csv").recognizes(head)


def test_encodings() -> None:
    read = source("title\nCafé\n".encode() + "title\nStraße\n".encode("cp1252"))
    found = [paper.title for paper in reader_of("csv").read(read) if isinstance(paper, Paper)]
    assert found == ["Café", "Straße"]
    assert read.notes == ("not UTF-8: read as Latin-1",)
    for encoding in ("utf-16-le", "utf-16-be"):
        assert titles("\ufefftitle\tabstract\r\nStraße 水\tx\r\n".encode(encoding)) == ["Straße 水"]


def test_cells_of_several_lines() -> None:
    content = 'title,abstract\nA,"one\n\ntwo, ""three""\r\n four"\nB,x\n'
    first, second = table(content)
    assert isinstance(first, Paper)
    assert first.abstract == 'one\n\ntwo, "three" four'
    assert isinstance(second, Paper)
    assert second.title == "B"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ('"Bad,x,2020', "a quotation mark is not closed"),
        ('Bad,"x,2020', "a quotation mark is not closed"),
        ('Bad,x,"', "a quotation mark is not closed"),
        ('"Bad,"x","2020"', "a quotation mark is not closed"),
        ("a,b,c,d,e", "row has 5 cells, header 3"),
        (",,2020", "neither title nor abstract"),
        ("?,!", "neither title nor abstract"),
        ("," * 20_001, "more than 20,000 cells"),
    ],
)
def test_a_bad_row_costs_itself(broken: str, reason: str) -> None:
    good = '"A ""good"" one","with, comma",2020\n'
    plain = "Plain,words,2021\n"
    content = f"title,abstract,year\n{good}{broken}\n{good}{plain}{good}"
    assert titles(content) == ['A "good" one', f"3: {reason}", 'A "good" one', "Plain", 'A "good" one']


def test_a_quotation_mark_that_is_closed_too_far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    content = 'title,abstract\n"Bad,x\n' + "Good,y\n" * 3_000
    assert titles(content) == ["2: a quotation mark is not closed"] + ["Good"] * 3_000
    content = 'title,abstract\nA,"' + "line\n" * 1_900 + '"\nGood,y\n'
    assert titles(content) == ["A", "Good"]
    long = 'title,abstract\nA,"' + ("word " * 1_000 + "\n") * 500 + '"\nGood,y\n'
    found = titles(long)
    assert found[0] == "2: a quotation mark is not closed"
    assert found[-1] == "Good"


def test_what_follows_an_open_quotation_mark_may_be_prose() -> None:
    content = 'title,abstract,year\n"A ""title",x "y,2020\n'
    assert titles(content) == ['A "title']
    content = 'title,abstract,year\nA,"text "b\nmore text\n"x" end,2020\nB,c,2021\n'
    assert titles(content)[0] == "2: a quotation mark is not closed"
    assert "row has 1 cell, header 3, and a quotation mark before it is not closed" in titles(content)[1]
    assert titles(content)[-1] == "B"


def test_rows_that_lack_cells_are_read_after_a_bad_one_too() -> None:
    content = 'title,abstract,year\nA,b\n"Bad,x\nB,c\n'
    assert titles(content) == ["A", "3: a quotation mark is not closed", "B"]


# --- names, dates, categories


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("A. Smith; B. Jones", ["A. Smith", "B. Jones"]),
        ("Smith, A.; Jones, B. C.", ["A. Smith", "B. C. Jones"]),
        ("Smith, A., Jones, B.", ["A. Smith", "B. Jones"]),
        ("Smith, A., Jones, B.-C. and Roe, D.", ["A. Smith", "B.-C. Jones", "D. Roe"]),
        ("Smith, Ann and Jones, Bob", ["Ann Smith", "Bob Jones"]),
        ("Ann Smith, Bob Jones and Cy Roe", ["Ann Smith", "Bob Jones", "Cy Roe"]),
        ("Ann Smith & Bob Jones", ["Ann Smith", "Bob Jones"]),
        ("Smith, Ann", ["Ann Smith"]),
        ("van der Berg, Bo", ["Bo van der Berg"]),
        ("Smith A, Jones BC", ["Smith A", "Jones BC"]),
        ("Ann Smith|Bob Jones", ["Ann Smith", "Bob Jones"]),
        ("['Ann Smith', \"Pat O'Hara\"]", ["Ann Smith", "Pat O'Hara"]),
        ('[{"name": "Ann Smith", "id": "1"}, {"name": "Bob Jones"}]', ["Ann Smith", "Bob Jones"]),
        ("Okafor, Ngozi (57190000001); Lind, Per (57190000002)", ["Ngozi Okafor", "Per Lind"]),
        ("Smith, John, Jr.; et al.", ["John Smith Jr."]),
        ("Sandoval", ["Sandoval"]),
        ("", []),
        (["Smith, Ann", {"given": "Bob", "family": "Jones"}, {"author": {"display_name": "Cy Roe"}}, None, ["Li", "Di", ""]],
         ["Ann Smith", "Bob Jones", "Cy Roe", "Di Li"]),
    ],
)  # fmt: skip
def test_authors(written: Any, expected: list[str]) -> None:
    assert people_in(written) == expected


def test_a_person() -> None:
    assert straight("King, Martin Luther, Jr.") == straight("King, Jr., Martin Luther") == "Martin Luther King Jr."
    assert straight("ATLAS Collaboration") == "ATLAS Collaboration"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2020", "2020"), ("2020.0", "2020"), ("2020-10-07", "2020-10-07"), ("2020/10/07/", "2020-10-07"),
        ("2020//", "2020"), ("2020/10//autumn", "2020-10"), ("2020-1-7", "2020-01-07"), ("20201007", "2020-10-07"),
        ("2020 Oct 7", "2020-10-07"), ("7 October 2020", "2020-10-07"), ("Oct 7, 2020", "2020-10-07"),
        ("2020 Nov-Dec", "2020-11"), ("2020 Spring", "2020"), ("25/12/2020", "2020-12-25"), ("12/25/2020", "2020-12-25"),
        ("10/7/2020", "2020"), ("2020-10-07T12:30:00Z", "2020-10-07"), ("Wed, 7 Oct 2020 11:22:33 GMT", "2020-10-07"),
        ("2020-13-01", "2020"), ("10 15", ""), ("", ""), ("in press", ""), ("c2020", "2020"), ("120201", ""),
    ],
)  # fmt: skip
def test_dates(written: str, expected: str) -> None:
    assert written_date(written) == expected


def test_a_date_without_its_year() -> None:
    assert date_of("OCT 7", 2020.0) == "2020-10-07"
    assert date_of("", "2020") == "2020"
    assert date_of("spring", "2020") == "2020"
    assert date_of("2019-12-30", "2020") == "2019-12-30"
    assert date_of(None, None) == ""


def test_categories() -> None:
    assert categories_in("cs.CV stat.ML") == categories_in("cs.CV; stat.ML") == ["cs.CV", "stat.ML"]
    assert categories_in("['cs.CV', 'stat.ML']") == categories_in(["cs.CV", "stat.ML"]) == ["cs.CV", "stat.ML"]
    assert categories_in("Computer Science") == ["Computer Science"]
    assert categories_in("Machine Learning, Computer Science") == ["Machine Learning", "Computer Science"]


@pytest.mark.parametrize(
    ("header", "row", "paper_id", "also"),
    [
        ("id,doi,arxiv_id", "7,10.1000/x,2010.02893v2", "2010.02893", ()),
        ("id,doi,pmid", "7,https://doi.org/10.1000/x.,123456", "10.1000/x", ("pmid:123456",)),
        ("id,doi,pmid", "7,,123456.0", "pmid:123456", ()),
        ("id,doi", "7,10.48550/arXiv.2010.02893", "2010.02893", ()),
        ("id,url", "7,http://arxiv.org/abs/2010.02893v1", "2010.02893", ()),
        ("id,url", "7,https://pubmed.ncbi.nlm.nih.gov/123456/", "pmid:123456", ()),
        ("id,doi", "https://openalex.org/W2741809807,10.1000/x", "10.1000/x", ("W2741809807",)),
        ("id,mag", "W2741809807,2741809807", "mag:2741809807", ("W2741809807",)),
        ("id,url", "x1,https://aclanthology.org/2020.acl-main.1/", "2020.acl-main.1", ()),
        ("corpusid,pmcid", "123,7000001", "PMC7000001", ("s2:123",)),
        ("id,eid", "smith2020,2-s2.0-85100000001", "2-s2.0-85100000001", ()),
        ("key,year", "smith2020,2020", "smith2020", ()),
        ("number,year", "1,2020", "x-", ()),
    ],
)
def test_ids(header: str, row: str, paper_id: str, also: tuple[str, ...]) -> None:
    (paper,) = table(f"title,{header}\nA title,{row}\n")
    assert isinstance(paper, Paper)
    assert paper.id == paper_id or (paper_id == "x-" and paper.id.startswith("x-"))
    assert paper.also == also


# --- our own tables


def test_our_own_tables_come_back() -> None:
    header = "id,title,abstract,authors,date,categories,listed_in,url,doi,version,links,also,row,x"
    row = [
        "2010.02893", "'=A title", "Two\n\nparagraphs.", "Jane Q. Public; Doe, Inc.", "2020-10", "cs.CV; Computer Science",
        "cs.LG", "https://e.org/a", "10.1000/x", "2", "https://e.org/1; https://e.org/2", "pmid:1; W1", "0", "-1.5",
    ]  # fmt: skip
    text = io.StringIO()
    csv.writer(text).writerow(row)
    assert table(f"{header}\r\n{text.getvalue()}") == [
        Paper(
            "2010.02893", "=A title", "Two\n\nparagraphs.", ("Jane Q. Public", "Doe, Inc."), "2020-10",
            ("cs.CV", "Computer Science"), ("cs.LG",), "https://e.org/a", "10.1000/x", 2,
            ("https://e.org/1", "https://e.org/2"), ("pmid:1", "W1"),
        )
    ]  # fmt: skip


# --- what is not CSV


@pytest.mark.parametrize(
    "head",
    [
        "", "\n", "words", "title", "Title\n", "Abstract\nWe show that\n", '{"title": "x", "abstract": "y"}\n', "[]", "<a>",
        "# ArXiv cs.CV --Wed, 7 Oct 2020\n### 1.Title, Abstract", "@article{a,\n title,abstract\n}", "TY  - JOUR\nTI  - x\n",
        "PMID- 1\nTI  - title, abstract\n", "PT J\nTI a title\n", "%0 Book\n%T x\n", "A title, and an abstract\n",
        "a,b,c\n1,2,3\n", '"' * 1000, ";;;;\n,,,,\n", "Dear all,\nthe title, abstract and so on\n", "PAR1\x15\x04",
    ],
)  # fmt: skip
def test_what_is_not_csv(head: str) -> None:
    # A word alone is a header only where it can be nothing else.
    assert reader_of("csv").recognizes(head) == (head.strip().lower() == "title")


# --- hostile files. None asserts a time: a quadratic reader would need hours for them.


HEADER = "title,abstract,authors,year\n"
HOSTILE = {
    "quotation marks": HEADER + '"' * 200_001,
    "quotation marks in a cell": HEADER + 'a,"' + '"x' * 100_000,
    "cells never closed": HEADER + 'a,"x\n' * 20_000,
    "cells closed and opened": HEADER + 'z","x\n' * 5_000,
    "odd": HEADER + 'a,""",\n' * 10_000,
    "blanks after marks": HEADER + ('"a" ' + " " * 50) * 20_000,
    "one line": HEADER + "x" * 2_000_000,
    "one cell": HEADER + '"' + "x " * 2_000_000,
    "commas": HEADER + "," * 2_000_000,
    "letters": HEADER + "x\n" * 2_000,
    "letters in a cell": HEADER + '"' + "x\n" * 20_000,
    "no lines": HEADER + "\n" * 500_000,
    "ands": HEADER + "t,a," + " and" * 200_000 + ",\n",
    "blanks": HEADER + "t,a," + "x " + " " * 500_000 + "y,\n",
    "names": HEADER + 't,a,"[' + "\\'" * 200_000 + '"\n',
    "named": HEADER + 't,a,"[' + "'name': " * 100_000 + ']"\n',
    "numbers": HEADER + "t,a,b," + "1" * 500_000 + "\n",
    "spaced": "title, abstract\n" + ', "x\n' * 20_000,
    "tabs": "title\tabstract\n" + '"x\ty\n' * 2_000 + 'y\t"x\n' * 2_000,
    "carriage returns": "title,abstract\r" + "a,b\r" * 2_000,
    "control characters": HEADER + "".join(map(chr, range(0x300))) * 100,
    "wide": ",".join(["title", *map(str, range(4_000))]) + "\n" + 'z","x\n' * 300,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_table_costs_only_itself(content: str) -> None:
    reader_of("csv").recognizes(content[:65_536])
    tabbed = content.startswith("title\t")
    found = table(content + ('\n"A good one"\t"x"\n' if tabbed else '\n"A good one","words, words",,\n'))
    assert {type(record) for record in found} <= {Paper, Rejected}
    assert all(len(record.reason) < 300 for record in found if isinstance(record, Rejected))
    if (
        "\r" not in content and len(content.split("\n", maxsplit=1)[0]) < 100
    ):  # CR would end lines, and a row be too short
        assert isinstance(found[-1], Paper)
        assert "A good one" in found[-1].title


def test_rows_are_read_one_at_a_time() -> None:
    taken = []

    def lines():
        for number in range(50_000):
            taken.append(number)
            yield number, f'{number},"a\tb"'

    rows = Rows(lines(), Dialect(), 2)
    assert next(iter(rows)).cells == ["0", "a\tb"]
    assert taken == [0]
    assert sum(1 for _ in rows) == 49_999


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "_PATIENCE", 1_000)
    monkeypatch.setattr(rows_module, "_PATIENCE_REGAINED", 1)
    scanned = 0

    def lines():
        nonlocal scanned
        for number in range(2_000):
            scanned += 1
            yield number, 'z","x'

    rows = Rows(lines(), Dialect(), 2)
    rows._patience = 1_000
    assert all(row.problem for row in rows)
    assert scanned == 2_000


def test_lines_of_any_file() -> None:
    assert list(text_lines(source("a\rb\r\rc"))) == [(1, "a"), (2, "b"), (3, ""), (4, "c")]
    assert list(text_lines(source("a\r\nb\rc\n"))) == [(1, "a"), (2, "b\rc")]
    assert list(text_lines(source("a\nö".encode("utf-16")))) == [(1, "a"), (2, "ö")]
    assert list(text_lines(source(""))) == []


# --- properties


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=30) | st.sampled_from(
    ['"', '""', ',"', '",', "\n", 'a "b" c', '"a', 'a"', ",", ";", "\t", "\\", '\\"', "'", " ", '"\n"', '","', "title"]
)


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6),
    st.sampled_from([",", ";", "|", "\t"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\r\n", "\n"]),
)
@example([("a", ',",', "x"), ("b", "", "")], ",", csv.QUOTE_MINIMAL, "\n")
@example([("", '0\t0"0', "")], "\t", csv.QUOTE_MINIMAL, "\n")
def test_cells_that_are_written_are_read(
    rows: list[tuple[str, str, str]], delimiter: str, quoting: Any, end: str
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([[f"k{number}", *row, "end"] for number, row in enumerate(rows)])
    lines = text_lines(source(written.getvalue()))
    read = list(Rows(lines, Dialect(delimiter), 5))
    assert [row.problem for row in read] == [""] * len(rows)
    assert [row.cells for row in read] == [[f"k{number}", *row, "end"] for number, row in enumerate(rows)]


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_papers_that_are_written_are_read(rows: list[tuple[str, str]]) -> None:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["key", "title", "abstract"])
    writer.writerows([[f"k{number}", f"t{title}", abstract] for number, (title, abstract) in enumerate(rows)])
    found = table(written.getvalue())
    for (title, _), paper in zip(rows, found, strict=True):
        assert isinstance(paper, Paper)
        assert paper.title == clean(strip_html(f"t{title}".strip())[0]).replace("\n\n", " ")


PARTS = st.sampled_from(
    [
        '"',
        '""',
        ",",
        ";",
        "\t",
        "\n",
        "\r",
        " ",
        "\\",
        "title",
        "abstract",
        "a",
        "1",
        "[",
        "'",
        "{'name':",
        " and ",
        "\ufeff",
        "\0",
    ]
)


@given(st.lists(PARTS | st.text(max_size=4), max_size=60).map("".join))
def test_nothing_breaks_it(text: str) -> None:
    for written in (text, "title,abstract,authors\n" + text, "title\tabstract\n" + text):
        reader_of("csv").recognizes(written)
        try:
            found = table(written)
        except InvalidInput as error:
            assert len(str(error)) < 500  # noqa: PT017
            continue
        assert all(isinstance(record, Paper | Rejected) for record in found)


@given(st.lists(PARTS, max_size=30).map("".join).filter(lambda text: "\r" not in text))
def test_what_follows_a_bad_row_is_read(text: str) -> None:
    # Quoted rows of which each tells that a mark before them was left open.
    found = titles(f'title,abstract\n{text}\n"A good, one","x, y"\n"A good, one","x, y"\n')
    assert found[-1] == "A good, one"


# --- Parquet


pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def written(columns: dict[str, Any], **options: Any) -> bytes:
    """The bytes of a Parquet file of these columns."""
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, **options)
    return content.getvalue()


def test_a_sample_in_parquet() -> None:
    content = (SAMPLES / "parquet" / "papers.parquet").read_bytes()
    assert reader_of("parquet").recognizes(content[:100].decode("cp1252", "replace"))
    read = source(content)
    assert list(reader_of("parquet").read(read)) == [
        Paper(
            "10.1000/SLEEP.1", "Sleep, and lack of it", "We slept.", ("Ada Moss", "Per Lind"), "2020-10-07",
            ("cs.CV", "cs.LG"), url="https://doi.org/10.1000/SLEEP.1", doi="10.1000/SLEEP.1",
        ),
        Paper("s2", "Lakes", date="2019"),
        Rejected(3, "neither title nor abstract", "row"),
    ]  # fmt: skip
    assert read.chosen == {
        "title": "Title", "abstract": "abstract", "authors": "authors", "date": "publicationDate", "year": "year",
        "categories": "categories", "doi": "doi", "id": "paperId",
    }  # fmt: skip


def test_parquet_with_columns_that_are_said() -> None:
    content = written({"heading": ["A", "B"], "title": ["C", "D"], "n": [1, 2]})
    found = records("parquet", content, {"title": "heading"})
    assert [paper.title for paper in found if isinstance(paper, Paper)] == ["A", "B"]
    with pytest.raises(InvalidInput, match="there is no column 'no'; there are 'heading', 'title', 'n'"):
        records("parquet", content, {"title": "no"})
    with pytest.raises(InvalidInput, match="no column is a title or an abstract"):
        records("parquet", written({"x": [1]}))


def test_what_is_first_is_given_before_the_rest_is_read() -> None:
    content = written({"title": [f"Number {number}" for number in range(3_000)]}, row_group_size=1_000)
    found = reader_of("parquet").read(source(content))
    first = next(found)
    assert isinstance(first, Paper)
    assert first.title == "Number 0"
    found.close()
    assert len(records("parquet", content)) == 3_000


def test_parquet_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match=r'pip install "paper-explorer\[parquet\]"'):
        records("parquet", written({"title": ["A"]}))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-20],
        lambda content: content[:-8] + b"\xff\xff\xff\x7fPAR1",
        lambda content: b"PAR1",
        lambda content: b"PAR1" + bytes(100) + b"PAR1",
    ],
)
def test_parquet_that_is_damaged(damage: Any) -> None:
    with pytest.raises(InvalidInput, match="file: damaged"):
        records("parquet", damage(written({"title": ["words " * 20] * 50})))


def test_a_damaged_row_group_costs_no_other() -> None:
    content = written({"title": ["words " * 20] * 4}, row_group_size=2)
    first, *others = records("parquet", content[:4] + b"\xff" * 60 + content[64:])
    assert isinstance(first, Rejected)
    assert (first.line, first.unit) == (1, "row")
    assert first.reason.startswith("rows 1 to 2 cannot be read: ")
    assert [type(record) for record in others] == [Paper, Paper]


def test_texts_in_parquet_that_are_not_utf_8() -> None:
    content = written({"title": ["Stra-e one", "two"]}, compression="none", use_dictionary=False)
    found = records("parquet", content.replace(b"Stra-e", b"Stra\xdfe"))
    assert [paper.title for paper in found if isinstance(paper, Paper)] == ["Stra\ufffde one", "two"]


@pytest.mark.parametrize("code", ["import os; os.abort()", "import time; time.sleep(60)", "print(7)"])
def test_a_process_that_dies_or_hangs(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(parquet, "_START", code)
    monkeypatch.setattr(parquet, "_PATIENCE", 0.5)
    start = time.monotonic()
    with pytest.raises(InvalidInput, match="file: damaged: the process that reads Parquet ended or was stuck"):
        records("parquet", written({"title": ["A"]}))
    assert time.monotonic() - start < 30


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(written({"title": ["A"] * 10_000}))
    command = [sys.executable, "-c", parquet._START, str(Path(parquet.__file__).parents[2]), str(file)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b'{"columns": ["title"]}\n'
    process.stdin.close()
    assert process.wait(30) == 1
    process.stdout.close()


def test_choosing_takes_each_column_once() -> None:
    assert choose(["title", "abstract", "title"], {"abstract": "title"}) == {"abstract": [0], "title": [2]}
