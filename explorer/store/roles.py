"""The arrays that a library consists of: what each is called, and which shapes and element types it can have."""

from __future__ import annotations

from typing import NamedTuple


class Role(NamedTuple):
    """Describe an array. It has a row a paper, unless `rows` says at most how many it has, -1 for any number.

    `width` is its number of columns; 0: any; -1: a list of nearest papers, none of them the paper itself.
    """

    element_types: frozenset[str]
    width: int
    rows: int | None = None

    def fits(self, shape: tuple[int, ...], element_type: str, papers: int) -> bool:
        """Tell whether an array can have this role in a library of `papers` papers."""
        if len(shape) != 2 or element_type not in self.element_types:
            return False
        rows, width = shape
        if self.rows is None and rows != papers:
            return False
        if self.rows is not None and self.rows >= 0 and rows != min(papers, self.rows):
            return False
        if self.width == -1:
            return min(1, papers - 1) <= width < papers
        return width > 0 if self.width == 0 else width == self.width


def _of(*element_types: str, width: int, rows: int | None = None) -> Role:
    return Role(frozenset(element_types), width, rows)


SAMPLE = 1000  # rows of the vectors whose cosines with a query stand for those of the library

ROLES = {
    "vectors": _of("<f4", "<f2", width=0),
    "sample": _of("<f4", "<f2", width=0, rows=SAMPLE),
    "neighbors": _of("<i4", width=-1),
    "similarities": _of("<f4", width=-1),
    "related": _of("<i4", width=-1),
    "scores": _of("<f4", width=-1),
    "cosines": _of("<f4", width=-1),
    "scales": _of("<f4", width=5),
    "keys": _of("<i8", width=2),
    "twins": _of("<i4", width=3, rows=-1),
    "terms": _of("<i8", width=3, rows=-1),
    "postings": _of("<i4", width=2, rows=-1),
    "lengths": _of("<i4", width=1),
    "layout": _of("<f4", width=2),
    "faithfulness": _of("<f4", width=1),
    "topics": _of("<i4", width=2),
}
# Those of an index for searches, which a library has all of, or none.
SEARCHED = {
    "codes": _of("|i1", width=0),
    "places": _of("<i4", width=2),
    "centers": _of("|i1", width=0, rows=-1),
    "sizes": _of("<i4", width=1, rows=-1),
    "axes": _of("<f4", width=0, rows=-1),
}
SAME_SHAPES = (("neighbors", "similarities"), ("related", "scores", "cosines"))
OF_ROWS = frozenset({"neighbors", "related"})  # their values name papers
FINITE = frozenset({"similarities", "scores", "cosines", "scales", "layout", "faithfulness", "sample"})
