"""What the user names - files, folders, standard input - and what the command line says of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from explorer.builder import intake
from explorer.builder.intake import Inputs
from explorer.builder.options import InputOptions, ReadReport, Rejection
from explorer.cli import cli
from explorer.cli.printing import print_reading
from explorer.errors import InvalidInput, UnknownFormat
from explorer.papers import Paper
from explorer.readers import Content, Reader, Record, Rejected, Source, files, open_regular, registered, walk

ONE = '{"id": "one", "title": "One", "abstract": "Words."}\n'
TWO = '{"id": "two", "title": "Two"}\n'
DIGEST = "### 1.A title  [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)\n>  An abstract.\n"


@pytest.fixture(autouse=True)
def _own_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only these formats, so that others that come say nothing of what is in here."""
    mine = tuple(reader for reader in registered() if reader.name in {"bibtex", "digest", "jsonl"})
    monkeypatch.setattr(files, "registered", lambda: mine)


def read(*paths: Path | str, strict: bool = False) -> list[tuple[str, Record]]:
    with Inputs([Path(path) for path in paths], InputOptions(strict=strict)) as inputs:
        return list(inputs.records())


def read_names(*paths: Path | str) -> list[tuple[str, str]]:
    """The name of each file with its paper's id or why there is none."""
    return [(name, one.id if isinstance(one, Paper) else one.reason) for name, one in read(*paths)]


def write(folder: Path, contents: dict[str, str]) -> None:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


