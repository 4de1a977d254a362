"""The command `find-similar`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from explorer.cli.options import json_option, library_option, model_option
from explorer.cli.printing import print_matches, say

_KINDS = {"id": "a paper of the library", "title": "the title of a paper", "text": "free text"}


@click.command("find-similar")
@click.argument("query", required=False)
@library_option
@click.option("-k", default=10, show_default=True, type=click.IntRange(min=1), help="How many papers.")
@click.option("--title", metavar="PART", help="The paper whose title holds PART.")
@click.option("--text", is_flag=True, help="Take QUERY for free text, whatever it looks like.")
@model_option
@json_option
def find_similar_command(
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
        say(f"taken for {_KINDS[matches.query_kind]}", err=True)
    print_matches(matches, as_json)
