"""The topics of the library that a build replaces, for what is still the same to keep its name."""

from __future__ import annotations

from pathlib import Path

from explorer.errors import ExplorerError
from explorer.store import LibraryFolder, PaperDatabase
from explorer.topics.matching import Previous
from explorer.topics.topics import Topics


def previous_topics(path: Path, database: PaperDatabase, count: int) -> Previous | None:
    """Return the topics of the library at `path`, with the row there of each of the `count` papers of `database`.

    None when there is no library, or none that can be read: then there is nothing to keep.
    """
    import numpy as np

    try:
        folder = LibraryFolder(path)
    except ExplorerError:
        return None
    try:
        topics = Topics.from_json(folder.labels(), folder.array("topics"))
        rows = np.fromiter(
            (-1 if (row := folder.database.row_of(paper.id)) is None else row for paper in database.range(0, count)),
            dtype=np.int64,
            count=count,
        )
    except (ExplorerError, ValueError):
        return None
    finally:
        folder.close()
    return Previous(topics, rows)
