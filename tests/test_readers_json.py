"""JSON to papers: the objects in a text, and the formats that are made of objects."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import reader_of, records, source

from explorer.errors import InvalidInput
from explorer.papers import Paper
from explorer.readers import Record, Rejected, Source, registered
from explorer.readers.containers.fragments import plain_text
from explorer.readers.containers.objects import Shape, objects
from explorer.readers.containers.works import date, pubmed
from explorer.readers.openalex import abstract_in

FORMATS = ("arxiv_json", "crossref", "csl_json", "jsonl", "openalex", "semantic_scholar")
SAMPLES = Path(__file__).parent / "samples"
FILES = [file for name in FORMATS for file in sorted((SAMPLES / name).iterdir())]
ANSWERS = Shape(frozenset({"items", "results"}), frozenset({"message"}))
GOOD = [{"id": n, "title": f"title {n}", "authors": [{"name": "a"}, {"name": "b"}]} for n in range(5)]


def found(content: str | bytes) -> list[tuple[int, Any]]:
    """The objects in `content` by their lines, None for a damaged one."""
    return [(number, None if problem else value) for number, value, problem in objects(source(content), ANSWERS)]


def ids(content: str | bytes) -> list[int]:
    """The ids of the good objects in `content`."""
    return [value["id"] for _, value in found(content) if value and "id" in value]


def sample(name: str, file: str) -> list[Record]:
    """What the reader of that name makes of a sample."""
    return records(name, (SAMPLES / name / file).read_bytes())


# --- objects


def lines(values: list[Any]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_the_lines_on_which_objects_begin() -> None:
    assert found(lines(GOOD)) == list(zip(range(1, 6), GOOD, strict=True))
    assert found(json.dumps(GOOD)) == [(1, value) for value in GOOD]
    assert found(json.dumps(GOOD, indent=2)) == list(zip(range(2, 63, 12), GOOD, strict=False))
    assert found("[\n" + ",\n".join(map(json.dumps, GOOD)) + "\n]") == list(zip(range(2, 7), GOOD, strict=True))
    assert [number for number, _ in found("\n".join(json.dumps(value, indent=1) for value in GOOD))] == [
        1,
        13,
        25,
        37,
        49,
    ]
    assert found("\r\n\r\n" + lines(GOOD[:2]).replace("\n", "\r\n")) == [(3, GOOD[0]), (4, GOOD[1])]


@pytest.mark.parametrize("indent", [None, 0, 1, "\t"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda values: {"meta": {"n": 1}, "results": values, "group_by": [{"key": 1}]},
        lambda values: {"status": "ok", "message": {"facets": {}, "items": values, "n": [1]}, "x": [2]},
        lambda values: {"results": values},
    ],
)
def test_answers(wrap: Any, indent: int | str | None) -> None:
    assert [value for _, value in found(json.dumps(wrap(GOOD), indent=indent))] == GOOD
    pages = [json.dumps(wrap(GOOD[:2]), indent=indent), json.dumps(wrap(GOOD[2:]), indent=indent)]
    assert [value for _, value in found("\n".join(pages))] == GOOD
    assert [value for _, value in found(f"[{','.join(pages)}]")] == GOOD
    assert found(json.dumps(wrap([]), indent=indent)) == []


def test_a_paper_is_no_answer_whatever_lists_it_has() -> None:
    paper = {"title": "x", "items": [{"title": "y"}]}
    assert found(json.dumps(paper)) == found(json.dumps(paper, indent=1)) == [(1, paper)]
    single = {"status": "ok", "message": {"title": ["x"], "items": 1}}
    assert found(json.dumps(single, indent=1)) == [(1, single)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"title 2"', 'title 2"'),
        ('"title 2"', '"title 2'),
        ('"title 2"', '"the "2""'),
        ('"title 2"', ""),
        ('"title 2",', '"title 2"'),
    ],
    ids=["no opening mark", "no closing mark", "marks within", "no value", "no comma"],
)
@pytest.mark.parametrize("indent", [None, 0, 2])
def test_a_damaged_object_costs_itself(before: str, after: str, indent: int | None) -> None:
    for written in (
        json.dumps(GOOD, indent=indent),
        json.dumps({"n": 1, "results": GOOD, "m": 2}, indent=indent),
        "\n".join(json.dumps(value, indent=indent) for value in GOOD),
    ):
        assert before in written
        assert ids(written.replace(before, after)) == [0, 1, 3, 4]


@pytest.mark.parametrize("sign", ["{", "}", "[", "]"])
@pytest.mark.parametrize("which", [1, 2, 3])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_bracket_that_is_missing_costs_one_object(sign: str, which: int, indent: int | None) -> None:
    written = [json.dumps(value, indent=indent) for value in GOOD]
    place = written[which].index(sign) if sign in "[{" else written[which].rindex(sign)
    written[which] = written[which][:place] + written[which][place + 1 :]
    kept = [number for number in range(5) if number != which]
    assert ids("[" + ",\n".join(written) + "]") == kept
    assert ids("[\n" + ",\n".join(written) + "\n]") == kept
    assert ids("\n".join(written)) == kept


def test_a_file_that_ends_early() -> None:
    written = json.dumps(GOOD)
    for length in range(len(written)):
        assert ids(written[:length]) == [value["id"] for value in GOOD if json.dumps(value) in written[:length]]
    cut = source(written[:-1])
    assert [problem for *_, problem in objects(cut, ANSWERS)] == [""] * 5
    assert cut.notes == ("the list of records is not closed: the file may be cut off",)


@pytest.mark.parametrize("size", range(262_100, 262_160))
def test_pieces_of_a_file_may_end_anywhere(size: int) -> None:
    first = {"id": 9, "title": "é"}
    first["title"] += "x" * (size - len(json.dumps([first], ensure_ascii=False).encode()))
    values = [first, {"id": 10, "title": '\u2028 \U0001f600 \\ "', "x": [True, None, -12.5e3]}, *GOOD]
    assert [value for _, value in found(json.dumps(values, ensure_ascii=False))] == values
    assert [value for _, value in found("\n".join(json.dumps(value, ensure_ascii=False) for value in values))] == values


def test_what_is_not_utf_8_is_latin_1_and_noted() -> None:
    one = source(b'[{"id": 1, "title": "Caf\xe9 \x96"}, ' + '{"id": 2, "title": "Café"}]'.encode())
    assert [value["title"] for _, value, _ in objects(one, ANSWERS)] == ["Café –", "Café"]
    assert one.notes == ("not UTF-8: read as Latin-1",)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marks_of_unicode(encoding: str) -> None:
    assert ids(lines(GOOD).encode(encoding)) == ids(json.dumps(GOOD, indent=1).encode(encoding)) == [0, 1, 2, 3, 4]


def test_between_objects_may_be_much() -> None:
    assert ids('\ufeff {"id": 1},\n{"id": 2} {"id": 3}{"id": 4}\n\x1e{"id": 5}\n') == [1, 2, 3, 4, 5]


HOSTILE = {
    "brackets": "[" * 1_000_000,
    "braces": '{"a":' * 200_000,
    "a list of open objects": '[{"a":' * 200_000,
    "quotation marks": '"' * 1_000_000,
    "backslashes": '[{"a":"' + "\\" * 1_000_001,
    "NUL": "\0" * 1_000_000,
    "commas": "," * 1_000_000,
    "a long number": '[{"a":' + "9" * 100_000 + "}",
    "open lines": '{"a":\n' * 20_000,
    "open objects in a list": "[\n" + '{"a": {"b": 1},\n' * 5_000,
    "borders": "[" + '{"a":"x},{' * 5_000,
    "flat and deep": "[" + ('{"a":[' + "0," * 4_000 + "\n") * 200,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_does_no_harm(content: str) -> None:
    assert ids(content) == []
    assert not any(reader.recognizes(content[:65_536]) for reader in map(reader_of, FORMATS))


def test_deep_objects_and_long_numbers_cost_themselves() -> None:
    deep = '{"id": 7, "a": ' + "[" * 20_000 + "]" * 20_000 + "}"
    digits = '{"id": 8, "a": ' + "9" * 5_000 + "}"
    for bad in (deep, digits):
        assert ids(f'[{{"id": 1}}, {bad}, {{"id": 2}}, {bad}]') == [1, 2]
        assert ids(f'{{"id": 1}}\n{bad}\n{{"id": 2}}\n') == [1, 2]


class _Endless(io.RawIOBase):
    """Be a stream of pieces that are made as they are read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = next(self._pieces, b"")
        buffer[: len(piece)] = piece
        return len(piece)


