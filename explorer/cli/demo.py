"""The command `demo`."""

from __future__ import annotations

from pathlib import Path

import click

import explorer
from explorer.cli.options import library_option
from explorer.cli.printing import print_matches, print_report, say

_SAMPLE = Path(explorer.__file__).parent / "sample" / "digest.md"


@click.command("demo")
@click.argument("source", metavar="[INPUT]", required=False, type=click.Path(path_type=Path))
@library_option
@click.option("--replace", is_flag=True, help="Overwrite a library made of something else.")
def demo_command(source: Path | None, path: Path | None, replace: bool) -> None:
    """Build a library, find five similar papers, write the map. Without INPUT: sixty invented papers in artifacts/demo.

    \b
    Example: explorer demo
    Example: explorer demo digest.md -l artifacts/vision
    """
    from explorer.library import Library

    where = Path("artifacts", "demo") if source is None and path is None else path
    with Library.build(source or _SAMPLE, where, replace=replace) as library:
        print_report(library)
        say("")
        print_matches(library.similar(library.papers[0].id, k=5), None)
        say(f"\nThe map: {library.write_map()}")
