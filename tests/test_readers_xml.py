"""XML to papers: arXiv's feeds, OAI-PMH, PubMed, the ACL Anthology; broken, hostile and endless files."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from reading import reader_of, records, source

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers import Record, Rejected, Source
from explorer.readers.containers.arxiv import arxiv_categories
from explorer.readers.containers.dates import written_date
from explorer.readers.containers.elements import root_of
from explorer.readers.containers.people import creators, people_in, straight
from explorer.readers.containers.subjects import category_of

SAMPLES = Path(__file__).parent / "samples"
FEED = '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">'
GOOD = "<entry><title>A good one</title></entry>"
NAMES = ["acl", "arxiv_atom", "arxiv_oai", "arxiv_rss", "pubmed_xml"]
FILES = [(name, file) for name in NAMES for file in sorted((SAMPLES / name).iterdir())]


def sample(name: str, file: str) -> list[Record]:
    return records(name, (SAMPLES / name / file).read_bytes())


def entries(*content: str) -> list[Record]:
    return records("arxiv_atom", FEED + "".join(content) + "</feed>")


def title_of(title: str) -> str:
    """Return the title that is read from an entry with this one, as XML, between two others that must be read."""
    before, record, after = entries(GOOD, f"<entry><title>{title}</title></entry>", GOOD)
    assert isinstance(record, Paper), record
    assert titles([before, after]) == ["A good one"] * 2
    return record.title


def titles(found: list[Record]) -> list[str]:
    return [record.title for record in found if isinstance(record, Paper)]


def reasons(found: list[Record]) -> list[tuple[int, str]]:
    return [(record.line, record.reason) for record in found if isinstance(record, Rejected)]


def fields(paper: Record, *names: str) -> tuple[Any, ...]:
    assert isinstance(paper, Paper), paper
    return tuple(getattr(paper, name) for name in names)


# --- each format, by its samples


@pytest.mark.parametrize(("name", "file"), FILES, ids=lambda value: value if isinstance(value, str) else value.name)
def test_a_file_is_recognized_by_its_reader_alone(name: str, file: Path) -> None:
    head = file.read_text(encoding="utf-8")
    assert [other for other in NAMES if reader_of(other).recognizes(head)] == [name]
    assert [other for other in NAMES if reader_of(other).recognizes("\ufeff \n" + head)] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_such_file(name: str) -> None:
    for head in [
        "",
        " ",
        "<",
        "<?xml",
        "<html><body><record/></body></html>",
        "# <feed>",
        "<a>" * 1000,
        '{"a": "<feed>"}',
    ]:
        assert not reader_of(name).recognizes(head), head
    assert records(name, "") == []
    assert records(name, "<") == []
    assert records(name, "words & <b>words</b>") == []


def test_arxiv_atom() -> None:
    withdrawn, short, error = sample("arxiv_atom", "feed.xml")
    assert withdrawn == Paper(
        "math/0309136",
        "Maps of $n$ knots, & where a < b",
        "An abstract with lines.",
        ("Ana Müller", "B. Second"),
        "2003-09-08",
        ("math.GT", "cs.CG"),
        url="https://arxiv.org/abs/math/0309136",
        doi="10.1000/knots.1",
        version=2,
    )
    assert fields(short, "id", "title", "abstract", "version") == ("2010.02893", "No abstract here", "", 1)
    assert error == Rejected(33, "arXiv's answer is an error: incorrect id format for 1234.12345678")


def test_atom_of_other_sites() -> None:
    (paper,) = entries(
        '<entry><id>tag:example.org,2020:1</id><title type="html">&lt;b&gt;Maps&lt;/b&gt; &amp;amp; more</title>',
        '<link href="https://example.org/1"/><content type="html">&lt;p&gt;Words.&lt;/p&gt;</content>',
        '<updated>2020-02-03T00:00:00Z</updated><category term="news"/></entry>',
    )
    assert fields(paper, "id", "title", "abstract", "url", "date", "categories") == (
        "tag:example.org,2020:1",
        "Maps & more",
        "Words.",
        "https://example.org/1",
        "2020-02-03",
        (),
    )
    (daily,) = entries(
        "<entry><id>oai:arXiv.org:1907.00001v3</id><title>T</title><published>2025-09-18</published>",
        "<summary>arXiv:1907.00001v3 Announce Type: replace \nAbstract: Words.</summary>",
        '<creator xmlns="http://purl.org/dc/elements/1.1/">Ana One, B. Two</creator></entry>',
    )
    assert fields(daily, "id", "version", "abstract", "date", "authors") == (
        "1907.00001",
        3,
        "Words.",
        "2019-07",
        ("Ana One", "B. Two"),
    )


def test_arxiv_oai_reads_answers_after_one_another() -> None:
    raw, deleted, thesis, error = sample("arxiv_oai", "harvest.xml")
    assert raw == Paper(
        "0704.0001",
        "A raw title",
        "A raw abstract.",
        ("C. Balázs", "E. L. Berger", "P. Third"),
        "2007-04-02",
        ("hep-ph", "hep-ex"),
        url="https://arxiv.org/abs/0704.0001",
        doi="10.1103/PhysRevD.76.013009",
        version=2,
    )
    assert deleted == Rejected(19, "deleted: oai:arXiv.org:0704.0002")
    assert thesis == Paper(
        "10.5555/thesis.7",
        "Maps",
        "The abstract of a thesis.",
        ("John Smith Jr.", "Ann Doe"),
        "2011",
        url="http://hdl.handle.net/1721.1/7",
        doi="10.5555/thesis.7",
        also=("oai:repository.example.org:1721.1/7",),
    )
    assert error == Rejected(40, "the answer is an error: noRecordsMatch: Nothing in that range")


def test_arxiv_rss() -> None:
    new, replaced = sample("arxiv_rss", "rss2.xml")
    assert new == Paper(
        "2010.02893",
        "A new one",
        "Where a<b and J\\&F.",
        ("Ana Müller", "B. Second"),
        "2020-10-07",
        ("cs.CV", "physics.flu-dyn"),
        ("cs.CV",),
        "https://arxiv.org/abs/2010.02893",
        version=1,
    )
    assert fields(replaced, "id", "version", "abstract", "date") == ("1907.00001", 3, "Older.", "2019-07")
    (older,) = sample("arxiv_rss", "rss1.rdf")
    assert older == Paper(
        "2010.02893",
        "An older form",
        "The abstract, where $a<b$.",
        ("Ana Müller", "B. Second"),
        "2020-10",
        ("cs.CV",),
        ("cs.CV",),
        "https://arxiv.org/abs/2010.02893",
        version=2,
    )
    trial, preprint = sample("arxiv_rss", "journals.rss")
    assert fields(trial, "id", "title", "abstract", "authors", "date", "url", "also") == (
        "10.1000/trial.1",
        "A trial",
        "Longer words écrits.",
        ("Ana First", "Bo Second"),
        "2024-01-15",
        "https://pubmed.ncbi.nlm.nih.gov/38234567/",
        ("pmid:38234567",),
    )
    assert fields(preprint, "id", "authors") == ("https://www.example.org/content/1v1", ("J. K. Smith", "A. Doe"))


def test_pubmed_xml() -> None:
    article, translated, chapter = sample("pubmed_xml", "articles.xml")
    assert article == Paper(
        "10.1000/co2.1",
        "Uptake of CO2 in E. coli at α=2.",
        "BACKGROUND: Why so.\n\nRESULTS: It is.\n\nMore.",
        ("Ana B Müller Jr", "The Map Group"),
        "2019-11-05",
        url="https://doi.org/10.1000/co2.1",
        doi="10.1000/co2.1",
        also=("pmid:11111111", "PMC222"),
    )
    assert translated == Paper(
        "pmid:22222222", "Cartes et plans", "A summary.", (), "1998-12", url="https://pubmed.ncbi.nlm.nih.gov/22222222/"
    )
    assert fields(chapter, "id", "title", "abstract", "authors", "date") == (
        "pmid:33333333",
        "A chapter",
        "Of a chapter.",
        ("W Writer",),
        "2003",
    )


def test_pubmed_central() -> None:
    assert sample("pubmed_xml", "article.nxml") == [
        Paper(
            "10.1000/jats",
            "On maps: a study",
            "Background: We ask for $\\alpha$.\n\nResults: One.\n\nTwo.",
            ("Ana First", "Map Group"),
            "2021-06-03",
            url="https://doi.org/10.1000/jats",
            doi="10.1000/jats",
            also=("pmid:55555", "PMC777"),
        )
    ]


def test_acl() -> None:
    first, second, demo = sample("acl", "2020.acl.xml")
    assert first == Paper(
        "10.18653/v1/2020.acl-main.1",
        "Learning with BERT and $\\alpha$-maps",
        "An abstract.",
        ("Ana Müller", "Mononym"),
        "2020-07",
        (),
        ("acl",),
        "https://aclanthology.org/2020.acl-main.1/",
        "10.18653/v1/2020.acl-main.1",
        also=("2020.acl-main.1",),
    )
    assert fields(second, "id", "date", "listed_in", "url") == (
        "2020.acl-main.2",
        "2020-07",
        ("acl",),
        "https://aclanthology.org/2020.acl-main.2/",
    )
    assert fields(demo, "id", "date", "listed_in") == ("2020.acl-demos.3", "2021-07", ())
    old = sample("acl", "P19.xml")
    assert [fields(paper, "id", "date") for paper in old] == [
        ("P19-1001", "2019"),
        ("P19-1047", "2019"),
        ("W19-0307", "2019"),
        ("P05-1001", "2005"),
    ]


# --- real files


def test_the_real_feeds(shared_data: Path) -> None:
    folder = shared_data / "formats" / "arxiv_api_atom"
    (single,) = records("arxiv_atom", (folder / "single.xml").read_bytes())
    assert fields(single, "id", "version", "title", "authors", "date", "categories") == (
        "1605.08386",
        1,
        "Heat-bath random walks with Markov bases",
        ("Caprice Stanley", "Tobias Windisch"),
        "2016-05-26",
        ("math.CO", "math.ST"),
    )
    page = source((folder / "search_page_100.xml").read_bytes())
    found = list(reader_of("arxiv_atom").read(page))
    papers = [paper for paper in found if isinstance(paper, Paper)]
    assert len(papers) == len(found) == 100
    assert len({paper.id for paper in papers}) == 100
    assert all(
        paper.abstract and paper.authors and paper.date and paper.categories and paper.version for paper in papers
    )
    assert page.notes == ("encoded as UTF-8 twice: read as it was meant",)
    assert papers[1].authors == ("Aurora Ramírez", "Mario Berrios", "José Raúl Romero", "Robert Feldt")
    assert papers[1].doi == "10.1109/ICSTW58534.2023.00023"
    assert fields(papers[2], "id", "version", "date") == ("2005.14124", 2, "2020-05-28")


def test_the_real_harvests(shared_data: Path) -> None:
    folder = shared_data / "formats" / "arxiv_oai"
    papers = records("arxiv_oai", (folder / "listrecords_hep-th.xml").read_bytes())
    assert [fields(paper, "id", "date", "doi") for paper in papers] == [
        ("1412.8323", "2014-12-29", ""),
        ("1507.07790", "2015-07-28", "10.1088/1751-8121/aa9c53"),
        ("1607.01710", "2016-07-06", "10.1002/andp.201700188"),
    ]
    assert fields(papers[2], "authors", "categories") == (
        ("R. A. C. Correa", "D. M. Dantas", "P. H. R. S. Moraes", "A. de Souza Dutra", "C. A. S. Almeida"),
        ("hep-th",),
    )
    (core,) = records("arxiv_oai", (folder / "oai_dc_record.xml").read_bytes())
    assert fields(core, "id", "authors", "date", "categories") == (
        "1711.04702",
        ("Deisy Morselli Gysi", "Andre Voigt", "Tiago de Miranda Fragoso", "Eivind Almaas", "Katja Nowick"),
        "2017-11-13",
        ("q-bio.MN",),
    )
    assert core.abstract.startswith("Background: Gene co-expression")  # type: ignore[union-attr]


def test_the_real_rss(shared_data: Path) -> None:
    papers = records("arxiv_rss", (shared_data / "formats" / "arxiv_rss" / "rss2_cs.AI.xml").read_bytes())
    assert [fields(paper, "id", "version", "date", "listed_in") for paper in papers] == [
        (name, 1, "2025-09-18", ("cs.AI",))
        for name in ("2509.13338", "2509.13332", "2509.13702", "2509.14420", "2509.14901")
    ]
    assert fields(papers[0], "categories", "authors")[0] == ("cs.CV", "cs.AI", "cs.LG", "cs.NE")
    assert papers[4].abstract.startswith("Complex Video Object Segmentation (VOS)")  # type: ignore[union-attr]
    assert "achieves a J\\&F score of 0.8616" in papers[4].abstract  # type: ignore[union-attr]


# --- broken records


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("AT&T &amp; &lt;b&gt; &#233; &#x3b1;", "AT&T & <b> é α"),
        ("caf&eacute; &nbsp;&mdash; &unknown; &lt;", "café — &unknown; <"),
        ("p < 0.05 & more", "p < 0.05 & more"),
        ("a\x00b\x1fc &#0; &#x1F;d", "abc d"),
        ("x ]]> y", "x ]]> y"),
        ("<![CDATA[AT&T <b> </entry> <entry>]]> & more", "AT&T <b> </entry> <entry> & more"),
        ("one<br>two & <!-- a -- b -->three", "one two & three"),
        ("<dc:x>prefixed</dc:x> words", "prefixed words"),
        ("<!-- </entry> -->words", "words"),
        ("&#99999999999; &amp", "&#99999999999; &amp"),
    ],
)
def test_simple_things_are_repaired(written: str, title: str) -> None:
    assert title_of(written) == title


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("<entry><title>a</b></title></entry>", "not well-formed XML: mismatched tag in line 2"),
        ("<entry>\n<title a='1' a='2'>a</title></entry>", "not well-formed XML: duplicate attribute in line 3"),
        ("<entry><title>a</title>", "not closed: no </entry> before the next"),
        ("<entry><title><![CDATA[a</title></entry>", "not well-formed XML: unclosed CDATA section in line 2"),
        ("<entry><title><!-- a</title></entry>", "not well-formed XML: unclosed token in line 2"),
        ("<entry/>", "neither title nor abstract"),
        ("<entry></around><around></entry>", "not well-formed XML: mismatched tag in line 2"),
        (
            "<entry><!DOCTYPE a [<!ENTITY b 'c'>]><title>&b;</title></entry>",
            "not well-formed XML: not well-formed (invalid token) in line 2",
        ),
    ],
)
def test_a_broken_record_costs_only_itself(broken: str, reason: str) -> None:
    found = entries(GOOD, "\n", broken, GOOD, GOOD)
    assert titles(found) == ["A good one"] * 3
    assert reasons(found) == [(2, reason)]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("arxiv_oai", "<record><header/></record>", "a record without metadata"),
        ("arxiv_oai", '<record><header status="deleted"/></record>', "deleted"),
        ("arxiv_oai", "<record><metadata><mods/></metadata></record>", "neither title nor abstract"),
        ("pubmed_xml", "<PubmedArticle/>", "a PubmedArticle without MedlineCitation"),
        ("pubmed_xml", "<MedlineCitation/>", "a citation without Article"),
        ("pubmed_xml", "<PubmedBookArticle/>", "a PubmedBookArticle without BookDocument"),
        ("pubmed_xml", "<article><front/></article>", "an article without article-meta"),
        ("arxiv_rss", "<item><link>https://example.org</link></item>", "neither title nor abstract"),
        ("acl", '<paper id="1"/>', "neither title nor abstract"),
    ],
)
def test_records_that_lack_what_matters(name: str, content: str, reason: str) -> None:
    assert records(name, content) == [Rejected(1, reason)]


def test_prefixes_and_namespaces() -> None:
    text = (
        '<a:feed xmlns:a="http://www.w3.org/2005/Atom" xmlns:m="urn:media"><a:entry><m:title>No</m:title>'
        '<a:title>Yes</a:title></a:entry></a:feed><?xml version="1.0"?>'
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><x:title xmlns:x="urn:x">No</x:title><title>And</title></entry></feed>'
    )
    assert titles(records("arxiv_atom", text)) == ["Yes", "And"]


def test_a_file_that_is_cut_off() -> None:
    text = FEED + GOOD * 2 + "\n<entry><title>The last"
    assert reasons(records("arxiv_atom", text)) == [(2, "cut off: the file ends before </entry>")]
    assert titles(records("arxiv_atom", text)) == ["A good one"] * 2


class Damaged(io.BytesIO):
    """A file of which no more can be read after its content."""

    def read1(self, size: int | None = -1, /) -> bytes:
        piece = super().read1(min(size or 0, 100))
        if not piece:
            raise EOFError("ended before its end")
        return piece


def test_what_precedes_a_damaged_place_is_read() -> None:
    found: list[Record] = []
    reading = reader_of("arxiv_atom").read(Source(Damaged((FEED + GOOD * 9 + "<entry>").encode()), "file"))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="file: cannot be read to its end: ended before its end"):
        found.extend(reading)
    assert titles(found) == ["A good one"] * 9
    assert reasons(found) == []


def test_articles_of_pubmed_central_by_oai() -> None:
    article = (
        (SAMPLES / "pubmed_xml" / "article.nxml").read_text(encoding="utf-8").partition('JATS-archivearticle1.dtd">')[2]
    )
    text = f"<OAI-PMH><ListRecords><record><header/><metadata>{article}</metadata></record></ListRecords></OAI-PMH>"
    assert records("arxiv_oai", text) == sample("pubmed_xml", "article.nxml")


def test_categories() -> None:
    good = ["cs.CV", "physics.optics", "cond-mat.mes-hall", "hep-th", "q-bio.NC", "cond-mat.other"]
    assert arxiv_categories([*good, "68T07, 68T09", "I.2.6", "14F05", "", "Some words"]) == good
    assert category_of("High Energy Physics - Theory") == "hep-th"
    assert category_of("Computer Science - Computation and Language") == "cs.CL"
    assert category_of("Physics - Data Analysis, Statistics and Probability") == "physics.data-an"
    assert category_of("14F05") == category_of("") == category_of("Computer Science - ") == ""


# --- encodings


@pytest.mark.parametrize(
    ("declared", "encoding", "notes"),
    [
        ("utf-8", "utf-8", ()),
        ("utf-16", "utf-16", ()),
        ("utf-16", "utf-16-be", ()),
        ("utf-16", "utf-32", ()),
        ("ISO-8859-1", "cp1252", ()),
        ("windows-1252", "cp1252", ()),
        ("iso-8859-15", "iso-8859-15", ()),
        ("us-ascii", "utf-8", ("declared to be in another encoding, but UTF-8: read as UTF-8",)),
        ("latin1", "utf-8", ("declared to be in another encoding, but UTF-8: read as UTF-8",)),
        ("utf-16", "utf-8", ()),
        ("utf-8", "cp1252", ("not UTF-8: read as Latin-1",)),
        ("unicode_escape", "utf-8", ()),
        ("no-such", "cp1252", ("not UTF-8: read as Latin-1",)),
    ],
)
def test_encodings(declared: str, encoding: str, notes: tuple[str, ...]) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>{FEED}<entry><title>Zoë’s café</title></entry></feed>'
    if encoding == "iso-8859-15":
        text = text.replace("’", "€")
    given_source = source(text.encode(encoding))
    assert titles(list(reader_of("arxiv_atom").read(given_source))) == [text[text.index("Zoë") : text.index("</title")]]
    assert given_source.notes == notes


def test_koi8_is_decoded_as_declared() -> None:
    text = f'<?xml version="1.0" encoding="koi8-r"?>{FEED}<entry><title>Карты</title></entry></feed>'
    assert titles(records("arxiv_atom", text.encode("koi8-r"))) == ["Карты"]


def test_one_bad_byte_costs_one_letter() -> None:
    text = (FEED + "<entry><title>日本 caf").encode() + b"\xe9" + b"</title></entry></feed>"
    assert titles(records("arxiv_atom", text)) == ["日本 café"]


def test_what_was_encoded_twice() -> None:
    assert title_of("café – α".encode().decode("latin-1")) == "café – α"
    assert title_of("it’s".encode().decode("cp1252")) == "it’s"
    assert title_of("Ã©, and a real é") == "Ã©, and a real é"
    assert title_of("SANTÉ\u00a0: un mot") == "SANTÉ : un mot"


# --- hostile files


def quick(content: str | bytes, seconds: float = 8) -> list[Record]:
    start = time.process_time()
    found = records("arxiv_atom", content)
    assert time.process_time() - start < seconds
    return found


def test_entities_are_never_expanded() -> None:
    laughs = "".join(f'<!ENTITY l{level + 1} "{f"&l{level};" * 10}">' for level in range(12))
    bomb = f'<!DOCTYPE feed [<!ENTITY l0 "lol">{laughs}<!ENTITY f SYSTEM "file:///etc/hostname"><!ENTITY e "<entry>">]>'
    found = quick(f"{bomb}{FEED}<entry><title>&l12; &f;</title></entry>{GOOD}</feed>")
    assert titles(found) == ["&l12; &f;", "A good one"]
    assert reasons(found) == [(1, "not closed: no </entry> before the next")] or reasons(found) == []
    many = "&l12;" * 50_000
    assert titles(quick(f"{bomb}{FEED}<entry><title>{many}</title></entry>{GOOD}</feed>"))[-1] == "A good one"


@pytest.mark.parametrize(
    "filler",
    ["<a>", "</a>", "<a b='", "<link ", "<", "&", "<!--", "<![CDATA[", "<?xml ", "<!DOCTYPE x [", "<!DOCTYPE x [<!--'"],
)
def test_what_is_between_the_records_takes_linear_time(filler: str) -> None:
    filler *= 40_000
    assert titles(quick(FEED + GOOD + filler + GOOD)) == ["A good one"] * 2
    assert titles(quick(FEED + GOOD + "<entry>" + filler + "</entry>" + GOOD))[::2] in (
        ["A good one"],
        ["A good one"] * 2,
    )


def test_deep_and_wide_records() -> None:
    depth = 100_000
    assert title_of("<a>" * depth + "deep" + "</a>" * depth) == "deep"
    wide = quick(FEED + GOOD + f"<entry>{'<a/>' * 500_000}</entry>" + GOOD)
    assert reasons(wide) == [(1, "a record with more than 400,000 tags or attributes")]
    for name in ("sec", "title", "p", "math", "alternatives", "xref"):
        opened, closed = f"<{name}>" * 20_000, f"</{name}>" * 20_000
        text = (
            f"<article><front><article-meta><abstract>{opened}deep{closed}</abstract></article-meta></front></article>"
        )
        (paper,) = records("pubmed_xml", text)
        assert isinstance(paper, Paper)
        assert "deep" in paper.abstract


def test_no_pattern_takes_quadratic_time() -> None:
    signs = "." * 400_000
    title = f"<PubmedArticle><MedlineCitation><Article><ArticleTitle>{signs}a</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
    names = f"<record><metadata><dc><title>T</title><creator>A, {'(' * 400_000}</creator></dc></metadata></record>"
    start = time.process_time()
    assert titles(records("pubmed_xml", title)) == [f"{signs}a"]
    assert titles(records("arxiv_oai", names)) == ["T"]
    assert time.process_time() - start < 8


class Repeated(io.RawIOBase):
    """A file that is made while it is read."""

    def __init__(self, *parts: tuple[bytes, int]) -> None:
        self._pieces = self._all(parts)
        self._rest = b""

    @staticmethod
    def _all(parts: tuple[tuple[bytes, int], ...]) -> Iterator[bytes]:
        for part, times in parts:
            for _ in range(times):
                yield part

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._rest += piece
        made, self._rest = self._rest[:size], self._rest[size:]
        return made

    read1 = read


def test_records_too_long_are_passed_over() -> None:
    block = b"words " * 10_000
    endless = Repeated(
        (FEED.encode(), 1), (b"\n<entry><title>", 1), (block, 400), (b"</title></entry>" + GOOD.encode(), 1)
    )
    found = list(reader_of("arxiv_atom").read(Source(endless, "file")))  # type: ignore[arg-type]
    assert reasons(found) == [(2, "longer than 16 MB")]
    assert titles(found) == ["A good one"]
    for start in (b"<entry", b"<entry ", b"<feed", b"<!--", b"<![CDATA["):
        without_end = Repeated((start, 1), (block, 400))
        assert titles(list(reader_of("arxiv_atom").read(Source(without_end, "file")))) == []  # type: ignore[arg-type]


MEMORY = """
import resource, sys
from test_readers_xml import FEED, Repeated
from explorer.readers import Rejected, Source
from explorer.readers.containers.elements import papers
entry = b"<entry><title>A</title><rights>" + b"words " * 150 + b"</rights></entry>"
def count(times):
    stream = Source(Repeated((FEED.encode(), 1), (entry, times)), "file")
    return sum(1 for _ in papers(stream, frozenset({"entry"}), lambda found: Rejected(found.line, found.name)))
