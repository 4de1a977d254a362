"""What commands print: for people, or JSON for scripts."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from explorer.builder import BuildReport
    from explorer.library import Library
    from explorer.matches import Matches
    from explorer.papers import Paper

_SHOWN_REJECTED = 5


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
    papers = "1 paper" if report.papers == 1 else f"{report.papers} papers"
    if report.unchanged:
        say(f"{library.path} is complete: {papers}, nothing to do")
        return
    notes = [f"{report.repeated} repeated"] if report.repeated else []
    notes += [f"{len(report.rejected)} rejected"] if report.rejected else []
    say(f"{papers} in {library.path}" + (f" ({', '.join(notes)})" if notes else ""))
    for file, line, reason in report.rejected[:_SHOWN_REJECTED]:
        say(f"rejected: {file}, line {line}: {reason}", err=True)
    if len(report.rejected) > _SHOWN_REJECTED:
        say(f"rejected: and {len(report.rejected) - _SHOWN_REJECTED} more, listed in rejected-*.jsonl", err=True)


def print_matches(matches: Matches, as_json: bool) -> None:
    """Print the answers to a question."""
    if as_json:
        for match in matches:
            print_json({**match.as_dict(), "query_kind": matches.query_kind})
        return
    if matches.paper is not None:
        say(f"{matches.paper.id}  {matches.paper.title}", bold=True)
    if not matches:
        say("the library holds no other paper", err=True)
    width = max((len(match.paper.id) for match in matches), default=0)
    for match in matches:
        paper = match.paper
        say(f"{match.rank:>3}  {match.similarity:.3f}  {paper.id:<{width}}  {paper.title}")


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
