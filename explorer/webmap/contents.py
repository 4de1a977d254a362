"""How much of a library its page holds: that depends on how many papers there are.

| papers up to | the page holds |
| --- | --- |
| 20,000 | everything: abstracts, authors, categories, links, ten neighbors |
| 200,000 | titles, ids, dates, categories, ten neighbors |
| 2,000,000 | the same without neighbors |
| more | places, topics, ids |
"""

from __future__ import annotations

from dataclasses import dataclass

CHOICES = ("all", "titles", "none")
ABSTRACTS, _NEIGHBORS, _TITLES = 20_000, 200_000, 2_000_000
# Bytes of page a paper, as measured with arXiv's papers by scripts/benchmark.py: places, topics and ids; titles, dates
# and categories; neighbors; abstracts, authors and all the rest. And what a page of no papers has: Plotly, mostly.
_PLACE, _TITLE, _LIST, _ABSTRACT = 10.0, 25.0, 43.0, 420.0
_EMPTY = 2_300_000


@dataclass(frozen=True, slots=True)
class Contents:
    """Say what a page holds."""

    count: int
    titles: bool
    neighbors: bool
    abstracts: bool

    @classmethod
    def of(cls, count: int, embed: str | None = None) -> Contents:
        """Return what a page of `count` papers holds; `embed` is one of `CHOICES`, None for what the size suggests.

        Raises ValueError for anything else.
        """
        if embed not in (None, *CHOICES):
            raise ValueError(f"embed is {embed!r}: it must be one of {', '.join(CHOICES)}")
        titles = count <= _TITLES if embed is None else embed != "none"
        abstracts = count <= ABSTRACTS if embed is None else embed == "all"
        return cls(count, titles, titles and (count <= _NEIGHBORS or abstracts), abstracts)

    @property
    def bytes(self) -> int:
        """Return about how large the file will be."""
        each = _PLACE + _TITLE * self.titles + _LIST * self.neighbors + _ABSTRACT * self.abstracts
        return int(_EMPTY + each * self.count)

    def __str__(self) -> str:
        """Return it in words."""
        parts = ["places"] if not self.titles else ["titles"]
        parts += ["abstracts"] * self.abstracts + ["neighbors"] * self.neighbors
        return ", ".join(parts)