def test_an_object_of_40_megabytes_is_skipped() -> None:
    def pieces() -> Iterator[bytes]:
        yield b'[{"id": 1},\n{"id": 2, "title": "'
        yield from (b"x" * 4096 for _ in range(10_000))
        yield b'"},\n{"id": 3}]'

    one = Source(io.BufferedReader(_Endless(pieces())))
    assert [(number, value.get("id"), problem) for number, value, problem in objects(one, ANSWERS)] == [
        (1, 1, ""),
        (2, None, "not JSON: longer than 16,777,216 characters"),
        (3, 3, ""),
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text(max_size=8).filter(lambda name: name not in {"items", "results", "message"}), VALUES)


@given(st.lists(OBJECTS, min_size=1, max_size=5), st.sampled_from([None, 0, 1, 4, "\t"]), st.booleans())
def test_what_is_written_is_found(values: list[Any], indent: int | str | None, ascii_only: bool) -> None:
    written = [json.dumps(value, indent=indent, ensure_ascii=ascii_only) for value in values]
    for content in ("\n".join(written), f"[{', '.join(written)}]", f'{{"n": [1], "results": [{",".join(written)}]}}'):
        assert [value for _, value in found(content)] == values


GARBAGE = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x1e\ufeff"), max_size=40).filter(
    lambda text: not text.strip(" \t,").startswith(("{", "["))
)


