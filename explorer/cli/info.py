"""The command `info`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import json_option, library_option
from explorer.cli.printing import print_facts


@click.command("info")
@library_option
@json_option
def info_command(path: Path | None, as_json: bool) -> None:
    """Say what a library is: papers, model, parameters, size.

    \b
    Example: explorer info -l artifacts/vision --json
    """
    from explorer.library import Library

    with Library.open(path) as library:
        facts = library.info()
    print_facts(facts, as_json)
