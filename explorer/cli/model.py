"""The command `model`."""

from __future__ import annotations

import click

from explorer.cli.options import json_option
from explorer.cli.printing import print_facts, say


@click.group("model")
def model_command() -> None:
    """Prepare a model for fast answers, or say what is known of it."""


@model_command.command()
@click.argument("name", metavar="[MODEL]", required=False)
def prepare(name: str | None) -> None:
    """Export MODEL once, so that questions by text start in a fraction of a second (needs the extra 'fast').

    A build does it too, when it first meets a model. Default: all-MiniLM-L6-v2.

    \b
    Example: explorer model prepare
    """
    from explorer.embedder import find_model
    from explorer.embedder import prepare as prepare_model

    files = find_model(name)
    say(f"{files.name} is prepared: {prepare_model(files).runtime}")


@model_command.command("show")
@click.argument("name", metavar="[MODEL]", required=False)
@json_option
def show_model(name: str | None, as_json: bool) -> None:
    """Say what MODEL is, where its files are, and whether it is prepared.

    \b
    Example: explorer model show all-MiniLM-L6-v2 --json
    """
    from explorer.embedder import describe, find_model

    print_facts(describe(find_model(name)), as_json)