@given(st.lists(GARBAGE | st.integers(0, 40), max_size=8))
def test_good_lines_survive_among_bad_ones(written: list[str | int]) -> None:
    """A number cuts a good line there."""
    good = json.dumps(GOOD[0])
    content = "".join((line if isinstance(line, str) else good[:line]) + "\n" + good + "\n" for line in written)
    assert [value for _, value in found(content) if value == GOOD[0]] == [GOOD[0]] * len(written)


@given(
    st.text(st.sampled_from('{}[]",:\\ \n1ae'), max_size=60), st.sampled_from(["", "[", '{"results": [', lines(GOOD)])
)
def test_nothing_breaks_the_search_for_objects(text: str, start: str) -> None:
    for record in objects(source(start + text), ANSWERS):
        assert isinstance(record.value, dict)


# --- recognition


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_sample_is_of_one_format(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    names = {file.parent.name}
    for head in (text, *_rewritten(text)):
        specific = {reader.name for reader in registered() if reader.recognizes(head) and not reader.is_generic}
        assert specific == names - {"jsonl"}
        assert names != {"jsonl"} or reader_of("jsonl").recognizes(head)
        for length in range(0, min(len(head), 3_000), 7):
            cut = {reader.name for reader in registered() if reader.recognizes(head[:length]) and not reader.is_generic}
            assert cut <= names


def _rewritten(text: str) -> Iterator[str]:
    """The same pretty-printed, and with the names in another order."""
    try:
        values = [json.loads(text)]
    except ValueError:
        values = [json.loads(line) for line in text.splitlines()]
    yield "\n".join(json.dumps(value, indent=2) for value in values)
    yield "\n".join(json.dumps(value, sort_keys=True) for value in values)
    if len(values) > 1:
        yield json.dumps(values, indent=4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "[1]",
        '{"a": 1}',
        '[{"name": "x", "version": "1", "description": "a package"}]',
        '"title"',
        "{title: 1}",
    ],
)
def test_other_json_is_of_no_format(text: str) -> None:
    assert not any(reader_of(name).recognizes(text) for name in FORMATS)


# --- generic


