"""BibTeX and BibLaTeX to papers: real files, broken files, hostile files."""

from __future__ import annotations

import io
import itertools
import re
import sys
from pathlib import Path
from subprocess import run

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reading import source

from explorer.papers import Paper, clean, title_key
from explorer.readers import Record, Rejected, Source, find_reader, read, registered

READER = next(reader for reader in registered() if reader.name == "bibtex")
GOOD = "@article{good,\n  title = {A good one},\n}\n"


def bibtex(text: str) -> list[Record]:
    """Read `text` as BibTeX, without a file."""
    return list(READER.read(source(text)))


def only(text: str) -> Paper:
    """Return the one paper in `text`."""
    (record,) = bibtex(text)
    assert isinstance(record, Paper), record
    return record


def titles(text: str) -> list[str]:
    """Return the titles of all records of `text`, which must all be papers."""
    records = bibtex(text)
    assert not [record for record in records if isinstance(record, Rejected)]
    return [record.title for record in records if isinstance(record, Paper)]


def of(fields: str) -> Paper:
    """Return the paper of an entry with a title and `fields`."""
    return only(f"@article{{key,\n title = {{A title}},\n {fields}\n}}")


# --- real files


def test_a_file_of_zotero(shared_data: Path) -> None:
    file = shared_data / "formats" / "bibtex" / "zotero_biblatex_arxiv.bib"
    assert find_reader(file).name == "bibtex"
    papers = [record for record in read(file) if isinstance(record, Paper)]
    assert [paper.id for paper in papers] == [
        "1502.01852",
        "1910.07512",
        "chaudhari_stochastic_gradient_2018",
        "chaudhari_stochastic_gradient_2018a",
        "he_delving_deep_2015",
        "1802.05957",
        "miyato_spectral_normalization_2018a",
        "ramsauer_hopfield_networks_2020",
        "2008.02217",
        "shang_understanding_improving_2016",
        "1603.05201",
        "wang*_solving_minimax_2019",
    ]
    first = papers[0]
    assert first.title == (
        "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification"
    )
    assert first.authors == ("Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun")
    assert (first.date, first.categories, first.doi) == ("2015-02-06", ("cs",), "")
    assert first.url == "http://arxiv.org/abs/1502.01852"
    assert first.abstract.startswith("Rectified activation units (rectifiers) are essential")
    assert papers[1].categories == ("cs", "math", "stat")
    assert [paper.abstract == "" for paper in papers].index(True) == 4
    assert sum(paper.abstract == "" for paper in papers) == 1


def test_a_file_of_mendeley(shared_data: Path) -> None:
    file = shared_data / "formats" / "bibtex" / "mendeley_313_abstracts.bib"
    assert find_reader(file).name == "bibtex"
    written = file.read_text(encoding="utf-8")
    papers = [record for record in read(file) if isinstance(record, Paper)]
    # What grep counts.
    for pattern, count, found in [
        (r"^@", 512, len(papers)),
        (r"^   title = \{", 512, sum(paper.title != "" for paper in papers)),
        (r"^   abstract = \{", 313, sum(paper.abstract != "" for paper in papers)),
        (r"^   author = \{", 506, sum(paper.authors != () for paper in papers)),
        (r"^   doi = \{", 169, sum(paper.doi != "" for paper in papers)),
        (r"^   year = \{\d{4}\}", 506, sum(paper.date != "" for paper in papers)),
    ]:
        assert (len(re.findall(pattern, written, re.MULTILINE)), found) == (count, count)
    assert papers[0] == Paper(
        id="10.1037/ppm0000281",
        title="Fiction and morality: Investigating the associations between reading exposure, empathy, morality, and "
        "moral judgment",
        abstract=papers[0].abstract,
        authors=("Jessica E Black", "Jennifer L Barnes"),
        date="2020",
        url="https://doi.org/10.1037/ppm0000281",
        doi="10.1037/ppm0000281",
    )
    assert papers[0].abstract.endswith("(PsycINFO Database Record (c) 2020 APA, all rights reserved)")
    assert papers[1].title.startswith('"We always talk about race": Navigating')
    # 451 keys, one of them empty: papers that share one are told apart. Five entries repeat a DOI, or a key and title.
    assert len({paper.id for paper in papers}) == 507


