"""The index for searches: made of the clusters that neighbors were looked for in, judged by papers it does not know.

Some papers, whose nearest were found by comparing them with all, shape no center of the index. Among how many rows it
must look for their nearest to find 99 % of these is tried, for few nearest and for many.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from explorer.builder.state import NextState
from explorer.index import Clusters, InMemory, InvertedFile, Lists, NearestRows
from explorer.store import EXACT_SEARCH, SEARCHED, ArrayWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.integer[Any]]

RECALL = 0.99  # of the nearest papers, found by a search
FEW = 10  # nearest papers
_STEPS = 4  # that double the number of rows looked at
_LEAST = 128  # rows
_EACH = 4  # of the papers by which the index is judged: by how well it finds their many nearest


def store_index(
    state: NextState, nearest: NearestRows, clusters: Clusters, known: tuple[Numbers, ...]
) -> dict[str, Any]:
    """Store an index, and return what the manifest says of it; none is kept where none would be of use.

    `known` are (m,) rows, their (m, k) nearest, nearest first, and their (m, s) nearest in no order. The state has the
    neighbor graph.
    """
    rows, near, many = known
    lists = Lists.made(nearest.vectors, clusters.of, rows.astype("i8"))
    store_parts(state, lists, lists.codes(nearest.vectors))
    codes, neighbors = (InMemory(state.array(role)) for role in ("codes", "neighbors"))
    index = InvertedFile(lists, codes, neighbors, ((FEW, _LEAST),))
    few, recall = _enough(nearest, index, rows, near[:, :FEW])
    most, _ = _enough(nearest, index, rows[::_EACH], many[::_EACH])
    reach = [(FEW, few), (many.shape[1], max(few, most))]
    if not index.reaching(reach).is_of_use(FEW):
        state.drop(*SEARCHED)
        return dict(EXACT_SEARCH)
    return {"type": "inverted", "recall": recall, "k": FEW, "rows": len(rows), "reach": [list(pair) for pair in reach]}


def store_parts(state: NextState, lists: Lists, codes: Iterable[NDArray[np.int8]]) -> None:
    """Store lists, and codes of the rows in their order, block by block."""
    import numpy as np

    state.store("sizes", lists.sizes[:, None], "<i4")
    state.store("places", np.stack([lists.members, lists.places], axis=1), "<i4")
    state.store("axes", lists.axes, "<f4")
    state.store("centers", lists.centers, "|i1")
    writer = ArrayWriter(state.path("codes"), "|i1", (len(lists.members), lists.axes.shape[1]))
    for block in codes:
        writer.append(block)
    state.files["codes"] = writer.close()


def _enough(nearest: NearestRows, index: InvertedFile, rows: Numbers, true: Numbers) -> tuple[int, float]:
    """Return among how many papers the `true` (m, k) nearest of (m,) rows are found well enough, and how well."""
    papers = len(nearest.vectors)
    sizes = [round(_LEAST * 2 ** (step / _STEPS)) for step in range(_STEPS * papers.bit_length())]
    low, high, found = 0, next(place for place, size in enumerate(sizes) if size >= papers), 1.0
    while low < high:
        middle = (low + high) // 2
        searched = NearestRows(nearest.vectors, index.reaching(((true.shape[1], sizes[middle]),)))
        shares = shares_found(searched, rows, true)
        if min(shares[::2].mean(), shares[1::2].mean()) >= RECALL:  # so that it is not these papers' luck
            high, found = middle, float(shares.mean())
        else:
            low = middle + 1
    return sizes[high], found


def shares_found(searched: NearestRows, rows: Numbers, true: Numbers) -> NDArray[np.float64]:
    """Return for each of (m,) rows what share of its `true` (m, k) nearest a search finds."""
    import numpy as np

    found = [[other for other, _ in searched.similar(row, true.shape[1])] for row in rows.tolist()]
    return np.array([np.isin(each, own).mean() for each, own in zip(true, found, strict=True)])
