"""The command `add`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from explorer.cli.inputs import input_options
from explorer.cli.options import json_option, library_option, model_option
from explorer.cli.reporting import print_growth

if TYPE_CHECKING:
    from explorer.builder import InputOptions


@click.command("add")
@input_options
@library_option
@model_option
@click.option("--vectors", type=click.Path(path_type=Path), help="Ready vectors: (n, d), .npy, in the records' order.")
@click.option("--map", "with_map", is_flag=True, help="Write the map anew, too.")
@json_option
def add_command(
    inputs: tuple[Path, ...],
    path: Path | None,
    model: str | None,
    vectors: Path | None,
    reading: InputOptions,
    with_map: bool,
    as_json: bool,
) -> None:
    """Add new papers to a library; only new or changed texts are embedded, and no old paper moves on the map.

    \b
    Example: explorer add today.md -l artifacts/vision --map
    """
    from explorer.library import Library

    with Library.open(path, model=model) as library:
        report = library.add(inputs, vectors=vectors, columns=reading.columns, strict=reading.strict)
        if with_map:
            library.write_map()
        print_growth(library, report, as_json)
