"""The papers of a library as people go through them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import overload

from explorer import query as queries
from explorer.papers import Paper
from explorer.store import LibraryFolder


class Papers:
    """Give access to the papers of a library in the order of its rows: iterate, count, look up by id or position."""

    def __init__(self, folder: LibraryFolder) -> None:
        self._folder = folder

    def __len__(self) -> int:
        """Return the number of papers."""
        return self._folder.manifest.papers

    def __iter__(self) -> Iterator[Paper]:
        """Yield all papers without holding them all."""
        return self._folder.database.range(0, len(self))

    @overload
    def __getitem__(self, which: str | int) -> Paper: ...
    @overload
    def __getitem__(self, which: slice) -> list[Paper]: ...
    def __getitem__(self, which: str | int | slice) -> Paper | list[Paper]:
        """Return the paper of an id in any form, or of a row, or the papers of a slice of rows.

        Raises UnknownPaper for an id, IndexError for a row.
        """
        if isinstance(which, slice):
            return self._folder.database.papers(range(len(self))[which])
        if isinstance(which, str):
            return self._folder.database.papers([queries.require_id(which, self._folder.database)])[0]
        return self._folder.database.papers([range(len(self))[which]])[0]

    def __contains__(self, paper_id: object) -> bool:
        """Tell whether a paper of this id, in any form, is there."""
        return isinstance(paper_id, str) and queries.find_id(paper_id, self._folder.database) is not None
