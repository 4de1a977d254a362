"""What a search needs of a library: vectors, words, the neighbor graph, near-duplicates, and a model for texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from explorer.errors import ForeignLibrary, LibraryDamaged, ModelMismatch
from explorer.index import GRAPHS, SEARCHES, InvertedFile, Lists, NearestRows, unit
from explorer.lexical import LexicalIndex, Weighing
from explorer.papers import Paper
from explorer.ranking import Scale
from explorer.store import LibraryFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.embedder import Embedder


class Corpus(Protocol):
    """Give a search what it needs; a library does, and so can papers in memory."""

    @property
    def nearest(self) -> NearestRows:
        """Return the vectors."""

    @property
    def lexical(self) -> LexicalIndex:
        """Return the words."""

    @property
    def sample(self) -> NDArray[np.float32]:
        """Return (s, d) unit vectors that stand for those of all papers."""

    @property
    def neighbors(self) -> NDArray[np.int32]:
        """Return the neighbor graph, (n, k)."""

    @property
    def twins(self) -> dict[int, tuple[int, int]]:
        """Return for rows with near-duplicates the first row of their group, and of those with the same text."""

    def papers(self, rows: Sequence[int]) -> list[Paper]:
        """Return some papers."""

    def embed(self, texts: Sequence[str], *, as_query: bool) -> NDArray[np.float32] | None:
        """Return the (m, d) unit vectors of texts; None where a library has no model."""


class StoredCorpus:
    """Give what a library holds. Everything is read when it is first needed, then kept."""

    def __init__(self, folder: LibraryFolder, embedder: Callable[[], Embedder | None]) -> None:
        self._folder = folder
        self._embedder = embedder

    @cached_property
    def nearest(self) -> NearestRows:
        """Return the vectors."""
        return nearest_of(self._folder)

    @cached_property
    def lexical(self) -> LexicalIndex:
        """Return the words."""
        weighing: dict[str, Any] = self._folder.manifest.weighing
        return LexicalIndex(self._folder.terms(), Weighing(**weighing))

    @cached_property
    def sample(self) -> NDArray[np.float32]:
        """Return unit vectors that stand for all."""
        return unit(self._folder.array("sample"))

    @cached_property
    def neighbors(self) -> NDArray[np.int32]:
        """Return the neighbor graph."""
        return self._folder.array("neighbors")

    @cached_property
    def twins(self) -> dict[int, tuple[int, int]]:
        """Return the near-duplicates."""
        return self._folder.twins()

    def papers(self, rows: Sequence[int]) -> list[Paper]:
        """Return some papers."""
        return self._folder.database.papers(rows)

    def embed(self, texts: Sequence[str], *, as_query: bool) -> NDArray[np.float32] | None:
        """Return the vectors of texts. Raises ModelMismatch when they have other dimensions than the library's."""
        embedder = self._embedder()
        if embedder is None:
            return None
        vectors, width = embedder.embed(texts, as_query=as_query), self._folder.manifest.files["vectors"].shape[1]
        if vectors.shape[1] != width:
            raise ModelMismatch(f"this library's vectors have {width} dimensions, the model's {vectors.shape[1]}")
        return vectors


def nearest_of(folder: LibraryFolder) -> NearestRows:
    """Return the vectors of a library, with its index for searches if it has one.

    Raises ForeignLibrary, LibraryDamaged.
    """
    manifest = folder.manifest
    for kind, known in ((manifest.index["type"], GRAPHS), (manifest.search["type"], SEARCHES)):
        if kind not in known:
            raise ForeignLibrary(f"an index of type {kind!r} is unknown to this explorer: update it")
    if not manifest.has_index:
        return NearestRows(folder.vectors())
    reach, of_texts = (
        [(count, rows) for count, rows in said["reach"]] for said in (manifest.search, manifest.search["texts"])
    )
    lists = lists_of(folder)
    with _index_of(folder):
        inverted = InvertedFile(lists, folder.rows("codes"), folder.rows("neighbors"), reach, of_texts)
    return NearestRows(folder.vectors(), inverted)


def lists_of(folder: LibraryFolder) -> Lists:
    """Return the lists of a library's index. Raises LibraryDamaged."""
    import numpy as np

    members, places = np.ascontiguousarray(folder.array("places").T)
    with _index_of(folder):
        return Lists(folder.array("sizes")[:, 0], members, places, folder.array("axes"), folder.array("centers"))


@contextmanager
def _index_of(folder: LibraryFolder) -> Iterator[None]:
    """Raise LibraryDamaged for parts that are of no index."""
    try:
        yield
    except (ValueError, IndexError) as error:
        raise LibraryDamaged(f"{folder.path}: the index is not that of a library: {error}") from None


def scale_of(sample: NDArray[np.float32], vector: NDArray[np.float32]) -> Scale:
    """Return mean and deviation of the cosines of a library, by its sample, with a (d,) unit vector."""
    cosines = sample.astype("f8") @ vector.astype("f8")
    return Scale(float(cosines.mean()), float(cosines.std()))