def test_a_sample_with_names_of_others() -> None:
    file = Path(__file__).parent / "samples" / "bibtex" / "pubmed.bib"
    paper = only(file.read_text(encoding="utf-8"))
    assert paper.id == "10.1000/sleep.1"
    assert paper.also == ("pmid:33000001", "PMC7000001", "mag:3000000001")
    assert of("pmid = {none}, pmcid = {7000001}").also == ("PMC7000001",)
    assert of("eprint = {33000001}, eprinttype = {pubmed}").also == ("pmid:33000001",)


# --- the syntax


def test_comments_preambles_and_strings() -> None:
    text = """
    Made by hand. % @article{x, title = {commented out}}
    @comment{ignored @article{no, title={no}} }
    @Comment jabref-meta: databaseType:biblatex;
    @preamble{ "\\newcommand{\\x}{y}" # "z" }
    @STRING{ACM = "Association for {Computing} Machinery"}
    @string(both = acm # { and } # "IEEE")
    @Article{Key, TITLE = both # ", " # {1 } # 2}
    """
    assert only(text) == Paper("Key", "Association for Computing Machinery and IEEE, 1 2")


@pytest.mark.parametrize(
    "entry",
    [
        "@article{k, title = {A good one}}",
        "@article(k, title = {A good one})",
        '@article(k, title = "A good one", note = "x) y" )',
        '@article{k, title = "A good one"}',
        '@article{k,\n%  title = {Another},\n title = {A\n   good\n\tone}, year = 2020,\n}',
        "@article {k,title={A good one},}",
        "@ article{ k , title={A good one},,}",
        "@article\n{k, title={A good one}}",
        "@misc\n\t( k, title={A good one})",
        "@article{\n  k,\n  title\n=\n{A good one}\n}",
        "@article{k, year={2020} title={A good one}\n pages={1}}",
        "@article{k\n title={A good one}}",
        "@article{k, title={}, title={A good one}, title={Another}}",
        "  @article{k, title={{A} {{good}} one}}",
        "@article{k, title={A good one}, note={a@b {c} @article{d} }}",
        "@article{k, title={A good one}, note={see\n @smith and me}}",
        "@article{k, title={A good one}} trailing words",
        "words @article{k, title={A good one}}",
        "@article{k, title={A good one}, note={a \\{ b}}",
        "@article{k, title={A good one}, note={a \\}}",
        '@article{k, title={A good one}, note="a \\"b"}',
    ],
)  # fmt: skip
def test_one_entry_in_many_spellings(entry: str) -> None:
    for text in (entry, entry + "\n" + GOOD, f"%x\n{entry}\n\n{GOOD}"):
        assert titles(text)[0] == "A good one"
        assert bibtex(text)[0].id == "k"  # type: ignore[union-attr]
        assert len(bibtex(text)) == (2 if GOOD in text else 1)


def test_entries_on_one_line_and_line_ends() -> None:
    assert titles("@a{b,title={One}}@a{c,title={Two}} @a{d,title={Three}}") == ["One", "Two", "Three"]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_bytes_of_all_kinds(tmp_path: Path, end: str) -> None:
    file = tmp_path / "a.bib"
    lines = ["\ufeff@article{a,", " title = {Caf\u00e9},", "}", "@article{b, title={Stra\u00dfe}}"]
    content = (end or "\n").join(lines).encode() + end.encode()
    file.write_bytes(content.replace("\u00df".encode(), b"\xdf"))
    assert [(paper.id, paper.title) for paper in read(file) if isinstance(paper, Paper)] == [
        ("a", "Café"),
        ("b", "Straße"),
    ]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("@article{bad,\n title={x {y},\n year=2020\n}\n", "not closed: a brace or a quotation mark is missing"),
        ('@article{bad,\n title="x y,\n year=2020\n}\n', "the field 'title' is not closed"),
        ("@article{bad,\n title={x }y},\n year=2020\n}\n", "no field begins at 'y}'"),
        ("@article{bad,\n title={Cut", "the field 'title' is not closed"),
        ("@article{bad,\n title={Cut},\n year=20", "not closed: a brace or a quotation mark is missing"),
        ("@article{bad,\n title=", "the field 'title' has no value"),
        ("@article{bad,\n title={x} # ,\n}", "the field 'title' has no value"),
        ("@article{bad,\n title={x}, words without sense\n}", "no field begins at 'words without sense\\n}'"),
        ("@article{bad,\n year={2020}\n}", "neither title nor abstract"),
        ("@article{bad,\n title={ ?! }\n}", "neither title nor abstract"),
        ("@article{bad}", "neither title nor abstract"),
        ("@article{bad", "not closed: a brace or a quotation mark is missing"),
    ],
)
def test_a_bad_entry_costs_no_other(broken: str, reason: str) -> None:
    records = bibtex(f"{GOOD}\n{broken}\n{GOOD}")
    assert [type(record) for record in records] == [Paper, Rejected, Paper]
    assert records[1] == Rejected(5, f"entry 'bad': {reason}")
    assert [type(record) for record in bibtex(broken)] == [Rejected]


