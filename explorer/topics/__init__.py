"""Topics: neighbor graph to groups, groups to labels. May import papers and errors.

    groups     communities of the neighbor graph, coarse and fine
    phrases    the words and phrases of a paper that could name something
    labels     what tells the papers of a group from all others
    matching   which group of a library built anew is which of the one before
    growth     the same topics with some papers more or less
    topics     what a topic is, and how a library keeps it

Topics come from the neighbor graph and not from the picture, which bends distances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from explorer.papers import Paper
from explorer.topics.topics import Topic, Topics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.topics.matching import Previous

__all__ = ["Topic", "Topics", "make_topics"]


def make_topics(
    neighbors: NDArray[np.int32],
    similarities: NDArray[np.float32],
    papers: Callable[[Sequence[int]], Iterable[Paper]],
    seed: int = 0,
    previous: Previous | None = None,
) -> Topics:
    """Return the topics of a library.

    `neighbors` are the (n, k) int32 rows nearest to each row, itself excluded, `similarities` their cosines; `papers`
    returns the papers of some rows: of a large group only the most central ones are read. Topics of `previous` that
    are still there keep id, color and label. The same input gives the same topics.
    """
    from explorer.topics.groups import central_rows, find_groups
    from explorer.topics.labels import described
    from explorer.topics.matching import matched

    groups = find_groups(neighbors, similarities, seed)
    central = central_rows(groups, neighbors, similarities)
    terms = described(groups, central, papers)
    return matched(groups, central, terms, previous)
