"""The index for searches follows what changed: what is new goes to the list that it is nearest to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from explorer.builder.searching import store_parts
from explorer.builder.state import NextState
from explorer.growth.change import Change
from explorer.index import Lists, unit
from explorer.search.corpus import lists_of
from explorer.store import LibraryFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COPIED = 16_384  # rows at a time


def store_grown_index(
    folder: LibraryFolder, state: NextState, change: Change, fresh: NDArray[np.floating[Any]]
) -> None:
    """Store the index of the next state; `fresh` are the (f, d) vectors of rows whose texts are new.

    Raises LibraryDamaged.
    """
    import numpy as np

    before = lists_of(folder)
    of = np.empty(len(change.origin), dtype=np.int32)
    of[change.kept] = before.of()[change.origin[change.kept]]
    new = unit(fresh) if len(fresh) else np.empty((0, before.axes.shape[0]), dtype=np.float32)
    of[change.fresh] = before.nearest(new)
    lists = before.regrouped(of)
    store_parts(state, lists, _codes(folder.array("codes"), (before, lists), change, lists.encoded(new)))


def _codes(
    codes: NDArray[np.int8], lists: tuple[Lists, Lists], change: Change, new: NDArray[np.int8]
) -> Iterator[NDArray[np.int8]]:
    """Yield the codes of all rows in the order of the lists now; `codes` are in that of the lists before."""
    import numpy as np

    before, now = lists
    number = np.cumsum(change.is_fresh) - 1
    for start in range(0, len(now.members), _COPIED):
        rows = now.members[start : start + _COPIED]
        is_fresh = change.is_fresh[rows]
        block = np.empty((len(rows), codes.shape[1]), dtype=np.int8)
        block[~is_fresh] = codes[before.places[change.origin[rows[~is_fresh]]]]
        block[is_fresh] = new[number[rows[is_fresh]]]
        yield block