def test_other_bad_blocks() -> None:
    assert bibtex("@article{") == [Rejected(1, "entry '': not closed: a brace or a quotation mark is missing")]
    assert bibtex("@string{x = {y}") == [Rejected(1, "@string: not closed: a brace or a quotation mark is missing")]
    assert bibtex("@string{x}") == [Rejected(1, "@string: no field begins at 'x}'")]
    assert titles("@comment{never closed\n" + GOOD) == ["A good one"]
    assert bibtex("@comment{never closed\n words") == []
    assert titles("@a\n@b\nmail me@home{x, title={y}}\n" + GOOD) == ["A good one"]


def test_one_key_for_several_papers() -> None:
    text = "".join(
        f"@article{{{key}, title={{{title}}}}}\n"
        for key, title in zip("aaab ", ["X", "Y", "x!", "Z", "W"], strict=True)
    )
    ids = [record.id for record in bibtex(text) if isinstance(record, Paper)]
    assert (ids[0], ids[2], ids[3]) == ("a", "a", "b")
    assert [re.fullmatch(r"x-[0-9a-f]{12}", ids[place]) is not None for place in (1, 4)] == [True, True]
    assert ids[1] != ids[4]


# --- what the fields mean


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("{The {BERT} Model}", "The BERT Model"),
        ("{{The Whole Title}}", "The Whole Title"),
        ('"A {"}quoted{"} word"', 'A "quoted" word'),
        ('{Schr{\\"o}dinger and G{\\"{o}}del}', 'Schr{\\"o}dinger and G{\\"{o}}del'),
        ("{On $x_{ij}$ and {$L^{2}$}}", "On $x_{ij}$ and $L^{2}$"),
        ("{\\emph{In {Vivo}} {Tests}}", "\\emph{In Vivo} Tests"),
        ("{\\href{a}{b}{C}}", "\\href{a}{b}{C}"),
        ("{CO_{2} in 10^{3} {Places}}", "CO_{2} in 10^{3} Places"),
        ("{a \\{b\\} {c}}", "a \\{b\\} c"),
        ("{At 5\\$ {Each} \\& More}", "At 5\\$ Each \\& More"),
    ],
)
def test_braces_of_titles(written: str, title: str) -> None:
    paper = only(f"@article{{k, title = {written}, abstract = {written}}}")
    assert (paper.title, paper.abstract) == (title, title)
    assert "{" not in paper.text.replace("{b}", "")


def test_accents_are_readable() -> None:
    assert only("@a{k, title = {Schr{\\\"o}dinger's {\\'E}tude}}").text == "Schrödinger's Étude"
    assert title_key(only('@a{k, title = {Schr{\\"o}dinger}}').title) == "schrodinger"


def test_a_subtitle_is_a_part_of_the_title() -> None:
    assert of("subtitle = {And {More}}").title == "A title: And More"
    assert only("@a{k, abstract = {One.\n\n  Two.}}") == Paper("k", "", "One.\n\nTwo.")


