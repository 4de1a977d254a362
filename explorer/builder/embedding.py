"""Texts to vectors in shards: what costs most is not done twice, and may be done by several processes.

A shard holds some texts' vectors in a file that is named by all that decides them. So it is found again whatever comes
before or after it, a process that is killed loses one at most, and it does not matter which worker makes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from explorer import __version__
from explorer.embedder import BatchedEmbedder, Embedder, ModelFiles, find_model, load
from explorer.engine import Engine, LocalEngine
from explorer.errors import EngineUnavailable, InvalidInput, ModelMismatch
from explorer.index import unit
from explorer.store import Workshop, find_shard, keep_shard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARD = 512  # papers embedded at a time: what a killed process loses at most
_PATIENCE = 60.0  # seconds until a file that another machine has written must be seen here
_loading = threading.Lock()  # of a worker with several threads: one model is loaded, and asked by one at a time


class Shards:
    """Embed texts, some hundred at a time, into the workshop's folder of shards.

    The model can be loaded beside other work. Where the `engine` is not this process, its workers embed.
    """

    def __init__(
        self,
        workshop: Workshop,
        model: ModelFiles | Embedder | None,
        beside: ExitStack,
        engine: Engine | None = None,
    ) -> None:
        self._workshop = workshop
        self._model = model
        self._beside = beside
        self._engine = engine or LocalEngine()
        self._embedder: Future[Embedder] | None = None
        self._runtime = ""

    def start(self) -> None:
        """Begin to load the model, unless that has begun; without a model, nothing is to be done."""
        if self._embedder is None and self._model is not None and self._engine.is_here:
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
        if self._engine.is_here:
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

    # --- by others

    def _made_elsewhere(self, parts: Iterator[tuple[str, ...]], done: Callable[[int], object]) -> list[Path]:
        """Have the engine's workers make the shards that are not there yet; return all, in order."""
        if not isinstance(self._model, ModelFiles):
            raise InvalidInput("a model that is an object of yours cannot be sent to workers: name its folder")
        name, fingerprint = self._model.name, self._model.identity.fingerprint
        self._runtime = self._introduced(name, fingerprint)
        keys: list[str] = []

        def missing() -> Iterator[TextShard]:
            for texts in parts:
                keys.append(_key(fingerprint, self._runtime, texts))
                if self._workshop.find_shard(keys[-1]) is None:
                    yield TextShard(self._folder, keys[-1], name, fingerprint, self._runtime, texts)
                else:
                    done(len(texts))

        for count in self._engine.run(embed_shard, missing()):
            done(count)
        return [self._seen(key) for key in keys]

    @property
    def _folder(self) -> str:
        return str(self._workshop.shards.absolute())

    def _introduced(self, name: str, fingerprint: str) -> str:
        """Return what all workers run the model on. Raises EngineUnavailable when one of them cannot take part."""
        import numpy as np

        mark = token_hex(16)
        file = self._workshop.keep_shard(mark, np.ones((1, 1), dtype=np.float32))
        try:
            found = self._engine.everywhere(introduced, TextShard(self._folder, mark, name, fingerprint))
        finally:
            file.unlink(missing_ok=True)
        for worker, (version, sees, runtime) in found.items():
            if version != __version__:
                raise EngineUnavailable(f"the worker {worker} has explorer {version}, this is {__version__}: update it")
            if not sees:
                raise EngineUnavailable(
                    f"the worker {worker} does not see {self._workshop.path}: what several machines make must be in "
                    "a folder that all of them share, under the same name"
                )
            if runtime != (first := next(iter(found.values()))[2]):
                raise EngineUnavailable(
                    f"the worker {worker} runs the model on {runtime}, another on {first}: their vectors would differ. "
                    "Have the same extras and the same kind of processor on all of them"
                )
        return next(iter(found.values()))[2]

    def _seen(self, key: str) -> Path:
        """Return the file of a shard that a worker has made; file systems that are shared may show it late."""
        end = time.monotonic() + _PATIENCE
        while (found := self._workshop.find_shard(key)) is None:
            if time.monotonic() > end:
                raise EngineUnavailable(
                    f"a worker has written {key}.npy to {self._workshop.shards}, where it is not seen whole from here: "
                    "is that folder shared? Run the same command again: what is there is not made anew"
                )
            time.sleep(0.2)
        return found


@dataclass(frozen=True, slots=True)
class TextShard:
    """Say what a worker is to embed, with which model, and as what it is to keep that in which folder."""

    folder: str
    key: str
    model: str
    fingerprint: str
    runtime: str = ""
    texts: tuple[str, ...] = ()


def introduced(shard: TextShard) -> tuple[str, bool, str]:
    """Return of a worker: its version, whether it sees the folder that holds `shard`, what it runs the model on.

    Raises ModelNotAvailable, ModelMismatch.
    """
    sees = find_shard(Path(shard.folder), shard.key) is not None
    return __version__, sees, _model(shard.model, shard.fingerprint).runtime


def embed_shard(shard: TextShard) -> int:
    """Embed a shard on a worker, unless it is there; return how many texts it has. Raises as `introduced` does."""
    folder = Path(shard.folder)
    if find_shard(folder, shard.key) is None:
        embedder = _model(shard.model, shard.fingerprint)
        if embedder.runtime != shard.runtime:
            raise ModelMismatch(f"a worker that came later runs the model on {embedder.runtime}, not {shard.runtime}")
        with _loading:
            vectors = _embedded(embedder, shard.texts, lambda _: None)
        keep_shard(folder, shard.key, unit(vectors))
    return len(shard.texts)


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
