"""Files to papers: the digest, JSON lines, and what every reader promises."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import source

from explorer.errors import InvalidInput, UnknownFormat
from explorer.papers import Paper, title_key
from explorer.readers import Reader, Record, Rejected, find_reader, read, registered

HEADER = "# ArXiv cs.CV --Wed, 7 Oct 2020\n"
ENTRY = "### 1.A title  [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)\n>  An abstract.\n"
JSON_LINE = '{"id": "2010.02893", "title": "A title", "abstract": "An abstract."}\n'
HTML_PAGE = (
    '<!DOCTYPE html>\n<html><head>\n<script type="application/ld+json">\n{"title": "x"}\n</script></head></html>\n'
)
ReadBytes = Callable[..., list[Record]]
BIBTEX = "@article{key,\n  title = {A title},\n  abstract = {An abstract.},\n  eprint = {2010.02893},\n}\n"
SAMPLES = {"bibtex": BIBTEX, "digest": HEADER + ENTRY, "jsonl": JSON_LINE}


@pytest.fixture
def read_bytes(tmp_path: Path) -> ReadBytes:
    """A function that reads bytes as a file of a name."""

    def read_them(content: bytes | str, name: str = "papers.md") -> list[Record]:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(read(file))

    return read_them


def digest(text: str) -> list[Record]:
    """Read `text` as a digest, without a file."""
    reader = next(reader for reader in registered() if reader.name == "digest")
    return list(reader.read(source(text)))


def only(records: list[Record]) -> Paper:
    """Return the one paper in `records`."""
    assert len(records) == 1
    assert isinstance(records[0], Paper)
    return records[0]


# --- every reader


@pytest.mark.parametrize("reader", registered(), ids=lambda reader: reader.name)
def test_the_contract_of_a_reader(reader: Reader) -> None:
    assert re.fullmatch(r"[a-z_]+", reader.name)
    assert len(reader.description) > 20
    assert "\n" not in reader.description
    assert reader.suffixes
    assert all(re.fullmatch(r"\.[a-z]+", suffix) for suffix in reader.suffixes)
    others = [] if reader.is_generic else [sample for name, sample in SAMPLES.items() if name != reader.name]
    for foreign in ["", "\n", " ", "words", "{}", "[]", "%PDF-1.7", "@home", HTML_PAGE, *others]:
        assert not reader.recognizes(foreign)
    assert list(reader.read(source(""))) == []


@pytest.mark.parametrize("kind", SAMPLES)
def test_small_samples(kind: str) -> None:
    (reader,) = [reader for reader in registered() if reader.name == kind]
    assert reader.recognizes(SAMPLES[kind])
    expected = Paper("2010.02893", "A title", "An abstract.", url="https://arxiv.org/abs/2010.02893")
    read_back = only(list(reader.read(source(SAMPLES[kind]))))
    assert (read_back.id, read_back.text, read_back.url) == (expected.id, expected.text, expected.url)


def test_the_readers() -> None:
    assert [reader.name for reader in registered()] == [
        "acl", "arxiv_atom", "arxiv_json", "arxiv_oai", "arxiv_rss", "bibtex", "crossref", "csl_json", "csv", "digest",
        "endnote", "jsonl", "nbib", "openalex", "parquet", "pubmed_xml", "ris", "semantic_scholar", "wos",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.md", "a.jsonl", "a.txt", "a", "a.md.gz", "a.gz"])
@pytest.mark.parametrize("kind", SAMPLES)
def test_content_decides_whatever_the_suffix_says(tmp_path: Path, kind: str, name: str) -> None:
    (tmp_path / name).write_text(SAMPLES[kind], encoding="utf-8")
    assert find_reader(tmp_path / name).name == kind


@pytest.mark.parametrize("kind", SAMPLES)
def test_any_reader_reads_gzip(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(SAMPLES[kind].encode()))
    (tmp_path / "a").write_bytes(SAMPLES[kind].encode())
    assert list(read(tmp_path / "a.gz")) == list(read(tmp_path / "a"))
    assert only(list(read(tmp_path / "a.gz"))).abstract == "An abstract."


def test_reading_may_end_early(tmp_path: Path) -> None:
    for name, content in {"a": JSON_LINE * 3, "a.gz": gzip.compress(JSON_LINE.encode() * 3)}.items():
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        records = read(tmp_path / name)
        next(records)
        records.close()  # type: ignore[attr-defined]  # a file left open would be a warning, and so an error


# --- real digests


class Oracle(HTMLParser):
    """Take HTML apart in the standard library's way."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.links: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.pieces += ["\n"] if tag == "br" else []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def words(markup: str) -> str:
    return " ".join("".join(Oracle(markup).pieces).split())


