"""The command `build`."""

from __future__ import annotations

from pathlib import Path

import click

from explorer.cli.options import json_option, library_option, model_option
from explorer.cli.printing import print_report


@click.command("build")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@library_option
@model_option
@click.option("--seed", default=42, show_default=True, help="Seed of the layout.")
@click.option("--vectors", type=click.Path(path_type=Path), help="Ready vectors: (n, d), .npy, in the papers' order.")
@click.option("--replace", is_flag=True, help="Overwrite a library made of something else.")
@json_option
def build_command(
    inputs: tuple[Path, ...],
    path: Path | None,
    model: str | None,
    seed: int,
    vectors: Path | None,
    replace: bool,
    as_json: bool,
) -> None:
    """Make a library of digests and JSON lines files.

    \b
    Example: explorer build digest.md more.jsonl.gz -l artifacts/vision
    """
    from explorer.library import Library

    with Library.build(inputs, path, model=model, seed=seed, vectors=vectors, replace=replace) as library:
        print_report(library, as_json)
