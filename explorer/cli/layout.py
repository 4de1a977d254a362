"""The command `layout`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import json_option, library_option
from explorer.cli.reporting import print_growth


@click.command("layout")
@click.option("--refit", is_flag=True, required=True, help="Draw it anew, laid on the old one as well as can be.")
@library_option
@json_option
def layout_command(refit: bool, path: Path | None, as_json: bool) -> None:  # noqa: ARG001 -- the one thing there is
    """Draw the picture of a library anew, after much was added: then it is as true as a new library's.

    \b
    Example: explorer layout --refit
    """
    from explorer.library import Library

    with Library.open(path) as library:
        print_growth(library, library.refit(), as_json, "drawn anew")
