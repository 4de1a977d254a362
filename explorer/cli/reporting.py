"""What commands that change a library print: for people, or JSON for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from explorer.cli.printing import print_json, print_reading, say

if TYPE_CHECKING:
    from explorer.growth import GrowthReport
    from explorer.library import Library

_CROWDED = 0.2  # of a library's papers that were placed among others: then it is worth drawing the map anew


def print_growth(library: Library, report: GrowthReport, as_json: bool, unchanged: str = "nothing has changed") -> None:
    """Print what became of a library, and on standard error whether its page shows an earlier state.

    `unchanged` is said where no paper is another.
    """
    if as_json:
        print_json({"library": str(library.path), **asdict(report)})
    else:
        _print_in_words(library, report, unchanged)
    _say_map_is_old(library)


def _print_in_words(library: Library, report: GrowthReport, unchanged: str) -> None:
    details = [
        (report.added, "added"),
        (report.changed, "with another text"),
        (report.updated, "with other metadata"),
        (report.removed, "removed"),
        (report.repeated, "repeated"),
        (report.unknown, "not in the library"),
        (report.rejected_count, "rejected"),
    ]
    told = ", ".join(f"{count} {what}" for count, what in details if count) or unchanged
    papers = "1 paper" if report.papers == 1 else f"{report.papers} papers"
    say(f"{papers} in {library.path} ({told})")
    print_reading(report, library.path)
    if report.added >= _CROWDED * report.papers:
        say("much was added: 'explorer layout --refit' draws the map anew", err=True)


def _say_map_is_old(library: Library) -> None:
    page = library.path / "map.html"
    try:
        is_old = page.stat().st_mtime < (library.path / "manifest.json").stat().st_mtime
    except OSError:
        return
    if is_old:
        say(f"{page} is older than the library: 'explorer map' writes it anew", err=True)
