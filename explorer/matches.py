"""The answer to a question: matches, as a list, a table, or a notebook's rows. May import papers and errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, overload

from explorer.papers import Paper

if TYPE_CHECKING:
    import pandas as pd

    from explorer.reasons import Why


@dataclass(frozen=True, slots=True)
class Match:
    """Hold one answer: a paper, its cosine similarity to the query (larger is nearer), its rank from 1.

    The similarity is not a number (JSON: null) where words were compared without a model. `score` is what the ranking
    sorted by; `duplicates` are the ids of near-duplicates that this answer stands for.
    """

    paper: Paper
    similarity: float
    rank: int
    score: float
    duplicates: tuple[str, ...] = ()
    why: Why | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it, the paper's fields beside the others; numbers have six decimals."""
        similarity = None if math.isnan(self.similarity) else round(self.similarity, 6)
        numbers = {"rank": self.rank, "similarity": similarity, "score": round(self.score, 6)}
        shown = {**numbers, **asdict(self.paper), "duplicates": self.duplicates}
        if self.why is None:
            return shown
        why = {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(self.why).items()}
        return {**shown, "why": why}


def folded(
    rows: Iterable[int], twins: Mapping[int, tuple[int, int]], may_be: Callable[[int], bool]
) -> dict[int, tuple[int, ...]]:
    """Return the first of `rows` of each group of near-duplicates, in their order, and the others that it stands for.

    `twins` has for rows with near-duplicates the first row of their group; `may_be` tells which rows may be answers.
    """
    groups: dict[int, list[int]] = {}
    for row, (group, _) in twins.items():
        groups.setdefault(group, []).append(row)
    seen: set[int] = set()
    kept: dict[int, tuple[int, ...]] = {}
    for row in rows:
        group = twins[row][0] if row in twins else row
        if group not in seen:
            seen.add(group)
            others = groups.get(group, ()) if row in twins else ()
            kept[row] = tuple(other for other in others if other != row and may_be(other))
    return kept


class Matches(Sequence[Match]):
    """Hold the answers to one query, nearest first.

    `query_kind` is what the query was taken for ("id", "title", "text", "document", or "mixture" of several); `paper`
    is the one asked about, if it was one; `missing` names what lists asked for but the library does not hold. `recall`
    is what share of the nearest papers the library finds in such a way, as it was measured when that was made.
    """

    def __init__(
        self,
        matches: Sequence[Match],
        query_kind: str,
        paper: Paper | None = None,
        missing: Sequence[str] = (),
        recall: float = 1.0,
    ) -> None:
        self._matches = tuple(matches)
        self.query_kind = query_kind
        self.paper = paper
        self.missing = tuple(missing)
        self.recall = recall

    @overload
    def __getitem__(self, position: int) -> Match: ...
    @overload
    def __getitem__(self, position: slice) -> Matches: ...
    def __getitem__(self, position: int | slice) -> Match | Matches:
        """Return the match at a position, or the matches of a slice."""
        if isinstance(position, slice):
            return Matches(self._matches[position], self.query_kind, self.paper, self.missing, self.recall)
        return self._matches[position]

    def __len__(self) -> int:
        """Return the number of matches."""
        return len(self._matches)

    def __iter__(self) -> Iterator[Match]:
        """Yield the matches, nearest first."""
        return iter(self._matches)

    def __eq__(self, other: object) -> bool:
        """Tell whether these are the same answers to the same kind of query."""
        return isinstance(other, Matches) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # compared by value, like the list it resembles

    def __repr__(self) -> str:
        """Return one line a match."""
        lines = [f"{match.rank:>3}  {match.similarity:.3f}  {match.paper.id}  {match.paper.title}" for match in self]
        return "\n".join([f"Matches({len(self)}, query_kind={self.query_kind!r})", *lines])

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame with a row a match: rank, similarity, score, and the paper's fields.

        Raises ImportError without pandas (extra `pandas`).
        """
        import pandas as pd

        columns = ["rank", "similarity", "score", *Paper.__dataclass_fields__, "duplicates"]
        return pd.DataFrame([match.as_dict() for match in self], columns=columns)

    def _repr_html_(self) -> str:
        """Return a table for notebooks. Texts become text nodes, so nothing in them is markup."""
        from xml.etree import ElementTree

        table = ElementTree.Element("table")
        header = ElementTree.SubElement(table, "tr")
        for name in ("rank", "similarity", "id", "title"):
            ElementTree.SubElement(header, "th").text = name
        for match in self:
            line = ElementTree.SubElement(table, "tr")
            for value in (str(match.rank), f"{match.similarity:.3f}"):
                ElementTree.SubElement(line, "td").text = value
            cell = ElementTree.SubElement(line, "td")
            if match.paper.url.startswith(("http://", "https://")):
                cell = ElementTree.SubElement(cell, "a", href=match.paper.url)
            cell.text = match.paper.id
            ElementTree.SubElement(line, "td").text = match.paper.title
        return ElementTree.tostring(table, encoding="unicode", method="html")
