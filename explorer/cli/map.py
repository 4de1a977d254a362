"""The command `map`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import library_option
from explorer.cli.printing import say


@click.command("map")
@library_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file. Default: map.html in the library.")
@click.option("--open", "open_it", is_flag=True, help="Show it in the browser.")
def map_command(path: Path | None, output: Path | None, open_it: bool) -> None:
    """Write the interactive map: one HTML file that works offline and can be mailed.

    \b
    Example: explorer map -o field.html --open
    """
    from explorer.library import Library

    with Library.open(path) as library:
        where = library.write_map(output)
    say(str(where))
    if open_it:
        import webbrowser

        webbrowser.open(where.absolute().as_uri())