def test_jsonl_samples() -> None:
    assert sample("jsonl", "lines.jsonl") == [
        Paper("2010.02893", "A title", "An abstract.", ("Ada Lovelace",), "2020-10-07", ("cs.CV",), url="https://arxiv.org/abs/2010.02893"),
        Paper("p7", "Maps of everything", "Words & places.", ("Ada Lovelace", "Grace Hopper"), "2020-10-07", url="https://example.org/7"),
    ]  # fmt: skip
    first, second = sample("jsonl", "list.json")
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert (first.id, first.title, first.abstract) == ("b1", "First of two", "Text of one.")
    assert (second.title, second.id, second.date) == ("Second of two", "pmid:123", "2019")


def test_columns_that_the_user_chose() -> None:
    content = lines([{"t": "A title", "x": {"words": "An abstract."}, "title": "Not this"}, {"t": "Another"}])
    one = source(content, {"title": "T", "abstract": "x.words"})
    read = [paper for paper in reader_of("jsonl").read(one) if isinstance(paper, Paper)]
    assert [(paper.title, paper.abstract) for paper in read] == [("A title", "An abstract."), ("Another", "")]
    assert one.chosen == {"title": "T", "abstract": "x.words"}


def test_the_columns_that_were_guessed_are_told() -> None:
    one = source(lines([{"Title": "A title", "summary": "Words.", "published": "2020"}]))
    assert len(list(reader_of("jsonl").read(one))) == 1
    assert one.chosen == {"title": "Title", "abstract": "summary", "date": "published"}


def test_a_column_that_there_is_not() -> None:
    content = lines([{"t": 1, "x": {"y": 2}}] * 60 + [{"late": 1}])
    with pytest.raises(
        InvalidInput, match=r"file: --columns: there is no 'late' in the first objects; there are 't', 'x', 'x.y'$"
    ):
        records("jsonl", content, {"title": "late"})
    with pytest.raises(InvalidInput, match="there is no field 'titel'; there are title, abstract"):
        records("jsonl", content, {"titel": "t"})
    with pytest.raises(InvalidInput) as caught:
        records("jsonl", lines([{f"{n}{'x' * 1000}": 1 for n in range(1000)}]), {"title": "t"})
    assert len(str(caught.value)) < 5_000


def test_exact_names_win() -> None:
    (paper,) = records(
        "jsonl", '{"Title": "b", "title": "a", "summary": "d", "abstract": "c", "year": 1999, "date": "2001-02"}'
    )
    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract, paper.date) == ("a", "c", "2001-02")


# --- the formats


def test_arxiv_json_samples() -> None:
    assert sample("arxiv_json", "lines.json") == [
        Paper(
            "2010.02893", "Engines that weave", "We weave.", ("Ada Lovelace", "Charles Bábbage Jr"), "2020-10-06",
            ("cs.CV", "cs.LG"), url="https://arxiv.org/abs/2010.02893", doi="10.1000/182", version=2,
        ),
        Paper(
            "hep-th/9901001", "Old", "Old words.", ("G. Hopper", "A. Turing"), "2009-10-31", ("hep-th",),
            url="https://arxiv.org/abs/hep-th/9901001",
        ),
    ]  # fmt: skip


def test_csl_json_samples() -> None:
    assert sample("csl_json", "zotero.json") == [
        Paper(
            "10.1000/182", "Engines that weave", "We weave H2O.", ("Ludwig van Beethoven", "The Engine Collaboration"),
            "2020-10-07", url="https://doi.org/10.1000/182", doi="10.1000/182", also=("pmid:123", "PMC45"),
        ),
        Paper("2010.02893", "A preprint", "", ("Ada Lovelace",), "2020-10", url="http://arxiv.org/abs/2010.02893"),
        Paper(sample_id(2), "A book", "", ("Grace Hopper",), "1952-05"),
    ]  # fmt: skip
    assert sample("csl_json", "api.json") == [
        Paper(
            "2010.02894", "From the API", "We weave.", ("Ada Lovelace",), "2020-10-07", url="https://example.org/x",
            also=("pmid:77",),
        )
    ]  # fmt: skip


