"""A library as a file of every format: exact outputs, hostile papers, what reads them again, and where it is written."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hashed_words import HashedWords
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reading import records

from explorer import Library, Paper, SearchOptions, readers, writers
from explorer.cli import cli
from explorer.errors import InvalidInput, LibraryDamaged
from explorer.papers import arxiv_identifier, clean, readable
from explorer.writers import Entry
from explorer.writers.bibtex.keys import Keys, is_key
from explorer.writers.columns import COLUMNS, OF_PAPER

FORMATS = ("bibtex", "csl-json", "csv", "ids", "jsonl", "md", "npy", "parquet", "ris", "tsv")
TEXTS = tuple(name for name in FORMATS if name not in {"npy", "parquet"})
# What titles of strangers are made of, each alone and in every mixture.
HOSTILE = st.lists(
    st.sampled_from([*"{}@%#&_^~$\\\"'`*[]()<>!|:;,.=+- \n\t\r0aé猫", "\\\\", "^^", "\\input", "\\{", "\\}", "$x$", "@misc{k,", "\r\nER  - \r\n", "\nTY  - JOUR\n", '"\r\n"', "\u2028", "\u202e", "\x1b[2J", "\x00", "\ud800", "https://a.b", "; "]),
    max_size=30,
).map("".join)  # fmt: skip
ANY = st.text() | HOSTILE

PAPERS = [
    {"id": "2010.02893v2", "title": "EmberDepth: Seeing in the Dark", "abstract": "Heat and light.\n\nOf 100% words & more.", "authors": ["Jane Q. Public", "Ludwig van Beethoven"], "date": "2020-10-07", "categories": ["cs.CV", "cs.RO"], "listed_in": ["cs.LG"], "doi": "10.1000/x_1", "links": ["https://e.org/code;v=1,2"], "also": ["pmid:123", "W2741809807"]},
    {"id": "astro-ph/0601001", "title": "Dust", "abstract": "Between stars.", "authors": ["ATLAS Collaboration"], "date": "2006-01"},
    {"id": "10.1000/Journal.7", "doi": "10.1000/Journal.7", "title": "=1+1 is a title", "abstract": "Light and dark; \"quoted\".", "authors": ["Erwin Schrödinger", "王伟", "John Doe Jr."], "date": "1935", "categories": ["physics"], "also": ["PMC77", "s2:5"]},
    {"id": "public2020depth", "title": "A key of its own: $\\alpha$-decay in 3.7$^{\\circ}$", "abstract": "Words {in} braces.", "authors": ["R2 D2"], "url": "https://e.org/a?b=c&d=(e)"},
    {"title": "A paper without an id", "abstract": "Heat alone."},
    {"id": "pmid:99", "title": "Only a title", "date": "2019-12-31"},
    {"id": "-5", "title": "Minus five", "abstract": "'=quoted", "authors": ["Doe, Jane, PhD"], "categories": ["a b"]},
]  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A few papers of every kind."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "papers.jsonl").write_text("".join(json.dumps(record) + "\n" for record in PAPERS))
    with Library.build(folder / "papers.jsonl", folder / "library", model=HashedWords()) as library:
        yield library


class Held:
    """Papers in memory, as a library holds them."""

    def __init__(self, *papers: Paper) -> None:
        self._papers = papers

    @property
    def shape(self) -> tuple[int, int]:
        return len(self._papers), 2

    def ids(self) -> Iterator[str]:
        return (paper.id for paper in self._papers)

    def papers(self) -> Iterator[Paper]:
        return iter(self._papers)

    def entries(self) -> Iterator[Entry]:
        for row, paper in enumerate(self._papers):
            yield Entry(paper, row, 0.5, -1.25, 0.75, 3, "stars", None, "", ("a", "b"), (0.5, -0.1234567))

    def vectors(self) -> Iterator[NDArray[np.float32]]:
        yield np.array([[0.6, 0.8]] * len(self._papers), dtype=np.float32)


def exported(name: str, *papers: Paper) -> bytes:
    written = writers.for_library(name).library
    assert written is not None
    return b"".join(written(Held(*papers)))


def one_line(text: str) -> str:
    return clean(text).replace("\n\n", " ")


FULL = Paper(
    "2010.02893",
    "EmberDepth: Seeing in the Dark",
    "Two paragraphs.\n\nOf 100% words.",
    ("Jane Q. Public", "John van Doe Jr.", "ATLAS Collaboration"),
    "2020-10-07",
    ("cs.CV", "cs.RO"),
    ("cs.LG",),
    "https://arxiv.org/abs/2010.02893",
    "10.1000/x_1",
    2,
    ("https://e.org/code",),
    ("pmid:123", "PMC9", "W1"),
)
BARE = Paper("my-1", "-1")


# --- which format


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.csv", "csv"), ("a.TSV", "tsv"), ("a.jsonl", "jsonl"), ("a.parquet", "parquet"), ("a.bib", "bibtex"),
        ("a.ris", "ris"), ("a.json", "csl-json"), ("a.npy", "npy"), ("a.md", "md"), ("a.txt", "ids"),
        ("a.csv.gz", "csv"), ("a.jsonl.GZ", "jsonl"),
    ],
)  # fmt: skip
def test_the_suffix_says_the_format(file: str, name: str) -> None:
    assert writers.for_library(None, Path("x", file)).name == name
    assert writers.for_library("ris", Path(file)).name == "ris"


def test_all_formats_are_there_and_have_a_suffix_of_their_own() -> None:
    assert writers.library_names() == FORMATS
    suffixes = [suffix for name in FORMATS for suffix in writers.for_library(name).suffixes]
    assert len(suffixes) == len(set(suffixes)) >= len(FORMATS)
    assert {name for name in FORMATS if writers.for_library(name).is_binary} == {"npy", "parquet"}


def test_an_unknown_format_is_an_error_that_lists_the_known(library: Library, tmp_path: Path) -> None:
    for name, file in (
        ("json", "a.csv"),
        ("nonsense", "a.csv"),
        (None, "a.doc"),
        (None, "csv"),
        (None, "a.gz"),
        (None, "a.npy.gz"),
    ):
        with pytest.raises(InvalidInput, match=r"there are bibtex \(\.bib, \.bibtex\), csl-json \(\.json\), csv"):
            library.export(tmp_path / file, name)
    with pytest.raises(InvalidInput, match="say in which format"):
        library.export(io.BytesIO())
    assert list(tmp_path.iterdir()) == []


# --- what is in each


def test_no_field_of_a_paper_is_forgotten() -> None:
    assert tuple(OF_PAPER) == tuple(Paper.__dataclass_fields__)
    assert set(COLUMNS) == {*OF_PAPER, *Entry.__dataclass_fields__} - {"paper"}


def test_csv_and_tsv() -> None:
    header, full, bare = csv.reader(io.StringIO(exported("csv", FULL, BARE).decode(), newline=""), strict=True)
    assert header == list(COLUMNS)
    assert full == [
        "2010.02893", "EmberDepth: Seeing in the Dark", "Two paragraphs.\n\nOf 100% words.",
        "Jane Q. Public; John van Doe Jr.; ATLAS Collaboration", "2020-10-07", "cs.CV; cs.RO", "cs.LG",
        "https://arxiv.org/abs/2010.02893", "10.1000/x_1", "2", "https://e.org/code", "pmid:123; PMC9; W1", "0", "0.5",
        "-1.25", "0.75", "stars", "3", "", "", "a; b", "0.5; -0.123457",
    ]  # fmt: skip
    assert bare[:4] == ["my-1", "'-1", "", ""]
    assert list(csv.reader(io.StringIO(exported("tsv", FULL, BARE).decode(), newline=""), "excel-tab")) == [header, full, bare]  # fmt: skip


def test_jsonl() -> None:
    full, bare = map(json.loads, exported("jsonl", FULL, BARE).splitlines())
    assert full == {
        "id": "2010.02893", "title": "EmberDepth: Seeing in the Dark", "abstract": "Two paragraphs.\n\nOf 100% words.",
        "authors": ["Jane Q. Public", "John van Doe Jr.", "ATLAS Collaboration"], "date": "2020-10-07",
        "categories": ["cs.CV", "cs.RO"], "listed_in": ["cs.LG"], "url": "https://arxiv.org/abs/2010.02893",
        "doi": "10.1000/x_1", "version": 2, "links": ["https://e.org/code"], "also": ["pmid:123", "PMC9", "W1"],
        "row": 0, "x": 0.5, "y": -1.25, "faithfulness": 0.75, "topic": "stars", "topic_id": 3, "coarse_topic": "",
        "coarse_topic_id": None, "neighbors": ["a", "b"], "similarities": [0.5, -0.123457],
    }  # fmt: skip
    assert (bare["title"], bare["version"], bare["row"]) == ("-1", None, 1)


def test_ris() -> None:
    assert exported("ris", FULL, BARE).decode() == (
        "TY  - JOUR\r\nID  - 2010.02893\r\nTI  - EmberDepth: Seeing in the Dark\r\nAU  - Public, Jane Q.\r\n"
        "AU  - van Doe, John, Jr.\r\nAU  - ATLAS Collaboration\r\nPY  - 2020\r\nDA  - 2020/10/07/\r\n"
        "AB  - Two paragraphs. Of 100% words.\r\nDO  - 10.1000/x_1\r\nUR  - https://arxiv.org/abs/2010.02893\r\n"
        "UR  - https://e.org/code\r\nKW  - cs.CV\r\nKW  - cs.RO\r\nAN  - pmid:123\r\nAN  - PMC9\r\nAN  - W1\r\n"
        "ER  - \r\n\r\n"
        "TY  - GEN\r\nID  - my-1\r\nTI  - -1\r\nER  - \r\n\r\n"
    )
    assert "TY  - UNPB\r\n" in exported("ris", Paper("2010.02893", "T", date="2020-10")).decode()
    assert "DA  - 2020/10//\r\n" in exported("ris", Paper("2010.02893", "T", date="2020-10")).decode()


def test_csl_json() -> None:
    full, bare = json.loads(exported("csl-json", FULL, BARE))
    assert full == {
        "id": "2010.02893", "type": "article-journal", "title": "EmberDepth: Seeing in the Dark",
        "author": [
            {"family": "Public", "given": "Jane Q."},
            {"family": "van Doe", "given": "John", "suffix": "Jr."},
            {"literal": "ATLAS Collaboration"},
        ],
        "issued": {"date-parts": [[2020, 10, 7]]}, "abstract": "Two paragraphs.\n\nOf 100% words.",
        "DOI": "10.1000/x_1", "URL": "https://arxiv.org/abs/2010.02893", "PMID": "123", "PMCID": "PMC9",
        "publisher": "arXiv", "number": "arXiv:2010.02893", "keyword": "cs.CV, cs.RO",
        "custom": {
            "categories": ["cs.CV", "cs.RO"], "listed_in": ["cs.LG"], "version": 2, "links": ["https://e.org/code"],
            "also": ["pmid:123", "PMC9", "W1"],
        },
    }  # fmt: skip
    assert bare == {"id": "my-1", "type": "article", "title": "-1"}
    assert json.loads(exported("csl-json")) == []


def test_bibtex_of_a_library_has_more_fields() -> None:
    assert exported("bibtex", FULL, BARE).decode() == (
        "@article{public2020emberdepth,\n"
        "  title = {{EmberDepth: Seeing in the Dark}},\n"
        "  author = {Public, Jane Q. and van Doe, Jr., John and {ATLAS Collaboration}},\n"
        "  year = {2020},\n"
        "  month = oct,\n"
        "  doi = {10.1000/x_1},\n"
        "  url = {https://arxiv.org/abs/2010.02893},\n"
        "  eprint = {2010.02893v2},\n"
        "  archiveprefix = {arXiv},\n"
        "  primaryclass = {cs.CV},\n"
        "  date = {2020-10-07},\n"
        "  keywords = {cs.CV, cs.RO},\n"
        "  ids = {pmid:123, PMC9, W1},\n"
        "  abstract = {Two paragraphs. Of 100\\% words.},\n"
        "}\n"
        "\n"
        "@misc{my-1,\n"
        "  title = {{-1}},\n"
        "}\n"
    )


def test_ids_that_can_be_keys_are_keys_and_no_other_paper_has_them() -> None:
    papers = [
        Paper("1", "The smith", date="2020"),
        Paper("paper2020smith", "Another"),
        Paper("PAPER2020SMITH", "Yet another"),
        Paper("10.1000/x", "A DOI"),
        Paper("2010.02893", "arXiv"),
        Paper("DBLP:conf/nips/VaswaniSPUJGKP17", "Attention"),
        Paper("not a key", "Blanks"),
        Paper("a,b", "Comma"),
        Paper("~x", "Sign"),
    ]
    keys = Keys(paper.id for paper in papers)
    assert [keys.new(paper, paper.date) for paper in papers] == [
        "1", "paper2020smith", "yet", "doi", "arxiv", "DBLP:conf/nips/VaswaniSPUJGKP17", "blanks", "comma", "sign",
    ]  # fmt: skip
    keys = Keys(["smith"])
    assert keys.new(Paper("x", "Smith"), "") == "smitha"
    assert not is_key("a" * 201)
    assert not is_key("é")
    assert not is_key("a\n")


def test_markdown_and_ids() -> None:
    assert exported("md", FULL, BARE).decode() == (
        "1. [EmberDepth: Seeing in the Dark](https://arxiv.org/abs/2010.02893), Jane Q. Public, John van Doe Jr., "
        "ATLAS Collaboration, 2020-10-07\n"
        "2. \\-1\n"
    )
    assert exported("ids", FULL, BARE) == b"2010.02893\nmy-1\n"


def test_parquet_has_types() -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(exported("parquet", FULL, BARE)))
    types = {field.name: field.type for field in table.schema}
    assert list(types) == list(COLUMNS)
    strings, numbers = (pa.list_(pa.field("element", one)) for one in (pa.string(), pa.float32()))
    assert {types[name] for name in ("authors", "categories", "listed_in", "links", "also", "neighbors")} == {strings}
    assert (types["x"], types["row"], types["similarities"], types["id"]) == (pa.float32(), pa.int32(), numbers, pa.string())  # fmt: skip
    full, bare = table.to_pylist()
    assert full["authors"] == list(FULL.authors)
    assert (full["abstract"], full["version"], full["y"], full["topic_id"]) == (FULL.abstract, 2, -1.25, 3)
    assert (full["coarse_topic_id"], full["neighbors"], full["similarities"][0]) == (None, ["a", "b"], 0.5)
    assert (bare["title"], bare["version"], bare["authors"], bare["row"]) == ("-1", None, [], 1)


def test_parquet_is_written_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from explorer.writers.libraries import parquet as ours

    monkeypatch.setattr(ours, "_GROUP", 2)
    file = parquet.ParquetFile(io.BytesIO(exported("parquet", *[replace(BARE, id=str(row)) for row in range(5)])))
    assert file.num_row_groups == 3
    assert file.read(["id"]).to_pylist() == [{"id": str(row)} for row in range(5)]
    assert parquet.read_table(io.BytesIO(exported("parquet"))).num_rows == 0


def test_without_pyarrow_the_error_says_what_to_install(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidInput, match=re.escape('pip install "paper-explorer[parquet]"')):
        library.export(tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_vectors_are_numpy_s_unit_and_in_the_order_of_the_ids(library: Library, tmp_path: Path) -> None:
    assert library.export(tmp_path / "v.npy") == library.export(tmp_path / "v.txt") == 7
    vectors = np.load(tmp_path / "v.npy", allow_pickle=False)
    assert vectors.dtype == np.float32
    assert vectors.tobytes() == HashedWords().embed([paper.text for paper in library.papers]).tobytes()
    assert (tmp_path / "v.txt").read_text().splitlines() == [paper.id for paper in library.papers]


def test_what_the_library_knows_is_what_is_written(library: Library) -> None:
    stream = io.BytesIO()
    assert library.export(stream, "jsonl") == len(library.papers)
    topics = library.topics()
    labels = {topic.id: topic.label for topic in topics.topics}
    for row, line in enumerate(stream.getvalue().splitlines()):
        found = json.loads(line)
        assert found["row"] == row
        assert found["id"] == library.papers[row].id
        nearest = library.similar(found["id"], 6, rank="dense", fold=False)
        assert found["neighbors"] == [match.paper.id for match in nearest]
        assert found["similarities"] == pytest.approx([match.similarity for match in nearest], abs=2e-6)
        assert [found["coarse_topic_id"], found["topic_id"]] == [None if one == -1 else one for one in topics.levels[row].tolist()]  # fmt: skip
        assert found["topic"] == labels.get(found["topic_id"], "")
        assert 0 <= found["faithfulness"] <= 1
        assert [found["x"], found["y"]] == pytest.approx(library._folder.array("layout")[row].tolist(), abs=1e-6)


# --- which papers


def test_filters(library: Library, tmp_path: Path) -> None:
    stream = io.BytesIO()
    assert library.export(stream, "ids", SearchOptions(category="cs")) == 1
    assert stream.getvalue() == b"2010.02893\n"
    assert library.export(tmp_path / "v.npy", since="2006", until="2019") == 2
    every = HashedWords().embed([paper.text for paper in library.papers])
    assert np.load(tmp_path / "v.npy").tolist() == every[[1, 5]].tolist()
    stream = io.BytesIO()
    library.export(stream, "jsonl", since="2006", until="2019")
    assert [json.loads(line)["row"] for line in stream.getvalue().splitlines()] == [1, 5]
    assert len(json.loads(stream.getvalue().splitlines()[0])["neighbors"]) == 6  # of all papers
    with pytest.raises(InvalidInput, match="no paper of 7 passes all filters: --since keeps 0"):
        library.export(tmp_path / "none.csv", since="2030")
    with pytest.raises(InvalidInput, match="leave like, unlike, exclude and diverse out"):
        library.export(tmp_path / "none.csv", like=["Dust"])
    assert not (tmp_path / "none.csv").exists()


# --- hostile papers


def hostile(text: str) -> Paper:
    return Paper(text, text, text, (text, text), text, (text,), (text,), "https://e.org/" + text, "10.1000/" + text, None, (text,), (text,))  # fmt: skip


@given(text=ANY)
@settings(max_examples=40)
def test_no_text_breaks_the_framing_of_a_text_format(text: str) -> None:
    papers = (hostile(text), BARE, hostile(text))
    outputs = {name: exported(name, *papers).decode() for name in TEXTS}
    for name, output in outputs.items():
        allowed = "\r" if name in {"csv", "tsv", "ris"} else ""
        allowed += "\t" if name == "tsv" else ""
        steering = set(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", output)) - set(allowed)
        assert not steering, name
    ids = [one_line(paper.id) for paper in papers]
    assert outputs["ids"].split("\n") == [*ids, ""]
    lines = [json.loads(line) for line in outputs["jsonl"].split("\n")[:-1]]
    assert [line["id"] for line in lines] == ids
    assert [line["abstract"] for line in lines] == [clean(paper.abstract) for paper in papers]
    assert [item["id"] for item in json.loads(outputs["csl-json"])] == ids
    for name, dialect in (("csv", "excel"), ("tsv", "excel-tab")):
        rows = list(csv.reader(io.StringIO(outputs[name], newline=""), dialect, strict=True))
        assert [len(row) for row in rows] == [len(COLUMNS)] * 4
        assert [re.sub("^'(?='*[=+@＝＋－＠-])", "", row[2]) for row in rows[1:]] == [clean(paper.abstract) for paper in papers]  # fmt: skip
        assert not any(cell.startswith(tuple("=+@\t\r")) for row in rows for cell in row)
    assert len(re.findall(r"(?m)^[0-9]+\. ", outputs["md"])) == outputs["md"].count("\n") == 3


@given(text=ANY)
def test_rispy_reads_each_paper_as_one(text: str) -> None:
    rispy = pytest.importorskip("rispy")
    output = exported("ris", hostile(text), BARE).decode()
    assert re.fullmatch(r"(?:TY  - [A-Z]+\r\n(?:[A-Z][A-Z0-9]  - [^\r\n]+\r\n)*ER  - \r\n\r\n){2}", output)
    first, second = rispy.loads(output.replace("\r\n", "\n"))
    assert first.get("title", "") == one_line(text).strip()
    assert first.get("abstract", "") == one_line(text).strip()
    assert second["title"] == "-1"


@given(text=ANY)
def test_bibtexparser_reads_each_paper_as_one(text: str) -> None:
    bibtexparser = pytest.importorskip("bibtexparser")
    found = bibtexparser.parse_string(exported("bibtex", hostile(text), BARE, replace(hostile(text), id="b")).decode())
    assert found.failed_blocks == []
    assert len(found.entries) == len(found.blocks) == 3


@given(text=ANY)
@settings(max_examples=30)
def test_parquet_holds_any_text(text: str) -> None:
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    first, second = parquet.read_table(io.BytesIO(exported("parquet", hostile(text), BARE))).to_pylist()
    assert (first["title"], first["abstract"], second["title"]) == (one_line(text), clean(text), "-1")


# --- streaming


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "bibtex"])
def test_papers_are_taken_as_they_are_written(name: str) -> None:
    taken: list[int] = []

    class Endless(Held):
        def papers(self) -> Iterator[Paper]:
            for row in count():
                taken.append(row)
                yield FULL

        def entries(self) -> Iterator[Entry]:
            for paper in self.papers():
                yield Entry(paper, 0, 0, 0, 0, None, "", None, "", (), ())

    written = writers.for_library(name).library
    assert written is not None
    assert len(list(islice(written(Endless()), 4))) == 4
    assert len(taken) <= 4


# --- where it is written


def test_the_file_is_there_whole_or_as_it_was(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new" / "papers.csv"
    library.export(file)
    before = file.read_bytes()
    assert before.startswith(b"id,title,")
    library.export(file, "ids")
    assert file.read_text().splitlines() == [paper.id for paper in library.papers]

    def broken(self: object) -> Iterator[Paper]:
        yield FULL
        raise LibraryDamaged("here")

    monkeypatch.setattr("explorer.exporting.StoredHoldings.papers", broken)
    with pytest.raises(LibraryDamaged):
        library.export(file, "ris")
    assert file.read_text().splitlines() == [paper.id for paper in library.papers]
    assert [one.name for one in file.parent.iterdir()] == ["papers.csv"]


def test_a_packed_file_holds_the_same_and_does_not_depend_on_the_time(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "a.csv")
    library.export(tmp_path / "a.csv.gz")
    library.export(tmp_path / "b.csv.gz")
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert len(list(readers.read(tmp_path / "a.csv.gz"))) == 7


def test_no_folder_and_no_file_of_a_library_is_overwritten(library: Library, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is a folder"):
        library.export(tmp_path, "csv")
    before = {file.name: file.read_bytes() for file in library.path.iterdir() if file.is_file()}
    (tmp_path / "link").symlink_to(library.path / "manifest.json")
    (tmp_path / "folder").symlink_to(library.path)
    own = [*library.path.glob("*-*"), library.path / "manifest.json", library.path / ".paper-explorer.lock", library.path / ".paper-explorer-work" / "x"]  # fmt: skip
    for file in (*own, tmp_path / "link", tmp_path / "folder" / "manifest.json"):
        with pytest.raises(InvalidInput, match="is, or could be, a file of a library"):
            library.export(file, "csv")
    assert {file.name: file.read_bytes() for file in library.path.iterdir() if file.is_file()} == before
    assert library.export(library.path / "papers.csv") == 7
    (library.path / "papers.csv").unlink()


def test_a_link_stays_and_what_it_leads_to_is_written(library: Library, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "there" / "ids")
    library.export(tmp_path / "link.txt")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "there" / "ids").read_text().startswith("2010.02893\n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_written_into_and_stays(library: Library, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append((tmp_path / "pipe.txt").read_bytes()))
    thread.start()
    library.export(tmp_path / "pipe.txt")
    thread.join(10)
    assert found[0].startswith(b"2010.02893\n")
    assert (tmp_path / "pipe.txt").is_fifo()


def test_what_cannot_be_written_is_one_error(library: Library, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for file in (tmp_path / "file" / "a.csv", Path("a\0.csv"), tmp_path / ("x" * 300 + ".csv")):
        with pytest.raises(InvalidInput, match="cannot be written to"):
            library.export(file)


# --- the command


def run(library: Library, *arguments: object) -> tuple[int, bytes, str]:
    result = CliRunner().invoke(cli, ["export", "-l", str(library.path), *map(str, arguments)])
    return result.exit_code, result.stdout_bytes, result.stderr


def test_the_command(library: Library, tmp_path: Path) -> None:
    status, output, errors = run(library, "-o", tmp_path / "a.csv")
    assert (status, output, errors) == (0, b"", f"7 papers in {tmp_path / 'a.csv'}\n")
    stream = io.BytesIO()
    library.export(stream, "csv")
    assert (tmp_path / "a.csv").read_bytes() == stream.getvalue()
    assert run(library, "--format", "csv") == (0, stream.getvalue(), "")
    assert run(library, "--format", "ids", "--category", "cs.CV") == (0, b"2010.02893\n", "")
    assert run(library, "--format", "ids", "--where", "year = 1935") == (0, b"10.1000/Journal.7\n", "")
    assert run(library, "--format", "npy")[1].startswith(b"\x93NUMPY")
    assert run(library, "-o", tmp_path / "b", "--format", "md", "--year", "2020")[2] == f"1 paper in {tmp_path / 'b'}\n"


def test_the_command_s_errors(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, output, errors = run(library)
    assert (status, output) == (1, b"")
    assert "say in which format; there are bibtex (.bib, .bibtex), " in errors
    assert run(library, "-o", tmp_path)[0] == 1
    assert run(library, "--format", "json")[0] == 2
    monkeypatch.setattr("explorer.cli.export._is_terminal", lambda: True)
    status, output, errors = run(library, "--format", "parquet")
    assert (status, output) == (2, b"")
    assert "parquet is not for terminals: name a file with -o, or redirect the output" in errors
    assert run(library, "--format", "ids")[0] == 0


# --- round trips


def _wholly(paper: Paper) -> Paper:
    return paper


def _ris(paper: Paper) -> Paper:
    """Lost are paragraphs, categories and listings, versions, and other ids but those that say whose they are.

    An address ends at a semicolon, a comma in a name parts family and given.
    """
    links = tuple(link.partition(";")[0] for link in paper.links)
    authors = tuple(name.replace("Doe, Jane, PhD", "Jane Doe PhD") for name in paper.authors)
    paper = replace(_one_line(paper), links=links, authors=authors)
    return replace(paper, categories=(), listed_in=(), version=None)


def _bibtex(paper: Paper) -> Paper:
    """Lost are paragraphs, listings, links, other ids, ids that can be no key, and categories but arXiv's first.

    Texts are LaTeX by then, and braces are not signs.
    """
    of_arxiv = paper.categories[:1] if arxiv_identifier(paper.id) else ()
    paper_id = "doeminus" if paper.id == "-5" else paper.id
    return replace(_one_line(paper), id=paper_id, listed_in=(), links=(), also=(), categories=of_arxiv)


def _one_line(paper: Paper) -> Paper:
    return replace(paper, abstract=paper.abstract.replace("\n\n", " "))


def _readable(paper: Paper) -> Paper:
    return replace(paper, title=readable(paper.title), abstract=readable(paper.abstract))


CARRIED: dict[str, Callable[[Paper], Paper]] = {
    **dict.fromkeys(("jsonl", "csv", "tsv", "parquet", "csl-json"), _wholly), "ris": _ris, "bibtex": _bibtex
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIED)
def test_what_is_read_again_is_the_same_papers(library: Library, tmp_path: Path, name: str) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow")
    file = tmp_path / ("papers" + writers.for_library(name).suffixes[0])
    library.export(file)
    again, before = list(readers.read(file)), [CARRIED[name](paper) for paper in library.papers]
    if name == "bibtex":
        again, before = list(map(_readable, again)), list(map(_readable, before))
    assert again == before


@given(texts=st.lists(st.tuples(ANY, ANY), min_size=1, max_size=3))
@settings(max_examples=40)
def test_our_readers_read_each_paper_as_one(texts: list[tuple[str, str]]) -> None:
    papers = [Paper.from_record({"id": f"k{row}", "title": f"A {title}", "abstract": abstract, "authors": [one_line(title)]}) for row, (title, abstract) in enumerate(texts)]  # fmt: skip
    for name in ("jsonl", "csv", "tsv", "csl-json", "ris", "bibtex"):
        again = records(name.replace("tsv", "csv").replace("-", "_"), exported(name, *papers))
        assert [getattr(paper, "id", paper) for paper in again] == [paper.id for paper in papers], name
        if name in {"jsonl", "csv", "tsv"}:
            assert [paper.title for paper in again] == [paper.title for paper in papers]
        if name == "jsonl":
            assert again == papers


def test_a_library_of_an_export_is_the_same_library(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "papers.jsonl")
    library.export(tmp_path / "vectors.npy")
    with Library.build(tmp_path / "papers.jsonl", tmp_path / "library", vectors=tmp_path / "vectors.npy") as again:
        again.export(tmp_path / "again.jsonl")
        again.export(tmp_path / "again.npy")
    assert (tmp_path / "again.npy").read_bytes() == (tmp_path / "vectors.npy").read_bytes()
    first, second = ([json.loads(line) for line in (tmp_path / name).read_text().splitlines()] for name in ("papers.jsonl", "again.jsonl"))  # fmt: skip
    assert [line["neighbors"] for line in first] == [line["neighbors"] for line in second]
    assert first == second
