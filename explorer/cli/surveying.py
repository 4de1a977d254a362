"""What a build would read, printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.printing import print_json, say

if TYPE_CHECKING:
    from explorer.builder.options import InputOptions
    from explorer.builder.survey import Survey, SurveyedFile

_TITLE = 100  # characters


def print_survey(inputs: Sequence[Path], reading: InputOptions, as_json: bool) -> int:
    """Print what a build would read; return the status, 1 when it would fail."""
    from explorer.builder.intake import Inputs
    from explorer.builder.survey import survey

    with Inputs(inputs, reading) as opened:
        found = survey(opened, reading)
    if as_json:
        print_json(found.as_dict())
    else:
        for file in found.files:
            for line in _described(file):
                say(line)
        say(_summary(found))
    return int(found.fails)


def _described(file: SurveyedFile) -> Iterator[str]:
    if file.format is None and not file.papers:
        yield f"{file.name}: not read: {file.skipped[0].reason}" if file.skipped else f"{file.name}: not read"
        return
    yield f"{file.name}: {file.format}, {_counts(file.papers, file.without_abstract, file.rejected)}"
    if file.columns:
        yield "  columns: " + ", ".join(f"{name} = {column}" for name, column in file.columns.items())
    yield from (f"  {note}" for note in file.notes)
    for paper in file.first:
        title = " ".join(paper["title"].split())
        yield f"  {paper['id']}  {title if len(title) <= _TITLE else title[: _TITLE - 1] + '…'}"
    yield from (f"  skipped: {skipped}" for skipped in file.skipped)
    if file.rejected > len(file.skipped):
        yield f"  skipped: and {file.rejected - len(file.skipped):,} more"


def _summary(found: Survey) -> str:
    if not found.papers:
        return "Nothing would be read."
    repeated = f", {found.repeated:,} of them repeated" if found.repeated else ""
    read = _counts(found.papers, found.without_abstract, found.rejected)
    return f"In all: {read}{repeated}" + ("; a build would fail" if found.fails else "")


def _counts(papers: int, without_abstract: int, rejected: int) -> str:
    counted = "1 paper" if papers == 1 else f"{papers:,} papers"
    if without_abstract:
        counted += f" ({without_abstract:,} without an abstract)"
    return counted + (f", {rejected:,} rejected" if rejected else "")