@pytest.fixture
def papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder "papers" in the current one."""
    monkeypatch.chdir(tmp_path)
    Path("papers").mkdir()
    return Path("papers")


# --- folders


def test_a_folder_is_read_in_the_order_of_names(papers: Path) -> None:
    write(papers, {"b.jsonl": ONE, "a/z.md": DIGEST, "a/y/x.jsonl": TWO, "c": ONE, "B": TWO})
    assert read_names(papers) == [
        ("papers/B", "two"),
        ("papers/a/y/x.jsonl", "two"),
        ("papers/a/z.md", "2010.02893"),
        ("papers/b.jsonl", "one"),
        ("papers/c", "one"),
    ]
    assert read_names(".") == [(name, paper) for name, paper in read_names(papers)]
    assert read_names(papers / "c", papers / "a", papers / "c")[-1] == ("papers/c", "one")


def test_what_is_odd_in_a_folder_is_told_and_skipped(papers: Path) -> None:
    write(papers, {"README.txt": "Some words.", "empty": "", "a.jsonl": ONE, ".hidden.jsonl": ONE, ".git/x.jsonl": ONE})
    write(Path(), {"outside.jsonl": ONE})
    (papers / "link.jsonl").symlink_to(Path("outside.jsonl").absolute())
    (papers / "loop").symlink_to(papers.absolute())
    (papers / "nowhere").symlink_to("nowhere at all")
    os.mkfifo(papers / "pipe")
    with zipfile.ZipFile(papers / "x.zip", "w") as archive:
        archive.writestr("inner.jsonl", TWO)
        archive.writestr("README", "Some words.")
    link = "a link: not followed"
    assert read_names(papers) == [
        ("papers/README.txt", "in no known format"),
        ("papers/a.jsonl", "one"),
        ("papers/empty", "the file is empty"),
        ("papers/link.jsonl", link),
        ("papers/loop", link),
        ("papers/nowhere", link),
        ("papers/pipe", "no regular file"),
        ("papers/x.zip/inner.jsonl", "two"),
        ("papers/x.zip/README", "in no known format"),
    ]
    assert {(one.line, one.unit) for _, one in read(papers) if isinstance(one, Rejected)} == {(0, "file")}
    assert read(papers, strict=True) == read(papers)  # nothing is wrong with these files


@pytest.mark.parametrize("own", [["manifest.json", "papers-0123456a.sqlite"], [".paper-explorer.lock"]])
def test_our_own_libraries_are_left_out(papers: Path, own: list[str]) -> None:
    write(papers, {"a.jsonl": ONE, "library/rejected-0123456a.jsonl": TWO, "library/sub/b.jsonl": TWO})
    assert len(read(papers)) == 3
    write(papers, {f"library/{name}": "x" for name in own})
    assert read_names(papers) == [("papers/a.jsonl", "one")]
    with pytest.raises(InvalidInput, match=r"^papers/library: a library of the explorer: name what it was made of$"):
        read(papers / "library")
    with Inputs([papers / "library"], InputOptions()) as inputs, pytest.raises(InvalidInput, match="a library of the"):
        inputs.check()


def test_a_manifest_alone_makes_no_library(papers: Path) -> None:
    write(papers, {"manifest.json": "{}", "a.jsonl": ONE})
    assert ("papers/a.jsonl", "one") in read_names(papers)


def test_folders_are_not_followed_without_end(papers: Path) -> None:
    deep = papers / "/".join(["x"] * 120)
    deep.mkdir(parents=True)
    write(deep.parents[25], {"a.jsonl": ONE})
    ((told, reason),) = [found for found in walk(papers) if found.reason]
    assert reason == "deeper than 100 folders"
    assert told.parts == ("papers", *["x"] * 100)
    assert [one for _, one in read_names(papers)] == ["one", "deeper than 100 folders"]


def test_files_that_cannot_be_read_cost_no_other(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(papers, {"a.jsonl": ONE, "b.jsonl": ONE, "c.jsonl": TWO})

    def refuse(path: Path) -> io.FileIO:
        if path.name == "b.jsonl":
            raise PermissionError(13, "Permission denied")
        return open_regular(path)

    monkeypatch.setattr(intake, "open_regular", refuse)
    assert [one for _, one in read_names(papers)] == ["one", "cannot be read: Permission denied", "two"]
    with pytest.raises(InvalidInput, match=r"^papers/b\.jsonl: cannot be read: Permission denied$"):
        read(papers, strict=True)
    with pytest.raises(InvalidInput, match=r"^papers/b\.jsonl: cannot be read: .*Permission denied"):
        read(papers / "b.jsonl")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are Unicode here")
def test_names_of_files_may_be_anything(papers: Path) -> None:
    strange = os.fsdecode(b"papers/\xff\n\x1b[2J")
    write(papers, {Path(strange).name: ONE + "{}\n"})
    assert {name for name, _ in read_names(papers)} == {strange}
    with Inputs([papers, Path(strange)], InputOptions()) as inputs:
        assert [json.loads(json.dumps(one))["name"] for one in inputs.described()] == ["papers", Path(strange).name]
    assert dry_run(papers)["files"][0]["name"] == strange  # type: ignore[index]
    Path(strange).rename(papers / "x\x1b[2J")
    shown = run("build", papers, "--dry-run").stdout
    assert "\x1b" not in shown
    assert "1 paper, 1 rejected" in shown


def test_a_folder_that_cannot_be_listed_costs_no_other(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(papers, {"a.jsonl": ONE, "b/b.jsonl": ONE, "c.jsonl": TWO})
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert [one for _, one in read_names(papers)] == ["one", "cannot be read: Permission denied", "two"]


def test_a_damaged_file_in_a_folder_keeps_what_precedes(papers: Path) -> None:
    lines = "".join(json.dumps({"title": hashlib.sha512(b"%d" % n).hexdigest()}) + "\n" for n in range(1000))
    (papers / "a.gz").write_bytes(gzip.compress(lines.encode(), mtime=0)[:-9000])
    write(papers, {"b.jsonl": ONE})
    records = read(papers)
    assert records[-1] == ("papers/b.jsonl", Paper("one", "One", "Words."))
    (damage,) = [one for _, one in records if isinstance(one, Rejected)]
    assert damage.line == len(records) - 1 > 700
    with pytest.raises(InvalidInput, match=rf"^papers/a\.gz:{damage.line}: cannot be read to its end: "):
        read(papers, strict=True)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 200])
def test_what_precedes_a_refusal_is_read(count: int, papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_later(source: Source) -> Iterator[Record]:
        yield from (Paper(f"p{n}", "Title") for n in range(count))
        raise InvalidInput(f"{source.name}: no more")

    refusing = Reader("refusing", "made up", (".x",), lambda head: head.startswith("x"), refuse_later)
    mine = files.registered()
    monkeypatch.setattr(files, "registered", lambda: (*mine, refusing))
    write(papers, {"a": "x\n", "b.jsonl": ONE})
    assert read_names(papers) == [
        *(("papers/a", f"p{n}") for n in range(count)),
        ("papers/a", "no more"),
        ("papers/b.jsonl", "one"),
    ]


@pytest.mark.parametrize(("length", "most"), [(10, 64), (100_000, 10), (2_000_000, 1)])
def test_records_in_hand_are_few_where_they_are_long(length: int, most: int) -> None:
    given = [Paper(str(n), "Title", "x" * length) for n in range(150)]
    together = list(intake._in_hand(iter(given)))
    assert max(map(len, together)) == most
    assert list(chain.from_iterable(together)) == given


def test_a_reader_that_refuses_a_file_costs_no_other(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Source) -> object:
        raise InvalidInput(f"{source.name}: there is no column 'x'")

    refusing = Reader("refusing", "made up", (".x",), lambda head: head.startswith("x"), refuse)  # type: ignore[arg-type]
    mine = files.registered()
    monkeypatch.setattr(files, "registered", lambda: (*mine, refusing))
    write(papers, {"a.jsonl": ONE, "b": "x\n"})
    assert read_names(papers)[1] == ("papers/b", "there is no column 'x'")
    with pytest.raises(InvalidInput, match=r"^papers/b: there is no column 'x'$"):
        read(papers / "b")


# --- what was named


def test_a_named_file_must_be_readable(papers: Path) -> None:
    write(papers, {"words": "Some words.", "empty": "", "sub/words": "Some words.", "none/.hidden": ONE})
    with zipfile.ZipFile("x.zip", "w") as archive:
        archive.writestr("words", "Some words.")
    for name, kind, message in [
        ("papers/words", UnknownFormat, "papers/words: in no format that the explorer reads; these are bibtex"),
        ("papers/empty", InvalidInput, "papers/empty: the file is empty"),
        ("nowhere", InvalidInput, "nowhere: there is no such file"),
        ("nul\0", InvalidInput, "nul\0: cannot be read: embedded null byte"),
        ("/dev/null", InvalidInput, "/dev/null: cannot be read: no regular file"),
        ("papers/none", InvalidInput, "papers/none: there is no file in it"),
        ("papers/sub", InvalidInput, "papers/sub: nothing in it is in a format that the explorer reads ('explorer formats' lists them); the first: papers/sub/words: in no known format"),
        ("x.zip", InvalidInput, "x.zip: nothing in it is in a format that the explorer reads ('explorer formats' lists them); the first: x.zip/words: in no known format"),
    ]:  # fmt: skip
        with Inputs([Path(name)], InputOptions()) as inputs:
            with pytest.raises(kind) as caught:
                inputs.check()
            assert str(caught.value).startswith(message)
            if name not in {"papers/sub", "papers/none", "x.zip"}:
                with pytest.raises(kind) as caught:
                    list(inputs.records())
                assert str(caught.value).startswith(message)
    with Inputs([papers / "sub", papers], InputOptions()) as inputs, pytest.raises(InvalidInput, match="papers/sub: "):
        inputs.check()


def test_what_can_be_read_is_checked_and_read_as_often_as_one_likes(papers: Path) -> None:
    write(papers, {"a.jsonl": ONE, "words": "Some words."})
    with Inputs([papers, papers / "a.jsonl"], InputOptions()) as inputs:
        inputs.check()
        first = list(inputs.records())
        inputs.check()
        assert list(inputs.records()) == first
    assert [name for name, _ in first] == ["papers/a.jsonl", "papers/words", "papers/a.jsonl"]


def test_strict_names_file_and_line(papers: Path) -> None:
    write(papers, {"a.jsonl": ONE + "{}\n" + TWO})
    assert read_names(papers) == [("papers/a.jsonl", "one"), ("papers/a.jsonl", "neither title nor abstract"), ("papers/a.jsonl", "two")]  # fmt: skip
    for named in (papers, papers / "a.jsonl"):
        with pytest.raises(InvalidInput, match=r"^papers/a\.jsonl:2: neither title nor abstract$"):
            read(named, strict=True)


def test_notes_name_their_file(papers: Path) -> None:
    (papers / "a.jsonl").write_bytes('{"title": "Café"}\n'.encode("latin-1") * 2)
    write(papers, {"b.jsonl": ONE})
    with Inputs([papers], InputOptions()) as inputs:
        list(inputs.records())
        list(inputs.records())
        assert inputs.notes == ("papers/a.jsonl: not UTF-8: read as Latin-1",)
        for number in range(200):
            content = Content(str(number), None, Source(io.BufferedReader(io.BytesIO())))  # type: ignore[arg-type]
            assert content.source is not None
            content.source.note("odd")
            inputs.note(content)
        assert len(inputs.notes) == 100


def test_how_inputs_are_described(papers: Path) -> None:
    write(papers, {"a.jsonl": ONE, "sub/b": TWO})
    with Inputs([Path("papers/a.jsonl"), papers, papers.absolute(), Path("papers/sub/..")], InputOptions()) as inputs:
        file, folder, again, dots = inputs.described()
    assert file == {"name": "a.jsonl", "sha256": hashlib.sha256(ONE.encode()).hexdigest()}
    assert folder == again
    assert folder["name"] == "papers"
    assert dots["sha256"] == folder["sha256"]

    def changed(change: Callable[[], object]) -> bool:
        change()
        with Inputs([papers], InputOptions()) as inputs:
            (now,) = inputs.described()
        before, folder["sha256"] = folder["sha256"], now["sha256"]
        return bool(before != now["sha256"])

    assert not changed(lambda: write(papers, {".hidden": "x", "library/.paper-explorer.lock": "x"}))
    assert changed(lambda: write(papers, {"a.jsonl": ONE + " "}))
    assert changed(lambda: (papers / "a.jsonl").rename(papers / "c.jsonl"))
    assert changed(lambda: (papers / "c.jsonl").rename(papers / "sub" / "c.jsonl"))
    assert changed((papers / "sub" / "b").unlink)
    assert not changed(lambda: (papers / "link").symlink_to("sub"))
    with Inputs([Path("nowhere")], InputOptions()) as inputs, pytest.raises(InvalidInput, match="no such file"):
        inputs.described()


# --- standard input, pipes


def give(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize("content", [ONE.encode(), gzip.compress(ONE.encode(), mtime=0), ONE.encode("utf-16")])
def test_standard_input(papers: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, content)
    with Inputs([Path("-"), Path("-")], InputOptions(), work=papers) as inputs:
        assert inputs.described() == [{"name": "-", "sha256": hashlib.sha256(content).hexdigest()}] * 2
        inputs.check()
        for _ in range(2):
            assert [(name, one.id) for name, one in inputs.records() if isinstance(one, Paper)] == [("standard input", "one")] * 2  # fmt: skip
    assert list(papers.iterdir()) == []


def test_archives_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a.jsonl", ONE + "{}\n")
    give(monkeypatch, whole.getvalue())
    assert [name for name, _ in read("-")] == ["standard input/a.jsonl"] * 2


def test_standard_input_that_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for content, message in {
        b"": "standard input: the file is empty",
        b"words": "standard input: in no format",
    }.items():
        give(monkeypatch, content)
        with Inputs([Path("-")], InputOptions()) as inputs, pytest.raises(InvalidInput, match=f"^{message}"):
            inputs.check()
    monkeypatch.setattr(sys, "stdin", None)
    with (
        Inputs([Path("-")], InputOptions()) as inputs,
        pytest.raises(InvalidInput, match=r"^standard input is closed$"),
    ):
        inputs.described()


def test_standard_input_that_cannot_be_kept(papers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, ONE.encode())
    refused = pytest.raises(InvalidInput, match=r"^standard input: cannot be kept in papers/nowhere: ")
    with Inputs([Path("-")], InputOptions(), work=papers / "nowhere") as inputs, refused:
        inputs.described()


def test_a_pipe_with_a_name(papers: Path) -> None:
    """As `explorer build <(curl ...)` gives one: it can be read only once."""
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_text(ONE))
    writer.start()
    with Inputs([Path("pipe")], InputOptions()) as inputs:
        inputs.check()
        assert inputs.described() == [{"name": "pipe", "sha256": hashlib.sha256(ONE.encode()).hexdigest()}]
        assert [name for name, _ in inputs.records()] == ["pipe"]
    writer.join()


# --- the command line


def run(*arguments: str | Path, **options: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in arguments], **options)  # type: ignore[arg-type]


def dry_run(*arguments: str | Path, status: int = 0, **options: object) -> dict[str, object]:
    result = run("build", *arguments, "--dry-run", "--json", **options)
    assert result.exit_code == status, result.output
    assert result.stderr == ""
    (line,) = result.stdout.splitlines()
    value: dict[str, object] = json.loads(line)
    return value


def test_a_dry_run_of_one_file(papers: Path) -> None:
    records = "".join(json.dumps({"id": f"p{n}", "title": f"Paper {n}", "abstract": "Words."}) + "\n" for n in range(4))
    (papers / "a.jsonl").write_bytes(records.encode() + b'{"id": "p1", "title": "Caf\xe9"}\n' + b"{}\n" * 12)
    assert dry_run("papers/a.jsonl") == {
        "format": "jsonl",
        "papers": 5,
        "rejected": 12,
        "repeated": 1,
        "without_abstract": 1,
        "files": [
            {
                "name": "papers/a.jsonl",
                "format": "jsonl",
                "papers": 5,
                "rejected": 12,
                "without_abstract": 1,
                "columns": {"id": "id", "title": "title", "abstract": "abstract"},
                "notes": ["not UTF-8: read as Latin-1"],
                "first": [{"id": f"p{n}", "title": f"Paper {n}"} for n in range(3)],
                "skipped": [
                    {"file": "papers/a.jsonl", "line": line, "reason": "neither title nor abstract", "unit": "line"}
                    for line in range(6, 16)
                ],
            }
        ],
    }
    assert run("build", "papers/a.jsonl", "--dry-run").stdout.splitlines() == [
        "papers/a.jsonl: jsonl, 5 papers (1 without an abstract), 12 rejected",
        "  columns: title = title, abstract = abstract, id = id",
        "  not UTF-8: read as Latin-1",
        "  p0  Paper 0",
        "  p1  Paper 1",
        "  p2  Paper 2",
        *[f"  skipped: papers/a.jsonl:{line}: neither title nor abstract" for line in range(6, 16)],
        "  skipped: and 2 more",
        "In all: 5 papers (1 without an abstract), 12 rejected, 1 of them repeated",
    ]
    assert sorted(path.name for path in Path().rglob("*")) == ["a.jsonl", "papers"]  # no library anywhere


def test_a_dry_run_of_a_folder(papers: Path) -> None:
    write(papers, {"a.jsonl": ONE, "b.md": DIGEST, "README": "Some words."})
    found = dry_run(papers)
    assert "format" not in found
    assert (found["papers"], found["rejected"], found["repeated"]) == (2, 1, 0)
    formats = [(file["name"], file["format"], file["papers"]) for file in found["files"]]  # type: ignore[attr-defined]
    assert formats == [("papers/README", None, 0), ("papers/a.jsonl", "jsonl", 1), ("papers/b.md", "digest", 1)]
    assert run("build", papers, "--dry-run").stdout.splitlines() == [
        "papers/README: not read: in no known format",
        "papers/a.jsonl: jsonl, 1 paper",
        "  columns: title = title, abstract = abstract, id = id",
        "  one  One",
        "papers/b.md: digest, 1 paper",
        "  2010.02893  A title",
        "In all: 2 papers, 1 rejected",
    ]


def test_a_dry_run_that_would_read_nothing(papers: Path) -> None:
    write(papers, {"words": "Some words.", "bad.jsonl": '{"title": ""}\n'})
    nothing = dry_run("papers/words", status=1)
    assert (nothing["papers"], nothing["rejected"]) == (0, 1)
    assert [file["skipped"][0]["reason"] for file in nothing["files"]] == ["in no known format"]  # type: ignore[attr-defined]
    assert dry_run("papers/bad.jsonl", status=1)["format"] == "jsonl"
    assert dry_run("nowhere", status=1)["files"][0]["skipped"][0]["reason"] == "there is no such file"  # type: ignore[index]
    shown = run("build", "papers/words", "--dry-run")
    assert (shown.exit_code, shown.stdout) == (
        1,
        "papers/words: not read: in no known format\nNothing would be read.\n",
    )


def test_a_dry_run_of_a_build_that_would_fail(papers: Path) -> None:
    write(papers, {"words": "Some words.", "a.jsonl": ONE + "{}\n"})
    assert dry_run("papers/a.jsonl")["papers"] == 1
    assert dry_run("papers/a.jsonl", "--strict", status=1)["papers"] == 1
    assert dry_run("papers/a.jsonl", "papers/words", status=1)["format"] == "jsonl"
    shown = run("build", "papers/a.jsonl", "papers/words", "--dry-run")
    assert shown.stdout.splitlines()[-1] == "In all: 1 paper, 2 rejected; a build would fail"


def test_a_dry_run_of_standard_input(papers: Path) -> None:
    found = dry_run("-", input=gzip.compress(ONE.encode(), mtime=0))
    assert (found["format"], found["papers"]) == ("jsonl", 1)
    assert found["files"][0]["name"] == "standard input"  # type: ignore[index]


def test_a_dry_run_as_a_process(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "explorer", "build", "-", "--dry-run", "--json"]
    result = subprocess.run(
        command, input=gzip.compress((ONE + TWO).encode(), mtime=0), capture_output=True, check=True
    )
    assert json.loads(result.stdout)["papers"] == 2


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format in which a line is a title, and which tells what it was asked for."""

    def lines(source: Source) -> object:
        source.chosen = dict(source.columns) or {"title": "guessed"}
        for _, line in source.lines():
            yield Paper.from_record({"title": line, "id": line})

    made = Reader("csv", "made up", (".csv",), lambda head: head.startswith("a,"), lines, True, True)  # type: ignore[arg-type]
    mine = files.registered()
    monkeypatch.setattr(files, "registered", lambda: (*mine, made))


