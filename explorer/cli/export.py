"""The command `export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from explorer.cli.options import filter_options, library_format_option, library_option
from explorer.cli.printing import say

if TYPE_CHECKING:
    from explorer.search.options import SearchOptions


@click.command("export")
@library_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file. Default: standard output.")
@library_format_option
@filter_options
def export_command(
    path: Path | None, output: Path | None, output_format: str | None, options: SearchOptions | None
) -> None:
    """Write the papers, or those that pass the filters, to a file for other programs.

    The file's suffix says the format, unless --format does. csv, tsv, jsonl and parquet hold everything that is known:
    places on the map, topics and neighbors, too.

    \b
    Example: explorer export -o papers.csv
    Example: explorer export --format bibtex --category cs.CV --since 2020 > vision.bib
    Example: explorer export -o vectors.npy
    """
    from explorer.library import Library

    with Library.open(path) as library:
        if output is not None:
            count = library.export(output, output_format, options)
            say(f"{count:,} {'paper' if count == 1 else 'papers'} in {output}", err=True)
            return
        _require_text_or_file(output_format)
        library.export(sys.stdout.buffer, output_format, options)
        sys.stdout.buffer.flush()


def _require_text_or_file(name: str | None) -> None:
    from explorer.writers import for_library

    if for_library(name).is_binary and _is_terminal():
        raise click.UsageError(f"{name} is not for terminals: name a file with -o, or redirect the output")


def _is_terminal() -> bool:
    return sys.stdout.isatty()
