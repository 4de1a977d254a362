"""The index for searches: made of the clusters that neighbors were looked for in, judged by questions it does not know.

Some papers, whose nearest were found by comparing them with all, shape no center of the index. Among how many rows it
must look for their nearest to find 99 % of these is tried, for few nearest and for many. A text of a few words is
unlike all papers, so its nearest are in more lists: the same is tried for sums of vectors of papers, as unlike all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from explorer.builder.state import NextState
from explorer.index import Clusters, InMemory, InvertedFile, Lists, NearestRows, are_few, unit
from explorer.ranking import COMPARED
from explorer.store import EXACT_SEARCH, SEARCHED, ArrayWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.integer[Any]]
    Shares = NDArray[np.float64]
    Vectors = NDArray[np.float32]
    Reach = list[tuple[int, int]]
    Found = Callable[[Reach, slice, Numbers], Shares]

RECALL = 0.99  # of the nearest papers, found by a search
FEW = 10  # nearest papers
_STEPS = 4  # that double the number of rows looked at
_LEAST = 128  # rows
_EACH, _EACH_TEXT = 4, 8  # one in so many questions judges how well their many nearest are found, which takes longer
_TEXTS = 256  # questions that stand for texts
_SUMMED = 4  # vectors in each: the nearest of such sums are harder to find than those of titles and sentences,
_HARDER = 2  # but three words taken from anywhere need so many times the rows, at most
_CANCELED = 1e-3  # length of a sum of unit vectors that says nothing


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
    index.compile()

    def found(reach: Reach, some: slice, true: Numbers) -> Shares:
        return shares_found(NearestRows(nearest.vectors, index.reaching(reach)), rows[some], true)

    said = _enough(len(nearest.vectors), found, (near[:, :FEW], many[::_EACH]), _EACH)
    if not said["reach"]:
        state.drop(*SEARCHED)
        return dict(EXACT_SEARCH)
    return {"type": "inverted", "k": FEW, **said, "texts": _of_texts(nearest, index, said["reach"])}


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


def _of_texts(nearest: NearestRows, index: InvertedFile, of_papers: Reach) -> dict[str, Any]:
    """Return what the manifest says of an index that is asked with texts; where it is of no use, all are compared."""
    texts, papers = like_texts(nearest.vectors), len(nearest.vectors)
    if len(texts) < _TEXTS // 2:
        return dict(EXACT_SEARCH["texts"])

    def found(reach: Reach, some: slice, true: Numbers) -> Shares:
        return shares_found(NearestRows(nearest.vectors, index.reaching(of_papers, reach)), texts[some], true)

    true = nearest.among_all(texts, FEW), nearest.among_all(texts[::_EACH_TEXT], min(COMPARED, papers))
    said = _enough(papers // _HARDER, found, true, _EACH_TEXT)
    return {**said, "reach": [[count, _HARDER * rows] for count, rows in said["reach"]]}


def like_texts(vectors: Vectors) -> Vectors:
    """Return (m, d) unit vectors as unlike (n, d) unit vectors of papers as those of a few words are: always the same.

    They are sums of some papers' vectors; those that cancel each other are left out.
    """
    import numpy as np

    rows = np.random.default_rng(0).integers(len(vectors), size=(_TEXTS, _SUMMED))
    sums = vectors[rows.ravel()].reshape(_TEXTS, _SUMMED, -1).sum(axis=1)
    return unit(sums[np.linalg.norm(sums, axis=1) > _CANCELED])


def _enough(papers: int, found: Found, true: tuple[Numbers, Numbers], each: int) -> dict[str, Any]:
    """Return among how many of so many papers nearest ones are found well enough, and what share of few then is.

    `found` tells with a reach what shares some questions find of their `true` nearest: few of each question, (m, k),
    and many of one in `each`. There is no reach where few would have to be looked for among more than half of all.
    """
    near, many = true
    few = _least(papers, lambda size: found([(FEW, size)], slice(None), near))
    if few is None:
        return dict(EXACT_SEARCH["texts"])
    most = _least(papers, lambda size: found([(many.shape[1], size)], slice(None, None, each), many))
    reach = [[FEW, few[0]], [many.shape[1], papers if most is None else max(few[0], most[0])]]
    return {"recall": few[1], "rows": len(near), "reach": reach}


def _least(papers: int, shares: Callable[[int], Shares]) -> tuple[int, float] | None:
    """Return among how many papers the nearest are found well enough, and how well; None where half of all won't do."""
    sizes = [round(_LEAST * 2 ** (step / _STEPS)) for step in range(_STEPS * papers.bit_length())]
    sizes = [size for size in sizes if are_few(size, papers)]
    low, high, found = 0, len(sizes), None
    middle = high - 1  # first of all: whether the most that may be are enough
    while low < high:
        each = shares(sizes[middle])
        if min(each[::2].mean(), each[1::2].mean()) >= RECALL:  # so that it is not these questions' luck
            high, found = middle, (sizes[middle], float(each.mean()))
        else:
            low = middle + 1
        middle = (low + high) // 2
    return found


def shares_found(searched: NearestRows, asked: Numbers | Vectors, true: Numbers) -> Shares:
    """Return for each of (m,) rows or (m, d) texts what share of its `true` (m, k) nearest a search finds."""
    import numpy as np

    def found(each: Any) -> Any:
        if asked.ndim == 1:
            return [other for other, _ in searched.similar(int(each), true.shape[1])]
        return searched.listed(each, true.shape[1], of_text=True)

    listed = map(found, asked)  # None where all are compared
    shares = [1.0 if rows is None else np.isin(own, rows).mean() for own, rows in zip(true, listed, strict=True)]
    return np.array(shares)
