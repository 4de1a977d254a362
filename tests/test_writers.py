"""Matches as text in every format: exact outputs, hostile papers, what reads them again."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import writers
from explorer.errors import InvalidInput
from explorer.matches import Match
from explorer.papers import Paper, clean, title_key
from explorer.reasons import Why
from explorer.writers.bibtex.keys import Keys
from explorer.writers.bibtex.latex import escape
from explorer.writers.bibtex.people import author
from explorer.writers.text import web_address

FORMATS = ("bibtex", "csl-json", "csv", "ids", "json", "md", "ris")
LIBRARIES = ("jsonl", "npy", "parquet", "tsv")
FULL = Paper(
    "2010.02893",
    "EmberDepth: Seeing in the Dark",
    "Two paragraphs.\n\nOf 100% words.",
    ("Jane Q. Public", "Ludwig van Beethoven"),
    "2020-10-07",
    ("cs.CV", "cs.RO"),
    url="https://arxiv.org/abs/2010.02893",
    doi="10.1000/x_1",
)
BARE = Paper("my-1", "Depth")
TWO = [Match(FULL, 0.7371234567, 1, 1.25, ("2010.00001", "2010.00002")), Match(BARE, -0.12, 2, -0.5)]
# What titles of strangers are made of, each alone and in every mixture.
HOSTILE = st.lists(
    st.sampled_from([*"{}@%#&_^~$\\\"'`*[]()<>!|:;,.=+- \n\t\r0aé猫", "\\\\", "^^", "\\input", "\\alpha", "\\{", "\\}", "\\(", "\\)", "$x$", "@misc{", "\u202e", "\x1b[2J", "\x00", "https://a.b", "www.a.b", "{{Jekyll}}"]),
    max_size=30,
).map("".join)  # fmt: skip
ANY = st.text() | HOSTILE


def written(name: str, *papers: Paper) -> str:
    return "".join(writers.write(name, [Match(paper, 0.5, rank, 0.5) for rank, paper in enumerate(papers, 1)]))


# --- what all have in common


def test_formats_are_found_by_being_there() -> None:
    assert writers.names() == FORMATS
    assert tuple(writer.name for writer in writers.registered()) == tuple(sorted((*FORMATS, *LIBRARIES)))
    assert {writer.name for writer in writers.registered() if writer.answers is not None} == set(FORMATS)
    assert set(writers.library_names()) == {*FORMATS, *LIBRARIES} - {"json"}
    assert all(writer.description for writer in writers.registered())


@pytest.mark.parametrize(
    "name", ["xml", "registry", "text", "", "../csv", "bibtex.latex", "CSV", "csl_json", "npy", "libraries", "people"]
)
def test_an_unknown_format_is_an_error_at_once_that_names_the_known(name: str) -> None:
    with pytest.raises(InvalidInput, match="there are bibtex, csl-json, csv, ids, json, md, ris"):
        writers.write(name, [])


def test_a_format_imports_no_other(tmp_path: Path) -> None:
    program = (
        "import sys; from explorer import writers; print(writers.names());"
        "list(writers.write('ids', [])); print(*(name for name in sys.modules if name.startswith('explorer.writers.')));"
        "print(*sys.modules)"
    )
    # What measures coverage imports modules of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-P", "-c", program]
    shown = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    _, ours, every = shown.stdout.splitlines()
    assert set(ours.split()) == {f"explorer.writers.{name}" for name in ("registry", "text", "ids")}
    assert {name.partition(".")[0] for name in every.split()} & {"numpy", "csv", "json", "sqlite3", "click"} == set()


@pytest.mark.parametrize("name", FORMATS)
def test_matches_are_taken_as_they_are_written(name: str) -> None:
    taken: list[int] = []

    def endless() -> Iterator[Match]:
        for rank in count(1):
            taken.append(rank)
            yield Match(FULL, 0.5, rank, 0.5)

    assert len(list(islice(writers.write(name, endless()), 3))) == 3
    assert len(taken) <= 3


def test_no_match_is_no_text_but_the_header() -> None:
    nothing = dict.fromkeys(("bibtex", "ids", "json", "md", "ris"), "") | {"csl-json": "[]\n"}
    assert {name: "".join(writers.write(name, [])) for name in FORMATS if name != "csv"} == nothing
    assert len(list(writers.write("csv", []))) == 1


@pytest.mark.parametrize("name", FORMATS)
@given(text=ANY)
def test_no_format_has_control_characters_or_lines_of_a_stranger(name: str, text: str) -> None:
    paper = Paper(text, text, text, (text, text), text, (text,), url="https://e.org/" + text, doi="10.1000/" + text)
    pieces = list(writers.write(name, [Match(paper, 0.5, 1, 0.5, (text,))]))
    assert not re.search(
        "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "".join(pieces)
    )
    for piece in pieces:
        if name == "ris":
            assert re.fullmatch(r"(?:[A-Z][A-Z0-9]  - [^\r\n]*\r\n)+\r\n", piece)
            continue
        body = piece.removesuffix("\r\n" if name == "csv" else "\n").removeprefix("[\n" if name == "csl-json" else "")
        assert "\r" not in body
        assert "\n" not in body.removesuffix("\n]") or name == "bibtex"


def test_addresses() -> None:
    assert web_address("https://arxiv.org/abs/2010.02893") == "https://arxiv.org/abs/2010.02893"
    assert web_address("HTTP://e.org/a%20b?c=d&e=(f)#g") == "HTTP://e.org/a%20b?c=d&e=(f)#g"
    assert web_address("https://e.org/猫\"<>`{}|\\'") == "https://e.org/%E7%8C%AB%22%3C%3E%60%7B%7D%7C%5C'"
    for refused in ("", "javascript:alert(1)", "https://", "https:///x", "https://e.org/a b", "https://e.org/\x1b", "ftp://e.org", "https://e.org/\ud800", " https://e.org", "https://e.org\n"):  # fmt: skip
        assert web_address(refused) == ""


# --- ids and json


def test_ids() -> None:
    assert list(writers.write("ids", TWO)) == ["2010.02893\n", "my-1\n"]
    assert written("ids", Paper("a\nb\x1b", "t")) == "a b\n"


def test_json_is_all_that_is_known() -> None:
    why = Why("a", "b", 0.25, ("c",), 0.5, 0.75, 99.5)
    matches = [*TWO, Match(FULL, 0.5, 3, 0.5, why=why)]
    found = [json.loads(line) for line in writers.write("json", matches)]
    assert found == json.loads(json.dumps([match.as_dict() for match in matches]))
    assert found[0]["title"] == FULL.title
    assert found[0]["duplicates"] == ["2010.00001", "2010.00002"]
    assert found[2]["why"]["percentile"] == 99.5


@given(text=st.text(st.characters()))
def test_json_loses_nothing(text: str) -> None:
    (line,) = writers.write("json", [Match(Paper("p", text), 0.5, 1, 0.5)])
    assert line[:-1].isprintable()
    assert json.loads(line)["title"] == text


# --- csv


def test_csv() -> None:
    assert list(writers.write("csv", TWO)) == [
        "rank,similarity,score,id,title,authors,date,categories,url,doi,duplicates\r\n",
        "1,0.737123,1.25,2010.02893,EmberDepth: Seeing in the Dark,Jane Q. Public; Ludwig van Beethoven,2020-10-07,"
        "cs.CV; cs.RO,https://arxiv.org/abs/2010.02893,10.1000/x_1,2010.00001; 2010.00002\r\n",
        "2,-0.12,-0.5,my-1,Depth,,,,,,\r\n",
    ]


def test_csv_quotes_as_the_standard_says() -> None:
    assert written("csv", Paper("a", 'One, "two"')).endswith('\r\n1,0.5,0.5,a,"One, ""two""",,,,,,\r\n')


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ('=HYPERLINK("http://e.org";"x")', '\'=HYPERLINK("http://e.org";"x")'),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("\r=1", "'=1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("'s", "'s"),
        ("a=1", "a=1"),
        ("3-D", "3-D"),
    ],
)
def test_no_cell_of_a_stranger_is_a_formula(title: str, cell: str) -> None:
    (_, row) = csv.reader(io.StringIO(written("csv", Paper("p", title)), newline=""))
    assert row[4] == cell


