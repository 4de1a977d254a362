"""What commands read: files, folders, standard input; and how they read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from explorer.cli.options import gathered


def _chosen(context: click.Context, parameter: click.Parameter, written: tuple[str, ...]) -> dict[str, str]:  # noqa: ARG001 -- click's
    """Return columns by field. A comma within a column's name is one that no "field=" follows."""
    if not written:
        return {}
    from explorer.readers.containers.columns import COLUMNS

    columns: dict[str, str] = {}
    for part in (part for one in written for part in re.split(r",(?=\s*\w+\s*=)", one)):
        name, equals, column = (word.strip() for word in part.partition("="))
        if not equals or not column:
            raise click.BadParameter(f"{part.strip()!r} is not FIELD=COLUMN")
        if name not in COLUMNS:
            raise click.BadParameter(f"{name!r} is no field; there are {', '.join(COLUMNS)}")
        if name in columns:
            raise click.BadParameter(f"{name} is given twice")
        columns[name] = column
    return columns


def _reading(columns: dict[str, str], strict: bool) -> Any:
    from explorer.builder.options import InputOptions

    return InputOptions(columns, strict)


_options = gathered(
    "reading",
    _reading,
    click.option(
        "--columns",
        multiple=True,
        metavar="FIELD=COLUMN,...",
        callback=_chosen,
        help="Which column of a table, or key of objects, is which field: title=Name,abstract=Summary.",
    ),
    click.option("--strict", is_flag=True, help="Stop at the first bad record rather than skip it."),
)


def input_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add INPUT..., as `inputs`, and how they are read, as `reading`."""
    argument = click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
    decorated: Callable[..., None] = argument(_options(function))
    return decorated
