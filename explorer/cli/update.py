"""The command `update`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from explorer.cli.inputs import input_options
from explorer.cli.options import json_option, library_option, model_option
from explorer.cli.reporting import print_growth

if TYPE_CHECKING:
    from explorer.builder import InputOptions


@click.command("update")
@input_options
@library_option
@model_option
@json_option
def update_command(
    inputs: tuple[Path, ...], path: Path | None, model: str | None, reading: InputOptions, as_json: bool
) -> None:
    """Take over what files say of papers that are there; new papers are left out, and texts embedded only if changed.

    \b
    Example: explorer update corrected.bib
    """
    from explorer.library import Library

    with Library.open(path, model=model) as library:
        print_growth(library, library.update(inputs, columns=reading.columns, strict=reading.strict), as_json)