def test_columns(papers: Path, table: None) -> None:
    write(papers, {"a.csv": "a,b\n", "b.csv": "b,c\n", "c.md": DIGEST, "words": "x"})

    def columns(*arguments: str, status: int = 0) -> object:
        return dry_run(*arguments, status=status)["files"][0]["columns"]  # type: ignore[index]

    assert columns("papers/a.csv") == {"title": "guessed"}
    assert columns("papers/a.csv", "--columns", "title=Name, abstract = The Words,date=Year, or so") == {
        "title": "Name",
        "abstract": "The Words",
        "date": "Year, or so",
    }
    assert columns("papers/a.csv", "--columns", "title=Name", "--columns", "doi=D=I") == {"title": "Name", "doi": "D=I"}
    assert columns("papers/b.csv", status=1) == {}
    assert columns("papers/b.csv", "--columns", "title=x") == {"title": "x"}
    refused = dry_run("papers/c.md", "--columns", "title=x", status=1)
    assert refused["files"][0]["skipped"][0]["reason"] == "it is digest: columns can be chosen for jsonl, csv only"  # type: ignore[index]
    assert dry_run("papers", "--columns", "title=x")["papers"] == 3
    assert run("build", "papers/a.csv", "--columns", "title=Name", "--dry-run").stdout.splitlines()[:2] == [
        "papers/a.csv: csv, 1 paper (1 without an abstract)",
        "  columns: title = Name",
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("title", "'title' is not FIELD=COLUMN"),
        ("title=", "'title=' is not FIELD=COLUMN"),
        ("name=x", "'name' is no field; there are title, abstract, authors, date, year, categories, "),
        ("title=x,title=y", "title is given twice"),
        ("", "'' is not FIELD=COLUMN"),
    ],
)
def test_columns_that_are_misspelt(papers: Path, written: str, message: str) -> None:
    result = run("build", "x.csv", "--columns", written, "--dry-run")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_formats() -> None:
    shown = run("formats").stdout
    found = json.loads(run("formats", "--json").stdout)
    assert {"bibtex", "digest", "jsonl"} <= {one["name"] for one in found["formats"]}
    (bibtex,) = [one for one in found["formats"] if one["name"] == "bibtex"]
    assert (bibtex["suffixes"], bibtex["columns"]) == ([".bib", ".bibtex"], False)
    (line,) = [line for line in shown.splitlines() if line.startswith("bibtex ")]
    assert line.split(maxsplit=3) == ["bibtex", ".bib", ".bibtex", bibtex["description"]]
    assert [one["name"] for one in found["packings"]] == ["gzip", "bzip2", "xz", "zstd", "zip", "tar"]
    assert "gzip (.gz .tgz), bzip2 (.bz2), xz (.xz), zstd (.zst .zstd), zip (.zip), tar (.tar)" in shown


def test_what_is_said_after_a_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = ReadReport(papers=12, without_abstract=2, notes=("a: odd",))
    print_reading(report, tmp_path)
    assert capsys.readouterr().err == "a: odd\n2 papers without an abstract\n"
    for number in range(1500):
        report.reject(Rejection("a.parquet", number + 1, "bad", "row"))
    (tmp_path / "rejected-0123456a.jsonl").touch()
    print_reading(report, tmp_path)
    listed = tmp_path / "rejected-0123456a.jsonl"
    assert capsys.readouterr().err.splitlines()[2] == f"1500 records rejected; the first: a.parquet, row 1: bad; all in {listed}"  # fmt: skip
    assert len(report.rejected) == 1000
    print_reading(ReadReport(), tmp_path)
    assert capsys.readouterr().err == ""


def test_rejections_in_words() -> None:
    assert str(Rejection("a", 7, "bad")) == "a:7: bad"
    assert str(Rejection("a", 7000, "bad", "byte")) == "a, byte 7,000: bad"
    assert str(Rejection("a", 0, "bad", "file")) == "a: bad"