@pytest.mark.parametrize(
    ("written", "authors"),
    [
        ("Last, First and Other, Any Name", ["First Last", "Any Name Other"]),
        ("Ada Lovelace AND\n  Charles Babbage", ["Ada Lovelace", "Charles Babbage"]),
        ("{Simon and Schuster} and {OpenAI, Inc.}", ["Simon and Schuster", "OpenAI, Inc."]),
        ("van Beethoven, Ludwig and others", ["Ludwig van Beethoven"]),
        ("King, Jr., Martin Luther", ["Martin Luther King Jr."]),
        ('M{\\"u}ller, J{\\"{u}}rgen and {\\\'E}. Galois', ["Jürgen Müller", "É. Galois"]),
        ("Jane Doe, John Smith, Ann Lee", ["Jane Doe", "John Smith", "Ann Lee"]),
        ("A B, C D, E F, G H", ["A B", "C D", "E F", "G H"]),
        ("family=Harman, given=Hans, prefix=von and Last, First,", ["Hans von Harman", "First Last"]),
        ("and A and and B and", ["A", "B"]),
        ("Anderson, Andy and Rand, Ayn", ["Andy Anderson", "Ayn Rand"]),
        ("others", []),
        ("", []),
        (",", []),
    ],
)
def test_authors(written: str, authors: list[str]) -> None:
    assert of(f"author = {{{written}}}").authors == tuple(authors)


@pytest.mark.parametrize(
    ("fields", "date"),
    [
        ("date = {2020-10-07}", "2020-10-07"),
        ("date = {2020-10-07/2020-10-09}, year = 1999", "2020-10-07"),
        ("date = {2020}", "2020"),
        ("date = {7 Oct 2020}, year = 2020, month = 10", "2020-10"),
        ("date = {soon}", ""),
        ("year = 2020", "2020"),
        ("year = {2020}, month = oct", "2020-10"),
        ('year = "2020", month = "October"', "2020-10"),
        ("year = 2020, month = 3", "2020-03"),
        ("year = 2020, month = {03}, day = {9}", "2020-03-09"),
        ('year = 2020, month = "10~" # oct', "2020-10-10"),
        ('year = 2020, month = oct # "~7"', "2020-10-07"),
        ("year = 2020, month = {Sept. 31}", "2020-09"),
        ("year = 2020, month = {jan/feb}", "2020-01"),
        ("year = 2020, month = 13", "2020"),
        ("year = 2020, month = {Michaelmas}", "2020"),
        ("year = {in press, 2021}", "2021"),
        ("year = {6}", ""),
        ("month = may", ""),
        (f"year = 2020, month = {{{'9' * 5000}}}", "2020"),
        ("year = 2020, month = 7, day = {99999}", "2020-07"),
    ],
)
def test_dates(fields: str, date: str) -> None:
    assert of(fields).date == date


@pytest.mark.parametrize(
    ("fields", "paper_id", "version"),
    [
        ("eprint = {2010.02893}, archivePrefix = {arXiv}, doi = {10.1000/182}", "2010.02893", None),
        ("eprint = {2010.02893v2}, eprinttype = {arxiv}", "2010.02893", 2),
        ("eprint = {2010.02893}", "2010.02893", None),
        ("eprint = {arXiv:2010.02893v1}", "2010.02893", 1),
        ("eprint = {hep-th/9901001}, archiveprefix = arXiv", "hep-th/9901001", None),
        ("eprint = {9901001}, archiveprefix = arXiv, primaryclass = {hep-th}", "hep-th/9901001", None),
        ("url = {https://arxiv.org/abs/2010.02893}", "2010.02893", None),
        ("howpublished = {\\url{http://arxiv.org/pdf/2010.02893v3.pdf}}", "2010.02893", 3),
        ("doi = {10.48550/arXiv.2010.02893}", "2010.02893", None),
        ("doi = {https://doi.org/10.48550/ARXIV.2010.02893}", "2010.02893", None),
        ("journal = {arXiv:2010.02893}", "2010.02893", None),
        ("journal = {arXiv preprint arXiv:2010.02893}, year = 2020", "2010.02893", None),
        ("journaltitle = {arXiv:2010.02893 [cs]}", "2010.02893", None),
        ("journal = {arXiv e-prints}, eid = {arXiv:2010.02893}", "2010.02893", None),
        ("journal = {CoRR}, volume = {abs/2010.02893}", "2010.02893", None),
        ("note = {arXiv:2010.02893 [cs.CV]}", "2010.02893", None),
        ("note = {arXiv preprint arXiv: 2010.02893}", "2010.02893", None),
        ("note = {Extends arXiv:2010.02893}", "key", None),
        ("eprint = {2010.0289}, eprinttype = {jstor}", "key", None),
        ("eprint = {2010.02893}, eprinttype = {hdl}, doi = {10.1000/182}", "10.1000/182", None),
        ("url = {https://example.org/2010.02893}", "key", None),
        ("journal = {arXiv}, pages = {2010--2020}", "key", None),
        ("doi = {doi:10.1000/a\\_b}", "10.1000/a_b", None),
        ("url = {https://doi.org/10.1000/182}", "10.1000/182", None),
        ("doi = {10.1098/rspa.2010.0123}", "10.1098/rspa.2010.0123", None),
        ("doi = {none}", "key", None),
    ],
)
def test_ids(fields: str, paper_id: str, version: int | None) -> None:
    paper = of(fields)
    assert (paper.id, paper.version) == (paper_id, version)