@pytest.mark.parametrize(
    ("name", "count", "category", "date"),
    [
        ("cs.CV_2020-10-07.md", 55, "cs.CV", "2020-10-07"),
        ("cs.IR_2025-02-25.md", 26, "cs.IR", "2025-02-25"),
        ("quant-ph_2019-05-16.md", 4, "quant-ph", "2019-05-16"),
    ],
)
def test_a_real_digest(shared_data: Path, name: str, count: int, category: str, date: str) -> None:
    path = shared_data / "digests" / name
    raw = path.read_text(encoding="utf-8")
    entry = r"^### (\d+)\.(.+?)  \[ :arrow_down: \]\(https://arxiv\.org/pdf/(\S+)\.pdf\)\n>  (.*)$"
    expected = re.findall(entry, raw, re.MULTILINE)
    assert [int(number) for number, *_ in expected] == list(range(1, count + 1))
    papers = [record for record in read(path) if isinstance(record, Paper)]
    assert len(papers) == len(list(read(path))) == count
    for paper, (_, title, paper_id, abstract) in zip(papers, expected, strict=True):
        assert paper == Paper(
            id=paper_id,
            title=words(title),
            abstract=words(abstract),
            date=date,
            listed_in=(category,),
            url=f"https://arxiv.org/abs/{paper_id}",
            links=tuple(dict.fromkeys(Oracle(abstract).links)),
        )
        assert not re.search(r"</?[a-z]+\b[^<>]*>|&#?\w+;", paper.title + paper.abstract)
        assert not re.search(r"\\[a-zA-Z%]|[{}]", paper.text)


def test_the_first_and_the_last_of_the_digest(shared_data: Path) -> None:
    papers = [record for record in read(shared_data / "digests" / "cs.CV_2020-10-07.md") if isinstance(record, Paper)]
    first, last = papers[0], papers[-1]
    assert len({paper.id for paper in papers}) == 55
    assert (first.id, last.id) == ("2010.02893", "2010.00925")
    assert first.title == ("SAFENet: Self-Supervised Monocular Depth Estimation with Semantic-Aware Feature Extraction")
    assert last.title == (
        "Multi-Resolution 3D Convolutional Neural Networks for Automatic Coronary Centerline Extraction in Cardiac CT "
        "Angiography Scans"
    )
    assert [hashlib.sha256(paper.abstract.encode()).hexdigest() for paper in (first, last)] == [
        "4e14e29faeb551ab3ef9558b6d08abce0d4821304522cc4bdf1ffb85a34b3abe",
        "3f8955414658907e5f4ac85c5ae9d544a3bd83493af0826a7956b58f0e50d23b",
    ]
    assert (first.links, last.links) == ((), ("https://arxiv.org/abs/1810.03143",))
    assert sum(len(paper.links) for paper in papers) == 5


def test_latex_of_the_digest_is_kept_and_made_readable(shared_data: Path) -> None:
    papers = {
        record.id: record
        for record in read(shared_data / "digests" / "cs.CV_2020-10-07.md")
        if isinstance(record, Paper)
    }
    for paper_id, written, read_as in [
        ("2010.02732", r"3.7$^{\circ}$", "3.7°"),
        ("2010.02725", r"89\%", "89%"),
        ("2010.02631", r"\textit{Restorer}", "Restorer"),
    ]:
        assert written in papers[paper_id].abstract
        assert written not in papers[paper_id].text
        assert read_as in papers[paper_id].text


# --- digests in every odd case


def test_a_small_digest() -> None:
    assert digest(HEADER + ENTRY) == [
        Paper(
            id="2010.02893",
            title="A title",
            abstract="An abstract.",
            date="2020-10-07",
            listed_in=("cs.CV",),
            url="https://arxiv.org/abs/2010.02893",
        )
    ]