@given(texts=st.tuples(ANY, ANY, ANY, ANY))
def test_csv_reads_back(texts: tuple[str, str, str, str]) -> None:
    paper_id, title, name, category = texts
    paper = Paper(paper_id, title, authors=(name, name), categories=(category,), url=title, doi=name)
    header, row = csv.reader(io.StringIO(written("csv", paper), newline=""), strict=True)
    assert len(header) == len(row) == 11
    one_line = [clean(text).replace("\n\n", " ") for text in texts]
    one_line[2:] = ["; ".join([one_line[2]] * 2 if one_line[2] else []), one_line[3], one_line[1], one_line[2]]
    cells = [row[3], row[4], row[5], row[7], row[8], row[9]]
    assert [re.sub("^'(?='*[=+@＝＋－＠-])", "", cell) for cell in cells] == one_line
    assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in row)


# --- Markdown


def test_markdown() -> None:
    assert "".join(writers.write("md", TWO)) == (
        "1. [EmberDepth: Seeing in the Dark](https://arxiv.org/abs/2010.02893) (0.737), Jane Q. Public, "
        "Ludwig van Beethoven, 2020-10-07\n"
        "2. Depth (-0.120)\n"
    )


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("![x](y)", r"1. !\[x\](y) (0.500)"),
        ("<b>&amp;</b>", r"1. \<b\>\&amp;\</b\> (0.500)"),
        ("a*b_c`d|e~f", r"1. a\*b\_c\`d\|e\~f (0.500)"),
        (r"$\alpha^2$", r"1. \$\\alpha\^2\$ (0.500)"),
        ("# One", r"1. \# One (0.500)"),
        ("- one - two", r"1. \- one - two (0.500)"),
        ("1984. A title 2. b", r"1. 1984\. A title 2. b (0.500)"),
        ("3D. scenes", "1. 3D. scenes (0.500)"),
        (": one: two", r"1. \: one: two (0.500)"),
        ("See https://e.org, www.e.org, me@e.org", r"1. See https\://e.org, www\.e.org, me\@e.org (0.500)"),
        ("{{ site.key }}", r"1. \{\{ site.key \}\} (0.500)"),
        ("a\n# b", r"1. a \# b (0.500)"),
        ("", "1. p (0.500)"),
    ],
)
def test_no_title_is_markup(title: str, line: str) -> None:
    assert written("md", Paper("p", title)) == line + "\n"


