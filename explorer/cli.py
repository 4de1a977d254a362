"""The command line: arguments to one Library call, its answer to text or JSON. No logic.

Imports click and errors; the library when a command runs, so that help and completion are instant.
"""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explorer import __version__
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from explorer.builder import BuildReport
    from explorer.library import Library
    from explorer.matches import Matches
    from explorer.papers import Paper

_KINDS = {"id": "a paper of the library", "title": "the title of a paper", "text": "free text"}
_SHOWN_REJECTED = 5
_SAMPLE = Path(__file__).parent / "sample" / "digest.md"

_library = click.option(
    "-l",
    "--library",
    "path",
    type=click.Path(path_type=Path),
    help="The library's folder. Default: $EXPLORER_LIBRARY, else artifacts/library.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
_model = click.option("--model", metavar="MODEL", help="A sentence-transformers model by name or folder.")


class _Commands(click.Group):
    """Turn what a user can act on into one line and status 1, and know the aliases."""

    _aliases = {"similar": "find-similar"}  # noqa: RUF012 -- never changed

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return super().get_command(context, self._aliases.get(name, name))

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        _, command, rest = super().resolve_command(context, arguments)
        return (command.name if command else None), command, rest

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ExplorerError as error:
            _say(f"explorer: {' '.join(str(error).split())}", err=True)
            context.exit(1)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            _say("explorer: the output cannot be written: no space is left", err=True)
            context.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="explorer")
def cli() -> None:
    """Find similar papers and see a field.

    \b
    explorer demo                                     try it on invented papers
    explorer build digest.md                          read, embed, index, project
    explorer find-similar 2010.02893                  papers like this one
    explorer find-similar "depth from one image"      papers like this text
    explorer map --open                               the interactive map
    """


@cli.command()
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@_library
@_model
@click.option("--seed", default=42, show_default=True, help="Seed of the layout.")
@click.option("--vectors", type=click.Path(path_type=Path), help="Ready vectors: (n, d), .npy, in the papers' order.")
@click.option("--replace", is_flag=True, help="Overwrite a library made of something else.")
@_as_json
def build(
    inputs: tuple[Path, ...],
    path: Path | None,
    model: str | None,
    seed: int,
    vectors: Path | None,
    replace: bool,
    as_json: bool,
) -> None:
    """Make a library of digests and JSON lines files.

    \b
    Example: explorer build digest.md more.jsonl.gz -l artifacts/vision
    """
    from explorer.library import Library

    with Library.build(inputs, path, model=model, seed=seed, vectors=vectors, replace=replace) as library:
        _print_report(library, as_json)


@cli.command("find-similar")
@click.argument("query", required=False)
@_library
@click.option("-k", default=10, show_default=True, type=click.IntRange(min=1), help="How many papers.")
@click.option("--title", metavar="PART", help="The paper whose title holds PART.")
@click.option("--text", is_flag=True, help="Take QUERY for free text, whatever it looks like.")
@_model
@_as_json
def find_similar(
    query: str | None, path: Path | None, k: int, title: str | None, text: bool, model: str | None, as_json: bool
) -> None:
    """Print the papers most like QUERY: an id or address, else a whole title, else free text; - reads standard input.

    \b
    Example: explorer find-similar https://arxiv.org/abs/2010.02893v1 -k 5
    Example: explorer find-similar --title "depth estimation" --json
    Example: explorer find-similar - < my-abstract.txt
    """
    from explorer.library import Library

    if (query is None) == (title is None) or (text and query is None):
        raise click.UsageError("give either QUERY, maybe with --text, or --title PART")
    with Library.open(path, model=model) as library:
        if title is not None:
            matches = library.find_title(title, k)
        elif query == "-":
            matches = library.search(sys.stdin.read() if sys.stdin else "", k)
        else:
            assert query is not None  # noqa: S101 -- checked above
            matches = library.search(query, k) if text else library.find_similar(query, k)
    if not as_json:
        _say(f"taken for {_KINDS[matches.query_kind]}", err=True)
    _print_matches(matches, as_json)


@cli.command()
@click.argument("paper_id", metavar="ID")
@_library
@_as_json
def show(paper_id: str, path: Path | None, as_json: bool) -> None:
    """Print one paper.

    \b
    Example: explorer show 2010.02893
    """
    from explorer.library import Library

    with Library.open(path) as library:
        _print_paper(library.papers[paper_id], as_json)


@cli.command("map")
@_library
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file. Default: map.html in the library.")
@click.option("--open", "open_it", is_flag=True, help="Show it in the browser.")
def map_(path: Path | None, output: Path | None, open_it: bool) -> None:
    """Write the interactive map: one HTML file that works offline and can be mailed.

    \b
    Example: explorer map -o field.html --open
    """
    from explorer.library import Library

    with Library.open(path) as library:
        where = library.write_map(output)
    _say(str(where))
    if open_it:
        import webbrowser

        webbrowser.open(where.absolute().as_uri())


@cli.command()
@_library
@_as_json
def info(path: Path | None, as_json: bool) -> None:
    """Say what a library is: papers, model, parameters, size.

    \b
    Example: explorer info -l artifacts/vision --json
    """
    from explorer.library import Library

    with Library.open(path) as library:
        facts = library.info()
    _print_facts(facts, as_json)