@pytest.mark.parametrize(
    ("link", "paper_id", "version", "url"),
    [
        ("https://arxiv.org/pdf/2010.02893.pdf", "2010.02893", None, "https://arxiv.org/abs/2010.02893"),
        ("https://arxiv.org/pdf/2010.02893v3.pdf", "2010.02893", 3, "https://arxiv.org/abs/2010.02893"),
        ("https://arxiv.org/pdf/2010.02893", "2010.02893", None, "https://arxiv.org/abs/2010.02893"),
        ("http://export.arxiv.org/abs/2010.02893v1", "2010.02893", 1, "https://arxiv.org/abs/2010.02893"),
        (
            "https://arxiv.org/pdf/astro-ph/0601001.pdf",
            "astro-ph/0601001",
            None,
            "https://arxiv.org/abs/astro-ph/0601001",
        ),
        ("https://arxiv.org/pdf/astro-ph/0601001v2", "astro-ph/0601001", 2, "https://arxiv.org/abs/astro-ph/0601001"),
        ("https://arxiv.org/pdf/math.GT/0309136v1.pdf", "math/0309136", 1, "https://arxiv.org/abs/math/0309136"),
        ("../pdf/2010.02893.pdf", "2010.02893", None, "https://arxiv.org/abs/2010.02893"),
        ("/pdf/astro-ph/0601001.pdf", "astro-ph/0601001", None, "https://arxiv.org/abs/astro-ph/0601001"),
        ("https://e.org/pdf/2010.02893.pdf", "2010.02893", None, "https://e.org/pdf/2010.02893.pdf"),
        ("https://notarxiv.org/pdf/2010.02893v2", "2010.02893", 2, "https://notarxiv.org/pdf/2010.02893v2"),
        ("https://e.org/2020/paper.pdf", "https://e.org/2020/paper.pdf", None, "https://e.org/2020/paper.pdf"),
        ("https://e.org/pdf?id=a(b)c", "https://e.org/pdf?id=a(b)c", None, "https://e.org/pdf?id=a(b)c"),
        ("javascript:alert(1)", "javascript:alert(1)", None, ""),
    ],
)
def test_download_links(link: str, paper_id: str, version: int | None, url: str) -> None:
    paper = only(digest(f"### 1.A title  [ :arrow_down: ]({link})\n>  Words."))
    assert (paper.title, paper.id, paper.version, paper.url) == ("A title", paper_id, version, url)


def test_a_link_behind_endless_blanks_is_given_up_soon() -> None:
    blanks = "\t" * 200_000
    assert (
        only(digest(f"### 1.A title [ :arrow_down: ]({blanks}https://x.org/a{blanks})\n> Words.")).url
        == "https://x.org/a"
    )
    paper = only(digest(f"### 1.A title [ :arrow_down: ]({blanks}\\{blanks}https://x.org/a)\n> Words."))
    assert (paper.abstract, paper.url) == ("Words.", "")


def test_files_of_one_name_on_two_sites_are_two_papers() -> None:
    records = digest("".join(f"### 1.T{site} [:arrow_down:](https://{site}.org/paper.pdf)\n" for site in "ab"))
    assert [record.id for record in records if isinstance(record, Paper)] == [
        "https://a.org/paper.pdf",
        "https://b.org/paper.pdf",
    ]


@pytest.mark.parametrize(
    ("heading", "title", "paper_id"),
    [
        ("### 1.On f(x)  [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)", "On f(x)", "2010.02893"),
        ("### 1.On (x)[ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)  ", "On (x)", "2010.02893"),
        ("###1. On x [:arrow_down:] ( https://arxiv.org/pdf/2010.02893.pdf )", "On x", "2010.02893"),
        ("### 1.On x [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf", "On x", "2010.02893"),
        (
            "### 12 . 3D [maps] (II) [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)",
            "3D [maps] (II)",
            "2010.02893",
        ),
        ("### On x [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)", "On x", "2010.02893"),
        (
            "### 1.:arrow_down: and x [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)",
            ":arrow_down: and x",
            "2010.02893",
        ),
        (
            "### 1.R&amp;D of <i>x</i><sup>2</sup> [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)",
            "R&D of x2",
            "2010.02893",
        ),
        ("### 1.On x", "On x", "x-" + hashlib.sha256(b"on x\n").hexdigest()[:12]),
        ("### 1.On x [ :arrow_down: ]()", "On x", "x-" + hashlib.sha256(b"on x\n").hexdigest()[:12]),
        (
            "### 1.On x [ :arrow_down: ] later",
            "On x [ :arrow_down: ] later",
            "x-" + hashlib.sha256(b"on x arrow down later\n").hexdigest()[:12],
        ),
    ],
)
def test_headings(heading: str, title: str, paper_id: str) -> None:
    paper = only(digest(heading))
    assert (paper.title, paper.id, paper.abstract) == (title, paper_id, "")