def test_no_address_ends_the_link_or_runs() -> None:
    hostile = Paper("p", "T", url="https://e.org/a)[b](javascript:alert(1)&lt;")
    assert written("md", hostile) == "1. [T](https://e.org/a%29[b]%28javascript:alert%281%29&amp;lt;) (0.500)\n"
    assert written("md", Paper("p", "T", url="javascript:alert(1)")) == "1. T (0.500)\n"


@given(title=ANY, name=ANY, linked=st.booleans())
def test_markdown_holds_no_special_that_is_not_escaped(title: str, name: str, linked: bool) -> None:
    url = "https://e.org/" if linked else ""
    line = written("md", Paper("p", title, authors=(name,), url=url)).removeprefix("1. ").removesuffix("\n")
    rest = re.sub(r"\\[!-/:-@\[-`{-~]", "", line)
    if linked:
        assert rest.startswith("[")
        assert rest.count("](https://e.org/) (0.500)") == 1
        rest = rest[1:].replace("](https://e.org/) (0.500)", "")
    assert not set("\\`*_{}[]<>&|~$^#@") & set(rest)


@given(title=ANY, name=ANY, linked=st.booleans())
def test_a_parser_finds_one_item_with_one_link(title: str, name: str, linked: bool) -> None:
    """By CommonMark with HTML, and GitHub's tables and strikethrough."""
    markdown_it = pytest.importorskip("markdown_it")
    url = "https://e.org/" if linked else ""
    parser = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(written("md", Paper("p", title, authors=(name,), url=url)))
    kinds = ["ordered_list_open", "list_item_open", "paragraph_open", "inline"]
    assert [token.type for token in tokens[:4]] == kinds
    assert len(tokens) == 7
    parts = tokens[3].children
    assert [part.type for part in parts if part.type != "text"] == ["link_open", "link_close"] * linked
    title, name = (clean(text).replace("\n\n", " ") for text in (title, name))
    assert "".join(part.content for part in parts) == f"{title or 'p'} (0.500)" + (f", {name}" if name else "")