def sample_id(place: int) -> str:
    """The id of a paper of the first CSL sample that has none: of its words."""
    record = sample("csl_json", "zotero.json")[place]
    assert isinstance(record, Paper)
    assert record.id.startswith("x-")
    return record.id


def test_openalex_samples() -> None:
    work = Paper(
        "10.1000/182", "Engines that weave", "We weave. We rest.", ("Ada Lovelace", "C. Babbage"), "2020-10-07",
        url="https://example.org/engines", doi="10.1000/182", also=("W2741809807", "pmid:123", "PMC45"),
    )  # fmt: skip
    preprint = Paper(
        "2010.02893", "A preprint", date="2020", url="https://arxiv.org/abs/2010.02893",
        doi="10.48550/arxiv.2010.02893", also=("W99",),
    )  # fmt: skip
    assert sample("openalex", "page.json") == sample("openalex", "snapshot.jsonl") == [work, preprint]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ({"b": [1, 10**9, -1], "a": [0]}, "a b"),
        ({"a": [0, True, "1", None, 2.5], "c": 5, "b": [99_999, 100_000]}, "a b"),
        ({"IndexLength": 2, "InvertedIndex": {"a": [1], "b": [0]}}, "b a"),
        ('{"a": [0]}', "a"),
        ("[" * 10_000, ""),
        ([], ""),
        (None, ""),
        ({}, ""),
    ],
)
def test_inverted_abstracts(index: object, expected: str) -> None:
    assert abstract_in(index) == expected


def test_semantic_scholar_samples() -> None:
    assert sample("semantic_scholar", "s2orc.jsonl") == [
        Paper(
            "10.1000/182", "Engines that weave", "We weave.", ("Ada A. B. Lovelace",), "2020",
            url="https://api.semanticscholar.org/CorpusID:77490025", doi="10.1000/182",
            also=("s2:77490025", "pmid:123", "PMC45", "P19-1001"),
        ),
        Paper("2010.02893", "", "Only an abstract.", url="https://arxiv.org/abs/2010.02893", also=("s2:5",)),
    ]  # fmt: skip
    assert sample("semantic_scholar", "api.json") == [
        Paper(
            "2010.02893", "Engines", "We weave.", ("Ada Lovelace",), "2020-10-07",
            url="https://www.semanticscholar.org/paper/649d", doi="10.1000/182",
            also=("s2:7", "pmid:123", "2020.acl-main.1"),
        ),
        Paper("aaaa", "One that cites", date="2021"),
    ]  # fmt: skip


def test_crossref_samples() -> None:
    work = Paper(
        "10.1000/182", "Engines that & weave: A study", "Background: We weave x.",
        ("Ada Lovelace", "The Engine Collaboration"), "2020-10-07", url="https://doi.org/10.1000/182", doi="10.1000/182",
    )  # fmt: skip
    assert sample("crossref", "answer.json") == [work, Rejected(1, "a component without a title")]
    assert sample("crossref", "work.json") == [work]
    assert sample("crossref", "dump.jsonl") == [work, Rejected(2, "a component without a title")]


@given(OBJECTS, st.sampled_from(FORMATS))
def test_no_object_breaks_a_reader(value: dict[str, Any], name: str) -> None:
    keys = ["title", "abstract", "id", "author", "authors", "issued", "ids", "externalIds", "data", "versions", "DOI"]
    mixed = {"title": "x"} | dict(zip(keys, value.values(), strict=False)) | value
    assert len(records(name, json.dumps(mixed))) <= 1