@pytest.mark.parametrize("blank", ["", "\n", ">\n", "> \n\n"])
def test_paragraphs(blank: str) -> None:
    paper = only(
        digest(HEADER + ENTRY + blank + ">  Goes on,\n> here\nand here.\n>\n>  Third <br> one.<br><br>Fourth.\n")
    )
    glue = "\n\n" if blank else " "
    assert paper.abstract == f"An abstract.{glue}Goes on, here and here.\n\nThird one.\n\nFourth."


def test_no_abstract() -> None:
    first, second = ENTRY.splitlines()[0], ENTRY.splitlines()[0].replace("A title", "Another").replace("02893", "02894")
    text = f"{first}\n{second}\n> "
    assert [(paper.title, paper.abstract) for paper in digest(text) if isinstance(paper, Paper)] == [
        ("A title", ""),
        ("Another", ""),
    ]


def test_repeated_numbers_and_papers_are_all_read() -> None:
    text = HEADER + ENTRY + ENTRY + ENTRY.replace("02893", "02894").replace("1.A", "7.A")
    assert [paper.id for paper in digest(text) if isinstance(paper, Paper)] == [
        "2010.02893",
        "2010.02893",
        "2010.02894",
    ]


def test_windows_files(read_bytes: ReadBytes) -> None:
    text = HEADER + ENTRY + ">\n>  Second.\n" + ENTRY.replace("02893", "02894")
    expected = read_bytes(text)
    assert only(expected[:1]).abstract == "An abstract.\n\nSecond."
    assert read_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()) == expected
    assert read_bytes(b"\xef\xbb\xbf" + ENTRY.encode())[0].id == "2010.02893"


def test_a_line_in_windows_1252(read_bytes: ReadBytes) -> None:
    text = (HEADER + ENTRY).encode() + b">  Caf\xe9 \x96 \x93quoted\x94.\n" + ">  Größe.\n".encode()
    assert only(read_bytes(text)).abstract == "An abstract. Café – “quoted”. Größe."


def test_html_becomes_text_and_links() -> None:
    abstract = (
        'Code: <a class="x" href="https://e.org/code" rel="nofollow">this https URL</a>, R&amp;D, a<b and c>d,'
        ' <i>in vivo</i>, $x &lt; 5$ &amp; <a href="javascript:alert(1)">bad</a> <a href="https://e.org/code">again</a>'
    )
    paper = only(digest(f'### 1.T <a href="http://e.org/t">t</a> <a href="https://e.org/code">c</a>\n>  {abstract}'))
    assert paper.title == "T t c"
    assert paper.abstract == "Code: this https URL, R&D, a<b and c>d, in vivo, $x < 5$ & bad again"
    assert paper.links == ("http://e.org/t", "https://e.org/code")


def test_a_tag_across_two_lines() -> None:
    paper = only(digest('### 1.T\n>  see <a\n>  href="https://e.org">this\n> URL</a>.'))
    assert (paper.abstract, paper.links) == ("see this URL.", ("https://e.org",))


def test_two_digests_in_one_file() -> None:
    second = "# ArXiv quant-ph  ---  Thursday, 16 May 2019\n" + ENTRY.replace("2010.02893", "1905.06523")
    third = "# ArXiv math.GT --no date\n" + ENTRY.replace("2010.02893", "1905.06524")
    papers = [record for record in digest(HEADER + ENTRY + second + third) if isinstance(record, Paper)]
    assert [(paper.id, paper.listed_in, paper.date, paper.abstract) for paper in papers] == [
        ("2010.02893", ("cs.CV",), "2020-10-07", "An abstract."),
        ("1905.06523", ("quant-ph",), "2019-05-16", "An abstract."),
        ("1905.06524", ("math.GT",), "", "An abstract."),
    ]


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("Wed, 7 Oct 2020", "2020-10-07"),
        ("7 October 2020", "2020-10-07"),
        ("31 Sept 2020", "2020-09"),
        ("1 Foo 2020", "2020"),
        ("", ""),
    ],
)
def test_dates_of_headers(written: str, date: str) -> None:
    assert only(digest(f"# ArXiv cs.CV --{written}\n{ENTRY}")).date == date