# --- BibTeX


def test_bibtex() -> None:
    assert "".join(writers.write("bibtex", TWO)) == (
        "@article{public2020emberdepth,\n"
        "  title = {{EmberDepth: Seeing in the Dark}},\n"
        "  author = {Public, Jane Q. and van Beethoven, Ludwig},\n"
        "  year = {2020},\n"
        "  month = oct,\n"
        "  doi = {10.1000/x_1},\n"
        "  url = {https://arxiv.org/abs/2010.02893},\n"
        "  eprint = {2010.02893},\n"
        "  archiveprefix = {arXiv},\n"
        "  primaryclass = {cs.CV},\n"
        "  abstract = {Two paragraphs. Of 100\\% words.},\n"
        "}\n"
        "\n"
        "@misc{depth,\n"
        "  title = {{Depth}},\n"
        "}\n"
    )


def test_what_cannot_be_an_identifier_or_a_date_is_left_out() -> None:
    odd = Paper("p", "T", date="2020-13", doi="10.1000/{", url="x", categories=("invented",))
    assert written("bibtex", odd) == "@misc{paper2020t,\n  title = {{T}},\n  year = {2020},\n}\n"
    assert "year" not in written("bibtex", Paper("p", "T", date="20201"))
    assert "primaryclass" not in written("bibtex", Paper("2010.02893", "T", categories=("} @x{",)))
    assert written("bibtex", Paper("p", "", "Words")) == "@misc{p,\n  abstract = {Words},\n}\n"
    assert written("bibtex", Paper("p", "T", doi="10.48550/arXiv.2010.02893")).startswith("@misc{")


