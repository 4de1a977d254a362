"""The command `evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.options import json_option, library_option, model_option
from explorer.cli.printing import print_facts, print_json, say
from explorer.errors import InvalidInput

if TYPE_CHECKING:
    from explorer.evaluation import Measured


@click.command("evaluate")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@library_option
@model_option
@json_option
@click.option("--per-query", metavar="FILE", type=click.Path(path_type=Path), help="Write every query's values there.")
def evaluate_command(
    folder: Path | None, path: Path | None, model: str | None, as_json: bool, per_query: Path | None
) -> None:
    """Measure how right the answers are: on a collection with known answers, or on a library of yours.

    DIR has corpus.jsonl(.gz), queries.jsonl (a "text", or a "paper" of the corpus) and qrels.tsv, as BEIR has them.
    Queries without a relevant paper and judgments of papers that are not there are left out. Intervals are of 95 %
    (bootstrap over the queries). Without DIR a library is checked against itself: do neighbors share a category, does
    a title find its paper, is the neighbor graph exact, is the map true?

    \b
    Example: explorer evaluate collections/cranfield
    Example: explorer evaluate -l artifacts/vision --json
    """
    if folder is not None and path is not None:
        raise click.UsageError("give either DIR or --library")
    if folder is None and per_query is not None:
        raise click.UsageError("--per-query is for the queries of a DIR: give one")
    if folder is None:
        _check(path, model, as_json)
    else:
        _measure(folder, model, as_json, per_query)


def _check(path: Path | None, model: str | None, as_json: bool) -> None:
    from explorer.library import Library

    with Library.open(path, model=model) as library:
        facts = library.check()
    print_facts(facts if as_json else _percent(facts), as_json)


def _measure(folder: Path, model: str | None, as_json: bool, per_query: Path | None) -> None:
    if per_query is not None:
        _write_each(per_query, [], "a")  # a wrong name is told now, not when the work is done
    measured = _measured(folder, model)
    if as_json:
        for one in measured:
            print_json(one.as_dict())
    else:
        _print_table(measured)
    if per_query is not None:
        _write_each(per_query, measured, "w")


def _measured(folder: Path, model: str | None) -> list[Measured]:
    from explorer.embedder import find_model, load
    from explorer.evaluation import evaluate, read_collection
    from explorer.progress import Progress

    with Progress(("embedding and ranking",)) as progress:
        collection = read_collection(folder)
        embedder = load(find_model(model))
        with progress.stage("embedding and ranking", len(collection.papers) + len(collection.topics)) as done:
            return evaluate(collection, embedder, done)


def _print_table(measured: list[Measured]) -> None:
    names = list(measured[0].means)
    queries = len(measured[0].each)
    say(f"{'1 query' if queries == 1 else f'{queries} queries'}, values in percent")
    say(f"{'':<8}" + "".join(f"{name:>12}" for name in names) + "   interval of ndcg@10")
    for one in measured:
        low, high = one.intervals["ndcg@10"]
        values = "".join(f"{100 * one.means[name]:>12.1f}" for name in names)
        say(f"{one.ranking:<8}{values}   {100 * low:.1f} to {100 * high:.1f}")


def _write_each(file: Path, measured: list[Measured], mode: str) -> None:
    try:
        with file.open(mode, encoding="utf-8") as stream:
            for one in measured:
                for query, values in one.each.items():
                    stream.write(json.dumps({"query": query, "ranking": one.ranking, **values}) + "\n")
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{file} cannot be written: {error}") from error


def _percent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _percent(part) for name, part in value.items()}
    return f"{100 * value:.1f} %" if isinstance(value, float) else "nothing to check" if value is None else value