def test_without_a_header_there_is_no_date() -> None:
    paper = only(digest(ENTRY))
    assert (paper.date, paper.listed_in) == ("", ())


def test_what_stands_around_the_papers_is_no_part_of_them() -> None:
    text = f"Hello.\n> quoted\n{HEADER}Some words.\n{ENTRY}\n## Cross-lists\nwords\n# Another heading\n> words\n"
    assert digest(text) == digest(HEADER + ENTRY)


def test_deeper_headings_belong_to_the_abstract() -> None:
    assert only(digest(ENTRY + "#### Note\n#hashtag\n")).abstract == "An abstract. #### Note #hashtag"


def test_what_is_no_paper_is_rejected_with_its_line() -> None:
    untold = "### 3.  [ :arrow_down: ](https://arxiv.org/pdf/2010.02894.pdf)\n> ?!\n"
    text = f"{HEADER}### Contents\n> words\n{ENTRY}\n###\n{untold}{ENTRY}"
    assert digest(text) == [
        Rejected(2, "a heading with neither a number nor a download link"),
        *digest(HEADER + ENTRY),
        Rejected(7, "a heading with neither a number nor a download link"),
        Rejected(8, "neither title nor abstract"),
        *digest(HEADER + ENTRY),
    ]


TITLES = st.text(
    st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters="<>&[]#\\"), min_size=1, max_size=30
)


@given(st.lists(st.tuples(TITLES.map("t{}".format), TITLES, st.integers(1, 99_999)), max_size=5))
def test_a_digest_that_is_written_is_read(entries: list[tuple[str, str, int]]) -> None:
    lines = [
        f"### {number}.{title}  [ :arrow_down: ](https://arxiv.org/pdf/2010.{serial:05}.pdf)\n>  {abstract}\n"
        for number, (title, abstract, serial) in enumerate(entries, start=1)
    ]
    assert digest(HEADER + "".join(lines)) == [
        Paper.from_record(
            {
                "id": f"2010.{serial:05}",
                "title": title,
                "abstract": abstract,
                "date": "2020-10-07",
                "listed_in": "cs.CV",
            }
        )
        for title, abstract, serial in entries
    ]


# --- JSON lines


def test_a_line_of_json(read_bytes: ReadBytes) -> None:
    record = {
        "id": "math.GT/0309136v2",
        "title": "A $\\alpha$",
        "abstract": "One\n\ntwo <i>three</i>",
        "authors": ["Ada Lovelace"],
        "date": "2003-09-08",
        "categories": ["math.GT", "math.AT"],
        "url": "https://e.org",
        "doi": "10.1000/182",
    }
    assert read_bytes(json.dumps(record), "a.jsonl") == [
        Paper(
            id="math/0309136",
            title="A $\\alpha$",
            abstract="One\n\ntwo <i>three</i>",
            authors=("Ada Lovelace",),
            date="2003-09-08",
            categories=("math.GT", "math.AT"),
            url="https://e.org",
            doi="10.1000/182",
            version=2,
        )
    ]


def test_bad_lines_are_rejected_and_the_others_kept(read_bytes: ReadBytes) -> None:
    lines = [
        '{"title": "One"}',
        '{"title": "cut',
        "",
        "not JSON",
        "[1, 2]",
        "null",
        '"text"',
        "[" * 100_000,
        '{"title": ' * 100_000,
        f'{{"title": "x", "year": {"9" * 5000}}}',
        "{}",
        '{"title": null, "abstract": ["x"]}',
        '{"title": "Two", "year": NaN, "links": 5, "authors": 7}',
        "\x00{}",
        '{"title": "Three"}',
    ]
    records = read_bytes("\n".join(lines), "a.jsonl")
    kept = [record.title for record in records if isinstance(record, Paper)]
    rejected = {record.line: record.reason for record in records if isinstance(record, Rejected)}
    assert kept == ["One", "Two", "Three"]
    assert list(rejected) == [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]
    assert {rejected[line] for line in (5, 6, 7)} == {"not a JSON object"}
    assert {rejected[line] for line in (11, 12)} == {"neither title nor abstract"}
    assert all(rejected[line].startswith("not JSON: ") for line in (2, 4, 8, 9, 10, 14))
    assert [index for index, record in enumerate(records) if isinstance(record, Paper)] == [0, 11, 13]


