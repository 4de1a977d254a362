"""The command `remove`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from explorer.cli.options import json_option, library_option
from explorer.cli.reporting import print_growth


@click.command("remove")
@click.argument("ids", nargs=-1, required=True)
@library_option
@json_option
def remove_command(ids: tuple[str, ...], path: Path | None, as_json: bool) -> None:
    """Remove papers from a library, by their ids in any form; "-" reads ids from standard input, one a line.

    \b
    Example: explorer remove 2010.02893 10.1000/xyz123
    """
    from explorer.library import Library

    names: list[str] = []
    for name in ids:
        names += sys.stdin.read().splitlines() if name == "-" else [name]
    with Library.open(path) as library:
        print_growth(library, library.remove(*(name for name in names if name.strip())), as_json)
