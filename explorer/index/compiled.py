"""What `Scanner.by_numpy` does, compiled, and cosines with float16 rows: for whoever asks often.

Compiled or not, the same rows are found. Each function is made by another one, which is given what it calls, and how to
compile; without compiling, it is the same function. A search among a million mostly waits for memory: so rows are asked
for (`fetch`) some rows before they are read, and a neighbor that several rows have is looked at once.
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
_AHEAD = 32  # rows: with a million papers, lists are compared in 24 us so, in 29 with 16 and in 50 with none
_LINE = 64  # bytes that memory gives at once
_SPREAD = 2_654_435_761  # Knuth's multiplier for hashing ("The Art of Computer Programming", vol. 3, 6.4)


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

    return searching(numba.njit(nogil=True), _fetching())


def searching(compiled: Callable[..., Any], fetch: Callable[..., None]) -> Callable[..., Any]:
    """Return what finds candidates, best first. `fetch` is given an array and a row of it that is read soon."""
    import numpy as np

    multiplied, bound, ranged = _multiplying(compiled, fetch), _bounding(compiled), _ranging(compiled)
    nearest_lists, keyed = _listing(compiled, multiplied, ranged, bound), _keying(compiled)
    followed = _following(compiled, fetch)

    def found(held: Any, asked: Any, allowed: Any, counts: Any, sought: Any) -> Any:
        places = ranged(held.list_ends, nearest_lists(held, asked, counts, sought))
        if len(allowed):
            places = places[allowed[held.members[places]]]
        products = multiplied(held.codes, places, asked)
        least = bound(products, np.ones(len(products), np.int32), sought.kept)
        keys = keyed(products, places, least)
        places = followed(held, allowed, keys & LOW, sought.followed)
        keys = np.concatenate((keys, keyed(multiplied(held.codes, places, asked), places, least)))
        keys.sort()
        kept = keys[max(0, len(keys) - sought.kept) :][::-1]
        return held.members[kept & LOW].astype(np.int64)

    made: Callable[..., Any] = compiled(found)
    return made


@lru_cache(maxsize=1)
def compiled_cosines() -> Callable[..., Any]:
    """Return a function of the bits of (m, d) float16 rows, a (d,) unit query, k and a difference.

    It returns the positions of rows whose cosine, good to 1e-6, is by no more than that less than the k-th largest.
    """
    return comparing(in_any_order())


def in_any_order() -> Callable[..., Any]:
    """Return what compiles sums in any order, so that a processor makes several at once; dividing by 0 is no error."""
    import numba

    made: Callable[..., Any] = numba.njit(nogil=True, fastmath={"reassoc", "contract"}, error_model="numpy")
    return made


def comparing(compiled: Callable[..., Any]) -> Callable[..., Any]:
    """Return what compares float16 rows with a query."""
    import numpy as np

    cosines = _halves(compiled)

    def near(rows: Any, query: Any, k: Any, difference: Any) -> Any:
        made = cosines(rows, query)
        least = np.sort(made)[len(made) - k] - difference
        return np.flatnonzero(~(made < least))  # a row without direction is for others to refuse

    made: Callable[..., Any] = compiled(near)
    return made


def _halves(compiled: Callable[..., Any]) -> Any:
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

    return compiled(cosines)


def _fetching() -> Callable[..., None]:
    """Return compiled code that asks memory for a row of an array, and does not wait for it."""
    import numba
    from llvmlite import ir
    from numba.extending import intrinsic

    def typed(_: Any, array: Any, _row: Any, _byte: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            made = context.make_array(signature.args[0])(context, builder, values[0])
            flat = builder.bitcast(made.data, ir.IntType(8).as_pointer())
            start = builder.mul(values[1], builder.extract_value(made.strides, 0))
            asked = builder.gep(flat, [builder.add(start, values[2])])
            number = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [asked.type, number, number, number])
            to_read, near, data = number(0), number(3), number(1)
            called = builder.module.declare_intrinsic("llvm.prefetch", [asked.type], kind)
            builder.call(called, [asked, to_read, near, data])
            return context.get_dummy_value()

        return numba.void(array, numba.int64, numba.int64), code

    prefetch: Any = intrinsic(typed)

    def fetch(array: Any, row: Any) -> None:
        for byte in range(0, array.shape[1] * array.itemsize, _LINE):
            prefetch(array, row, byte)

    made: Callable[..., None] = numba.njit(nogil=True)(fetch)
    return made


def _multiplying(compiled: Callable[..., Any], fetch: Callable[..., None]) -> Any:
    """Return what makes the products of a question with the codes at some places, (m,)."""
    import numpy as np
    from numpy import int32

    def multiplied(codes: Any, places: Any, asked: Any) -> Any:
        products = np.empty(len(places), np.int32)
        for position in range(-_AHEAD, len(places)):
            if position + _AHEAD < len(places):
                fetch(codes, places[position + _AHEAD])
            if position >= 0:
                row, total = places[position], int32(0)  # sums of 32 bits, of which a processor makes 16 at once
                for component in range(codes.shape[1]):
                    total = int32(total + int32(int32(codes[row, component]) * int32(asked[component])))
                products[position] = total
        return products

    return compiled(multiplied)


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


def _ranging(compiled: Callable[..., Any]) -> Any:
    """Return what makes the places of `some` ranges, which follow each other and end at `ends`."""
    import numpy as np

    def ranged(ends: Any, some: Any) -> Any:
        count = 0
        for number in some:
            count += ends[number] - (ends[number - 1] if number else 0)
        places, filled = np.empty(count, np.int64), 0
        for number in some:
            for place in range(ends[number - 1] if number else 0, ends[number]):
                places[filled] = place
                filled += 1
        return places

    return compiled(ranged)


def _listing(compiled: Callable[..., Any], multiplied: Any, ranged: Any, bound: Any) -> Any:
    """Return what finds the lists that hold the rows that are wanted."""
    import numpy as np

    def nearest_lists(held: Any, asked: Any, counts: Any, sought: Any) -> Any:
        groups = len(held.group_ends)
        products = multiplied(held.centers, np.arange(groups), asked)
        opened = np.flatnonzero(products >= bound(products, counts[0], sought.opened))
        lists = ranged(held.group_ends, opened)
        products = multiplied(held.centers, groups + lists, asked)
        return lists[products >= bound(products, counts[1][lists], sought.wanted)]

    return compiled(nearest_lists)


def _keying(compiled: Callable[..., Any]) -> Any:
    """Return what makes keys, ascending, of those places whose products are not below a bound."""
    import numpy as np

    def keyed(products: Any, places: Any, least: Any) -> Any:
        near = np.flatnonzero(products >= least)
        keys = (products[near].astype(np.int64) << 32) | places[near]
        keys.sort()
        return keys

    return compiled(keyed)


def _following(compiled: Callable[..., Any], fetch: Callable[..., None]) -> Any:
    """Return what finds the places of the neighbors of the last `count` of some places; of those allowed, each once."""
    import numpy as np

    is_new = _remembering(compiled)

    def followed(held: Any, allowed: Any, places: Any, count: Any) -> Any:
        rows = held.members[places]
        last = rows[max(0, len(rows) - count) :]
        for row in last:
            fetch(held.neighbors, row)
        most, slots = len(rows) + len(last) * held.neighbors.shape[1], 1
        while slots < 2 * most:
            slots *= 2
        seen, found, filled = np.full(slots, -1, np.int32), np.empty(most, np.int32), 0
        for row in rows:
            is_new(seen, row)
        for row in last:
            for other in held.neighbors[row]:
                if is_new(seen, other) and (not len(allowed) or allowed[other]):
                    found[filled] = other
                    filled += 1
        return held.places[found[:filled]].astype(np.int64)

    return compiled(followed)


def _remembering(compiled: Callable[..., Any]) -> Any:
    """Return what tells whether a row is in none of the slots `seen`, which are a power of two, and puts it there."""
    from numpy import int64

    def is_new(seen: Any, row: Any) -> Any:
        slot = (int64(row) * _SPREAD >> 7) & (len(seen) - 1)
        while seen[slot] != row and seen[slot] >= 0:
            slot = (slot + 1) & (len(seen) - 1)
        new = seen[slot] < 0
        seen[slot] = row
        return new

    return compiled(is_new)
