"""Run a model: the contract, and sentence-transformers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from explorer.embedder.models import ModelFiles, ModelIdentity
from explorer.errors import ModelNotAvailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 32


class Embedder(Protocol):
    """Turn texts into vectors. Tests and users may bring their own."""

    identity: ModelIdentity
    runtime: str  # what computes, and how precisely: another one may differ in the last bits

    def embed(self, texts: Sequence[str], *, as_query: bool = False) -> NDArray[np.float32]:
        """Return (n, d) unit rows, float32, one a text in the order given.

        `as_query` tells models that treat what is asked differently from what is searched (their prompts say so).
        """


class SentenceTransformerEmbedder:
    """Run a sentence-transformers model, on the CPU or the GPU that torch finds."""

    runtime = "torch float32"

    def __init__(self, files: ModelFiles) -> None:
        from sentence_transformers import SentenceTransformer

        self.identity = files.identity
        quiet: Any = import_module("transformers.utils.logging")
        progress_bar = quiet.is_progress_bar_enabled()
        quiet.disable_progress_bar()
        try:
            self._model: Any = SentenceTransformer(
                str(files.folder),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:  # a stranger's files can be wrong in more ways than the library has names for
            raise ModelNotAvailable(f"model {files.name} in {files.folder} cannot be loaded: {error}") from error
        finally:
            if progress_bar:
                quiet.enable_progress_bar()

    def embed(self, texts: Sequence[str], *, as_query: bool = False) -> NDArray[np.float32]:
        """Return (n, d) unit rows, float32; texts beyond the model's length are cut by the model's own rule."""
        import numpy as np

        encode = self._model.encode_query if as_query else self._model.encode_document
        vectors = np.asarray(encode(list(texts), batch_size=_BATCH, show_progress_bar=False), dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32)
        unit: NDArray[np.float32] = np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return unit


def load(files: ModelFiles) -> Embedder:
    """Return the model in `files`, ready to embed. Raises ModelNotAvailable when it cannot be loaded."""
    return SentenceTransformerEmbedder(files)