assert count(2_000) == 2_000
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert count(30_000) == 30_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_file() -> None:
    paths = ":".join(filter(None, sys.path))
    done = run([sys.executable, "-c", MEMORY], capture_output=True, text=True, env={"PYTHONPATH": paths}, check=False)
    assert done.returncode == 0, done.stderr
    kilobytes = int(done.stdout) // (1024 if sys.platform == "darwin" else 1)
    assert kilobytes < 4_000  # the file is 28 MB


# --- properties

GARBAGE = st.text(alphabet=st.sampled_from("<>/!-[]&;'\"= abCDAT?\n\0é"), max_size=60)


@given(GARBAGE, GARBAGE)
@example("<!--", "")
@example("<![CDATA[", "-->")
@example("<entry", "")
@example("<entry><!--", "]]>")
@example("<!DOCTYPE a [", "]>")
def test_a_record_among_garbage_is_read(before: str, after: str) -> None:
    whole = "\n<entry><id>http://arxiv.org/abs/2010.02893v1</id><title>The one</title></entry>\n"
    assume(
        not ("<!--" in before and "--" in after) and not ("<![CDATA[" in before and "]]>" in after)
    )  # hidden by them
    found = records("arxiv_atom", before + whole + after)
    assert ("2010.02893", "The one") in [(paper.id, paper.title) for paper in found if isinstance(paper, Paper)]