@pytest.mark.parametrize(
    ("fields", "url", "doi"),
    [
        ("doi = {10.1000/182}", "https://doi.org/10.1000/182", "10.1000/182"),
        ("url = {\\url{http://e.org/a\\_b\\%20c}}", "http://e.org/a_b%20c", ""),
        ("url = {http://e.org/\\textasciitilde{}me}", "http://e.org/~me", ""),
        ("url = {http://e.org/\\~{}me}", "http://e.org/~me", ""),
        ("url = {https://e.org/a https://e.org/b}, doi = {10.1000/182}", "https://e.org/a", "10.1000/182"),
        ("note = {At \\url{https://e.org/a}, 2020}", "https://e.org/a", ""),
        ("url = {javascript:alert(1)}", "", ""),
        ("eprint = {2010.02893}", "https://arxiv.org/abs/2010.02893", ""),
        ("url = {https://e.org/a}, eprint = {2010.02893}, doi = {10.1/x}", "https://e.org/a", ""),
    ],
)
def test_addresses(fields: str, url: str, doi: str) -> None:
    assert (of(fields).url, of(fields).doi) == (url, doi)


def test_categories() -> None:
    assert of("eprint={2010.02893}, archiveprefix={arXiv}, primaryclass={cs.CV}").categories == ("cs.CV",)
    assert of("eprintclass = {cs, stat}, keywords = {one, two}").categories == ("cs", "stat")


# --- recognizing


@pytest.mark.parametrize(
    "head",
    [
        "@article{key,\n title = {A}",
        "% comment\n%\n\n@inproceedings{DBLP:conf/x/Y20,\n  author    = {A}",
        '@string{acm = "ACM"}\n',
        "@STRING(acm = {ACM})\n",
        "@comment{jabref-meta: x;}\n@preamble{\"x\"}\n@Misc{a,\n  year = 2020",
        "This file was made by JabRef 2.10.\nEncoding: UTF8\n\n\n@article{,title={x}}",
        "####\n# My papers\n####\n@article{a b,title={x}}",
        "@article{title={x}}",
        "\t@book\n{k,\n\n  author\n=\n\"A\"",
    ],
)  # fmt: skip
def test_what_is_bibtex(head: str) -> None:
    assert READER.recognizes(head)
    assert READER.recognizes(head.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    "head",
    [
        "",
        "words",
        "me@home.org {x}",
        "@comment{nothing but a comment, x = {y}}",
        "% @article{a, title={x}}",
        "@article",
        "@article{key",
        '{"title": "x",\n@article{a, title={x}}',
        '[{"title": "x"}]',
        "<html>\n@media{a, b={c}}",
        "# ArXiv cs.CV --Wed, 7 Oct 2020\n### 1.A  [ :arrow_down: ](x)\n>  b\n@article{a, title={x}}",
        "### 12 .A title\n> b\n@article{a, title={x}}",
        "@import url(x);\n@media screen { a: b }",
        "@@@@@@@@@{" * 5000,
    ],
)
def test_what_is_not_bibtex(head: str) -> None:
    assert not READER.recognizes(head)


# --- hostile files. None asserts a time: a quadratic reader would need hours for them.


