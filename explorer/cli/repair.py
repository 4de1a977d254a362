"""The command `repair`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import json_option, library_option
from explorer.cli.reporting import print_growth


@click.command("repair")
@library_option
@json_option
def repair_command(path: Path | None, as_json: bool) -> None:
    """Make everything derived anew, from papers and vectors: words, lists, topics, look-ups; the picture if it is lost.

    \b
    Example: explorer repair -l artifacts/vision
    """
    from explorer.growth import repair
    from explorer.library import Library, default_path

    where = default_path() if path is None else path
    report = repair(where)
    with Library.open(where) as library:
        print_growth(library, report, as_json)
