"""The command `find-similar`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import click

from explorer.cli.options import format_options, gathered, library_option, model_option, search_options
from explorer.cli.printing import print_json, print_matches, print_matches_json, say
from explorer.errors import ExplorerError, InvalidInput

if TYPE_CHECKING:
    from explorer.library import Library
    from explorer.matches import Matches
    from explorer.search.options import SearchOptions

_KINDS = {
    "id": "a paper of the library",
    "title": "the title of a paper",
    "text": "free text",
    "document": "the text of a file",
    "mixture": "several papers and texts at once",
}


class _Asked(NamedTuple):
    """Hold what was asked: words to be understood, a part of a title, one text, or many queries in a file."""

    words: tuple[str, ...]
    title: str | None
    text: bool
    batch: IO[str] | None

    def check(self, options: SearchOptions | None) -> None:
        """Raise UsageError unless it is one of these, or `options` say what answers should be like."""
        ways = bool(self.words) + (self.title is not None) + (self.batch is not None)
        if ways > 1 or (ways == 0 and (options is None or not options.like)) or (self.text and len(self.words) != 1):
            raise click.UsageError("give either QUERY, maybe with --text, or --title PART, or --batch FILE")


@click.command("find-similar")
@gathered(
    "asked",
    _Asked,
    click.argument("words", metavar="[QUERY]...", nargs=-1),
    click.option("--title", metavar="PART", help="The paper whose title holds PART."),
    click.option("--text", is_flag=True, help="Take QUERY for free text, whatever it looks like."),
    click.option(
        "--batch", metavar="FILE", type=click.File(encoding="utf-8-sig", errors="replace"), help="A QUERY a line."
    ),
)
@library_option
@click.option("-k", default=10, show_default=True, type=click.IntRange(min=1), help="How many papers.")
@model_option
@format_options
@search_options
def find_similar_command(
    asked: _Asked, path: Path | None, k: int, model: str | None, output: str | None, options: SearchOptions | None
) -> None:
    """Print the papers most like QUERY.

    QUERY is an id or address, else a whole title, else a file of text (draft.md), or @FILE for a list of papers (a
    bibliography, ids), else free text; - reads standard input. Several are answered together: the answers cover all.

    \b
    Example: explorer find-similar https://arxiv.org/abs/2010.02893v1 -k 5
    Example: explorer find-similar --title "depth estimation" --json
    Example: explorer find-similar 2010.02893 "blind super resolution" --unlike 2010.02414 --since 2019
    Example: explorer find-similar draft.md --like @reading-list.bib --exclude @library.bib --why
    """
    from explorer.library import Library

    asked.check(options)
    if asked.batch is not None and output not in (None, "json"):
        raise click.UsageError("--batch prints JSON: leave --format out")
    with Library.open(path, model=model) as library:
        if asked.batch is not None:
            _answer_all(library, asked.batch, k, options)
            return
        matches = _matches(library, asked, k, options)
    for name in matches.missing:
        say(f"not in this library: {name}", err=True)
    if output is None:
        say(f"taken for {_KINDS[matches.query_kind]}", err=True)
    print_matches(matches, output, asked.words)


def _matches(library: Library, asked: _Asked, k: int, options: SearchOptions | None) -> Matches:
    from explorer.query import Query

    if asked.title is not None:
        return library.find_title(asked.title, k, options)
    if asked.text:
        return library.search(_given(asked.words[0]), k, options)
    words = [Query("text", _given(word)) if word == "-" else word for word in asked.words]
    return library.find_similar(*words, k=k, options=options)


def _given(word: str) -> str:
    """Return `word`, or what standard input holds for "-"."""
    if word != "-":
        return word
    from explorer.query import require_words

    return require_words(sys.stdin.read() if sys.stdin else "", "give some text on standard input")


def _answer_all(library: Library, lines: IO[str], k: int, options: SearchOptions | None) -> None:
    """Print the answers to one query a line, as JSON with the query; one that cannot be answered does not end it."""
    from dataclasses import replace

    from explorer.search.options import SearchOptions

    options, failed = replace(options or SearchOptions(), files=False), 0
    for line in lines:
        asked = line.strip()
        if not asked:
            continue
        try:
            matches = library.find_similar(asked, k=k, options=options)
        except ExplorerError as error:
            print_json({"query": asked, "error": " ".join(str(error).split())})
            failed += 1
            continue
        print_matches_json(matches, query=asked)
    if failed:
        raise InvalidInput(f"{failed} of the queries could not be answered")
