"""What can be asked of a search beside the query itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING

from explorer.errors import InvalidInput

if TYPE_CHECKING:
    from explorer.store.filters import Filters

RANKINGS = ("fused", "dense", "lexical")
_SEVERAL = ("like", "unlike", "exclude", "category", "author")
_ONE = ("since", "until", "year", "added_since", "where")
_FILTERS = ("category", "author", *_ONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """Say how answers are ranked and which papers can be answers.

    `rank` is "fused", "dense" or "lexical". `like` and `unlike` are ids, titles, texts or files ("@list.bib" is a set),
    each maybe with a weight, "ID:2"; what is in `exclude` is never an answer. `since`, `until`, `year`, `category`,
    `author`, `added_since` and `where` are as in `Filters`. `diverse`, from 0 to 1, makes answers repeat each other
    less. `fold` lets one answer stand for its near-duplicates; `why` adds reasons. Where `files` is false, no query is
    taken for a file, only `like`, `unlike` and `exclude` are: for questions from strangers. Raises InvalidInput.
    """

    rank: str = "fused"
    like: Sequence[str] = ()
    unlike: Sequence[str] = ()
    exclude: Sequence[str] = ()
    since: str = ""
    until: str = ""
    year: str = ""
    category: Sequence[str] | str = ()
    author: Sequence[str] | str = ()
    added_since: str = ""
    where: str = ""
    diverse: float = 0.0
    fold: bool = True
    why: bool = False
    files: bool = True

    def __post_init__(self) -> None:
        if self.rank not in RANKINGS:
            raise InvalidInput(f"there is no ranking {self.rank!r}: name one of {', '.join(RANKINGS)}")
        if not isinstance(self.diverse, int | float) or not 0 <= self.diverse <= 1:
            raise InvalidInput(f"diverse is {self.diverse!r}: give a number from 0 (off) to 1")
        for name in _SEVERAL:
            object.__setattr__(self, name, _texts(name, getattr(self, name)))
        for name in _ONE:
            object.__setattr__(self, name, str(getattr(self, name)))
        _ = self.filters

    @property
    def filters(self) -> Filters | None:
        """Return which papers may be answers; None for all. Raises InvalidInput."""
        if not any(getattr(self, name) for name in _FILTERS):
            return None
        from explorer.store.filters import Filters

        return Filters(
            since=self.since,
            until=self.until,
            year=self.year,
            categories=tuple(self.category),
            authors=tuple(self.author),
            added_since=self.added_since,
            where=self.where,
        )

    @property
    def is_plain(self) -> bool:
        """Tell whether these options leave the answers as they are stored, but for the ranking and folding."""
        return not (self.like or self.unlike or self.exclude or self.diverse or self.filters)


def _texts(name: str, values: Sequence[str] | str) -> tuple[str, ...]:
    """Return one word, or several, as a tuple. Raises InvalidInput."""
    if isinstance(values, str | PathLike):
        values = (fspath(values),)
    try:
        return tuple(fspath(value) for value in values)
    except TypeError:
        raise InvalidInput(f"{name} is {values!r}: give a text, or several") from None
