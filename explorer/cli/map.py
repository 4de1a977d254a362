"""The command `map`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import library_option
from explorer.cli.printing import say


@click.command("map")
@library_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file. Default: map.html in the library.")
@click.option(
    "--embed", type=click.Choice(["all", "titles", "none"]), help="What it holds. Default: by the number of papers."
)
@click.option(
    "--columns", type=click.Path(path_type=Path), help="A CSV file with ids and columns of your own, to color by."
)
@click.option("--open", "open_it", is_flag=True, help="Show it in the browser.")
def map_command(path: Path | None, output: Path | None, embed: str | None, columns: Path | None, open_it: bool) -> None:
    """Write the interactive map: one HTML file that works offline and can be mailed.

    \b
    Example: explorer map -o field.html --open
    """
    from explorer.library import Library

    with Library.open(path) as library:
        contents = library.map_contents(embed)
        say(f"{len(library.papers):,} papers, {contents}: about {contents.bytes / 1e6:.1f} MB", err=True)
        where = library.write_map(output, embed, None if columns is None else library.read_columns(columns))
    say(str(where))
    if open_it:
        import webbrowser

        webbrowser.open(where.absolute().as_uri())
