"""The command line: arguments to one Library call, its answer to text or JSON. No logic.

A module a command, imported when the command is used: a user waits for nothing else. Imports click and errors; the
library when a command runs, so that help and completion are instant.
"""

from __future__ import annotations

import atexit
import errno
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from explorer import __version__
from explorer.cli.printing import say
from explorer.errors import ExplorerError

# Each is the function of that name in the module of that name.
_COMMANDS = {
    name.replace("_", "-"): name
    for name in (
        "add",
        "build",
        "completion",
        "demo",
        "duplicates",
        "evaluate",
        "export",
        "fetch",
        "find_similar",
        "formats",
        "info",
        "layout",
        "map",
        "model",
        "remove",
        "repair",
        "show",
        "topics",
        "update",
        "verify",
    )
}
_ALIASES = {"similar": "find-similar"}


class _Commands(click.Group):
    """Import a command when it is named; turn what a user can act on into one line and status 1."""

    def list_commands(self, context: click.Context) -> list[str]:  # noqa: ARG002 -- click's
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 -- click's
        module = _COMMANDS.get(_ALIASES.get(name, name))
        if module is None:
            return None
        command: click.Command = getattr(import_module(f"explorer.cli.{module}"), f"{module}_command")
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        _, command, rest = super().resolve_command(context, arguments)
        return (command.name if command else None), command, rest

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ExplorerError as error:
            say(f"explorer: {' '.join(str(error).split())}", err=True)
            context.exit(1)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            say("explorer: the output cannot be written: no space is left", err=True)
            context.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="explorer")
def cli() -> None:
    """Find similar papers and see a field.

    \b
    explorer demo                                     try it on invented papers
    explorer build digest.md                          read, embed, index, project
    explorer find-similar 2010.02893                  papers like this one
    explorer find-similar "depth from one image"      papers like this text
    explorer map --open                               the interactive map
    explorer topics                                   what the library is about
    explorer add today.md                             more papers, and nobody moves
    explorer export -o papers.csv                     all of it, in other formats
    """


def main() -> NoReturn:
    """Run the command line; what standard input or output cannot encode is replaced rather than refused."""
    getattr(sys.stdin, "reconfigure", lambda **_: None)(errors="replace")
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        cli(prog_name="explorer")
    except SystemExit as end:
        _leave(end)
    sys.exit(0)


def _leave(end: SystemExit) -> None:
    """End the process at once where it is safe: to take a Python apart costs an eighth of an answer's time.

    What is registered for the end of a process is done, and what was written is flushed, before.
    """
    threading = sys.modules.get("threading")
    if (threading is not None and threading.active_count() > 1) or not isinstance(end.code, int | None):
        raise end
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        raise end from None
    os._exit(end.code or 0)