@cli.command()
@click.argument("source", metavar="[INPUT]", required=False, type=click.Path(path_type=Path))
@_library
@click.option("--replace", is_flag=True, help="Overwrite a library made of something else.")
def demo(source: Path | None, path: Path | None, replace: bool) -> None:
    """Build a library, find five similar papers, write the map. Without INPUT: sixty invented papers in artifacts/demo.

    \b
    Example: explorer demo
    Example: explorer demo digest.md -l artifacts/vision
    """
    from explorer.library import Library

    where = Path("artifacts", "demo") if source is None and path is None else path
    with Library.build(source or _SAMPLE, where, replace=replace) as library:
        _print_report(library)
        _say("")
        _print_matches(library.similar(library.papers[0].id, k=5), as_json=False)
        _say(f"\nThe map: {library.write_map()}")


@cli.group()
def model() -> None:
    """Prepare a model for fast answers, or say what is known of it."""


@model.command()
@click.argument("name", metavar="[MODEL]", required=False)
def prepare(name: str | None) -> None:
    """Export MODEL once, so that questions by text start in a fraction of a second (needs the extra 'fast').

    A build does it too, when it first meets a model. Default: all-MiniLM-L6-v2.

    \b
    Example: explorer model prepare
    """
    from explorer.embedder import find_model
    from explorer.embedder import prepare as prepare_model

    files = find_model(name)
    _say(f"{files.name} is prepared: {prepare_model(files).runtime}")


@model.command("show")
@click.argument("name", metavar="[MODEL]", required=False)
@_as_json
def show_model(name: str | None, as_json: bool) -> None:
    """Say what MODEL is, where its files are, and whether it is prepared.

    \b
    Example: explorer model show all-MiniLM-L6-v2 --json
    """
    from explorer.embedder import describe, find_model

    _print_facts(describe(find_model(name)), as_json)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that makes a shell complete explorer's commands.

    \b
    Example: eval "$(explorer completion bash)"
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 -- the choices are those that click has
    click.echo(kind(cli, {}, "explorer", "_EXPLORER_COMPLETE").source())


def _print_facts(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print_json(facts)
        return
    for name, value in facts.items():
        _say(f"{name + ':':<12} {_in_words(value)}")


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_in_words(detail)}" for key, detail in value.items() if detail not in (None, "", []))
    if isinstance(value, list):
        return ", ".join(str(item["name"] if isinstance(item, dict) else item) for item in value)
    return str(value)


def _print_report(library: Library, as_json: bool = False) -> None:
    report: BuildReport | None = library.built
    assert report is not None  # noqa: S101 -- built just now
    if as_json:
        from dataclasses import asdict

        _print_json({"library": str(library.path), **asdict(report)})
        return
    papers = "1 paper" if report.papers == 1 else f"{report.papers} papers"
    if report.unchanged:
        _say(f"{library.path} is complete: {papers}, nothing to do")
        return
    notes = [f"{report.repeated} repeated"] if report.repeated else []
    notes += [f"{len(report.rejected)} rejected"] if report.rejected else []
    _say(f"{papers} in {library.path}" + (f" ({', '.join(notes)})" if notes else ""))
    for file, line, reason in report.rejected[:_SHOWN_REJECTED]:
        _say(f"rejected: {file}, line {line}: {reason}", err=True)
    if len(report.rejected) > _SHOWN_REJECTED:
        _say(f"rejected: and {len(report.rejected) - _SHOWN_REJECTED} more, listed in rejected-*.jsonl", err=True)


def _print_matches(matches: Matches, as_json: bool) -> None:
    if as_json:
        for match in matches:
            _print_json({**match.as_dict(), "query_kind": matches.query_kind})
        return
    if matches.paper is not None:
        _say(f"{matches.paper.id}  {matches.paper.title}", bold=True)
    if not matches:
        _say("the library holds no other paper", err=True)
    width = max((len(match.paper.id) for match in matches), default=0)
    for match in matches:
        paper = match.paper
        _say(f"{match.rank:>3}  {match.similarity:.3f}  {paper.id:<{width}}  {paper.title}")


def _print_paper(paper: Paper, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        _print_json(asdict(paper))
        return
    _say(paper.title, bold=True)
    listed = " ".join(dict.fromkeys(paper.categories + paper.listed_in))
    for line in (", ".join(paper.authors), f"{paper.id}  {paper.date}  {listed}".rstrip(), paper.url):
        if line:
            _say(line)
    if paper.abstract:
        _say("\n" + click.wrap_text(paper.abstract, width=100, preserve_paragraphs=True))
    for link in paper.links:
        _say(f"\n{link}" if link == paper.links[0] else link)


def _print_json(value: dict[str, Any]) -> None:
    unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    line = json.dumps(value, ensure_ascii=not unicode)
    click.echo("".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in line))


def _say(text: str, *, err: bool = False, bold: bool = False) -> None:
    """Print `text` without what could steer a terminal: a library, or a file's name, may come from a stranger."""
    plain = "".join(
        sign if sign.isprintable() or sign == "\n" or "\ud800" <= sign <= "\udfff" else "\ufffd" for sign in text
    )
    click.secho(plain, err=err, bold=bold)


def main() -> None:
    """Run the command line; what standard input or output cannot encode is replaced rather than refused."""
    getattr(sys.stdin, "reconfigure", lambda **_: None)(errors="replace")
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    cli(prog_name="explorer")