@pytest.mark.parametrize("first", ['{"title": "cut', "{}", '{"x": 1}', '{"title": ' * 5000])
def test_the_first_line_may_be_the_bad_one(read_bytes: ReadBytes, first: str) -> None:
    records = read_bytes(f"{first}\n{JSON_LINE}", "a.jsonl")
    assert [type(record) for record in records] == [Rejected, Paper]


def test_lone_surrogates_and_controls_do_no_harm(read_bytes: ReadBytes) -> None:
    paper = only(
        read_bytes(r'{"title": "a\ud800b \ud83d\ude00", "id": "\udfff", "authors": ["\ud800", "x\u0000"]}', "a.jsonl")
    )
    assert (paper.title, paper.id, paper.authors) == ("a\ufffdb 😀", "\ufffd", ("\ufffd", "x"))


def test_windows_json_lines(read_bytes: ReadBytes) -> None:
    content = b'\xef\xbb\xbf{"title": "Caf\xc3\xa9"}\r\n\r\n{"title": "caf\xe9"}\r\n'
    assert [paper.title for paper in read_bytes(content, "a.jsonl") if isinstance(paper, Paper)] == ["Café", "café"]


@pytest.mark.parametrize("end", ["", "\n", "\n" + JSON_LINE])
def test_a_first_line_longer_than_what_is_looked_at(read_bytes: ReadBytes, end: str) -> None:
    record = json.dumps({"title": "Long", "abstract": "é " * 60_000 + "end"}, ensure_ascii=False)
    first = read_bytes(record + end, "a.txt")[0]
    assert isinstance(first, Paper)
    assert len(first.abstract) == 120_003


@pytest.mark.parametrize("shift", range(4))
def test_the_head_may_end_within_a_character(read_bytes: ReadBytes, shift: int) -> None:
    text = HEADER + ENTRY + ">  " + "x" * shift + "😀" * 30_000
    assert only(read_bytes(text)).abstract == "An abstract. " + "x" * shift + "😀" * 30_000


def test_the_corpus(shared_data: Path) -> None:
    records = read(shared_data / "corpora" / "arxiv-100k.jsonl.gz")
    papers = [next(records) for _ in range(3)]
    records.close()  # type: ignore[attr-defined]
    assert [paper.id for paper in papers if isinstance(paper, Paper)] == ["1101.1148", "0906.3001", "1705.09920"]
    first = papers[0]
    assert isinstance(first, Paper)
    assert (first.date, first.categories[0], first.authors[2]) == ("2011-01-06", "q-fin.GN", "Mario Marshall")
    assert first.url == "https://arxiv.org/abs/1101.1148"


TEXTS = st.text(st.characters(), max_size=40)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"title": TEXTS, "abstract": TEXTS},
            optional={"id": TEXTS, "authors": st.lists(TEXTS) | TEXTS, "date": st.dates().map(str), "doi": TEXTS},
        ).filter(lambda record: title_key(record["title"]) or title_key(record["abstract"])),
        min_size=1,
    ),
    st.booleans(),
)
def test_json_lines_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]], packed: bool
) -> None:
    file = tmp_path_factory.mktemp("jsonl") / "papers.jsonl"
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    file.write_bytes(gzip.compress(content) if packed else content)
    assert list(read(file)) == list(map(Paper.from_record, records))


# --- files that are nothing of the kind

UNKNOWN = {
    "words": b"Some words, and nothing else.\n",
    "an HTML page": HTML_PAGE.encode(),
    "binary": bytes(range(256)) * 100,
    "nothing but NUL": bytes(1000),
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\n",
    "UTF-16 without a mark": (HEADER + ENTRY).encode("utf-16-le"),
    "Markdown of another kind": b"# Notes\n### 1. First\ntext\n### 2. Second\n",
    "a JSON list of words": b'["title", "x"]\n',
    "JSON of another kind": b'{"name": "x"}\n{"name": "y"}\n',
    "gzip of words": gzip.compress(b"Some words.\n"),
    "gzip of gzip": gzip.compress(gzip.compress(JSON_LINE.encode())),
}


