"""Vectors to nearest rows, exactly, and the neighbor graph of all rows. May import papers and errors.

Every search returns cosines in one total order: nearest first, equal ones by row. Candidates are found in float32, by
FAISS or by a scan; their cosines are then computed again in float64, one row at a time, so that they depend on the two
vectors alone and not on the batch, the block or the instruction set that found them. So the first ten of k = 100 are
the answer for k = 10.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from explorer.index.clusters import Clusters, Part
from explorer.index.compiled import compiled_cosines
from explorer.index.inverted import InvertedFile
from explorer.index.pairing import compiled_sums, summed
from explorer.index.products import Among, ExactIndex, ProductIndex, VectorIndex, choosing, single_threaded
from explorer.index.vectors import ROWS, InMemory, VectorRows, lengths_of, unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int32]
    Similarities = NDArray[np.float32]
    Vectors = NDArray[np.float32]
    Own = range | NDArray[np.integer[Any]]

_SPARE = 8  # candidates beyond k: rounding may swap neighbors at the end of the list
_ROUNDING = 1e-5  # more than FAISS's float32 sums and the float64 ones ever differ for unit vectors
_QUERIES = 1024  # queries handed to FAISS at a time
_SCANS = 2  # questions that are answered by reading the vectors once; for more, it pays to keep them in an index
_ABOUT_ONE = 0.5  # lengths farther from it could leave float32's range when multiplied
_AHEAD = 16  # clusters whose neighbors are looked for before those of the first are wanted
_COMPILED_FROM = 50_000  # rows of a graph; NumPy compares fewer's candidates while a compiler would be loading
_PRODUCTS = 2**25  # cosines in hand at a time
_TOGETHER = 128  # queries whose candidates' vectors are in hand at a time


@dataclass(frozen=True, slots=True)
class GraphBlock:
    """Hold the neighbors of the m rows `own`, a range where they follow each other.

    `rows` and `similarities` are (m, k), nearest first; `shortlist` are the (m, s) rows nearest to each in no order,
    for a ranking to order anew, and `products` their cosines as float32 sums, good to 1e-6.
    """

    own: Own
    rows: Rows
    similarities: Similarities
    shortlist: Rows
    products: Similarities


class NearestRows:
    """Answer nearest-neighbor questions over (n, d) vectors, one row a paper; their lengths do not matter.

    With an inverted file, over vectors about as long as each other, a search looks where that says and not everywhere.
    """

    def __init__(self, vectors: NDArray[np.floating[Any]] | VectorRows, inverted: InvertedFile | None = None) -> None:
        self._inverted = inverted
        self._source: VectorRows = vectors if hasattr(vectors, "blocks") else InMemory(vectors)
        self._scans = 0
        self._sums: Callable[[Vectors, Vectors, NDArray[Any]], NDArray[np.float64]] = summed

    @cached_property
    def vectors(self) -> Vectors:
        """Return all vectors as unit rows, float32, kept in memory. Raises InvalidInput for one without direction."""
        import numpy as np

        vectors = np.empty(self._source.shape, dtype=np.float32)
        for start, block in self._source.blocks():
            vectors[start : start + len(block)] = unit(block, start)
        return vectors

    def search(
        self, query: Vectors, k: int, without: int | None = None, allowed: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Return up to `k` rows nearest to a (d,) query with their cosines, never the row `without`.

        `allowed` (n,) tells which rows may be answers; None allows all.
        """
        query = unit(query[None, :])[0]
        if (candidates := self._candidates(query, k + (without is not None), allowed)) is not None:
            rows, similarities = self._ordered(query, candidates[candidates != without], k)
        elif allowed is None and self._is_in_memory():
            rows, similarities = self._nearest(query, k, without)
        else:
            candidates = self.shortlist(self.cosines(query), query, k, without, allowed)
            rows, similarities = self._ordered(query, candidates, k)
        return list(zip(rows.tolist(), similarities.tolist(), strict=True))

    def listed(
        self, query: Vectors, count: int, allowed: NDArray[np.bool_] | None = None, of_text: bool = False
    ) -> NDArray[np.intp] | None:
        """Return, in no order, the `count` rows nearest to a (d,) unit query; None where no index says where to look.

        `allowed` (n,) tells which rows may be among them; None allows all. A query `of_text` is unlike the rows.
        """
        import numpy as np

        candidates = self._candidates(query, count, allowed, of_text)
        return None if candidates is None else self._ordered(query, candidates, count)[0].astype(np.intp)

    def among_all(self, queries: Vectors, k: int) -> NDArray[np.integer[Any]]:
        """Return the k rows nearest to each of (m, d) unit queries, (m, k), in no order, from the vectors in memory.

        They are compared with all in float32, whatever the index says.
        """
        import numpy as np

        index, some = ProductIndex(self.vectors, choosing(len(self.vectors))), max(1, _PRODUCTS // len(self.vectors))
        return np.concatenate(
            [index.candidates(queries[start : start + some], k)[1] for start in range(0, len(queries), some)]
        )

    def similar(self, row: int, k: int) -> list[tuple[int, float]]:
        """Return up to `k` rows nearest to `row`, itself excluded, with their cosines."""
        return self.search(self.vector(row), k, without=row)

    def vector(self, row: int) -> Vectors:
        """Return the unit vector of a row, (d,)."""
        if "vectors" in vars(self):
            vector: Vectors = self.vectors[row]
            return vector
        taken: Vectors = unit(self._source.take([row]), row)[0]
        return taken

    def cosines(self, query: Vectors) -> Similarities:
        """Return the cosine of every row with a (d,) unit query, (n,), good to 1e-6."""
        if not self._is_in_memory():
            self._scans += 1
            return self._scan(query)
        cosines: Similarities = self.vectors @ query
        return cosines

    def exact(self, query: Vectors, rows: Sequence[int] | NDArray[np.integer[Any]]) -> Similarities:
        """Return the cosines of some rows with a (d,) unit query, (m,), each the same whatever the others are."""
        import numpy as np

        cosines = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), ROWS):
            some = self._units(rows[start : start + ROWS])
            cosines[start : start + len(some)] = _cosines(some, query)
        return cosines

    def shortlist(
        self,
        cosines: Similarities,
        query: Vectors,
        count: int,
        without: int | None = None,
        allowed: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.intp]:
        """Return, in no order, the `count` rows nearest to a (d,) unit query; `cosines` are its with all rows."""
        import numpy as np

        may = np.ones(len(cosines), dtype=bool) if allowed is None else allowed.copy()
        if without is not None:
            may[without] = False
        rows = np.flatnonzero(may)
        return rows[self._largest(query, rows, cosines[rows], count)]

    def graph(
        self, k: int, shortlist: int = 0, rows: Own | None = None, within: tuple[Clusters, int] | None = None
    ) -> Iterator[GraphBlock]:
        """Yield the min(k, n - 1) nearest of every row, or of some `rows`, itself excluded, in blocks of rows.

        They are exact, unless they are looked for `within` clusters' covers of so many rows; then blocks are clusters.
        """
        asked = range(len(self.vectors)) if rows is None else rows
        if len(asked) >= _COMPILED_FROM:
            self._sums = compiled_sums()
        sizes = min(k, len(self.vectors) - 1), min(max(k, shortlist), len(self.vectors) - 1)
        if within is None:
            tied: dict[bytes, tuple[Rows, Similarities]] = {}
            for start in range(0, len(asked), _QUERIES):
                yield self._neighbors(asked[start : start + _QUERIES], sizes, tied, (self._index, None))
            return
        yield from self._within(asked, sizes, *within)

    def _within(self, asked: Own, sizes: tuple[int, int], clusters: Clusters, size: int) -> Iterator[GraphBlock]:
        """Yield the neighbors of some rows cluster by cluster, those of several clusters being looked for at once."""
        from concurrent.futures import ThreadPoolExecutor

        tied: dict[bytes, tuple[Rows, Similarities]] = {}

        choose = choosing(len(self.vectors))

        def neighbors(part: Part) -> GraphBlock:
            index = Among(ProductIndex(self.vectors.take(part.among, axis=0), choose), part.among)
            return self._neighbors(part.own, sizes, tied, (index, part.among))

        parts = clusters.parts(asked, max(size, sizes[1] + _SPARE + 1))
        with single_threaded(), ThreadPoolExecutor(os.cpu_count()) as pool:
            pending = deque(pool.submit(neighbors, part) for part in islice(parts, _AHEAD))
            while pending:
                yield pending.popleft().result()
                pending.extend(pool.submit(neighbors, part) for part in islice(parts, 1))

    @cached_property
    def _index(self) -> VectorIndex:
        return ExactIndex(self.vectors)

    def _units(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> Vectors:
        return self.vectors[rows] if "vectors" in vars(self) else unit(self._source.take(rows))

    def _near(self, query: Vectors, rows: NDArray[Any], k: int) -> tuple[NDArray[Any], Vectors]:
        """Return those of some rows, m, which may be among their k nearest to a query, and their unit vectors, (m, d).

        Cosines good to 1e-6 tell, for many questions by compiled code.
        """
        import numpy as np

        is_in_memory = "vectors" in vars(self)
        taken = self.vectors[rows] if is_in_memory else self._source.take(rows)
        if not 0 < k < len(rows):
            return rows, taken if is_in_memory else unit(taken)
        if taken.dtype == "float16" and self._inverted is not None and self._inverted.is_compiled:
            near = compiled_cosines()(taken.view("uint16"), query, k, _ROUNDING)
            return rows[near], unit(taken[near])
        units = taken if is_in_memory else unit(taken)
        cosines = units @ query
        near = cosines >= np.partition(cosines, len(rows) - k)[len(rows) - k] - _ROUNDING
        return rows[near], units[near]

    def _is_in_memory(self) -> bool:
        """Tell whether the vectors are in memory, or asked for so often by now that they should be."""
        return "vectors" in vars(self) or self._scans >= _SCANS

    def _candidates(
        self, query: Vectors, count: int, allowed: NDArray[np.bool_] | None, of_text: bool = False
    ) -> NDArray[np.int64] | None:
        """Return rows among which are the `count` nearest of a question; None where all are to be compared."""
        if self._inverted is None:
            return None
        if allowed is not None and allowed.all():
            allowed = None
        return self._inverted.candidates(query, count, allowed, of_text)

    def _scan(self, query: Vectors) -> Similarities:
        """Return the cosines of all rows after reading every vector once and keeping none."""
        import numpy as np

        cosines = np.empty(self._source.shape[0], dtype=np.float32)
        for start, block in self._source.blocks():
            single = block.astype(np.float32, copy=False)
            lengths = lengths_of(single, start)  # first: it refuses what cannot be multiplied
            if abs(lengths - 1).max() > _ABOUT_ONE:
                single, lengths = unit(single, start), np.ones(len(single))
            cosines[start : start + len(block)] = single @ query / lengths
        return cosines

    def _largest(self, query: Vectors, rows: NDArray[Any], products: NDArray[Any], count: int) -> NDArray[np.intp]:
        """Return the positions of the `count` rows of largest cosine; float32 products decide where they can."""
        import numpy as np

        if count >= len(rows):
            return np.arange(len(rows))
        if count < 1:
            return np.arange(0)
        least = np.partition(products, len(products) - count)[len(products) - count]
        is_sure = products > least + _ROUNDING
        sure, unsure = np.flatnonzero(is_sure), np.flatnonzero(~is_sure & (products >= least - _ROUNDING))
        if len(sure) + len(unsure) > count:
            order = np.lexsort((rows[unsure], -self.exact(query, rows[unsure])))
            unsure = unsure[order[: count - len(sure)]]
        return np.concatenate([sure, unsure])

    def _neighbors(
        self,
        own: Own,
        sizes: tuple[int, int],
        tied: dict[bytes, tuple[Rows, Similarities]],
        where: tuple[VectorIndex, NDArray[np.int64] | None],
    ) -> GraphBlock:
        """Return the neighbors of some rows; `sizes` are k and the shortlist's, `where` is an index and whose it is.

        `tied` keeps the answers of vectors that many rows have in common: these are searched once, not once a row.
        """
        import numpy as np

        n, (k, listed), (index, among) = len(self.vectors), sizes, where
        queries = self.vectors[np.asarray(own)]
        products, candidates = index.candidates(queries, min(n, listed + _SPARE + 1))
        products = np.where((candidates < 0) | (candidates == np.asarray(own)[:, None]), -np.inf, products)
        order = np.argsort(-products, axis=1, kind="stable")
        products, candidates = (np.take_along_axis(values, order, axis=1) for values in (products, candidates))
        rows, similarities = self._nearest_of(own, k, candidates[:, : k + _SPARE], products[:, : k + _SPARE], tied)
        shortlist, kept = candidates[:, :listed].astype(np.int32), products[:, :listed].astype(np.float32)
        if listed < n - 1:
            for position in np.flatnonzero(products[:, listed] > products[:, listed - 1] - 2 * _ROUNDING):
                found = (candidates[position], products[position])
                if found[1][-2] > found[1][listed - 1] - 2 * _ROUNDING:  # the last is the row itself, or one too many
                    found = self._compared(queries[position], int(own[position]), among)
                chosen = self._largest(queries[position], *found, listed)
                shortlist[position], kept[position] = found[0][chosen], found[1][chosen]
        return GraphBlock(own, rows, similarities, shortlist, kept)

    def _compared(self, query: Vectors, own: int, among: NDArray[np.int64] | None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return all rows, or those `among` which neighbors are looked for, and their products with one of them."""
        import numpy as np

        rows = np.arange(len(self.vectors)) if among is None else among
        products = (self.vectors if among is None else self.vectors[among]) @ query
        products[rows == own] = -np.inf
        return rows, products

    def _nearest_of(
        self,
        own: Own,
        k: int,
        candidates: NDArray[Any],
        products: NDArray[Any],
        tied: dict[bytes, tuple[Rows, Similarities]],
    ) -> tuple[Rows, Similarities]:
        """Return the k nearest of each row of `own` from candidates in the order of their float32 products."""
        import numpy as np

        queries = self.vectors[np.asarray(own)]
        similarities = self.pairs(queries, candidates)
        similarities[products == -np.inf] = -np.inf
        order = np.lexsort((candidates, -similarities))[:, :k]
        rows = np.take_along_axis(candidates, order, axis=1).astype(np.int32)
        similarities = np.take_along_axis(similarities, order, axis=1)
        if 0 < k < len(self.vectors) - 1:
            for position in np.flatnonzero(products[:, -1] > products[:, k - 1] - _ROUNDING):
                query = queries[position]
                if (key := query.tobytes()) not in tied:
                    tied[key] = self._nearest(query, k + 1, None)
                others = np.flatnonzero(tied[key][0] != own[position])[:k]
                rows[position], similarities[position] = (values[others] for values in tied[key])
        return rows, similarities

    def pairs(self, queries: Vectors, candidates: NDArray[Any]) -> Similarities:
        """Return the cosines of (m, d) unit queries each with its own (m, c) candidates, as `exact` does."""
        import numpy as np

        cosines = np.empty(candidates.shape)
        for some in (slice(start, start + _TOGETHER) for start in range(0, len(queries), _TOGETHER)):
            cosines[some] = self._sums(self.vectors, queries[some], candidates[some])
        similarities: Similarities = np.clip(cosines, -1, 1).astype(np.float32)
        return similarities

    def _nearest(self, query: Vectors, k: int, without: int | None) -> tuple[Rows, Similarities]:
        """Return the k nearest of one query, asking the index for more where a tie runs past the candidates."""
        import numpy as np

        n = len(self.vectors)
        count = min(n, k + _SPARE + 1)
        while True:
            found = self._index.candidates(query[None, :], count)
            order = np.argsort(-found[0][0], kind="stable")
            products, rows = found[0][0][order], found[1][0][order]
            if count == n or not k or products[-1] <= products[k] - _ROUNDING:
                own = -1 if without is None else without
                return self._ordered(query, rows[(rows >= 0) & (rows != own)], k)
            count = min(n, 4 * count)

    def _ordered(self, query: Vectors, rows: NDArray[Any], k: int) -> tuple[Rows, Similarities]:
        """Return the k nearest of some rows, by their cosines in float64, where those in float32 leave it open."""
        import numpy as np

        blocks = []
        for start in range(0, max(len(rows), 1), ROWS):
            near, units = self._near(query, rows[start : start + ROWS], k)
            blocks.append((near, _cosines(units, query)))
        rows, similarities = (np.concatenate(values) for values in zip(*blocks, strict=True))
        order = np.lexsort((rows, -similarities))[:k]
        return rows[order].astype(np.int32), similarities[order]


def _cosines(units: Vectors, query: Vectors) -> Similarities:
    """Return the cosines of (m, d) unit rows with a (d,) unit query, (m,), each the same whatever the others are."""
    import numpy as np

    sums = (units.astype(np.float64) * query).sum(axis=1)
    cosines: Similarities = np.minimum(np.maximum(sums, -1), 1).astype(np.float32)
    return cosines