HOSTILE = {
    "braces in braces": "@a{b, title=" + "{" * 100_000 + "x" + "}" * 100_000 + "}",
    "braces never closed": "@a{b, title=" + "{" * 100_000,
    "braces never opened": "@a{b, title={x" + "}" * 100_000,
    "entries never closed": "@a{b, title={x\n" * 20_000,
    "entries in one line, never closed": "@a{b, title={x" * 50_000,
    "beginnings": "@" * 100_000 + "@a{" * 100_000,
    "lines of beginnings": "@a\n" * 100_000,
    "comments": "@a{b,\n" + "% x\n" * 100_000 + "%" * 100_000,
    "commas": "@a{b, title={x}" + "," * 200_000 + "author={" + "," * 200_000 + "}}",
    "blanks": "@a{b, title={x}" + " " * 500_000 + "\n" * 100_000 + "year=" + "\t" * 500_000,
    "fields": "@a{b,\n" + "".join(f"f{number}={{x}},\n" for number in range(100_000)) + "}",
    "one field": "@a{b,\n" + "title={x},\n" * 100_000 + "}",
    "pieces": "@a{b, title=" + " # ".join(['"x"'] * 100_000) + "}",
    "braces in quotes": '@a{b, title={x}, abstract="' + "w {x} " * 200_000 + '"}',
    "backslashes": "@a{b, title={x" + "\\" * 200_001 + "}}\n}}",
    "authors": "@a{b, title={x}, author={" + " and ".join(["Last, First"] * 50_000) + "}}",
    "ands": "@a{b, title={x}, author={" + " and" * 200_000 + "}}",
    "accents": "@a{b, title={x}, author={" + '{\\"' * 100_000 + "}}",
    "urls": "@a{b, title={x}, note={" + "\\url{ " * 100_000 + "}}",
    "numbers": "@a{b, title={x}, year=" + "9" * 200_000 + ", month=" + "1" * 200_000 + ", eprint=" + "1" * 200_000 + "}",
    "strings of strings": '@string{s="' + "x" * 9000 + '"}\n' + "@a{b, title=s # s}\n" * 20_000,
    "strings without end": '@string{s="xxxxxxxxxx"}\n' + "@string{s=s#s#s#s#s#s#s#s#s#s}\n" * 30_000,
    "many strings": '@string{s="' + "x" * 9000 + '"}\n' + "".join(f"@string{{s{n}=s#{{}}}}\n" for n in range(20_000)),
    "control characters": "".join(map(chr, range(0x300))) * 100 + "@a{\x00,title={\x00x}}",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_costs_only_itself(text: str) -> None:
    READER.recognizes(text[:65_536])
    records = bibtex(f"{GOOD}{text}\n\n{GOOD}")
    assert {type(record) for record in records} <= {Paper, Rejected}
    assert all(len(record.reason) < 300 for record in records if isinstance(record, Rejected))
    good = [record for record in records if isinstance(record, Paper) and record.id == "good"]
    assert [paper.title for paper in good] == ["A good one"] * 2


def test_values_of_hostile_files() -> None:
    assert only(HOSTILE["braces in braces"]) == Paper("b", "x")
    assert only(HOSTILE["pieces"]).title == "x" * 100_000
    assert len(only(HOSTILE["authors"]).authors) == 50_000
    assert only(HOSTILE["braces in quotes"]).abstract == ("w x " * 200_000).strip()
    assert bibtex(HOSTILE["strings of strings"]) == [
        Rejected(line, "entry 'b': @string would bring in more than 10,000 characters") for line in range(2, 20_002)
    ]
    too_many = bibtex(HOSTILE["many strings"])
    assert too_many[0] == Rejected(112, "@string: all @string together are longer than 1,000,000 characters")
    assert len(too_many) == 19_890


def test_an_entry_of_10_megabytes_and_one_that_is_too_long() -> None:
    long = only("@a{b, title={x}, abstract={\n" + "word word\n" * 1_000_000 + "}}")
    assert (long.id, long.title, len(long.abstract)) == ("b", "x", 9_999_999)
    records = bibtex("@a{b, title={x}, abstract={\n" + ("word " * 200 + "\n") * 17_000 + "}}\n" + GOOD)
    assert records[0] == Rejected(1, "@a: longer than 16,777,216 characters: is a brace not closed?")
    assert [record.title for record in records[1:] if isinstance(record, Paper)] == ["A good one"]


def test_50_000_entries_one_at_a_time() -> None:
    class Lines(io.RawIOBase):
        """A file that is made as it is read."""

        def readline(self, size: int | None = -1) -> bytes:
            number, line = divmod(next(numbers), 3)
            if line == 0 and number < 50_000:
                taken.append(number)
            lines = (f"@article{{k{number},\n", f"  title = {{Number {number}}},\n", "}\n")
            return lines[line].encode() if number < 50_000 else b""

    numbers = itertools.count()
    taken: list[int] = []
    records = READER.read(Source(Lines()))  # type: ignore[arg-type]
    first = next(records)
    assert isinstance(first, Paper)
    assert (first.title, taken) == ("Number 0", [0])
    ids = [record.id for record in records if isinstance(record, Paper)]
    assert ids == [f"k{number}" for number in range(1, 50_000)]


def test_a_file_cut_anywhere() -> None:
    whole = f'% c\n@string{{s = {{S}}}}\n{GOOD}@article(b, title = s # " and {{T}}", author={{A and B}})\n{GOOD}'
    for length in range(len(whole)):
        records = bibtex(whole[:length])
        assert {record.title for record in records if isinstance(record, Paper)} <= {"A good one", "S and T"}
        assert len([record for record in records if isinstance(record, Rejected)]) <= 1


# --- properties


PARTS = st.sampled_from(
    ["@", "@a{", "@a(", "@article{k,", "@string{s=", "@comment{", "{", "}", "(", ")", '"', "=", ",", "#", "%", "\\", "\n",
     " ", "\\{", "title", "title={T}", "author={", " and ", "month=", "year=2020", "s", "$", "~", "\\url{", "eprint={",
     "arXiv:2010.02893", "10.48550/arXiv.", "é", "\x00", "\u0301"]
)  # fmt: skip


@given(st.lists(PARTS | st.text(max_size=5), max_size=60).map("".join))
@example("@a{k,title={\\")
def test_nothing_breaks_it(text: str) -> None:
    for written in (text, "@a{k,title={T}," + text, "@a{k,title={T},author={" + text + "}}"):
        READER.recognizes(written)
        for record in bibtex(written):
            assert isinstance(record, Paper | Rejected)
            assert "\n" not in (record.reason if isinstance(record, Rejected) else record.title + record.id)


@given(st.lists(PARTS, max_size=40).map("".join).filter(lambda text: "@" not in text and "\\" not in text))
def test_what_follows_a_bad_entry_is_read(text: str) -> None:
    assert titles_of_papers(f"@a{{k, title={{{text}\n{GOOD}")[-1] == "A good one"


def titles_of_papers(text: str) -> list[str]:
    return [record.title for record in bibtex(text) if isinstance(record, Paper)]


WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N"], include_characters=" -:,.'()&;/#%=@"), max_size=40)
TITLES = WORDS.map("t{}".format).map(lambda words: " ".join(words.split()))


@given(
    st.lists(st.tuples(TITLES, st.sampled_from(["{%s}", "{{%s}}", '"%s"', '"" # {%s}']), WORDS), max_size=6),
    st.sampled_from(["@article{%s,\n  title = %s,\n  abstract = {%s},\n}\n\n", "@a(%s,title=%s,\nabstract={%s})"]),
)
def test_titles_that_are_written_are_read(entries: list[tuple[str, str, str]], layout: str) -> None:
    text = "".join(
        layout % (f"k{number}", quotes % title, abstract) for number, (title, quotes, abstract) in enumerate(entries)
    )
    records = bibtex(text)
    expected = [
        Paper.from_record({"id": f"k{number}", "title": title, "abstract": abstract})
        for number, (title, _, abstract) in enumerate(entries)
    ]
    assert records == expected
    assert [paper.title for paper in expected] == [clean(title) for title, _, _ in entries]


def test_importing_the_readers_stays_light() -> None:
    code = "import sys, explorer.readers.bibtex; print(*sys.modules)"
    loaded = run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"bibtexparser", "pybtex", "pylatexenc", "numpy", "logging", "explorer.papers.latex"} & set(loaded)