def test_keys_are_ascii_and_unique() -> None:
    papers = [
        Paper("1", "A Depth", authors=("Łukasz Müller-Øre",), date="2020"),
        Paper("2", "Depth again", authors=("A. Müller-Øre",), date="2020-01"),
        Paper("3", "The deptha", authors=("A. Müller-Øre",), date="2020"),
        Paper("4", "Depth", authors=("A. Müller-Øre",), date="2020"),
        Paper("5", r"$\alpha$ Gr\"o\ss e", authors=("ATLAS Collaboration",)),
        Paper("X-7!", "猫", authors=("王伟",)),
        Paper("猫", "猫"),
        Paper("6", "2 Fast"),
    ]
    keys = Keys()
    assert [keys.new(paper, paper.date[:4]) for paper in papers] == [
        "mullerore2020depth",
        "mullerore2020deptha",
        "mullerore2020depthaa",
        "mullerore2020depthb",
        "atlasalpha",
        "X7",
        "paper",
        "paper2",
    ]
    many = [keys.new(Paper("n", "Same"), "") for _ in range(60)]
    assert many[:3] == ["same", "samea", "sameb"]
    assert many[26:29] == ["samez", "sameaa", "sameab"]
    assert len(set(many)) == 60


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Jane Q. Public", "Public, Jane Q."),
        ("Ludwig van Beethoven", "van Beethoven, Ludwig"),
        ("Juan de la Cruz", "de la Cruz, Juan"),
        ("Public, Jane", "Public, Jane"),
        ("van Gogh, Vincent", "van Gogh, Vincent"),
        ("John Doe Jr.", "Doe, Jr., John"),
        ("John Doe, Jr.", "Doe, Jr., John"),
        ("John Doe III", "Doe, III, John"),
        (r"Erwin Schr\"odinger", "Schrödinger, Erwin"),
        (r"Pawe{\l} Kowalski", "Kowalski, Paweł"),
        ("J.-P. O'Neil-Smith", "O'Neil-Smith, J.-P."),
        # not safe to tell
        ("Plato", "{Plato}"),
        ("others", "{others}"),
        ("van Gogh", "{van Gogh}"),
        ("danah boyd", "{danah boyd}"),
        ("Smith J.", "{Smith J.}"),
        ("Wang LI", "{Wang LI}"),
        ("王 伟", "{王 伟}"),
        ("ATLAS Collaboration", "{ATLAS Collaboration}"),
        ("Barnes and Noble", "{Barnes and Noble}"),
        ("Doe, Jane, PhD", "{Doe, Jane, PhD}"),
        ("Doe,", "{Doe,}"),
        ("R2 D2", "{R2 D2}"),
        ("A} and {B", "{A and B}"),
        ("50% & #1", r"{50\% \& \#1}"),
    ],
)
def test_names(name: str, written: str) -> None:
    assert author(name) == written


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        # valid LaTeX stays
        (r"3.7$^{\circ}$ in $\mathbb{R}^n$, $\frac12 \le \hat x$", r"3.7$^{\circ}$ in $\mathbb{R}^n$, $\frac12 \le \hat x$"),
        (r'Schr\"odinger, {\"o}, \v{S}im\'a\v{n}ek, \c c, {\bf bold}', r'Schr\"odinger, {\"o}, \v{S}im\'a\v{n}ek, \c c, {\bf bold}'),
        (r"50\% \& \#1 a\_b \$5, Fig.~1, \textit{in vivo}, \{0,1\}", r"50\% \& \#1 a\_b \$5, Fig.~1, \textit{in vivo}, \{0,1\}"),
        (r"\(x_1\), $$y$$, $a\$$", r"$x_1$, $y$, $a\$$"),
        (r"\alpha-decay", r"\ensuremath{\alpha}-decay"),
        (r"line\\[1cm] break", "line [1cm] break"),
        # signs of plain text
        ("50% & #1 a_b x^2 ~10", r"50\% \& \#1 a\_b x\textasciicircum{}2 \textasciitilde{}10"),
        ("from $5 to $10", r"from \$5 to \$10"),
        ("one $", r"one \$"),
        ("$50% & #1$", r"$50\% \& \#1$"),
        # what would break
        ("a { b", r"a \textbraceleft{} b"),
        ("a } b {c}", r"a \textbraceright{} b {c}"),
        (r"{\{ }", r"{\textbraceleft{} }"),
        (r"\{ } \}", r"\textbraceleft{} \textbraceright{} \textbraceright{}"),
        ("end\\", r"end\textbackslash{}"),
        (r"\emph", r"\textbackslash{}emph"),
        (r"{\'}", r"{\textbackslash{}'}"),
        (r"\^", r"\textbackslash{}\textasciicircum{}"),
        ("$x", r"\$x"),
        ("$ $", r"\$ \$"),
        ("$x^$", r"\$x\textasciicircum{}\$"),
        (r"$\left( x$", r"\$\textbackslash{}left( x\$"),
        (r"$\left\{ x \right.$", r"$\left\lbrace  x \right.$"),
        (r"$\{ x$", r"$\lbrace  x$"),
        ("${x$", r"\$\textbraceleft{}x\$"),
        (r"\(x", r"\textbackslash{}(x"),
        # what would run
        (r"\input{/etc/passwd}", r"\textbackslash{}input{/etc/passwd}"),
        (r"$\write18{rm}$ $\R$", r"$\backslash write18{rm}$ $\backslash R$"),
        (r"\^^69nput{x}", r"\textbackslash{}\textasciicircum{}\textasciicircum{}69nput{x}"),
        (r"$^^5cinput{x}$", r"\$\textasciicircum{}\textasciicircum{}5cinput{x}\$"),
    ],
)  # fmt: skip
def test_latex(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@given(text=ANY)
def test_braces_have_partners_however_they_are_counted(text: str) -> None:
    escaped = escape(text)
    for braces in (re.findall(r"[{}]", escaped), re.findall(r"(?<!\\)[{}]", escaped)):
        depth = 0
        for brace in braces:
            depth += 1 if brace == "{" else -1
            assert depth >= 0
        assert depth == 0
    assert not escaped.endswith("\\") or escaped.endswith("\\\\")
    assert "^^" not in escaped
    assert "\\input" not in escaped
    assert not re.search(r"(?<!\\)[%#&]", escaped)


@pytest.mark.parametrize("text", [r"\alpha-decay", "x^2 ~10", "a { b", "end\\", r"\input{x}", "$\\\\$"])
def test_what_is_escaped_stays_as_it_is_when_it_is_escaped_again(text: str) -> None:
    assert escape(escape(text)) == escape(text) != text


@given(text=ANY.filter(lambda text: "\\\\" not in text))
def test_whatever_is_escaped_stays_as_it_is_when_it_is_escaped_again(text: str) -> None:
    assert escape(escape(text)) == escape(text)


@given(text=st.text(st.sampled_from("{}@%#&_^~<>|\"' ab.é猫")))
def test_signs_come_back(text: str) -> None:
    names = {"textbraceleft": "{", "textbraceright": "}", "textasciicircum": "^", "textasciitilde": "~"}
    back = re.sub(r"\\(text[a-z]+)\{\}", lambda match: names[match[1]], escape(text))
    assert re.sub(r"\\([%#&_])", r"\1", back) == text


@given(titles=st.lists(ANY, min_size=1, max_size=4))
def test_the_parser_of_others_reads_all_of_it(titles: list[str]) -> None:
    bibtexparser = pytest.importorskip("bibtexparser")
    papers = [
        Paper(title, title, title, (title, "Jane Public"), "2020-10", url="https://e.org/" + title, doi="10.1000/" + title)
        for title in titles
    ]  # fmt: skip
    library = bibtexparser.parse_string(written("bibtex", *papers))
    assert library.failed_blocks == []
    assert len(library.blocks) == len(library.entries) == len(titles)
    for entry, title in zip(library.entries, titles, strict=True):
        escaped = escape(clean(title).replace("\n\n", " "))
        assert entry.fields_dict["title"].value == f"{{{escaped}}}" if title else "title" not in entry.fields_dict
        assert entry["month"] == "oct"


def test_our_own_reader_reads_it_again(tmp_path: Path) -> None:
    from explorer import readers

    if "bibtex" not in {reader.name for reader in readers.registered()}:
        pytest.skip("no reader of BibTeX")
    titles = ["EmberDepth: Seeing", r"Gr\"o\ss e $\alpha$ in 50% of {C}", "A 100 & 1 #2 a_b", "猫 3.7$^{\\circ}$"]
    papers = [Paper(f"2010.0289{row}", title, f"Of {title}", ("Jane Q. Public", "ATLAS Collaboration"), "2020-10") for row, title in enumerate(titles)]  # fmt: skip
    file = tmp_path / "papers.bib"
    file.write_text(written("bibtex", *papers), encoding="utf-8")
    again = list(readers.read(file))
    assert [paper.id for paper in again] == [paper.id for paper in papers]
    assert [title_key(paper.title) for paper in again] == [title_key(paper.title) for paper in papers]
    assert [paper.date for paper in again] == ["2020-10"] * 4
