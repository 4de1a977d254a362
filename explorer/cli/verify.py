"""The command `verify`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import json_option, library_option
from explorer.cli.printing import print_json, say


@click.command("verify")
@library_option
@click.option("--deep", is_flag=True, help="Compare every paper rather than a sample.")
@json_option
@click.pass_context
def verify_command(context: click.Context, path: Path | None, deep: bool, as_json: bool) -> None:
    """Look for damage: every file's checksum, and whether the files agree. Exit status 1 when something is wrong.

    \b
    Example: explorer verify --deep
    """
    from dataclasses import asdict

    from explorer.growth import verify
    from explorer.library import default_path

    found = verify(default_path() if path is None else path, deep=deep)
    for check in found.checks:
        if as_json:
            print_json({**asdict(check), "is_right": check.is_right})
        elif check.is_right:
            say(f"right  {check.name}: {check.found}")
        else:
            say(f"WRONG  {check.name}: {check.wrong} (repair: {check.repair})", bold=True)
    context.exit(0 if found.is_right else 1)
