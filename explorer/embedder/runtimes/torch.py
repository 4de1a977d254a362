"""sentence-transformers on torch: runs every model, on the CPU or the GPU that torch finds."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from importlib import import_module
from typing import TYPE_CHECKING, Any

from explorer.embedder.contract import Runtime
from explorer.embedder.hardware import has_bfloat16
from explorer.embedder.models import ModelFiles, ModelIdentity
from explorer.embedder.runtimes.registry import register
from explorer.errors import ModelNotAvailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TOKENS_PER_BATCH = {"cpu": 2048, "cuda": 65_536}
_LEAST_COSINE = 0.999  # of the half precision to float32, mean over the probes
_PROBES = (
    "depth",
    "Depth estimation from a single image. We infer distance from one photograph, without labels.",
    "Protein folding in yeast under heat stress: a survey of 4,200 strains, 1998-2020",
)


class TorchRuntime:
    """Run a loaded SentenceTransformer in half precision where the processor has it and the vectors stay the same."""

    def __init__(self, model: Any) -> None:
        self._model = model
        device = model.device.type
        self.tokens_per_batch = _TOKENS_PER_BATCH.get(device, 8192)
        self.width = int(model.get_embedding_dimension())
        precision = self._lower_precision(device)
        self.name = f"torch {precision}" + ("" if device == "cpu" else f" {device}")

    def token_counts(self, texts: Sequence[str], *, as_query: bool) -> list[int]:  # noqa: ARG002 -- the contract's
        """Return how many tokens the model sees of each text, or of models without a tokenizer an estimate."""
        limit = self._model.max_seq_length
        try:
            tokens = self._model.tokenizer(list(texts), add_special_tokens=True, truncation=False, verbose=False)[
                "input_ids"
            ]
            counts = [len(ids) for ids in tokens]
        except Exception:  # models bring tokenizers of their own; counts only cut batches
            counts = [1 + len(text) // 4 for text in texts]
        return [min(count, limit) for count in counts] if isinstance(limit, int) else counts

    def run(self, batches: Sequence[Sequence[str]], *, as_query: bool) -> Iterator[tuple[int, NDArray[np.floating]]]:
        """Yield (position, vectors), batch after batch: torch uses all cores for one."""
        encode = self._model.encode_query if as_query else self._model.encode_document
        for position, batch in enumerate(batches):
            # One batch each: the library would cut them by count.
            tensors = encode(list(batch), batch_size=len(batch), convert_to_tensor=True, show_progress_bar=False)
            yield position, tensors.float().cpu().numpy()

    def _lower_precision(self, device: str) -> str:
        """Convert the model to half precision if that pays here and keeps its vectors; return the precision it has."""
        import torch

        if device != "cuda" and not (device == "cpu" and has_bfloat16()):
            return "float32"
        half = torch.bfloat16 if device != "cuda" or torch.cuda.is_bf16_supported() else torch.float16
        whole = self._model
        try:
            given = self._probed()
            self._model = deepcopy(whole).to(half)
            cosine = float((given * self._probed()).sum(axis=1).mean())
        except Exception:  # models bring modules of their own; not all know half precision
            cosine = 0.0
        if cosine >= _LEAST_COSINE:
            return str(half).removeprefix("torch.")
        self._model = whole
        return "float32"

    def _probed(self) -> NDArray[np.float64]:
        import numpy as np

        made = np.concatenate([made for _, made in self.run([_PROBES], as_query=False)]).astype(np.float64)
        unit: NDArray[np.float64] = made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-12)
        return unit


class Torch:
    """Run what nothing else runs."""

    rank = 9
    uses_gpu = True

    def prepared(self, identity: ModelIdentity) -> Runtime | None:  # noqa: ARG002 -- the contract's
        """Return None: torch runs from a model's own files."""
        return None

    def load(self, files: ModelFiles) -> Runtime:
        """Return the model in `files`. Raises ModelNotAvailable when it cannot be loaded."""
        return TorchRuntime(load_model(files))

    def facts(self, identity: ModelIdentity) -> dict[str, Any]:  # noqa: ARG002 -- the contract's
        """Return nothing: nothing is kept."""
        return {}


def load_model(files: ModelFiles) -> Any:
    """Return the SentenceTransformer in `files`, in float32 however it is stored, running no code of its own.

    Raises ModelNotAvailable when it cannot be loaded.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    with quiet():
        try:
            return SentenceTransformer(
                str(files.folder),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True, "dtype": torch.float32},
            ).float()
        except Exception as error:  # a stranger's files can be wrong in more ways than the library has names for
            raise ModelNotAvailable(f"model {files.name} in {files.folder} cannot be loaded: {error}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from showing bars and remarks on what it loads, and torch from remarks on what it traces."""
    logging: Any = import_module("transformers.utils.logging")
    verbosity, has_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if has_bars:
            logging.enable_progress_bar()


register(Torch())
