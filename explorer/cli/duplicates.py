"""The command `duplicates`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import json_option, library_option
from explorer.cli.printing import print_json, say
from explorer.cli.reporting import print_growth


@click.command("duplicates")
@library_option
@click.option("--merge", is_flag=True, help="Let each group become one paper that is known by all its ids.")
@json_option
def duplicates_command(path: Path | None, merge: bool, as_json: bool) -> None:
    """Show papers that are there several times: preprint and published, or nearly the same text.

    \b
    Example: explorer duplicates --merge
    """
    from dataclasses import asdict

    from explorer.library import Library

    with Library.open(path) as library:
        if merge:
            print_growth(library, library.merge_duplicates(), as_json)
            return
        groups = library.duplicates()
        for group in groups:
            if as_json:
                print_json({"papers": [asdict(paper) for paper in group]})
            else:
                say("\n".join(f"{paper.id}  {' '.join(paper.title.split())}" for paper in group) + "\n")
        if not groups:
            say("no paper is there twice", err=True)
