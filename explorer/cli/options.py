"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

library_option = click.option(
    "-l",
    "--library",
    "path",
    type=click.Path(path_type=Path),
    help="The library's folder. Default: $EXPLORER_LIBRARY, else artifacts/library.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
model_option = click.option("--model", metavar="MODEL", help="A sentence-transformers model by name or folder.")


class _OneOf(click.ParamType[str]):
    """Take one of some names, which are looked up when one is given: help and completion of others wait for none."""

    def __init__(self, name: str, names: Callable[[], Sequence[str]]) -> None:
        self.name = name
        self._names = names

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 -- click's
        return f"[{'|'.join(self._names())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return click.Choice(self._names()).convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        return click.Choice(self._names()).shell_complete(ctx, param, incomplete)


def _formats() -> Sequence[str]:
    from explorer import writers

    return writers.names()


def _library_formats() -> Sequence[str]:
    from explorer import writers

    return writers.library_names()


def _rankings() -> Sequence[str]:
    from explorer.search.options import RANKINGS

    return RANKINGS


def _index_choices() -> Sequence[str]:
    from explorer.index import INDEX_CHOICES

    return INDEX_CHOICES


index_option = click.option(
    "--index",
    type=_OneOf("index", _index_choices),
    default="auto",
    show_default=True,
    help="How neighbors are looked for: among all papers, or in clusters, as beyond 131,072 papers.",
)


def _engines() -> Sequence[str]:
    from explorer.engine import ENGINES

    return list(ENGINES)


engine_options = (
    click.option(
        "--engine",
        type=_OneOf("engine", _engines),
        default="local",
        show_default=True,
        help="Who embeds, and looks in clusters: this process, or the workers of a Dask cluster.",
    ),
    click.option("--address", metavar="tcp://...", help="Of the scheduler. Default: processes of this machine."),
)


class _Size(click.ParamType[int]):
    """Take a size of memory."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from explorer.builder.limits import parse_size
        from explorer.errors import InvalidInput

        try:
            return parse_size(value)
        except InvalidInput as error:
            self.fail(str(error), param, ctx)


memory_option = click.option("--memory", type=_Size(), metavar="SIZE", help="Take no more of it: 4G, 800M, bytes.")


def format_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add --json and --format, as `output`."""
    function = click.option("--format", "output", type=_OneOf("format", _formats), help="Print this format.")(function)
    return click.option("--json", "output", flag_value="json", help="Print JSON, one object a line.")(function)


library_format_option = click.option(
    "--format", "output_format", type=_OneOf("format", _library_formats), help="Write this format."
)
_FILTERS = (
    click.option("--since", default="", metavar="DATE", help="From this date (or year, or month) on."),
    click.option("--until", default="", metavar="DATE", help="Up to this date."),
    click.option("--year", default="", metavar="YEARS", help="2020, 2019-2021, 2019- or -2021."),
    click.option("--category", multiple=True, metavar="NAME", help="In this category: cs.CV, or cs for all of cs."),
    click.option("--author", multiple=True, metavar="NAME", help="By this author."),
    click.option("--added-since", default="", metavar="DATE", help="Added since; 'last': what was added last."),
    click.option("--where", default="", metavar="SQL", help="Any condition: \"year > 2019 AND title LIKE '%depth%'\"."),
)
_SEARCH_OPTIONS = (
    click.option(
        "--rank", default="fused", show_default=True, type=_OneOf("ranking", _rankings), help="What is compared."
    ),
    click.option("--like", multiple=True, metavar="WHAT", help="Also like this; WHAT:2 counts twice."),
    click.option("--unlike", multiple=True, metavar="WHAT", help="But not like this."),
    click.option("--exclude", multiple=True, metavar="WHAT", help="Never these: an id, a title, @library.bib."),
    *_FILTERS,
    click.option("--diverse", default=0.0, type=click.FloatRange(0, 1), metavar="0..1", help="Repeat less."),
    click.option("--fold/--no-fold", default=True, help="One answer for all near-duplicates (default), or each."),
    click.option("--why", is_flag=True, help="Say for each answer why it is one."),
)


def gathered(argument: str, make: Callable[..., Any], *options: Callable[..., Any]) -> Callable[..., Any]:
    """Return a decorator that adds `options` and hands what `make` makes of their values on as one `argument`."""

    def decorator(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def wrapped(**values: Any) -> None:
            mine = {name: values.pop(name) for name in names}
            function(**values, **{argument: make(**mine)})

        for option in reversed(options):
            option(wrapped)
        return wrapped

    def alone() -> None: ...

    for option in options:
        option(alone)
    names = [parameter.name for parameter in getattr(alone, "__click_params__", [])]
    return decorator


def _search(*, rank: str, fold: bool, **values: Any) -> Any:
    """Return the options of a search; None, at once, where there are none."""
    if rank == "fused" and fold and not any(values.values()):
        return None
    from explorer.search.options import SearchOptions

    return SearchOptions(rank=rank, fold=fold, **values)


def _filter(**values: Any) -> Any:
    return _search(rank="fused", fold=True, **values)


search_options = gathered("options", _search, *_SEARCH_OPTIONS)
filter_options = gathered("options", _filter, *_FILTERS)
