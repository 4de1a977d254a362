"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

library_option = click.option(
    "-l",
    "--library",
    "path",
    type=click.Path(path_type=Path),
    help="The library's folder. Default: $EXPLORER_LIBRARY, else artifacts/library.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
model_option = click.option("--model", metavar="MODEL", help="A sentence-transformers model by name or folder.")
