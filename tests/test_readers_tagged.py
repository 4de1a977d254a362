"""Tagged files to papers: RIS, PubMed's MEDLINE, EndNote and Web of Science; broken and hostile ones, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import reader_of, records

from explorer.papers import Paper, clean
from explorer.papers.markup import strip_html
from explorer.readers import Record, Rejected, registered
from explorer.readers.containers import tagged
from explorer.readers.containers.tagged import latest

SAMPLES = Path(__file__).parent / "samples"
GOOD = "TY  - JOUR\nTI  - A good one\nER  - \n"
TAGGED = ("ris", "nbib", "endnote", "wos")


def only(name: str, content: str) -> Paper:
    """The one paper in `content`."""
    (record,) = records(name, content)
    assert isinstance(record, Paper), record
    return record


def of_ris(lines: str) -> Paper:
    """The paper of a RIS entry with a title and `lines`."""
    return only("ris", f"TY  - JOUR\nTI  - A title\n{lines}\nER  - \n")


def recognizing(content: bytes) -> set[str]:
    """The names of the readers that recognize `content`."""
    head = content[:65_536].decode("utf-8-sig", "ignore")
    return {reader.name for reader in registered() if reader.recognizes(head)}


def titles(name: str, content: str) -> list[str]:
    """The titles of papers in `content`, and of others their line."""
    return [record.title if isinstance(record, Paper) else str(record.line) for record in records(name, content)]


# --- real files


def papers_of(name: str, file: Path) -> list[Paper]:
    assert recognizing(file.read_bytes()) == {name}
    found = records(name, file.read_bytes())
    return [record for record in found if isinstance(record, Paper)]


@pytest.mark.parametrize(
    ("name", "count", "ids"),
    [
        ("asreview_faulty_year", 1, ["x-27b0e23ef268"]),
        ("asreview_pubmed_zotero", 6, ["10.5114/pg.2018.81081", "10.1007/s10151-019-02080-0", "10.1097/MD.0000000000016881",
                                       "10.2196/14432", "10.1186/s12876-019-1034-9", "10.1097/MD.0000000000016231"]),
        ("asreview_scopus", 6, ["10.1016/j.psyneuen.2019.104501", "10.1016/j.mehy.2019.109324",
                                "10.1016/j.jpsychores.2019.109836", "10.1016/j.yebeh.2019.106490",
                                "10.1080/19490976.2018.1562268", "10.1136/gutjnl-2019-318308"]),
    ],
)  # fmt: skip
def test_files_in_ris_as_rispy_reads_them(shared_data: Path, name: str, count: int, ids: list[str]) -> None:
    rispy = pytest.importorskip("rispy")
    file = shared_data / "formats" / "ris" / f"{name}.ris"
    papers = papers_of("ris", file)
    assert [paper.id for paper in papers] == ids
    entries = rispy.loads(file.read_text(encoding="utf-8-sig"))
    assert len(papers) == len(entries) == count
    for paper, entry in zip(papers, entries, strict=True):
        assert paper.title == clean(entry["title"])
        assert paper.abstract == clean(strip_html(entry["abstract"])[0])
        assert paper.doi == entry.get("doi", "")
        names = [" ".join(reversed(re.split(", ?", author))) for author in entry.get("authors", [])]
        assert paper.authors == tuple(map(clean, names))
        year = re.match("[0-9]{4}", entry["year"])
        assert paper.date[:4] == (year[0] if year else "")


def test_dates_and_names_of_files_in_ris(shared_data: Path) -> None:
    folder = shared_data / "formats" / "ris"
    (faulty,) = papers_of("ris", folder / "asreview_faulty_year.ris")
    assert (faulty.date, faulty.title[:39]) == ("", "The Value of Radiologic Interventions a")
    zotero = papers_of("ris", folder / "asreview_pubmed_zotero.ris")
    assert [paper.date for paper in zotero] == ["2019", "2019-10", "2019-08", "2019-07-24", "2019-07-02", "2019-06"]
    assert zotero[0].authors == ("Agata Rudnik", "Grazyna Piotrowicz", "Malgorzata A. Basinska", "Vahid Rashedi")
    scopus = papers_of("ris", folder / "asreview_scopus.ris")
    assert scopus[1].also == ("pmid:31421429", "2-s2.0-85070226738")
    assert scopus[0].abstract.endswith("© 2019 Elsevier Ltd")


def test_a_file_of_eric(shared_data: Path) -> None:
    (paper,) = papers_of("nbib", shared_data / "formats" / "nbib" / "colrev_nbib_data.nbib")
    assert paper == Paper(
        "10.1000/123456789", "Paper title", "Abstract ...", ("Tom Smith", "Shawn Hunter"), "2000",
        url="http://eric.ed.gov/?id=EJ1131633", doi="10.1000/123456789", also=("EJ1131633",),
    )  # fmt: skip


# --- samples of our own


SLEEP = Paper(
    "10.1000/sleep.1", "Sleep, and lack of it", "We slept. And then we woke.", ("Ada Moss", "Bo van der Berg Jr."),
    "2020-10-07", url="https://example.org/sleep", doi="10.1000/sleep.1", also=("pmid:33000001", "PMC7000001"),
)  # fmt: skip
OWN: dict[str, list[Record]] = {
    "ris/zotero.ris": [
        SLEEP,
        Paper("x-bd1e3f33c781", "A chapter", authors=("Anna Solo",), date="2019"),
        Paper("2010.02893", "EmberDepth", authors=("Ngozi Okafor",), date="2020-10-06",
              url="http://arxiv.org/abs/2010.02893", doi="10.48550/arXiv.2010.02893"),
    ],
    "ris/several.ris": [
        Paper("10.1000/other.1", "By another program", "The longer abstract.", ("N. Okafor",), "2020-10-07",
              url="https://example.org/other", doi="10.1000/other.1"),
        Paper("x-36bfbbb84cc9", "No end", authors=("Lind P",), date="2018-10-07"),
        Rejected(20, "neither title nor abstract"),
        Paper("10.1000/last", "The last", url="https://doi.org/10.1000/last", doi="10.1000/last"),
    ],
    "nbib/pubmed.nbib": [
        Paper("10.1000/sleep.1", "Sleep, and lack of it.",
              "BACKGROUND: We slept. RESULTS: TI - is no tag here, and PMID- 12 neither.",
              ("Ada Moss", "Bo van der Berg"), "2020-10-07", url="https://doi.org/10.1000/sleep.1",
              doi="10.1000/sleep.1", also=("pmid:33000001", "PMC7000001")),
        Paper("pmid:33000002", "A title in English", "Ein Text.", ("The Group",), "2019"),
        Paper("pmid:33000003", "A book", "About all.", date="2018-11"),
        Rejected(34, "neither title nor abstract"),
    ],
    "endnote/export.enw": [
        Paper("10.1000/sleep.1", "Sleep, and lack of it", "We slept.", ("Ada Moss", "Per Lind"), "2020-10-07",
              url="https://example.org/sleep", doi="10.1000/sleep.1"),
        Paper("2010.02893", "EmberDepth", authors=("Ngozi Okafor",), date="2020", url="https://arxiv.org/abs/2010.02893"),
    ],
    "wos/savedrecs.ciw": [
        Paper("10.1000/roof", "Green roofs in old towns", "Roofs are green. AI is not.", ("Ngozi Okafor", "Per Lind"),
              "2020-10-07", url="https://doi.org/10.1000/roof", doi="10.1000/roof",
              also=("pmid:31000001", "WOS:000500000000001")),
        Paper("WOS:000500000000002", "A plain one", authors=("A Solo",), date="2019"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("file", OWN)
def test_samples_with_all_line_ends(file: str, end: str) -> None:
    name = file.partition("/")[0]
    content = (SAMPLES / file).read_bytes().replace(b"\n", end.encode())
    assert recognizing(content) == {name}
    assert records(name, content) == OWN[file]
    assert records(name, content.decode().lstrip("\ufeff").encode("utf-16")) == OWN[file]


# --- RIS


@pytest.mark.parametrize(
    "entry",
    [
        "TY  - JOUR\nTI  - A good one\nER  - \n",
        "TY  - JOUR\nTI  - A good one\nER  -",
        "TY  - JOUR\nTI  - A good one\nER\n",
        "TY  - JOUR\nTI  - A good one\n",
        "TI  - A good one\nER  - \n",
        "ty  - jour\nti  - A good one\ner  - \n",
        "TY - JOUR\nT1 - A good one\nER -\n",
        "  TY  - JOUR\n  TI  - A good one\n  ER  - \n",
        "TY  - JOUR\nTI  - A\ngood one\nER  - \n",
        "TY  - JOUR\nCT  - A good one\nT2  - A journal\nER  - \n",
        "TY  - BOOK\nBT  - A good one\nER  - \n",
        "TY  - BOOK\nT2  - A good one\nER  - \n",
        "TY  - JOUR\n\n\nTI  - A good one\n\nAU  - A, B\n\nER  - \n",
        "TY  -JOUR\nTI  -A good one\nER  -\n",
        "TY\t- JOUR\nTI\t- A good one\nER\t-\n",
    ],
)
def test_one_entry_in_many_spellings(entry: str) -> None:
    assert titles("ris", entry) == ["A good one"]
    assert titles("ris", f"{entry}\n{GOOD}\n{entry}") == ["A good one"] * 3


def test_entries_without_beginning_and_end() -> None:
    assert titles("ris", "TI  - A\nAU  - X\n\nTI  - B\nAU  - Y\n\nAB  - c\n\nTI  - D\n") == ["A", "B", "D"]
    assert titles("ris", "TY  - JOUR\nTI  - A\n\nTY  - JOUR\nTI  - B\nTY  - JOUR\nTI  - C") == ["A", "B", "C"]


@pytest.mark.parametrize("broken", ["", "AU  - A, B", "words\nwords", "TI  - ?!", "KW  - x\nKW  - y"])
def test_a_bad_entry_costs_itself(broken: str) -> None:
    assert titles("ris", f"{GOOD}TY  - JOUR\n{broken}\nER  - \n{GOOD}") == ["A good one", "4", "A good one"]
    assert titles("ris", f"{GOOD}TY  - JOUR\n{broken}\n{GOOD}") == ["A good one", "4", "A good one"]


def test_lines_that_only_look_like_tags() -> None:
    abstract = of_ris(
        "AB  - The first line\nin - vitro and so on\nIS it - a tag\nan - x\nEnd - of it\nIt  - ends"
    ).abstract
    assert abstract == "The first line in - vitro and so on IS it - a tag an - x End - of it It - ends"


def test_the_longest_abstract() -> None:
    assert of_ris("N2  - Short.\nAB  - Longer it is.").abstract == "Longer it is."
    assert of_ris("AB  - Short.\nN2  - Longer it is.").abstract == "Longer it is."
    assert of_ris("AB  - One.\n\nTwo.").abstract == "One.\n\nTwo."


@pytest.mark.parametrize(
    ("lines", "date"),
    [
        ("PY  - 2020", "2020"), ("PY  - 2020///", "2020"), ("Y1  - 2020/10/07/", "2020-10-07"), ("DA  - 2020/10/07", "2020-10-07"),
        ("DA  - 2020/10/07\nPY  - 2020", "2020-10-07"), ("PY  - 2020\nDA  - Oct 7", "2020-10-07"),
        ("PY  - 2019\nDA  - 2020/10/07", "2019"), ("PY  - 2020-10", "2020-10"), ("PY  - 10 15", ""), ("Y2  - 2020/10/07", ""),
        ("PY  - 10 15\nDA  - 2011/11/01", "2011-11-01"), ("PY  - 2020\nDA  - 2020/10//", "2020-10"),
    ],
)  # fmt: skip
def test_dates(lines: str, date: str) -> None:
    assert of_ris(lines).date == date


def test_the_latest_date_of_several() -> None:
    assert latest("2020", "2020-10-07", "2021") == ("2020-10-07", "2020")
    assert latest("2020", "Oct 7") == ("Oct 7", "2020")
    assert latest() == ("", "")


@pytest.mark.parametrize(
    ("lines", "paper_id", "also"),
    [
        ("DO  - 10.1000/x", "10.1000/x", ()),
        ("DO  - https://doi.org/10.1000/x", "10.1000/x", ()),
        ("DO  - doi:10.1000/x", "10.1000/x", ()),
        ("M3  - doi: 10.1000/x", "10.1000/x", ()),
        ("M3  - Article\nUR  - http://dx.doi.org/10.1000/x", "10.1000/x", ()),
        ("N1  - See also 10.1000/other", "x-", ()),
        ("UR  - https://arxiv.org/abs/2010.02893v2", "2010.02893", ()),
        ("DO  - 10.1000/x\nUR  - https://arxiv.org/abs/2010.02893", "2010.02893", ()),
        ("JO  - arXiv preprint arXiv:2010.02893", "2010.02893", ()),
        ("T2  - arXiv:2010.02893 [cs]", "2010.02893", ()),
        ("ID  - smith2020", "smith2020", ()),
        ("AN  - WOS:000500000000001\nID  - 7", "WOS:000500000000001", ()),
        ("DB  - PubMed\nAN  - 33000001", "pmid:33000001", ()),
        ("DP  - NLM\nAN  - 33000001\nC2  - PMC7000001\nDO  - 10.1000/x", "10.1000/x", ("pmid:33000001", "PMC7000001")),
        ("DB  - Another\nAN  - 33000001", "33000001", ()),
        ("UR  - https://www.ncbi.nlm.nih.gov/pubmed/33000001", "pmid:33000001", ()),
        ("KW  - x", "x-", ()),
    ],
)
def test_ids(lines: str, paper_id: str, also: tuple[str, ...]) -> None:
    paper = of_ris(lines)
    assert paper.id == paper_id or (paper_id == "x-" and paper.id.startswith("x-"))
    assert paper.also == also


def test_authors() -> None:
    assert of_ris("AU  - Smith, Ann\nA1  - Jones,Bob,Jr.\nA2  - Editor, Ed").authors == ("Ann Smith", "Bob Jones Jr.")
    assert of_ris("AU  - Smith, A.; Jones, B.").authors == ("A. Smith", "B. Jones")
    assert of_ris("AU  - The Group\nAU  - \nAU  - Anonymous").authors == ("The Group",)


# --- MEDLINE, EndNote, Web of Science


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("nbib", "PMID- 1\nTI  - A\nPMID- 2\nTI  - B\n\nPMID- 3\nTI  - C", ["A", "B", "C"]),
        ("nbib", "OWN - ERIC\nTI  - A\n\nOWN - ERIC\nTI  - B\n\n\nTI  - C\nAB  - x\n", ["A", "B", "C"]),
        ("nbib", "PMID-1\nTI  - A\nAB  - x\n", ["A"]),
        ("nbib", "PMID- 1\nAU  - X\n\nPMID- 2\nTI  - B", ["1", "B"]),
        ("endnote", "%0 Book\n%T A\n%0 Book\n%T B\n\n%0 Book\n%A X\n", ["A", "B", "6"]),
        ("endnote", "%T A\n%D 2020\n\n%T B\n%X c\n\n%T C", ["A", "B", "C"]),
        ("wos", "FN X\nVR 1.0\nPT J\nTI A\nER\n\nPT J\nAU X\nER\n\nEF", ["A", "7"]),
        ("wos", "PT J\nTI A\nPT J\nTI B\n   and more", ["A", "B and more"]),
    ],
)
def test_where_records_begin(name: str, content: str, expected: list[str]) -> None:
    assert titles(name, content) == expected
    assert titles(name, content.replace("\n", "\r\n")) == expected


def test_what_medline_says_elsewhere() -> None:
    head = "PMID- 1\nTI  - T\n"
    assert only("nbib", head + "SO  - J. 2020. doi: 10.1000/x.").doi == "10.1000/x"
    assert only("nbib", head + "AID - 10.1000/x [doi]").doi == "10.1000/x"
    assert only("nbib", head + "AID - S00 [pii]").doi == ""
    assert only("nbib", head + "AID - arXiv:2010.02893").id == "2010.02893"
    assert only("nbib", head + "AU  - Moss A\nAU  - Lind P").authors == ("Moss A", "Lind P")
    assert only("nbib", head + "DP  - 2020 Oct-Dec").date == "2020-10"
    assert only("nbib", "PMID- 1\nTT  - Nur so.").title == "Nur so."


# --- what is what


@pytest.mark.parametrize(
    "head",
    ["", "words", "title,abstract\na,b\n", '{"title": "x"}', "<a>", "# ArXiv cs.CV --Wed, 7 Oct 2020\n", "%PDF-1.7\n",
     "@article{a, title={x}}", "TI is a tag\nAB too\n", "PT boats\n", "%0 x", "TY\nER\n"],
)  # fmt: skip
@pytest.mark.parametrize("name", TAGGED)
def test_what_is_no_tagged_file(name: str, head: str) -> None:
    assert not reader_of(name).recognizes(head)


# --- hostile files. None asserts a time: a quadratic reader would need hours for them.


HOSTILE = {
    "letters": "x\n" * 200_000,
    "one line": "x" * 3_000_000,
    "no lines": "\n" * 500_000,
    "blanks": (" " * 1_000 + "\n") * 2_000,
    "beginnings": "TY  - JOUR\nPMID- 1\n%0 X\nPT J\n" * 500,
    "tags": "AU  - x\nFAU - x\n%A x\nAU x\n" * 20_000,
    "dashes": "TI  -" * 100_000 + "\n" + "-" * 500_000,
    "dates": "DA  - " + "1" * 500_000 + "\nPY  - " + "2020/" * 100_000 + "\nDP  - " + "Oct " * 100_000,
    "urls": "UR  - " + "https://doi.org/" * 50_000 + "\nDO  - " + "10.1/" * 100_000 + "\n",
    "arxiv": "JO  - " + "arxiv:" * 100_000 + "\nSO  - " + "doi: 10.1" * 100_000 + "\n",
    "names": "AU  - " + "," * 500_000 + "\nAU  - " + ";" * 50_000 + "\nFAU - " + " and " * 100_000,
    "control characters": "".join(map(chr, range(0x300))) * 100,
}
HEADS = {"ris": "TY  - JOUR\nTI  - A\n", "nbib": "PMID- 1\nTI  - A\n", "endnote": "%0 X\n%T A\n", "wos": "PT J\nTI A\n"}


@pytest.mark.parametrize("name", TAGGED)
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_costs_only_itself(name: str, content: str) -> None:
    head = HEADS[name].replace("A\n", "A good one\n")
    whole = f"{head}\n{content}\n\n{head}"
    reader_of(name).recognizes(whole[:65_536])
    found = records(name, whole)
    assert all(len(record.reason) < 300 for record in found if isinstance(record, Rejected))
    assert isinstance(found[-1], Paper)
    assert found[-1].title == "A good one"


def test_a_record_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagged, "_LONGEST", 10_000)
    found = records("ris", f"{GOOD}TY  - JOUR\nTI  - A\nAB  - " + "word word\n" * 10_000 + f"ER  - \n{GOOD}")
    assert [type(record) for record in found] == [Paper, Rejected, Paper]
    assert found[1] == Rejected(4, "longer than 10,000 characters: is the end of the record missing?")


def test_entries_are_read_one_at_a_time() -> None:
    taken = []

    def lines():
        for number in range(20_000):
            taken.append(number)
            yield from ((number, "TY  - JOUR"), (number, f"TI  - Number {number}"), (number, "ER  - "))

    entries = tagged.entries(lines(), reader_syntax())
    assert next(entries).get("TI") == "Number 0"
    assert taken == [0]
    assert sum(1 for _ in entries) == 19_999


def reader_syntax() -> tagged.Syntax:
    from explorer.readers import ris

    return ris._SYNTAX


# --- properties


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=40)
TITLES = WORDS.map("t{}".format)


@given(st.lists(st.tuples(TITLES, WORDS, WORDS), max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_in_ris_is_read(entries: list[tuple[str, str, str]], end: str) -> None:
    lines = [
        line
        for title, abstract, words in entries
        for line in ("TY  - JOUR", f"TI  - {title}", f"AB  - a{abstract}", f"KW  - {words}", "ER  - ", "")
    ]
    found = records("ris", end.join(lines))
    expected = [records("csv", csv_of(title, f"a{abstract}"))[0] for title, abstract, _ in entries]
    assert found == expected


def csv_of(title: str, abstract: str) -> str:
    """The same in another format."""
    cells = ['"' + text.replace('"', '""') + '"' for text in (title, abstract)]
    return "title,abstract\n" + ",".join(cells) + "\n"


PARTS = st.sampled_from(
    ["TY  - JOUR", "ER  - ", "TI  - x", "AB  - ", "\n", "\r", " ", "-", "PMID- 1", "%0 ", "%T x", "PT J", "TI x", "ER", "EF",
     "      ", "AU  - a, b", "UR  - http://arxiv.org/abs/2010.02893", "PY  - 2020", "\ufeff", "\0", "DO  - 10.1/x", "PMC - PMC1"]
)  # fmt: skip


@given(st.lists(PARTS | st.text(max_size=4), max_size=50).map("".join) | st.lists(PARTS, max_size=50).map("\n".join))
def test_nothing_breaks_them(text: str) -> None:
    for name in TAGGED:
        for written in (text, HEADS[name] + text):
            reader_of(name).recognizes(written)
            assert all(isinstance(record, Paper | Rejected) for record in records(name, written))
