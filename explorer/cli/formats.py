"""The command `formats`."""

from __future__ import annotations

from typing import Any

import click

from explorer.cli.options import json_option
from explorer.cli.printing import print_json, say


@click.command("formats")
@json_option
def formats_command(as_json: bool) -> None:
    """List the formats that are read, told by their content whatever a file is called.

    \b
    Example: explorer formats
    """
    from explorer.readers import PACKINGS, registered

    formats: list[dict[str, Any]] = [
        {
            "name": reader.name,
            "suffixes": list(reader.suffixes),
            "description": reader.description,
            "columns": reader.takes_columns,
        }
        for reader in registered()
    ]
    packings = [{"name": packing.name, "suffixes": list(packing.suffixes)} for packing in PACKINGS]
    if as_json:
        print_json({"formats": formats, "packings": packings})
        return
    rows = [(one["name"], " ".join(one["suffixes"]), one["description"]) for one in formats]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, suffixes, description in rows:
        say(f"{name:<{widths[0]}}  {suffixes:<{widths[1]}}  {description}")
    packed = ", ".join(f"{packing.name} ({' '.join(packing.suffixes)})" for packing in PACKINGS)
    say(f'\nEach may be packed: {packed}.\nA folder stands for the files in it, "-" for standard input.')
    able = ", ".join(one["name"] for one in formats if one["columns"])
    if able:
        say(f"Columns can be chosen for {able}: --columns title=Name,abstract=Summary.")
