"""The commands `fetch ...`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import json_option
from explorer.cli.printing import print_json, say

_SHOWN = 5  # reasons


@click.group("fetch")
def fetch_command() -> None:
    """Fetch papers from the network into a file that `explorer build` reads."""


@fetch_command.command("arxiv")
@click.option("--category", "categories", multiple=True, metavar="NAME", help="Such as cs.CV; cs for all of cs.")
@click.option("--since", required=True, metavar="DATE", help="Submitted from this date (or year, or month) on.")
@click.option("--until", default="", metavar="DATE", help="Submitted up to this date. Default: until now.")
@click.option("--search", default="", metavar="QUERY", help='In arXiv\'s query language: "ti:depth AND au:smith".')
@click.option("--max", "limit", type=click.IntRange(1), metavar="N", help="At most so many papers, the oldest.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: arxiv-CATEGORY.jsonl.")
@json_option
def arxiv_command(categories: tuple[str, ...], output: Path | None, as_json: bool, **asked: object) -> None:
    """Fetch papers from arXiv, at most a page in three seconds, as its terms want it.

    The same command again goes on where the last one stopped, and later fetches what is new since then.

    \b
    Example: explorer fetch arxiv --category cs.CV --since 2020-10-07 -o vision.jsonl
    """
    from dataclasses import asdict

    from explorer.fetching import FetchOptions, fetch_arxiv

    file = output or Path(f"arxiv-{'-'.join(categories) or 'search'}.jsonl")
    report = fetch_arxiv(FetchOptions(file, categories, **asked))  # type: ignore[arg-type]
    if as_json:
        print_json({**asdict(report), "output": str(report.output)})
        return
    say(f"{_papers(report.papers)} in {report.output} ({report.new:,} new)")
    for reason in report.rejected[:_SHOWN]:
        say(f"rejected: {reason}", err=True)
    if len(report.rejected) > _SHOWN:
        say(f"rejected: and {len(report.rejected) - _SHOWN} more", err=True)
    for gap in report.gaps:
        say(f"arXiv did not give all papers of {gap}: the same command asks for them again", err=True)


def _papers(count: int) -> str:
    return "1 paper" if count == 1 else f"{count:,} papers"
