"""The command `completion`."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print the script that makes a shell complete explorer's commands.

    \b
    Example: eval "$(explorer completion bash)"
    """
    from click.shell_completion import get_completion_class

    from explorer.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 -- the choices are those that click has
    click.echo(kind(cli, {}, "explorer", "_EXPLORER_COMPLETE").source())
