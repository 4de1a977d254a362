"""What `Scanner.by_numpy` does, compiled, and cosines with float16 rows: for whoever asks often.

Compiled or not, the same rows are found. Each function is made by another one, which is given what it calls, and how to
compile; without compiling, it is the same function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WIDER = 2.0**112  # float32's exponents begin so much lower than float16's
LOW = 0xFFFF_FFFF  # where the place stands in a key; above it is the product


class Held(NamedTuple):
    """Hold what compiled code reads.

    Centers of g groups and c lists and where these end; by place: codes and rows; by row: places and neighbors.
    """

    centers: NDArray[np.int8]
    group_ends: NDArray[np.int64]
    list_ends: NDArray[np.int64]
    codes: NDArray[np.int8]
    members: NDArray[np.int32]
    places: NDArray[np.int32]
    neighbors: NDArray[np.int32]


@lru_cache(maxsize=1)
def compiled_search() -> Callable[..., Any]:
    """Return a function of `Held`, a question's codes, allowed rows or none, counts by group and by list, `Sought`."""
    import numba

    return searching(numba.njit(nogil=True))


def searching(compiled: Callable[..., Any]) -> Callable[..., Any]:
    """Return what finds candidates, best first."""
    import numpy as np

    scan, bound = _scanning(compiled), _bounding(compiled)
    ranged = _ranging(compiled, scan)
    nearest_lists, best = _listing(compiled, scan, ranged, bound), _choosing(compiled, bound)
    followed = _following(compiled, scan)

    def found(held: Any, asked: Any, allowed: Any, counts: Any, sought: Any) -> Any:
        lists = nearest_lists(held, asked, counts, sought)
        products, places = ranged(held.codes, held.list_ends, lists, 0, asked)
        keys, least = best(held, allowed, products, places, sought.kept)
        keys.sort()
        rows = held.members[keys[max(0, len(keys) - sought.followed) :] & LOW]
        keys = np.unique(np.concatenate((keys, followed(held, allowed, asked, rows, least))))
        kept = keys[max(0, len(keys) - sought.kept) :][::-1]
        return held.members[kept & LOW].astype(np.int64)

    made: Callable[..., Any] = compiled(found)
    return made


@lru_cache(maxsize=1)
def compiled_cosines() -> Callable[..., Any]:
    """Return a function of the bits of (m, d) float16 rows and a (d,) unit query: their cosines, good to 1e-6."""
    import numba

    # Sums in any order, so that a processor makes several at once; and no exception for a row of zeros.
    return comparing(numba.njit(nogil=True, fastmath={"reassoc", "contract"}, error_model="numpy"))


def comparing(compiled: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes cosines. A number's exponent and fraction move to where float32 has them."""
    import numpy as np
    from numpy import float32, int32

    def cosines(rows: Any, query: Any) -> Any:
        made, bits = np.empty(len(rows), np.float32), np.empty(rows.shape[1], np.int32)
        numbers = bits.view(np.float32)
        for row in range(len(rows)):
            for place in range(len(bits)):
                half = int32(rows[row, place])
                bits[place] = int32((half & 0x7FFF) << 13) | int32((half & 0x8000) << 16)
            product, square = float32(0), float32(0)
            for place in range(len(bits)):
                number = numbers[place] * float32(_WIDER)
                product += number * query[place]
                square += number * number
            made[row] = product / np.sqrt(square)
        return made

    made: Callable[..., Any] = compiled(cosines)
    return made


def _scanning(compiled: Callable[..., Any]) -> Any:
    """Return what writes the products of a question with the codes of some rows."""
    from numpy import int32

    def scan(codes: Any, start: Any, stop: Any, asked: Any, products: Any) -> None:
        for row in range(start, stop):
            total = int32(0)  # sums of 32 bits, of which a processor makes 16 at once
            for component in range(codes.shape[1]):
                total = int32(total + int32(int32(codes[row, component]) * int32(asked[component])))
            products[row - start] = total

    return compiled(scan)


def _bounding(compiled: Callable[..., Any]) -> Any:
    """Return what finds a bound: products at or above it count `wanted` together, those above it no longer do."""
    from numpy import int32, int64

    def bound(products: Any, counts: Any, wanted: Any) -> Any:
        low, high = int64(products.min()), int64(products.max()) + 1
        while high - low > 1:
            middle = (low + high) // 2
            held = int64(0)
            for place in range(len(products)):
                held += counts[place] if products[place] >= int32(middle) else 0
            if held >= wanted:
                low = middle
            else:
                high = middle
        return int32(low)

    return compiled(bound)


def _ranging(compiled: Callable[..., Any], scan: Any) -> Any:
    """Return what makes the products with all rows of `some` ranges, which follow each other and begin at `first`."""
    import numpy as np

    def ranged(codes: Any, ends: Any, some: Any, first: Any, asked: Any) -> Any:
        sizes = np.empty(len(some), dtype=np.int64)
        for position in range(len(some)):
            number = some[position]
            sizes[position] = ends[number] - (ends[number - 1] if number else 0)
        products, places, filled = np.empty(sizes.sum(), np.int32), np.empty(sizes.sum(), np.int64), 0
        for position in range(len(some)):
            end, size = ends[some[position]], sizes[position]
            scan(codes, first + end - size, first + end, asked, products[filled : filled + size])
            for place in range(size):
                places[filled + place] = end - size + place
            filled += size
        return products, places

    return compiled(ranged)


def _listing(compiled: Callable[..., Any], scan: Any, ranged: Any, bound: Any) -> Any:
    """Return what finds the lists that hold the rows that are wanted."""
    import numpy as np

    def nearest_lists(held: Any, asked: Any, counts: Any, sought: Any) -> Any:
        groups = len(held.group_ends)
        products = np.empty(groups, np.int32)
        scan(held.centers, 0, groups, asked, products)
        opened = np.flatnonzero(products >= bound(products, counts[0], sought.opened))
        products, lists = ranged(held.centers, held.group_ends, opened, groups, asked)
        return lists[products >= bound(products, counts[1][lists], sought.wanted)]

    return compiled(nearest_lists)


def _choosing(compiled: Callable[..., Any], bound: Any) -> Any:
    """Return what makes keys of the best of the allowed rows, and finds what is the least of their products."""
    import numpy as np

    def best(held: Any, allowed: Any, products: Any, places: Any, kept: Any) -> Any:
        if len(allowed):
            may = allowed[held.members[places]]
            products, places = products[may], places[may]
        least = bound(products, np.ones(len(products), np.int32), kept)
        near = np.flatnonzero(products >= least)
        return (products[near].astype(np.int64) << 32) | places[near], least

    return compiled(best)


def _following(compiled: Callable[..., Any], scan: Any) -> Any:
    """Return what makes keys of those neighbors of rows that are allowed, and as good as the least of the best."""
    import numpy as np

    def followed(held: Any, allowed: Any, asked: Any, rows: Any, least: Any) -> Any:
        keys, filled = np.empty(len(rows) * held.neighbors.shape[1], np.int64), 0
        product = np.empty(1, np.int32)
        for row in rows:
            for other in held.neighbors[row]:
                if len(allowed) and not allowed[other]:
                    continue
                place = held.places[other]
                scan(held.codes, place, place + 1, asked, product)
                if product[0] >= least:
                    keys[filled] = (np.int64(product[0]) << 32) | place
                    filled += 1
        return keys[:filled]

    return compiled(followed)
