"""How the rows of a library's next state go with those of the state before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Change:
    """Hold (n,) `origin`: for each row now its row then, -1 for new papers, ascending but for these, which are last.

    `is_fresh` (n,) marks rows whose text is new or another than before; `before` is how many rows there were.
    """

    origin: NDArray[np.int64]
    is_fresh: NDArray[np.bool_]
    before: int

    @cached_property
    def fresh(self) -> NDArray[np.int64]:
        """Return the rows whose text is new or another, ascending."""
        import numpy as np

        return np.flatnonzero(self.is_fresh)

    @cached_property
    def kept(self) -> NDArray[np.int64]:
        """Return the rows whose text is as it was, ascending."""
        import numpy as np

        return np.flatnonzero(~self.is_fresh)

    @cached_property
    def now(self) -> NDArray[np.int64]:
        """Return (before,): for each row then its row now; -1 for those that went or got another text."""
        import numpy as np

        now = np.full(self.before, -1, dtype=np.int64)
        now[self.origin[self.kept]] = self.kept
        return now

    @cached_property
    def only_adds(self) -> bool:
        """Tell whether all rows there were are as they were, where they were, and others come after them."""
        return len(self.kept) == self.before and not self.is_fresh[: self.before].any()

    @property
    def extent(self) -> int:
        """Return how many papers came, went or got another text."""
        return len(self.fresh) + self.before - int((self.origin >= 0).sum())

    @property
    def is_none(self) -> bool:
        """Tell whether all rows are what they were."""
        return self.extent == 0
