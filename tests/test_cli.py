"""The command line, end to end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from hashed_words import HashedWords

from explorer import Library, ModelIdentity, Paper, __version__, embedder
from explorer import __file__ as explorer_file
from explorer.builder import embedding, plan
from explorer.cli import cli, main
from explorer.embedder import ModelFiles, remembered
from explorer.store import PaperDatabase

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in an empty folder; the model that it finds is the one of hashed words."""
    words = HashedWords()
    for module in (plan, embedder, remembered):
        monkeypatch.setattr(module, "find_model", lambda name=None, **_: ModelFiles(name or "words", tmp_path))
    for module in (embedding, embedder):
        monkeypatch.setattr(module, "load", lambda files: words)
    monkeypatch.setattr(ModelFiles, "identity", property(lambda self: HashedWords(name=self.name).identity))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("EXPLORER_LIBRARY", raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **options: CliRunner().invoke(cli, [str(word) for word in arguments], **options)


@pytest.fixture
def built(run: Run, sample: Path) -> Iterator[Run]:
    """The same, with the sample built in the default library."""
    assert run("build", sample).stdout == "60 papers in artifacts/library\n"
    yield run  # noqa: PT022


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def error(result: Result) -> str:
    """Return the one line of an error that the user can act on."""
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


# --- find-similar


def test_find_similar_by_id(built: Run) -> None:
    result = built("find-similar", "0000.00101", "-k", 3)
    expected = Library.open().similar("0000.00101", k=3)
    title = Library.open().papers["0000.00101"].title
    shown = [f"{match.rank:>3}  {match.similarity:.3f}  {match.paper.id}  {match.paper.title}" for match in expected]
    assert result.stdout.splitlines() == [f"0000.00101  {title}", *shown]
    assert result.stderr == "taken for a paper of the library\n"


def test_json_has_what_scripts_need(built: Run) -> None:
    found = lines(built("find-similar", "arXiv:0000.00101v2", "--json"))
    expected = Library.open().similar("0000.00101")
    assert [line["rank"] for line in found] == list(range(1, 11))
    assert [line["id"] for line in found] == [match.paper.id for match in expected]
    assert [line["title"] for line in found] == [match.paper.title for match in expected]
    assert [line["similarity"] for line in found] == [round(match.similarity, 6) for match in expected]
    assert [line["url"] for line in found] == [match.paper.url for match in expected]
    assert {line["query_kind"] for line in found} == {"id"}


def test_every_kind_of_query(built: Run) -> None:
    paper = Library.open().papers["0000.00101"]
    by_id = built("find-similar", paper.id, "--json").stdout
    by_title = lines(built("similar", paper.title.upper(), "--json"))
    by_part = lines(built("find-similar", "--title", paper.title[:-3], "--json"))
    assert [line["id"] for line in by_title] == [line["id"] for line in by_part]
    assert [line["id"] for line in by_title] == [json.loads(line)["id"] for line in by_id.splitlines()]
    assert {line["query_kind"] for line in by_title + by_part} == {"title"}
    for result in (
        built("find-similar", paper.text, "--json"),
        built("find-similar", "-", "--json", input=paper.text),
        built("find-similar", "--text", paper.text, "--json"),
    ):
        assert lines(result)[0]["id"] == paper.id  # a text is not a paper of the library: its twin is an answer
        assert lines(result)[0]["query_kind"] == "text"
    assert lines(built("find-similar", "--text", "0000.00101", "--json"))[0]["query_kind"] == "text"


def test_errors_are_one_line_that_says_what_to_do(built: Run) -> None:
    assert "no paper '0000.00109' in this library; the nearest ids are" in error(built("similar", "0000.00109"))
    assert "the query is empty" in error(built("similar", " "))
    assert "the query is empty" in error(built("similar", "-", input="\n"))
    assert "no title holds" in error(built("similar", "--title", "xylophone"))
    assert "holds no library: make one with" in error(built("similar", "x", "-l", "nowhere"))
    assert "a text embedded with other" in error(built("similar", "some text", "--model", "other"))
    assert "no paper '9999.99999'" in error(built("show", "9999.99999"))
    assert "there is no such file" in error(built("build", "nothing.md", "-l", "new"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("find-similar",),
        ("find-similar", "x", "--title", "y"),
        ("find-similar", "--text", "--title", "y"),
        ("find-similar", "x", "-k", "0"),
        ("nonsense",),
        ("build",),
    ],
)
def test_usage_errors_are_status_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


# --- the other commands


def test_build_says_what_it_did(run: Run, sample: Path, tmp_path: Path) -> None:
    records = ['{"title": "One"}', "not json", '{"title": "One"}', *['{"title": ""}'] * 7]
    (tmp_path / "p.jsonl").write_text("\n".join(records))
    result = run("build", "p.jsonl", "-l", "mine")
    assert result.stdout == "1 paper in mine (1 repeated, 8 rejected)\n"
    (listed,) = Path("mine").glob("rejected-*.jsonl")
    assert result.stderr.splitlines() == [
        "1 paper without an abstract",
        "8 records rejected; the first: p.jsonl:2: not JSON: Expecting value: line 1 column 1 (char 0); "
        f"all in {listed}",
    ]
    assert len(listed.read_text().splitlines()) == 8
    assert run("build", "p.jsonl", "-l", "mine").stdout == "mine is complete: 1 paper, nothing to do\n"
    assert "add --replace" in error(run("build", sample, "-l", "mine"))
    assert run("build", sample, "-l", "mine", "--replace").stdout == "60 papers in mine\n"


def test_the_library_is_where_the_environment_says(
    run: Run, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_LIBRARY", str(tmp_path / "elsewhere"))
    run("build", sample)
    assert lines(run("info", "--json"))[0]["library"] == str(tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "manifest.json").exists()


def test_show(built: Run) -> None:
    paper = Library.open().papers["0000.00101"]
    shown = built("show", "https://example.org/pdf/0000.00101.pdf").stdout
    assert shown.startswith(
        f"{paper.title}\n0000.00101  2020-01-01  invented\nhttps://example.org/pdf/0000.00101.pdf\n"
    )
    assert paper.abstract.split()[-1] in shown
    assert lines(built("show", "0000.00101", "--json"))[0]["abstract"] == paper.abstract


def test_show_what_a_stranger_wrote(run: Run, tmp_path: Path) -> None:
    """Authors, several links and no abstract; and nothing that steers a terminal."""
    record = {
        "id": "p",
        "title": "T\u001b[2J\u202eevil",
        "authors": ["A. B.", "C. D."],
        "doi": "10.1000/x",
        "categories": "cs.CV",
    }
    (tmp_path / "p.jsonl").write_text(json.dumps(record))
    run("build", "p.jsonl")
    assert run("show", "p").stdout == "T[2Jevil\nA. B., C. D.\np    cs.CV\nhttps://doi.org/10.1000/x\n"


def test_info(built: Run, sample: Path) -> None:
    (facts,) = lines(built("info", "--json"))
    assert (facts["papers"], facts["dimensions"], facts["rejected"]) == (60, 48, 0)
    assert facts["inputs"][0]["name"] == "digest.md"  # type: ignore[index]
    shown = built("info").stdout
    assert "papers:      60\n" in shown
    assert "inputs:      digest.md\n" in shown
    assert "index:       type exact, recall 1.0, k 30, rows 0\n" in shown
    assert "seed 42" in shown


def test_map(built: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert built("map").stdout == "artifacts/library/map.html\n"
    assert (tmp_path / "artifacts" / "library" / "map.html").exists()
    assert opened == []
    assert built("map", "-o", "field.html", "--open").stdout == "field.html\n"
    assert opened == [(tmp_path / "field.html").as_uri()]
    assert (
        built("build", Path(explorer_file).parent / "sample" / "digest.md").exit_code == 0
    )  # a map is in nobody's way


def test_demo(run: Run, tmp_path: Path) -> None:
    shown = run("demo").stdout.splitlines()
    assert shown[0] == "60 papers in artifacts/demo"
    assert [line[:5] for line in shown[3:8]] == ["  1  ", "  2  ", "  3  ", "  4  ", "  5  "]
    assert shown[-1] == "The map: artifacts/demo/map.html"
    assert run("demo").stdout.splitlines()[0] == "artifacts/demo is complete: 60 papers, nothing to do"
    (tmp_path / "p.jsonl").write_text('{"title": "One"}')
    assert run("demo", "p.jsonl").stdout.splitlines()[0] == "1 paper in artifacts/library"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run: Run, shell: str) -> None:
    assert "_EXPLORER_COMPLETE" in run("completion", shell).stdout


def test_every_command_has_help_and_an_example(run: Run) -> None:
    context = click.Context(cli)
    names = cli.list_commands(context)
    assert names == [
        "add", "build", "completion", "demo", "duplicates", "evaluate", "export", "fetch", "find-similar", "formats",
        "info", "layout", "map", "model", "remove", "repair", "show", "topics", "update", "verify",
    ]  # fmt: skip
    commands = {}
    for name in names:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            commands |= {(name, part): command.get_command(context, part) for part in command.list_commands(context)}
        else:
            commands[name,] = command
    assert {("model", "prepare"), ("fetch", "arxiv")} <= set(commands)
    for name, command in commands.items():
        result = run(*name, "--help")
        assert result.exit_code == 0
        assert "Example: " in result.stdout
        assert command is not None
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.name}"
    assert run("--version").stdout == f"explorer, version {__version__}\n"


def test_info_of_a_model_with_prompts(run: Run, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = ModelIdentity("e5", "1", "f", 512, "mean", ("passage: passage: ", "query: query: "))
    monkeypatch.setattr(ModelFiles, "identity", property(lambda self: identity))
    run("build", sample)
    assert "prompts passage: passage: , query: query: " in run("info").stdout


def test_nothing_of_a_stranger_steers_the_terminal(built: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = Paper("\x1b]0;pwned\x07", "title\x1b[2J\u202e\x9b", url="https://example.org/\x1b")
    monkeypatch.setattr(PaperDatabase, "papers", lambda self, rows: [hostile for _ in rows])
    monkeypatch.setattr(PaperDatabase, "nearest_ids", lambda self, paper_id: [hostile.id])
    shown = [built("similar", "0000.00101"), built("show", "0000.00101"), built("similar", "1234.56789"), built("info")]
    shown += [built("similar", "0000.00101", "--json"), built("show", "0000.00101", "--json")]
    for result in shown:
        assert not set("\x1b\x07\u202e\x9b") & set(result.output)
    assert lines(shown[4])[0]["id"] == hostile.id  # in JSON they are escaped, not lost


# --- as a process of its own


def explorer(*arguments: object, encoding: str = "utf-8", **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "explorer", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, encoding=encoding, **options)  # type: ignore[call-overload,no-any-return]


def test_both_names_are_installed() -> None:
    from importlib.metadata import entry_points

    scripts = {
        script.name: script.value for script in entry_points(group="console_scripts") if "explorer" in script.name
    }
    assert scripts == {"explorer": "explorer.cli:main", "paper-explorer": "explorer.cli:main"}


def test_an_output_that_is_not_unicode_gets_escapes(tmp_path: Path, write_papers: Callable[..., Path]) -> None:
    papers = write_papers([{"id": "a", "title": "Schrödinger 猫"}, {"id": "b", "title": "β"}])
    Library.build(papers, tmp_path / "library", model=HashedWords())
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    shown = explorer("similar", "b", "-l", tmp_path / "library", encoding="cp1252", env=environment, cwd=tmp_path)
    assert r"Schrödinger \u732b" in shown.stdout
    as_json = explorer(
        "similar", "b", "-l", tmp_path / "library", "--json", encoding="cp1252", env=environment, cwd=tmp_path
    )
    assert json.loads(as_json.stdout)["title"] == "Schrödinger 猫"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_streams_that_are_closed_or_full_are_no_traceback(sample_library: Library, tmp_path: Path) -> None:
    for redirection, message in {"- <&-": "the query is empty", "0000.00101 > /dev/full": "no space is left"}.items():
        command = f"'{sys.executable}' -P -m explorer similar -l '{sample_library.path}' {redirection}"
        result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert message in result.stderr
        assert "Traceback" not in result.stderr


def test_a_reader_that_stops_listening_is_no_error(sample_library: Library, tmp_path: Path) -> None:
    command = f"'{sys.executable}' -P -m explorer similar 0000.00101 -k 59 --json -l '{sample_library.path}' | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert json.loads(result.stdout)["rank"] == 1
    assert "Traceback" not in result.stderr
    assert "Error" not in result.stderr


def test_a_bug_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "open", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(sys, "argv", ["explorer", "info"])
    with pytest.raises(ZeroDivisionError):
        main()


@pytest.mark.model
def test_the_demo_with_the_real_model(tmp_path: Path) -> None:
    shown = explorer("demo", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    listed = shown.stdout.splitlines()
    topics = json.loads((Path(explorer_file).parent / "sample" / "topics.json").read_text(encoding="utf-8"))
    (near,) = [pair for pair in topics["near_pairs"] if "0000.00101" in pair]
    assert listed[3].split()[2] in set(near) - {"0000.00101"}
    assert (tmp_path / "artifacts" / "demo" / "map.html").stat().st_size > 1_000_000
    assert shown.stderr == ""  # no bars, no chatter, where nobody watches
    asked = explorer("find-similar", "estimating depth with one camera", "-l", "artifacts/demo", "--json", cwd=tmp_path)
    depth = topics["topics"]["monocular depth"]
    found = [json.loads(line) for line in asked.stdout.splitlines()]
    assert {line["id"] for line in found[:3]} <= set(depth)
    assert found[0]["query_kind"] == "text"


def test_a_build_reports_as_json(run: Run, write_papers: Callable[..., Path]) -> None:
    source = write_papers(
        [{"id": "a-1", "title": "One"}, {"id": "a-2", "title": "Two"}, {"id": "a-1", "title": "One"}, {}]
    )
    report = json.loads(run("build", source, "-l", "made", "--json").stdout)
    assert (report["papers"], report["repeated"], report["unchanged"]) == (2, 1, False)
    assert report["library"] == "made"
    rejection = {"file": str(source), "line": 4, "reason": "neither title nor abstract", "unit": "line"}
    assert (report["rejected"], report["rejected_count"], report["without_abstract"]) == ([rejection], 1, 2)
    assert list(report["seconds"]) == ["reading", "embedding", "words", "neighbors", "topics", "layout", "writing"]
    again = json.loads(run("build", source, "-l", "made", "--json").stdout)
    assert (again["papers"], again["unchanged"], again["seconds"]) == (2, True, {})


@pytest.mark.model
def test_a_model_is_prepared_and_shown(tmp_path: Path) -> None:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    prepared = explorer("model", "prepare", cwd=tmp_path, env=environment)
    assert re.fullmatch(
        r"sentence-transformers/all-MiniLM-L6-v2 is prepared: openvino (bfloat16|float32)\n", prepared.stdout
    )
    assert prepared.stderr == ""
    facts = json.loads(explorer("model", "show", "all-MiniLM-L6-v2", "--json", cwd=tmp_path, env=environment).stdout)
    assert (facts["pooling"], facts["max_length"]) == ("mean", 256)
    assert Path(facts["prepared"], "model.xml").is_file()
    assert facts["precision"] == prepared.stdout.split()[-1]
    assert facts["cosines"]["float32"] >= 0.9999
    assert "prepared:    " + facts["prepared"] in explorer("model", "show", cwd=tmp_path, env=environment).stdout


@pytest.mark.model
def test_a_model_that_cannot_be_prepared_says_why(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    environment = {**os.environ, "EXPLORER_CACHE": str(tmp_path / "cache")}
    refused = explorer("model", "prepare", cwd=tmp_path, env=environment)
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        "explorer: model sentence-transformers/all-MiniLM-L6-v2 cannot be prepared, torch runs it"
    )
    assert refused.stderr.count("\n") == 1
