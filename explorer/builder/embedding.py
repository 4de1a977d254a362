"""Texts to vectors in shards: what costs most is not done twice.

A shard holds some texts' vectors in a file that is named by all that decides them. So it is found again whatever comes
before or after it, and a process that is killed loses one at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.embedder import BatchedEmbedder, Embedder, ModelFiles, load
from explorer.errors import InvalidInput
from explorer.index import unit
from explorer.store import Workshop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARD = 512  # papers embedded at a time: what a killed process loses at most


class Shards:
    """Embed texts, some hundred at a time, into the workshop's folder of shards. The model can be loaded beside."""

    def __init__(self, workshop: Workshop, model: ModelFiles | Embedder | None, beside: ExitStack) -> None:
        self._workshop = workshop
        self._model = model
        self._beside = beside
        self._embedder: Future[Embedder] | None = None

    def start(self) -> None:
        """Begin to load the model, unless that has begun; without a model, nothing is to be done."""
        if self._embedder is None and self._model is not None:
            self._embedder = self._beside.enter_context(ThreadPoolExecutor(1)).submit(self._loaded)

    @property
    def embedder(self) -> Embedder:
        """Return the model, loaded."""
        self.start()
        assert self._embedder is not None  # noqa: S101 -- only ready vectors go without a model
        return self._embedder.result()

    def files(self, count: int, texts: Callable[[slice], Sequence[str]], done: Callable[[int], object]) -> list[Path]:
        """Return the files with the vectors of `count` texts, in order; `texts` gives those of a slice of them."""
        return [self._shard(texts(slice(start, min(start + SHARD, count))), done) for start in range(0, count, SHARD)]

    def _loaded(self) -> Embedder:
        assert self._model is not None  # noqa: S101
        return load(self._model) if isinstance(self._model, ModelFiles) else self._model

    def _shard(self, texts: Sequence[str], done: Callable[[int], object]) -> Path:
        embedder = self.embedder
        key = sha256("\0".join([embedder.identity.fingerprint, embedder.runtime, *texts]).encode()).hexdigest()[:32]
        if (found := self._workshop.find_shard(key)) is not None:
            done(len(texts))
            return found
        return self._workshop.keep_shard(key, unit(self._embedded(embedder, texts, done)))

    def _embedded(self, embedder: Embedder, texts: Sequence[str], done: Callable[[int], object]) -> NDArray[np.float32]:
        if isinstance(embedder, BatchedEmbedder):
            vectors = embedder.embed(texts, progress=done)
        else:  # one of the user's own
            vectors = embedder.embed(texts)
            done(len(texts))
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise InvalidInput(f"the model {embedder.identity.name} made {vectors.shape} of {len(texts)} texts")
        return vectors
