"""Texts to unit vectors through a runtime: batches out, rows back in their places; and which runtime a model gets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from explorer.embedder.batches import token_budget_batches
from explorer.embedder.contract import CannotPrepare, Runtime
from explorer.embedder.hardware import has_gpu
from explorer.embedder.models import ModelFiles, ModelIdentity
from explorer.embedder.runtimes import runtime_types
from explorer.errors import ModelNotAvailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = logging.getLogger("explorer")


class BatchedEmbedder:
    """Embed with a runtime, in batches of similar length that depend on nothing but the texts."""

    def __init__(self, identity: ModelIdentity, runtime: Runtime) -> None:
        self.identity = identity
        self.runtime = runtime.name
        self._runtime = runtime

    def embed(
        self, texts: Sequence[str], *, as_query: bool = False, progress: Callable[[int], object] = lambda _: None
    ) -> NDArray[np.float32]:
        """Return (n, d) unit rows, float32; texts beyond the model's length are cut by the model's own rule.

        `progress` is called with the number of texts after each batch. A vector of no length stays zero.
        """
        import numpy as np

        counts = self._runtime.token_counts(texts, as_query=as_query)
        batches = token_budget_batches(counts, self._runtime.tokens_per_batch)
        vectors = np.zeros((len(texts), self._runtime.width), dtype=np.float32)
        worded = [[texts[row] for row in batch] for batch in batches]
        for position, made in self._runtime.run(worded, as_query=as_query):
            vectors[batches[position]] = made
            progress(len(made))
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(vectors, lengths, out=vectors, where=lengths > 0, casting="same_kind")
        return unit


def load(files: ModelFiles) -> BatchedEmbedder:
    """Return the model in `files`, ready to embed, in the fastest runtime that is installed and can run it.

    Raises ModelNotAvailable when it cannot be loaded.
    """
    for kind in sorted(runtime_types(), key=lambda kind: has_gpu() and not kind.uses_gpu):
        try:
            runtime = kind.prepared(files.identity) or kind.load(files)
        except CannotPrepare as error:
            if error.is_news:
                _log.warning("model %s starts slower and embeds slower than it could: %s", files.name, error)
            continue
        return BatchedEmbedder(files.identity, runtime)
    raise ModelNotAvailable(f"model {files.name}: no runtime is installed that can run it")


def prepare(files: ModelFiles) -> BatchedEmbedder:
    """Return the model from what is kept of it for a fast start, kept now if it was not.

    Raises ModelNotAvailable, with the reason, when nothing can be kept of it.
    """
    kind = runtime_types()[0]
    try:
        return BatchedEmbedder(files.identity, kind.prepared(files.identity) or kind.load(files))
    except CannotPrepare as error:
        raise ModelNotAvailable(f"model {files.name} cannot be prepared, torch runs it: {error}") from error


def describe(files: ModelFiles) -> dict[str, object]:
    """Return what a model is, where it is, and what is kept of it for a fast start."""
    facts: dict[str, object] = {**files.identity.as_dict(), "folder": str(files.folder)}
    for kind in runtime_types():
        facts |= kind.facts(files.identity)
    return facts


def load_prepared(identity: ModelIdentity) -> BatchedEmbedder | None:
    """Return the model of this very identity from what is kept of it on this machine, if there is anything.

    Its files are neither needed nor looked for: the identity decides who may ask.
    """
    for kind in runtime_types():
        runtime = kind.prepared(identity)
        if runtime is not None:
            return BatchedEmbedder(identity, runtime)
    return None
