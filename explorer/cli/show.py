"""The command `show`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import json_option, library_option
from explorer.cli.printing import print_paper


@click.command("show")
@click.argument("paper_id", metavar="ID")
@library_option
@json_option
def show_command(paper_id: str, path: Path | None, as_json: bool) -> None:
    """Print one paper.

    \b
    Example: explorer show 2010.02893
    """
    from explorer.library import Library

    with Library.open(path) as library:
        print_paper(library.papers[paper_id], as_json)