@pytest.mark.parametrize(("name", "file"), FILES, ids=lambda value: value if isinstance(value, str) else value.name)
@given(data=st.data())
def test_a_file_cut_anywhere(name: str, file: Path, data: st.DataObject) -> None:
    content = file.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    whole, found = records(name, content), records(name, content[:cut])
    papers = [record for record in found if isinstance(record, Paper)]
    assert papers == [record for record in whole if isinstance(record, Paper)][: len(papers)]
    rejected = [record for record in found if record not in whole]
    assert len(rejected) <= 1
    assert all(isinstance(record, Rejected) and record.reason.startswith("cut off") for record in rejected)


@pytest.mark.parametrize(("name", "file"), FILES, ids=lambda value: value if isinstance(value, str) else value.name)
@given(data=st.data())
def test_a_damaged_file_never_raises(name: str, file: Path, data: st.DataObject) -> None:
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 30))
        content[at : at + length] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"<", b">", b"<!--", b"&", b"</"])
        )
    for record in records(name, bytes(content)):
        assert isinstance(record, Paper | Rejected)


# --- parts


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2020-10-06T17:59:46Z", "2020-10-06"),
        ("Mon, 2 Apr 2007 19:18:42 GMT", "2007-04-02"),
        ("2000 Spring", "2000"),
        ("1998 Dec-1999 Jan", "1998-12"),
        ("2000 Mar-Apr", "2000-03"),
        ("2000 Nov 15-22", "2000-11-15"),
        ("1976-1977", "1976"),
        ("July 5-10, 2020", "2020-07-05"),
        ("info:eu-repo/date/embargoEnd/2015-01-01", "2015"),
        ("words", ""),
        ("", ""),
    ],
)
def test_dates(written: str, date: str) -> None:
    assert written_date(written) == date


def test_names() -> None:
    assert straight("Gysi, Deisy Morselli") == "Deisy Morselli Gysi"
    assert straight("King, Jr., Martin Luther") == straight("King, Martin Luther, Jr.") == "Martin Luther King Jr."
    assert straight("Smith, John, 1970-") == straight("Smith, John (1970-2001)") == "John Smith"
    assert straight("University of Somewhere, Department of Maps") == "University of Somewhere, Department of Maps"
    assert creators(["Smith, J.; Doe, A.", "Lee, C.; Institute of X, Y"]) == ["J. Smith", "A. Doe", "C. Lee"]
    assert people_in("A. One, B. Two and C. Three") == ["A. One", "B. Two", "C. Three"]
    assert people_in("Smith, J. K., Doe, A.") == ["J. K. Smith", "A. Doe"]
    assert people_in("Xu Li, Wei") == ["Xu Li", "Wei"]


def test_the_root() -> None:
    assert root_of('\ufeff<?xml version="1.0"?>\n<!-- <a> --><!DOCTYPE b [<!ELEMENT c (d)>]>\n<x:feed a="b">') == "feed"
    assert root_of("words <feed>") == ""
