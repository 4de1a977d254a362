"""Groups of papers: communities of the neighbor graph, found by Leiden.

Leiden (Traag, Waltman & van Eck, "From Louvain to Leiden", Scientific Reports 9, 2019) maximizes modularity: how much
more weight lies within groups than chance would put there. It runs once, for the fine groups; the coarse ones are made
of these, so they are nested, and the time is near-linear in the number of papers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Labels = NDArray[np.int32]

COARSE = 12  # groups at most: as many colors can be told apart
CENTRAL = 200  # rows kept for each group
_NEIGHBORS = (5, 15)  # used for each paper, in small libraries and in others
_SMALLEST = 3  # papers in a group,
_SHARE = 2000  # and one of so many of a large library
_ALONE = 8  # fewer papers are one group,
_PARTED = 200  # and fewer have no finer groups
_LIKE = 0.999  # cosine of papers that say the same: if all do, there is nothing to part
_LEAST_WEIGHT = 0.01  # of an edge between papers with nothing in common


@dataclass(frozen=True, slots=True)
class Groups:
    """Hold (n,) int32 group numbers, from 0, the largest group first, fine ones within their coarse group.

    `parents` has the coarse group of each fine one; a coarse group that is not parted is one fine group.
    """

    coarse: Labels
    fine: Labels
    parents: Labels


def find_groups(neighbors: NDArray[np.int32], similarities: NDArray[np.float32], seed: int) -> Groups:
    """Return the groups of a neighbor graph: (n, k) rows nearest to each, itself excluded, and their cosines.

    There are at most 12 coarse groups, whatever n; the number of fine ones grows with log n. No group has fewer than
    three papers, unless the library has. The same input gives the same groups.
    """
    import numpy as np

    n = len(neighbors)
    least, most = _NEIGHBORS
    count = min(max(least, round(n**0.4)), most, neighbors.shape[1])
    if n < _ALONE:
        return _nested(np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32))
    graph = _graph(neighbors[:, :count], similarities[:, :count])
    if float(similarities.min()) >= _LIKE and _is_connected(graph):
        return _nested(np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32))
    # Where modularity is sought at resolution 1, groups grow with the library. On arXiv's papers, groups agreed best
    # with categories at 2 for some hundred papers, 3 for thousands, 4 to 5 for a hundred thousand.
    fine = _leiden(graph, max(1.0, math.log10(n) - 0.5), seed)
    fine = _without_small(fine, graph, max(_SMALLEST, n // _SHARE))
    strengths = np.bincount(fine, weights=np.asarray(graph.sum(axis=1)).ravel()).astype(np.float64)
    coarse = _merged(_between(fine, graph), strengths)[fine]
    return _nested(coarse, fine if n >= _PARTED else coarse)


def central_rows(
    groups: Groups, neighbors: NDArray[np.int32], similarities: NDArray[np.float32]
) -> tuple[list[NDArray[np.intp]], list[NDArray[np.intp]]]:
    """Return for each coarse and each fine group its most central rows, at most 200, the most central one first.

    That is by the cosines with those neighbors, and of those whose neighbor it is, that are in the same group.
    """
    import numpy as np

    found = []
    for labels in (groups.coarse, groups.fine):
        degree = np.zeros(len(labels))
        for start in range(0, len(labels), 100_000):  # rows at a time, for the sake of memory
            near = neighbors[start : start + 100_000]
            same = labels[near] == labels[start : start + 100_000, None]
            weights = np.where(same, np.maximum(similarities[start : start + 100_000], 0), 0).astype(np.float64)
            degree[start : start + 100_000] += weights.sum(axis=1)
            degree += np.bincount(near.ravel(), weights=weights.ravel(), minlength=len(labels))
        order = np.lexsort((np.arange(len(labels)), -degree.round(4), labels))
        ends = np.cumsum(np.bincount(labels))
        starts = np.concatenate([[0], ends])
        found.append([order[start : min(end, start + CENTRAL)] for start, end in zip(starts, ends, strict=False)])
    return found[0], found[1]


def _graph(neighbors: NDArray[np.int32], similarities: NDArray[np.float32]) -> Any:
    """Return the symmetric graph as a sparse matrix: an edge where one paper is a neighbor of the other.

    Its weight is the cosine, doubled where both are. Shared neighbors, UMAP's weights, powers of the cosine and edges
    of both directions only gave no better groups.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    n, count = neighbors.shape
    weights = np.maximum(similarities, _LEAST_WEIGHT).astype(np.float64).ravel()
    matrix = csr_matrix((weights, neighbors.ravel(), np.arange(0, n * count + 1, count)), shape=(n, n))
    matrix = csr_matrix(matrix + matrix.T)
    matrix.sort_indices()
    return matrix


