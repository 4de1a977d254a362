"""What commands print: for people, or JSON for scripts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.builder import BuildReport, ReadReport
    from explorer.library import Library
    from explorer.matches import Matches
    from explorer.papers import Paper

_REASONS_WIDTH = 100  # columns, where reasons are asked for and no terminal says how wide it is


def print_facts(facts: dict[str, Any], as_json: bool) -> None:
    """Print names and values, one a line."""
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        say(f"{name + ':':<12} {_in_words(value)}")


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_in_words(detail)}" for key, detail in value.items() if detail not in (None, "", []))
    if isinstance(value, list):
        return ", ".join(str(item["name"] if isinstance(item, dict) else item) for item in value)
    return str(value)


def print_report(library: Library, as_json: bool = False) -> None:
    """Print what a build did."""
    report: BuildReport | None = library.built
    assert report is not None  # noqa: S101 -- built just now
    if as_json:
        from dataclasses import asdict

        print_json({"library": str(library.path), **asdict(report)})
        return
    papers = _counted(report.papers, "paper")
    if report.unchanged:
        say(f"{library.path} is complete: {papers}, nothing to do")
        return
    details = [(report.repeated, "repeated"), (report.rejected_count, "rejected")]
    told = ", ".join(f"{count} {what}" for count, what in details if count)
    say(f"{papers} in {library.path}" + (f" ({told})" if told else ""))
    print_reading(report, library.path)


def print_reading(report: ReadReport, path: Path) -> None:
    """Print on standard error what is to be said of what was read into the library at `path`."""
    for note in report.notes:
        say(note, err=True)
    if report.without_abstract:
        say(f"{_counted(report.without_abstract, 'paper')} without an abstract", err=True)
    if report.rejected_count:
        files = sorted(path.glob("rejected-*.jsonl"))
        listed = files[0] if len(files) == 1 else path / "rejected-*.jsonl"
        rejected = _counted(report.rejected_count, "record")
        say(f"{rejected} rejected; the first: {report.rejected[0]}; all in {listed}", err=True)


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def print_matches(matches: Matches, output: str | None, asked: Sequence[str] = ()) -> None:
    """Print the answers to a question in an output format, or as a table; words of the question are bold in it."""
    if output == "json":
        print_matches_json(matches)
    elif output is not None:
        from explorer import writers

        for piece in writers.write(output, matches):
            click.echo(piece, nl=False)
    else:
        _print_table(matches, asked)


def print_matches_json(matches: Matches, **before: str) -> None:
    """Print a match a line, with what the query was taken for, and the recall; `before` are fields in front."""
    for match in matches:
        print_json({**before, **match.as_dict(), "query_kind": matches.query_kind, "recall": matches.recall})


def _print_table(matches: Matches, asked: Sequence[str]) -> None:
    if matches.paper is not None:
        say(f"{matches.paper.id}  {matches.paper.title}", bold=True)
    if not matches:
        say("no other paper answers this", err=True)
    is_read = sys.stdout is not None and sys.stdout.isatty()
    reasons = any(match.why is not None for match in matches)
    if not is_read and not reasons:  # a program reads it: a line a match
        width = max((len(match.paper.id) for match in matches), default=0)
        for match in matches:
            title = " ".join(match.paper.title.split())
            say(f"{match.rank:>3}  {match.similarity:.3f}  {match.paper.id:<{width}}  {title}")
        return
    import shutil

    from explorer.cli import table

    style = table.Style.of(sys.stdout, os.environ)
    columns = shutil.get_terminal_size().columns if is_read else _REASONS_WIDTH
    titles = () if matches.paper is None else (matches.paper.title,)
    for line in table.lines(matches, columns, style, _is_asked((*titles, *asked)) if style.bold else _no_word):
        click.echo(line, color=style.bold or style.links)


def _is_asked(texts: Sequence[str]) -> Callable[[str], bool]:
    from explorer.lexical import terms

    asked = {term for text in texts for term in terms(text)}
    return lambda word: not asked.isdisjoint(terms(word))


def _no_word(word: str) -> bool:  # noqa: ARG001 -- none is asked for
    return False


def print_paper(paper: Paper, as_json: bool) -> None:
    """Print all that is known of a paper."""
    from dataclasses import asdict

    if as_json:
        print_json(asdict(paper))
        return
    say(paper.title, bold=True)
    listed = " ".join(dict.fromkeys(paper.categories + paper.listed_in))
    for line in (", ".join(paper.authors), f"{paper.id}  {paper.date}  {listed}".rstrip(), paper.url):
        if line:
            say(line)
    if paper.abstract:
        say("\n" + click.wrap_text(paper.abstract, width=100, preserve_paragraphs=True))
    for link in paper.links:
        say(f"\n{link}" if link == paper.links[0] else link)


def print_json(value: dict[str, Any]) -> None:
    """Print one object on one line, in characters that the output has and that steer no terminal."""
    unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    line = json.dumps(value, ensure_ascii=not unicode)
    click.echo("".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in line))


def say(text: str, *, err: bool = False, bold: bool = False) -> None:
    """Print `text` without what could steer a terminal: a library, or a file's name, may come from a stranger."""
    plain = "".join(
        sign if sign.isprintable() or sign == "\n" or "\ud800" <= sign <= "\udfff" else "\ufffd" for sign in text
    )
    click.secho(plain, err=err, bold=bold)
