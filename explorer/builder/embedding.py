"""Texts to vectors in shards: what costs most is not done twice, and may be done by several processes.

A shard holds some texts' vectors in a file that is named by all that decides them. So it is found again whatever comes
before or after it, a process that is killed loses one at most, and it does not matter which worker makes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.builder.workers import Workers
from explorer.embedder import BatchedEmbedder, Embedder, ModelFiles, find_model, load
from explorer.errors import EngineUnavailable, InvalidInput, ModelMismatch
from explorer.index import unit
from explorer.store import Workshop, find_shard, keep_shard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARD = 512  # papers embedded at a time: what a killed process loses at most
_loading = threading.Lock()  # of a worker with several threads: one model is loaded, and asked by one at a time


class Shards:
    """Embed texts, some hundred at a time, into the workshop's folder of shards.

    The model can be loaded beside other work. Where the workers are not this process, they embed.
    """

    def __init__(
        self, workshop: Workshop, model: ModelFiles | Embedder | None, beside: ExitStack, workers: Workers | None = None
    ) -> None:
        self._workshop = workshop
        self._model = model
        self._beside = beside
        self._workers = workers or Workers(workshop)
        self._embedder: Future[Embedder] | None = None
        self._runtime = ""

    def start(self) -> None:
        """Begin to load the model, unless that has begun; without a model, nothing is to be done."""
        if self._embedder is None and self._model is not None and self._workers.are_here:
            self._embedder = self._beside.enter_context(ThreadPoolExecutor(1)).submit(self._loaded)

    @property
    def runtime(self) -> str:
        """Return what runs the model, wherever it runs."""
        return self._runtime or self._loaded_embedder.runtime

    def files(self, count: int, texts: Callable[[slice], Sequence[str]], done: Callable[[int], object]) -> list[Path]:
        """Return the files with the vectors of `count` texts, in order; `texts` gives those of a slice of them.

        Raises InvalidInput, ModelNotAvailable, ModelMismatch, EngineUnavailable.
        """
        parts = (slice(start, min(start + SHARD, count)) for start in range(0, count, SHARD))
        if self._workers.are_here:
            return [self._shard(texts(some), done) for some in parts]
        return self._made_elsewhere((tuple(texts(some)) for some in parts), done)

    @property
    def _loaded_embedder(self) -> Embedder:
        self.start()
        assert self._embedder is not None  # noqa: S101 -- only ready vectors go without a model
        return self._embedder.result()

    def _loaded(self) -> Embedder:
        assert self._model is not None  # noqa: S101
        return load(self._model) if isinstance(self._model, ModelFiles) else self._model

    def _shard(self, texts: Sequence[str], done: Callable[[int], object]) -> Path:
        embedder = self._loaded_embedder
        key = _key(embedder.identity.fingerprint, embedder.runtime, texts)
        if (found := self._workshop.find_shard(key)) is not None:
            done(len(texts))
            return found
        return self._workshop.keep_shard(key, unit(_embedded(embedder, texts, done)))

    def _made_elsewhere(self, parts: Iterator[tuple[str, ...]], done: Callable[[int], object]) -> list[Path]:
        """Have the workers make the shards that are not there yet; return all, in order."""
        if not isinstance(self._model, ModelFiles):
            raise InvalidInput("a model that is an object of yours cannot be sent to workers: name its folder")
        asked = TextShard(self._workers.folder, "", self._model.name, self._model.identity.fingerprint)
        self._workers.introduce()
        self._runtime = runtime = self._runtime_of_all(asked)
        keyed = (
            replace(asked, key=_key(asked.fingerprint, runtime, texts), runtime=runtime, texts=texts) for texts in parts
        )
        return self._workers.files(embed_shard, keyed, done)

    def _runtime_of_all(self, asked: TextShard) -> str:
        """Return what all workers run the model on. Raises EngineUnavailable when they differ."""
        found = self._workers.everywhere(runtime_of, asked)
        first: str = next(iter(found.values()))
        for worker, runtime in found.items():
            if runtime != first:
                raise EngineUnavailable(
                    f"the worker {worker} runs the model on {runtime}, another on {first}: their vectors would differ. "
                    "Have the same extras and the same kind of processor on all of them"
                )
        return first


@dataclass(frozen=True, slots=True)
class TextShard:
    """Say what a worker is to embed, with which model, and as what it is to keep that in which folder."""

    folder: str
    key: str
    model: str
    fingerprint: str
    runtime: str = ""
    texts: tuple[str, ...] = ()

    @property
    def papers(self) -> int:
        """Return how many texts it has."""
        return len(self.texts)


def runtime_of(shard: TextShard) -> str:
    """Return what a worker runs the model on. Raises ModelNotAvailable, ModelMismatch."""
    return _model(shard.model, shard.fingerprint).runtime


def embed_shard(shard: TextShard) -> str:
    """Embed a shard on a worker, unless it is there; return its key. Raises as `runtime_of` does."""
    folder = Path(shard.folder)
    if find_shard(folder, shard.key) is None:
        embedder = _model(shard.model, shard.fingerprint)
        if embedder.runtime != shard.runtime:
            raise ModelMismatch(f"a worker that came later runs the model on {embedder.runtime}, not {shard.runtime}")
        with _loading:
            vectors = _embedded(embedder, shard.texts, lambda _: None)
        keep_shard(folder, shard.key, unit(vectors))
    return shard.key


def _model(name: str, fingerprint: str) -> BatchedEmbedder:
    with _loading:
        return _model_in_memory(name, fingerprint)


@lru_cache(maxsize=1)
def _model_in_memory(name: str, fingerprint: str) -> BatchedEmbedder:
    files = find_model(name, download=False)
    if files.identity.fingerprint != fingerprint:
        raise ModelMismatch(f"the model {name} of this worker is another than that of the library")
    return load(files)


def _key(fingerprint: str, runtime: str, texts: Sequence[str]) -> str:
    return sha256("\0".join([fingerprint, runtime, *texts]).encode()).hexdigest()[:32]


def _embedded(embedder: Embedder, texts: Sequence[str], done: Callable[[int], object]) -> NDArray[np.float32]:
    if isinstance(embedder, BatchedEmbedder):
        vectors = embedder.embed(texts, progress=done)
    else:  # one of the user's own
        vectors = embedder.embed(texts)
        done(len(texts))
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise InvalidInput(f"the model {embedder.identity.name} made {vectors.shape} of {len(texts)} texts")
    return vectors
