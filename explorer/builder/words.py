"""The words of a library's papers, and which papers have the same title or the same text."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from explorer.lexical import TermCounts, count_terms
from explorer.papers import Paper, title_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Words:
    """Hold the counts of terms, and keys (n, 2) that are equal for equal titles and for equal texts; 0: no title."""

    counts: TermCounts
    keys: NDArray[np.int64]

    @classmethod
    def of(cls, papers: Iterable[Paper], done: Callable[[int], object]) -> Words:
        """Go through all papers once."""
        import numpy as np

        titles, contents = array("q"), array("q")

        def texts() -> Iterator[str]:
            for paper in papers:
                key, words = title_key(paper.title), paper.words
                titles.append(_number(key) if key else 0)
                contents.append(_number(words))
                yield words
                done(1)

        counts = count_terms(texts())
        return cls(counts, np.stack([np.asarray(titles), np.asarray(contents)], axis=1))


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)