def _leiden(graph: Any, resolution: float, seed: int) -> Labels:
    """Return the communities of a symmetric graph, numbered from 0."""
    import numpy as np
    from graspologic_native import leiden_csr

    _, found = leiden_csr(
        graph.indptr.astype(np.int64), graph.indices.astype(np.int32), graph.data, graph.shape[0],
        resolution=resolution, seed=seed, iterations=2,
    )  # fmt: skip
    labels = np.empty(graph.shape[0], dtype=np.int32)
    labels[np.fromiter(found.keys(), np.int64, len(found))] = np.fromiter(found.values(), np.int32, len(found))
    return np.unique(labels, return_inverse=True)[1].astype(np.int32)


def _without_small(labels: Labels, graph: Any, least: int) -> Labels:
    """Return the groups with those of fewer than `least` papers put to the group that they have most edges to.

    Small ones that no edge leaves are put together, and to the smallest other group if that is not enough.
    """
    import numpy as np

    while True:
        sizes = np.bincount(labels)
        small = np.flatnonzero(sizes < least)
        if len(small) == 0 or len(sizes) == 1:
            return labels
        target = np.arange(len(sizes))
        between = _between(labels, graph)
        for group in small.tolist():
            edges = between[[group]]
            if edges.nnz:
                target[group] = edges.indices[edges.data.argmax()]
        if (target == np.arange(len(sizes))).all():
            others = np.flatnonzero(sizes >= least)
            enough = sizes[small].sum() >= least or len(others) == 0
            target[small] = small[0] if enough else others[sizes[others].argmin()]
        labels = _joined(target)[labels]


def _is_connected(graph: Any) -> bool:
    from scipy.sparse.csgraph import connected_components  # a tenth of a second to import, and seldom needed

    return bool(connected_components(graph, directed=False)[0] == 1)


def _joined(target: NDArray[np.intp]) -> Labels:
    """Return new numbers for groups of which each is put to its target, (groups,) int32."""
    import numpy as np
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    joined = csr_matrix((np.ones(len(target)), (np.arange(len(target)), target)), shape=2 * (len(target),))
    numbers: Labels = connected_components(joined, directed=False)[1].astype(np.int32)
    return numbers


def _between(labels: Labels, graph: Any) -> Any:
    """Return the (groups, groups) sparse matrix of the weights between groups; its diagonal holds no entries."""
    import numpy as np
    from scipy.sparse import csr_matrix

    number = int(labels.max()) + 1
    member = csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(number, len(labels)))
    between = csr_matrix(member @ graph @ member.T)
    between.setdiag(0)
    between.eliminate_zeros()
    between.sort_indices()
    return between


def _merged(between: Any, strengths: NDArray[np.float64]) -> Labels:
    """Return the coarse group of each fine one: pairs are joined while modularity grows or there are too many.

    Those pairs first whose weight is most above what chance would put between them: e_ab 2m / (d_a d_b), where e_ab is
    the weight between a and b, d the weight that a group's papers have in all (`strengths`) and 2m the sum of d
    (Bonald, Charpentier, Galland & Hollocou, "Hierarchical graph clustering using node pair sampling", MLG 2018).
    Joining adds to modularity where that is above 1. Groups that nothing joins are put together, small ones first.
    """
    import numpy as np

    edges, strengths = between.toarray(), strengths.copy()
    labels, total = np.arange(len(edges), dtype=np.int32), float(strengths.sum())
    while (left := len(there := np.unique(labels))) > 1:
        chances = np.outer(strengths[there], strengths[there]) / total
        affinities = edges[np.ix_(there, there)] / chances
        np.fill_diagonal(affinities, -1)
        if left <= COARSE and affinities.max() <= 1:
            break
        if affinities.max() <= 0:
            affinities = -chances - np.diag(np.full(left, np.inf))
        first, second = there[sorted(np.unravel_index(affinities.argmax(), affinities.shape))]
        edges[first] += edges[second]
        edges[:, first] += edges[:, second]
        strengths[first] += strengths[second]
        labels[labels == second] = first
    return np.unique(labels, return_inverse=True)[1].astype(np.int32)


def _nested(coarse: Labels, fine: Labels) -> Groups:
    """Return groups numbered by size, of equal ones by their first paper; fine ones by their coarse group before."""
    import numpy as np

    coarse = _renumbered(coarse, np.zeros(len(coarse), dtype=np.int32))
    fine = _renumbered(fine, coarse)
    parents = coarse[np.unique(fine, return_index=True)[1]]
    return Groups(coarse, fine, parents)


def _renumbered(labels: Labels, before: Labels) -> Labels:
    import numpy as np

    _, firsts, numbers = np.unique(labels, return_index=True, return_inverse=True)
    order = np.lexsort((firsts, -np.bincount(numbers), before[firsts]))
    place = np.empty(len(firsts), dtype=np.int32)
    place[order] = np.arange(len(firsts), dtype=np.int32)
    return place[numbers]