WILD = {
    "semantic_scholar": [
        ('[null, {"paperId": "ab", "title": "x"}]', "ab"),
        ('{"paper_id": "ab12", "metadata": {"title": "x", "authors": [{"first": "A", "last": "B"}]}, "abstract": [{"text": "y"}], "body_text": []}', "ab12"),
        ('{"id": "ab12", "title": "x", "paperAbstract": "y", "inCitations": [], "outCitations": [], "s2Url": "u"}', "ab12"),
        ('{"recommendedPapers": [{"paperId": "ab", "corpusId": 12, "title": "x"}]}', "s2:12"),
    ],
    "csl_json": [
        ('{"config": {"id": "x"}, "items": [{"itemType": "preprint", "citationKey": "k1", "title": "x", "archiveID": "arXiv:2010.02893"}]}', "2010.02893"),
        ('{"items": [{"id": "u/AB", "type": "webpage", "title": "x", "issued": {"date-parts": [[2020]]}}]}', "u/AB"),
        ('{"references": [{"id": "key", "type": "book", "title": "x", "author": [{"family": "A"}]}]}', "key"),
    ],
    "crossref": [
        ('{"items": [{"DOI": "10.1000/1", "title": ["x"], "member": "1"}]}', "10.1000/1"),
        ('{"DOI": "10.1000/1", "title": ["x"], "type": "posted-content"}', "10.1000/1"),
    ],
    "openalex": [('{"id": "https://openalex.org/W12", "display_name": "x"}', "W12")],
    "arxiv_json": [('{"update_date": "2020-01-01", "versions": [], "id": "2010.02893", "title": "x"}', "2010.02893")],
    "jsonl": [
        ('{"resultList": {"result": [{"id": "9", "source": "MED", "pmid": "9", "title": "x"}]}}', "pmid:9"),
        ('{"response": {"numFound": 1, "docs": [{"id": "10.1371/j.1", "title": "x"}]}}', "10.1371/j.1"),
        ('{"papers": [{"title": "x", "arxiv_id": "2010.02893"}]}', "2010.02893"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "expected"), [(name, *case) for name, cases in WILD.items() for case in cases]
)
@pytest.mark.parametrize("indent", [None, 2])
def test_other_exports(name: str, content: str, expected: str, indent: int | None) -> None:
    written = json.dumps(json.loads(content), indent=indent)
    recognizing = [reader for reader in registered() if reader.recognizes(written)]
    specific = [reader.name for reader in recognizing if not reader.is_generic]
    assert (specific or [reader.name for reader in recognizing]) == [name]
    papers = [record for record in records(name, written) if isinstance(record, Paper)]
    assert [paper.id for paper in papers] == [expected]


# --- texts, dates, ids


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("a<b and c>d", "a<b and c>d"),
        ("<jats:p>One.</jats:p><jats:p>Two.</jats:p>", "One.\n\nTwo."),
        ("<title>Abstract</title><p>One <italic>two</italic> &amp; three</p>", "One two & three"),
        ("<jats:sec><jats:title>Aim</jats:title><jats:p>One.</jats:p></jats:sec>\n<jats:sec><jats:title>End:</jats:title>\n<jats:p>Two.</jats:p></jats:sec>", "Aim: One.\n\nEnd: Two."),
        ("x <mml:math><mml:mi>a</mml:mi> <mml:mo>=</mml:mo>\n<mml:mn>1</mml:mn></mml:math> y", "x a=1 y"),
        (r"<jats:inline-formula><jats:alternatives><jats:tex-math>\begin{document}$$\alpha$$\end{document}</jats:tex-math><mml:math><mml:mi>α</mml:mi></mml:math></jats:alternatives></jats:inline-formula>", r"$\alpha$"),
        ("&lt;jats:p&gt;One&lt;/jats:p&gt;", "One"),
        ("<jats:title>Open", "Open"),
        ("H<sub>2</sub>O <jats:xyz>kept</jats:xyz>", "H2O kept"),
    ],
)  # fmt: skip
def test_markup(markup: str, expected: str) -> None:
    assert Paper.from_record({"title": "x", "abstract": plain_text(markup)}).abstract == expected