@pytest.mark.parametrize("content", UNKNOWN.values(), ids=UNKNOWN)
def test_a_file_in_no_known_format_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "papers.md"
    file.write_bytes(content)
    with pytest.raises(UnknownFormat) as caught:
        list(read(file))
    message = str(caught.value)
    assert message.startswith(f"{file}: in no format that the explorer reads; these are acl, ")
    assert "jsonl, " in message
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b" \t\r\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "papers.md").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"papers\.md: the file is empty$"):
        list(read(tmp_path / "papers.md"))


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.md: there is no such file$"):
        list(read(tmp_path / "nowhere.md"))
    with pytest.raises(InvalidInput, match=r"is a folder: name the files in it$"):
        list(read(tmp_path))
    with pytest.raises(InvalidInput, match="x: cannot be read: "):
        list(read(tmp_path / ("x" * 5000)))


def test_utf_16_with_its_mark(read_bytes: ReadBytes) -> None:
    for encoding in ("utf-16", "utf-32"):
        assert read_bytes((HEADER + ENTRY).encode(encoding)) == digest(HEADER + ENTRY)
    assert read_bytes("\ufeff".encode("utf-16-be") + (HEADER + ENTRY).encode("utf-16-be")) == digest(HEADER + ENTRY)


RANDOM = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(5000))


@pytest.mark.parametrize("kept", [3, 10, 20])
def test_gzip_cut_within_its_first_line(tmp_path: Path, kept: int) -> None:
    file = tmp_path / "papers.jsonl.gz"
    file.write_bytes(gzip.compress((JSON_LINE + json.dumps({"title": RANDOM}) + "\n" + JSON_LINE).encode())[:kept])
    with pytest.raises(InvalidInput, match=r"papers\.jsonl\.gz: cannot be read"):
        list(read(file))


def test_gzip_cut_short_keeps_what_precedes(tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl.gz"
    file.write_bytes(gzip.compress((JSON_LINE + json.dumps({"title": RANDOM}) + "\n" + JSON_LINE).encode())[:100_000])
    first, last = read(file)
    assert isinstance(first, Paper)
    assert first.title == "A title"
    reason = "cannot be read to its end: Compressed file ended before the end-of-stream marker was reached"
    assert last == Rejected(2, reason)


@pytest.mark.parametrize(("place", "kept"), [(15, 0), (100_000, 2), (-6, 2)])
def test_gzip_with_a_byte_changed(tmp_path: Path, place: int, kept: int) -> None:
    content = bytearray(gzip.compress((JSON_LINE + json.dumps({"title": RANDOM}) + "\n").encode()))
    content[place] ^= 0xFF
    (tmp_path / "a.gz").write_bytes(content)
    if not kept:
        with pytest.raises(InvalidInput, match=r"a\.gz: cannot be read"):
            list(read(tmp_path / "a.gz"))
        return
    *papers, last = read(tmp_path / "a.gz")
    assert [type(paper) for paper in papers] == [Paper] * kept
    assert isinstance(last, Rejected)
    assert (last.line, last.reason[:27]) == (kept + 1, "cannot be read to its end: ")


def test_a_line_of_20_megabytes(tmp_path: Path) -> None:
    file = tmp_path / "papers.md"
    file.write_bytes(b"x" * 20_000_000)
    with pytest.raises(UnknownFormat, match=r"papers\.md: in no format"):
        list(read(file))
    file.write_bytes(JSON_LINE.encode() + b'{"title": "' + b"x" * 40_000_000 + b'"}\n' + JSON_LINE.encode() + b"bad\n")
    records = list(read(file))
    assert [type(record) for record in records] == [Paper, Rejected, Paper, Rejected]
    assert [record.line for record in records if isinstance(record, Rejected)] == [2, 4]


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", HEADER.encode() + b"### 1.", b'{"title": "x"}\n{', b"\x1f\x8b", b"\x1f\x8b\x08\x00"]),
)
def test_no_file_breaks_a_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, start: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "papers.md"
    file.write_bytes(start + content)
    with suppress(InvalidInput):
        assert {type(record) for record in read(file)} <= {Paper, Rejected}
