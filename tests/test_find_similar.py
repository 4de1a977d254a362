"""The command find-similar: the same answers as the API's, formats that parse, errors of one line."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hashed_words import HashedWords

from explorer import Library, Matches, Paper, embedder, readers
from explorer.cli import cli
from explorer.embedder import ModelFiles, remembered

Run = Callable[..., Result]
MODEL = HashedWords(name="words")
TOPICS = ("depth image camera night", "cats dogs pets animals", "stars dust galaxy light", "steel bridges load beam")
RECORDS: list[dict[str, Any]] = [
    {
        "id": f"2010.{number:05}",
        "title": f"On {words.split()[number % 4]} and {words.split()[(number + 1) % 4]}, part {number}",
        "abstract": f"We look at {words}. It is about number{number} of {words.split()[number % 3]}.",
        "date": f"{2015 + number % 6}-0{1 + number % 9}-11",
        "categories": ["cs.CV" if number % 2 else "math.ST"],
        "authors": ["Anne O'Hara" if number % 3 else "Bo Xu", "Kurt Gödel"],
        "doi": f"10.1000/{number}",
    }
    for number, words in ((number, TOPICS[number % 4]) for number in range(40))
]  # fmt: skip
RECORDS.append({**RECORDS[8], "id": "twin", "doi": "", "date": ""})
ID, OTHER, TEXT = "2010.00008", "2010.00013", "dogs at night by a camera"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("find-similar")
    (folder / "papers.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    Library.build(folder / "papers.jsonl", folder / "library", model=MODEL).close()
    return folder / "library"


@pytest.fixture
def library(path: Path) -> Iterator[Library]:
    with Library.open(path, model=MODEL) as opened:
        yield opened


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: Path) -> Run:
    """Run find-similar in a folder with some files; the model that it finds is the one of hashed words."""
    monkeypatch.setattr(remembered, "find_model", lambda name=None, **_: ModelFiles(name or "words", tmp_path))
    monkeypatch.setattr(embedder, "load", lambda files: MODEL)
    monkeypatch.setattr(ModelFiles, "identity", property(lambda self: HashedWords(name=self.name).identity))
    monkeypatch.setenv("EXPLORER_LIBRARY", str(path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "draft.md").write_text("# Bridges\n\nBeams of steel carry the load of bridges.\n")
    (tmp_path / "ids.txt").write_text("2010.00001\n2010.00002\nnobody has this\n")
    (tmp_path / "list.bib").write_text("@misc{a, title={X}, eprint={2010.00003}}\n@misc{b, title={Nobody has this}}\n")

    def find_similar(*arguments: object, **options: Any) -> Result:
        result = CliRunner().invoke(cli, ["find-similar", *map(str, arguments)], **options)
        assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
        assert "Traceback" not in result.output
        return result

    return find_similar


def lines(result: Result) -> list[dict[str, Any]]:
    def refused(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    assert result.exit_code == 0, result.output
    return [json.loads(line, parse_constant=refused) for line in result.stdout.splitlines()]


def error(result: Result) -> str:
    """Return the one line of an error that the user can act on."""
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("explorer: ")
    return line


def as_lines(matches: Matches) -> list[dict[str, Any]]:
    found = [{**match.as_dict(), "query_kind": matches.query_kind, "recall": 1.0} for match in matches]
    return [json.loads(json.dumps(each)) for each in found]


# --- the same as the API

Ask = Callable[[Library], Matches]
QUESTIONS: list[tuple[list[object], Ask]] = [
    ([ID], lambda library: library.similar(ID)),
    ([f"https://arxiv.org/abs/{ID}v2", "-k", 3], lambda library: library.similar(ID, 3)),
    (["10.1000/8", "-k", 40], lambda library: library.similar(ID, 40)),
    ([TEXT], lambda library: library.search(TEXT)),
    (["--text", ID], lambda library: library.search(ID)),
    (["--text", f"{TEXT}:2"], lambda library: library.search(f"{TEXT}:2")),
    ([RECORDS[5]["title"].upper()], lambda library: library.find_similar(RECORDS[5]["title"])),
    (["--title", "part 13"], lambda library: library.find_title("part 13")),
    (["--title", "part 13", "--like", ID], lambda library: library.find_title("part 13", like=[ID])),
    ([ID, OTHER, TEXT], lambda library: library.find_similar(ID, OTHER, TEXT)),
    ([f"{ID}:3", "--like", OTHER], lambda library: library.find_similar(f"{ID}:3", OTHER)),
    ([ID, "--unlike", OTHER, "--unlike", "steel:2"], lambda library: library.similar(ID, unlike=[OTHER, "steel:2"])),
    (["draft.md"], lambda library: library.find_similar("draft.md")),
    (["draft.md", "--like", "@list.bib", "--exclude", OTHER], lambda library: library.find_similar("draft.md", like=["@list.bib"], exclude=[OTHER])),
    (["@list.bib:2", "-k", 20], lambda library: library.find_similar("@list.bib:2", k=20)),
    ([ID, "--rank", "dense"], lambda library: library.similar(ID, rank="dense")),
    ([TEXT, "--rank", "lexical", "-k", 40], lambda library: library.search(TEXT, 40, rank="lexical")),
    ([ID, "--diverse", "0.5"], lambda library: library.similar(ID, diverse=0.5)),
    ([TEXT, "--no-fold", "-k", 41], lambda library: library.search(TEXT, 41, fold=False)),
    ([ID, "--since", 2017, "--until", "2019-06"], lambda library: library.similar(ID, since="2017", until="2019-06")),
    ([TEXT, "--year", "2016-2018", "--category", "cs", "--author", "Gödel, K.", "--author", "xu"], lambda library: library.search(TEXT, year="2016-2018", category="cs", author=["K. Gödel", "Xu"])),
    ([TEXT, "--category", "cs.CV", "--category", "math"], lambda library: library.search(TEXT, category=["cs.CV", "math"])),
    ([ID, "--added-since", "last", "--where", "year > 2016 AND title LIKE '%dog%'"], lambda library: library.similar(ID, added_since="last", where="year > 2016 AND title LIKE '%dog%'")),
    ([ID, "--why", "-k", 3], lambda library: library.similar(ID, 3, why=True)),
    ([TEXT, OTHER, "--why", "--unlike", "steel bridges"], lambda library: library.find_similar(TEXT, OTHER, why=True, unlike=["steel bridges"])),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "ask"), QUESTIONS, ids=[" ".join(map(str, words)) for words, _ in QUESTIONS])
def test_the_command_answers_as_the_api_does(run: Run, library: Library, arguments: list[object], ask: Ask) -> None:
    expected = ask(library)
    assert len(expected) > 1
    for output in (["--json"], ["--format", "json"]):
        assert lines(run(*arguments, *output)) == as_lines(expected)


def test_the_table_and_what_a_question_was_taken_for(run: Run, library: Library) -> None:
    kinds = {
        (ID,): "a paper of the library", (RECORDS[5]["title"],): "the title of a paper", (TEXT,): "free text",
        ("draft.md",): "the text of a file", (ID, TEXT): "several papers and texts at once",
    }  # fmt: skip
    for arguments, kind in kinds.items():
        result, expected = run(*arguments, "-k", 3), library.find_similar(*arguments, k=3)
        assert result.stderr == f"taken for {kind}\n"
        width = max(len(match.paper.id) for match in expected)
        shown = [f"{m.rank:>3}  {m.similarity:.3f}  {m.paper.id:<{width}}  {m.paper.title}" for m in expected]
        head = [] if expected.paper is None else [f"{expected.paper.id}  {expected.paper.title}"]
        assert result.stdout.splitlines() == head + shown


def test_standard_input(run: Run, library: Library) -> None:
    expected = as_lines(library.search(TEXT))
    for content in (TEXT, TEXT + "\n", "dogs at night\r\nby a camera\r\n", "\ufeff" + TEXT):
        assert lines(run("-", "--json", input=content)) == expected
    assert lines(run("--text", "-", "--json", input=TEXT)) == expected
    assert lines(run("-", "--json", input=ID))[0]["query_kind"] == "text"  # a text, whatever it looks like
    mixed = as_lines(library.find_similar(TEXT, ID))
    assert lines(run("-", ID, "--json", input=TEXT)) == lines(run(ID, "-", "--json", input=TEXT)) == mixed
    for content in ("", " \n", "\0", "?!"):
        assert "the query is empty: give some text on standard input" in error(run("-", input=content))
    assert lines(run("-", "--json", "-k", 2, input="dogs " * 100_000))[0]["query_kind"] == "text"


def test_what_is_missing_is_said_and_is_no_error(run: Run) -> None:
    for arguments in (["@list.bib"], ["draft.md", "--like", "@list.bib"], [ID, "--exclude", "@list.bib"]):
        result = run(*arguments, "--json")
        assert result.exit_code == 0
        assert result.stderr == "not in this library: Nobody has this (b)\n"
    assert run("@ids.txt", "--json").stderr == "not in this library: nobody has this\n"


# --- formats


def test_json_has_what_scripts_need(run: Run) -> None:
    plain, reasoned = lines(run(TEXT, "--json")), lines(run(TEXT, "--json", "--why"))
    fields = {"rank", "similarity", "score", "duplicates", "query_kind", "recall", *Paper.__dataclass_fields__}
    assert all(line.keys() == fields for line in plain)
    assert all(line.keys() == {*fields, "why"} for line in reasoned)
    reasons = {"asked", "found", "sentences", "terms", "dense", "lexical", "percentile"}
    assert all(line["why"].keys() == reasons for line in reasoned)
    assert [{**line, "why": None} for line in reasoned] == [{**line, "why": None} for line in plain]
    assert lines(run(TEXT, "--json", "--no-fold"))[0]["duplicates"] == []
    (twin,) = [line for line in lines(run(TEXT, "-k", 40, "--json")) if line["duplicates"]]
    assert {twin["id"], *twin["duplicates"]} == {ID, "twin"}


def test_every_format_parses_back(run: Run, library: Library, tmp_path: Path) -> None:
    for arguments in ([ID, "-k", 12], [TEXT, "-k", 12], [TEXT, OTHER, "-k", 12, "--why"]):
        words = [str(word) for word in arguments if word in (ID, TEXT, OTHER)]
        expected = library.find_similar(*words, k=12)
        ids = [match.paper.id for match in expected]
        outputs = {name: run(*arguments, "--format", name) for name in ("bibtex", "csv", "ids", "json", "md")}
        assert {result.stderr for result in outputs.values()} == {""}
        assert outputs["ids"].stdout.splitlines() == ids
        assert [line["id"] for line in lines(outputs["json"])] == ids
        rows = list(csv.DictReader(io.StringIO(outputs["csv"].stdout, newline="")))
        assert [(row["id"], float(row["score"]), row["duplicates"]) for row in rows] == [
            (match.paper.id, pytest.approx(match.score, abs=1e-6), "; ".join(match.duplicates)) for match in expected
        ]
        (tmp_path / "found.bib").write_text(outputs["bibtex"].stdout, encoding="utf-8")
        entries = list(readers.read(tmp_path / "found.bib"))
        assert [entry.title for entry in entries if isinstance(entry, Paper)] == [m.paper.title for m in expected]
        items = re.findall(r"(?m)^(\d+)\. \[(.*)\]\((\S+)\) \((-?\d\.\d{3})\)", outputs["md"].stdout)
        assert [(int(rank), title, url) for rank, title, url, _ in items] == [
            (match.rank, match.paper.title, match.paper.url) for match in expected if match.paper.url
        ]


@pytest.mark.parametrize("form", ["bibtex", "ids", "json"])
def test_what_was_printed_can_be_asked_with(run: Run, library: Library, tmp_path: Path, form: str) -> None:
    first = [match.paper.id for match in library.similar(OTHER, 5)]
    (tmp_path / "found").write_text(run(OTHER, "-k", 5, "--format", form).stdout, encoding="utf-8")
    left = [line["id"] for line in lines(run(OTHER, "-k", 41, "--exclude", "@found", "--json"))]
    assert sorted([*left, *first, OTHER]) == sorted(record["id"] for record in RECORDS if record["id"] != "twin")
    assert lines(run("@found", "--json")) == lines(run(*first, "--json"))


@pytest.mark.parametrize(
    "arguments", [[OTHER], [TEXT], [ID], [TEXT, "--rank", "lexical"], [OTHER, TEXT], [OTHER, "--unlike", "steel"]],
    ids=["paper", "text", "twin", "words", "mixture", "unlike"],
)  # fmt: skip
def test_reasons_for_people_add_up(run: Run, arguments: list[str]) -> None:
    """What is printed as a sum is one."""
    shown = run(*arguments, "--why", "-k", 5)
    assert shown.exit_code == 0
    assert shown.stdout.count("more similar than") == 5
    sums = re.findall(r"score +(-?[\d.]+) = (-?[\d.]+) dense ([+-]) ([\d.]+) lexical", shown.stdout)
    assert len(sums) == 5 or len(arguments) > 1
    for total, dense, sign, words in sums:
        assert float(total) == pytest.approx(float(dense) + float(sign + words), abs=0.00151)


# --- libraries with little in them


def test_a_library_without_a_model(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", MODEL.embed([Paper.from_record(record).text for record in RECORDS]))
    (tmp_path / "papers.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    Library.build(tmp_path / "papers.jsonl", tmp_path / "bare", vectors=tmp_path / "vectors.npy").close()
    for ranking in ("fused", "dense"):
        assert "name the model that made them with --model, or search for the words alone" in error(
            run(TEXT, "-l", "bare", "--rank", ranking)
        )
    for arguments in ([TEXT], [TEXT, "steel"], [TEXT, "--why"], [TEXT, "--diverse", "0.5"], [TEXT, ID]):
        shown = run(*arguments, "-l", "bare", "--rank", "lexical")
        assert shown.exit_code == 0
        assert len(lines(run(*arguments, "-l", "bare", "--rank", "lexical", "--json"))) == 10
    assert len(lines(run(ID, "-l", "bare", "--why", "--json"))) == 10
    assert run(ID, "-l", "bare", "--why").exit_code == 0


def test_a_library_of_one_paper(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(json.dumps(RECORDS[8]))
    Library.build(tmp_path / "one.jsonl", tmp_path / "one", model=MODEL).close()
    for options in ([], ["--why"], ["--diverse", "1"], ["--rank", "lexical", "--why"], ["--unlike", "steel"]):
        assert run(ID, "-l", "one", *options).exit_code == 0
        assert run(TEXT, "-l", "one", *options).exit_code == 0
        assert len(lines(run(TEXT, "-l", "one", *options, "--json"))) == 1


# --- errors


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("x", "--title", "y"), ("--text",), ("--text", "x", "y"), ("--text", "--title", "y"), ("x", "-k", "0"),
        ("x", "-k", "-3"), ("x", "-k", "many"), ("x", "--diverse", "2"), ("x", "--diverse", "-0.1"),
        ("x", "--rank", "best"), ("x", "--format", "xml"), ("--batch", "missing.txt"), ("x", "--batch", "ids.txt"),
        ("x", "--nonsense"),
    ],
)  # fmt: skip
def test_usage_errors_are_status_2(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "the query is empty"),
        ((" \t",), "the query is empty"),
        (("?!",), "the query is empty"),
        (("🚀",), "the query is empty"),
        (("the of", "--rank", "lexical"), "no paper of this library has any word of"),
        (("2010.99999",), "no paper '2010.99999' in this library; the nearest ids are 2010.000"),
        (("arXiv:2010.99999:2",), "no paper 'arXiv:2010.99999' in this library"),
        (("arXiv:0704.0001",), "no paper 'arXiv:0704.0001' in this library"),
        ((ID, "--unlike", f"arXiv:{ID}:2"), f"{ID} is in both what to be like and what to be unlike"),
        ((ID, "--like", f"{ID}:0"), "a weight of 0 counts for nothing"),
        ((ID, "--exclude", "some text"), "'some text' is no paper of this library"),
        (("@missing.bib",), "missing.bib: there is no such file"),
        (("missing.md",), "missing.md: there is no such file"),
        (("@.",), "cannot be read"),
        (("@/",), "cannot be read"),
        ((ID, "--since", "2030"), "no paper of 41 passes all filters: --since keeps 0"),
        ((ID, "--year", "2015", "--category", "stat"), "--year keeps 7, --category keeps 0"),
        ((ID, "--author", "a* OR NEAR("), "--author keeps 0"),
        ((ID, "--author", '"'), "has no letters"),
        ((ID, "--category", "a b"), "is not one category"),
        ((ID, "--where", "1=1; DROP TABLE papers"), "; has no place in a condition"),
        ((ID, "--where", "1=1 UNION SELECT 1"), "select"),
        ((ID, "--where", "'"), "has no place in a condition"),
        ((ID, "--since", "2020-13"), "is no date"),
        ((ID, "--diverse", "nan"), "diverse is nan"),
        (("--title", ""), "no title holds"),
        (("--title", '" OR "'), "no title holds"),
        (("--title", "title : *"), "no title holds"),
        (("--title", "On"), "is in several titles"),
        ((ID, "-l", "nowhere"), "holds no library"),
        (("\0",), "the query is empty"),
        (("@a\0b",), "a"),
        (("a\0.md",), "a"),
        ((ID, "--like", "\0"), "the query is empty"),
        ((ID, "--where", "1 = 1\0"), "characters that are none of a text"),
        ((ID, "--category", "\0"), "--category keeps 0"),
        ((ID, "--since", "\0"), "is no date"),
        ((TEXT, "--model", "other"), "a text embedded with other"),
    ],
)
def test_errors_are_one_line_and_status_1(run: Run, arguments: tuple[str, ...], message: str) -> None:
    assert message.lower() in error(run(*arguments)).lower()
    assert message.lower() in error(run(*arguments, "--json")).lower()
    assert message.lower() in error(run(*arguments, "--format", "csv", "--why")).lower()


def test_files_that_are_no_texts(run: Run, tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(b"depth steel\n" * 1_800_000)  # 21 MB
    (tmp_path / "zeros.md").write_bytes(b"\0" * 999)
    (tmp_path / "bytes.md").write_bytes(bytes(range(256)) * 99)
    (tmp_path / "folder.md").mkdir()
    for name, message in {
        "large.txt": "is larger than 16 MiB",
        "zeros.md": "has no words",
        "folder.md": "cannot be read",
    }.items():
        assert message in error(run(name))
        assert message in error(run(f"@{name}"))
        assert message in error(run(ID, "--exclude", f"@{name}"))
    assert len(lines(run("bytes.md", "--json"))) == 10


def test_no_answer_is_said_and_is_no_error(run: Run) -> None:
    result = run(ID, "--where", f"id = '{ID}'", "--json")
    assert (result.exit_code, result.stdout) == (0, "")
    result = run(ID, "--where", f"id = '{ID}'")
    assert result.exit_code == 0
    assert "the library holds no other paper" not in result.stderr  # it holds forty


def test_bytes_that_are_no_text(path: Path, tmp_path: Path) -> None:
    """Arguments and files' names of other encodings, in a process of its own."""
    for arguments, message in (
        ([b"2010.99999\xff"], b"no paper '2010.99999"), ([b"--title", b"\xff\xfe"], b"no title holds"),
        ([b"@\xff.bib"], b"there is no such file"), ([b"\xff\xfe.md"], b"there is no such file"),
        ([ID.encode(), b"--author", b"\xff"], b"has no letters"), ([ID.encode(), b"--where", b"id = '\xff'"], b"--where"),
    ):  # fmt: skip
        command = [os.fsencode(sys.executable), b"-P", b"-m", b"explorer", b"find-similar", b"-l", os.fsencode(path)]
        result = subprocess.run([*command, *arguments], capture_output=True, check=False, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (1, b"")
        assert message in result.stderr
        assert result.stderr.count(b"\n") == 1
    # Its model is found nowhere; standard input is read before that.
    result = subprocess.run([*command, b"-"], input=bytes(range(256)), capture_output=True, check=False, cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr.count(b"\n")) == (1, b"", 1)
    assert b"words" in result.stderr


# --- many queries


def test_a_batch_answers_line_by_line(run: Run, library: Library, tmp_path: Path) -> None:
    queries = [ID, TEXT, RECORDS[5]["title"], "深度 估计"]
    expected = [{"query": query, **line} for query in queries for line in as_lines(library.find_similar(query, k=3))]
    for content in ("\n".join(queries), "\ufeff" + "\r\n".join(["", *queries, " ", ""])):
        (tmp_path / "queries.txt").write_text(content, encoding="utf-8", newline="")
        assert lines(run("--batch", "queries.txt", "-k", 3)) == expected
        assert lines(run("--batch", "-", "-k", 3, "--json", input=content)) == expected


def test_a_batch_goes_on_after_what_it_cannot_answer(run: Run, library: Library, tmp_path: Path) -> None:
    bad = ["2010.99999", "?!", "\0", f"{ID}:0", "@ids.txt", "draft.md", "x" * 5000 + "12345", '" OR * NEAR(']
    (tmp_path / "queries.txt").write_bytes("\n".join([ID, *bad, TEXT]).encode() + b"\n\xff\xfe\n")
    result = run("--batch", "queries.txt", "-k", 2)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    failed = [line["query"] for line in found if "error" in line]
    assert failed == ["2010.99999", "?!", "\0", f"{ID}:0", "\ufffd\ufffd"]
    assert all(line.keys() == {"query", "error"} for line in found if "error" in line)
    # In a batch, which may come from strangers, nothing is a file's name.
    assert {line["query"]: line["query_kind"] for line in found if "error" not in line} == {
        ID: "id", "@ids.txt": "text", "draft.md": "text", "x" * 5000 + "12345": "text", '" OR * NEAR(': "text", TEXT: "text"
    }  # fmt: skip
    assert result.exit_code == 1
    assert result.stderr == "explorer: 5 of the queries could not be answered\n"


def test_options_of_a_batch_hold_for_each_of_its_queries(run: Run, library: Library, tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_text(f"{ID}\n{TEXT}\n")
    found = lines(run("--batch", "queries.txt", "--rank", "dense", "--since", "2017", "--unlike", OTHER, "--why"))
    expected = [
        {"query": query, **line}
        for query in (ID, TEXT)
        for line in as_lines(library.find_similar(query, rank="dense", since="2017", unlike=[OTHER], why=True))
    ]
    assert found == expected
    result = run("--batch", "queries.txt", "--since", "2030")
    assert [json.loads(line)["query"] for line in result.stdout.splitlines()] == [ID, TEXT]
    assert result.exit_code == 1


def test_files_that_the_command_names_are_read_in_a_batch_too(run: Run, library: Library, tmp_path: Path) -> None:
    """Who typed --exclude @library.bib is no stranger; only the lines of the batch may be a stranger's."""
    (tmp_path / "queries.txt").write_text(f"{ID}\n{TEXT}\n")
    found = lines(run("--batch", "queries.txt", "--exclude", "@list.bib", "-k", 41))
    assert {line["query"] for line in found} == {ID, TEXT}
    assert "2010.00003" not in {line["id"] for line in found}


def test_an_empty_batch_is_no_error(run: Run) -> None:
    assert lines(run("--batch", "-", input="\n \n")) == []


def test_a_batch_in_another_format_is_not_silently_json(run: Run) -> None:
    """Either the format that was asked for, or an error of usage."""
    result = run("--batch", "-", "--format", "ids", "-k", 2, input=f"{ID}\n")
    if result.exit_code == 0:
        assert not result.stdout.startswith("{")
    else:
        assert result.exit_code == 2