@pytest.mark.parametrize(
    "piece", ["<jats:p", "<jats:title>", "<a ", "&lt;jats:p", "<", "<mml:math>", "</jats:title>", '<a b="']
)
def test_hostile_markup_takes_linear_time(piece: str) -> None:
    assert isinstance(plain_text(piece * 20_000), str)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"date-parts": [[2020, 10, 7]]}, "2020-10-07"),
        ({"date-parts": [["2020", "10"]]}, "2020-10"),
        ({"date-parts": [[2020, 0, 0]]}, "2020"),
        ({"date-parts": [[2019, 1, 2], [2020]]}, "2019-01-02"),
        ({"date-parts": [[None]]}, ""),
        ({"date-parts": []}, ""),
        ({"raw": "October 7, 2020"}, "2020-10-07"),
        ({"literal": "2020-10"}, "2020-10"),
        ([2020, 13, 1], "2020"),
        (2020, "2020"),
        (2020.0, "2020"),
        ("2020-10-07T00:00:00Z", "2020-10-07"),
        (True, ""),
        (float("nan"), ""),
    ],
)
def test_dates(value: object, expected: str) -> None:
    assert date(None, value) == expected


def test_what_pubmed_calls_a_paper() -> None:
    assert pubmed("https://pubmed.ncbi.nlm.nih.gov/123", "https://www.ncbi.nlm.nih.gov/pmc/articles/45") == [
        "pmid:123",
        "PMC45",
    ]
    assert pubmed(123, "PMC45.1") == ["pmid:123", "PMC45"]
    assert pubmed("x", None) == pubmed("0", "") == pubmed([1], {}) == []


# --- real files


def real(shared_data: Path, folder: str, name: str) -> list[Paper]:
    """The papers of the one real file in a folder; nothing in it is rejected."""
    (file,) = (shared_data / "formats" / folder).iterdir()
    content = file.read_bytes()
    head = content[:65_536].decode("utf-8", "ignore")
    assert [reader.name for reader in registered() if reader.recognizes(head) and not reader.is_generic] == [name]
    read = records(name, content)
    assert all(isinstance(record, Paper) for record in read)
    return [record for record in read if isinstance(record, Paper)]


def test_real_arxiv_metadata(shared_data: Path) -> None:
    papers = real(shared_data, "arxiv_metadata_jsonl", "arxiv_json")
    assert len(papers) == 100
    first = papers[0]
    assert (first.id, first.version, first.date, first.doi, first.categories) == (
        "0704.0001",
        2,
        "2007-04-02",
        "10.1103/PhysRevD.76.013009",
        ("hep-ph",),
    )
    assert first.authors == ("C. Balázs", "E. L. Berger", "P. M. Nadolsky", "C. -P. Yuan")
    assert first.title == "Calculation of prompt diphoton production cross sections at Tevatron and LHC energies"
    assert all(paper.abstract and paper.date and paper.authors for paper in papers)


def test_real_csl_json(shared_data: Path) -> None:
    papers = real(shared_data, "csl_json", "csl_json")
    assert len(papers) == 100
    assert (papers[0].id, papers[0].version, papers[0].date) == ("1304.7151", 1, "2013-04-26")
    assert papers[0].authors == ("Phillip Lord", "Lindsay Marshall")
    assert papers[3].id == "10.1007/978-3-319-00026-8"
    assert sum(bool(paper.abstract) for paper in papers) == 30
    assert sum(any(name.startswith("pmid:") for name in paper.also) for paper in papers) == 38


def test_real_openalex(shared_data: Path) -> None:
    papers = real(shared_data, "openalex", "openalex")
    assert len(papers) == 25
    first = papers[0]
    assert (first.id, first.date, first.authors[0]) == ("10.1186/s13643-016-0384-4", "2016-12-05", "Mourad Ouzzani")
    assert first.also == ("W2560438049", "pmid:27919275", "PMC5139140")
    assert first.abstract.startswith("Synthesis of multiple randomized controlled trials (RCTs) in a systematic review")
    assert all(paper.abstract for paper in papers)


def test_real_s2orc(shared_data: Path) -> None:
    papers = real(shared_data, "semantic_scholar", "semantic_scholar")
    assert len(papers) == 1000
    assert (papers[0].id, papers[0].date, papers[0].authors[0]) == ("s2:77490025", "1975", "Pen'kov Ma")
    assert sum(bool(paper.doi) for paper in papers) == 587
    assert sum(bool(paper.abstract) for paper in papers) == 488
