"""The command `topics`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from explorer.cli.options import json_option, library_option
from explorer.cli.printing import print_json, say


@click.command("topics")
@library_option
@click.option("-k", "papers", default=3, show_default=True, type=click.IntRange(0, 10), help="Papers of each topic.")
@json_option
def topics_command(path: Path | None, papers: int, as_json: bool) -> None:
    """List what the library is about: topics, how many papers each has, the most central ones.

    \b
    Example: explorer topics -l artifacts/vision
    """
    from explorer.library import Library

    with Library.open(path) as library:
        for topic in library.topics():
            central = [library.papers[row] for row in topic.central[:papers]]
            if as_json:
                named = [{"id": paper.id, "title": paper.title} for paper in central]
                print_json({**asdict(topic), "central": named})
                continue
            indent = "    " * topic.level
            say(f"{indent}{topic.label}  ({topic.size:,} papers, topic {topic.id})")
            for paper in central:
                say(f"{indent}    {paper.id}  {paper.title}")
