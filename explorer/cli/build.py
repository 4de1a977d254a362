"""The command `build`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.inputs import input_options
from explorer.cli.options import (
    engine_options,
    gathered,
    index_option,
    json_option,
    library_option,
    memory_option,
    model_option,
)
from explorer.cli.printing import print_report

if TYPE_CHECKING:
    from explorer.builder import InputOptions

_making = gathered(
    "making",
    dict,
    model_option,
    click.option("--seed", default=42, show_default=True, help="Seed of the layout."),
    click.option(
        "--vectors", type=click.Path(path_type=Path), help="Ready vectors: (n, d), .npy, in the papers' order."
    ),
    index_option,
    *engine_options,
    memory_option,
    click.option("--replace", is_flag=True, help="Overwrite a library made of something else."),
)


def _instead(*, dry_run: bool, plan: bool) -> str:
    """Return what is to be done instead of a build."""
    if dry_run and plan:
        raise click.UsageError("--dry-run says what would be read, --plan what a build needs: choose one of them")
    return "survey" if dry_run else "plan" if plan else ""


_only = gathered(
    "instead",
    _instead,
    click.option("--dry-run", is_flag=True, help="Only say what would be read."),
    click.option("--plan", is_flag=True, help="Only say how much time, memory and disk it will take."),
)


@click.command("build")
@input_options
@library_option
@_making
@_only
@json_option
@click.pass_context
def build_command(
    context: click.Context,
    inputs: tuple[Path, ...],
    path: Path | None,
    making: dict[str, Any],
    reading: InputOptions,
    instead: str,
    as_json: bool,
) -> None:
    """Make a library of files of papers, packed or not, of folders of them, or of standard input, "-".

    \b
    Example: explorer build digest.md more.jsonl.gz -l artifacts/vision
    Example: explorer build table.csv --columns title=Name,abstract=Summary --dry-run
    Example: explorer build all-of-arxiv.jsonl.gz --plan
    """
    if instead == "survey":
        from explorer.cli.surveying import print_survey

        context.exit(print_survey(inputs, reading, as_json))
    if instead == "plan":
        from explorer.cli.planning import print_plan

        context.exit(print_plan(inputs, path, {**making, "reading": reading}, as_json))
    from explorer.library import Library

    with Library.build(inputs, path, **making, columns=reading.columns, strict=reading.strict) as library:
        print_report(library, as_json)
