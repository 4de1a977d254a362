"""A sentence-transformers model into OpenVINO's files, checked against the model itself on a fixed set of texts.

What decides a vector - tokens, prompts, length, pooling, normalization - is asked of the loaded model, not assumed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.embedder.batches import token_budget_batches
from explorer.embedder.contract import CannotPrepare, Runtime
from explorer.embedder.hardware import has_bfloat16
from explorer.embedder.runtimes.openvino.inference import GRAPH, TOKENIZER, OpenVinoRuntime
from explorer.embedder.runtimes.openvino.package import converter, runtime

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_COSINE = {"float32": 0.9999, "bfloat16": 0.999}  # mean over the check texts

_MODULES = {"Transformer", "Pooling", "Dense", "LayerNorm", "Normalize"}
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_ABSTRACT = (
    "We study how distance can be inferred from one photograph taken at night, when color tells little and the only "
    "light is what warm bodies give off. A network that saw daylight scenes teaches another one that sees heat; the "
    "pupil needs no labels, runs in 11 ms on a small drone, and errs by 7.3% on 4,200 held-out scenes."
)
CHECK_TEXTS = (
    "depth",
    "Depth estimation from a single image",
    "protein folding in yeast under heat stress",
    "Graph neural networks: a survey. We review message passing, pooling and over-smoothing.",
    "Über die Krümmung des Raumes; об устойчивости решений; 深度估计与语义分割",
    r"A bound of $O(n \log n)$ for \emph{sorting} with $\alpha$-noisy comparisons, $p < 10^{-3}$",
    "EMOJI \U0001f680 and CAPITALS, and a_very_long_identifier_without_blanks_0123456789",
    "?!",
    _ABSTRACT,
    "Thermal teachers. " + _ABSTRACT,
    "Stellar streams in the outer halo. " + _ABSTRACT + " " + _ABSTRACT,
    " ".join([_ABSTRACT] * 12),  # beyond the length of most models
)


def export(reference: Any, folder: Path) -> dict[str, Any]:
    """Write the model of a loaded SentenceTransformer (float32) into `folder`; return the settings to run it with.

    `cosines` of the settings are the mean cosines to the reference, by precision. Raises CannotPrepare when they are
    too low or the model is of a kind that is not understood; OSError when the folder cannot be written.
    """
    settings = _settings(reference.to("cpu"))
    (folder / TOKENIZER).write_text(reference.tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
    graph = _graph(reference)
    try:
        runtime().save_model(graph, str(folder / GRAPH), compress_to_fp16=False)
    except RuntimeError as error:
        # A full disk, most likely: no property of the model.
        raise OSError(f"{folder} cannot be written: {error}") from error
    settings["cosines"] = _checked(reference, folder, settings)
    return settings


def _settings(reference: Any) -> dict[str, Any]:
    kinds = {type(module).__name__ for module in reference}
    if not kinds <= _MODULES or type(reference[0]).__name__ != "Transformer":
        raise CannotPrepare(f"it has modules of other kinds than {', '.join(sorted(_MODULES))}")
    tokenizer = reference.tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise CannotPrepare("its tokenizer has no fast form")
    if not isinstance(reference.max_seq_length, int) or reference.max_seq_length > 1_000_000:
        raise CannotPrepare("it does not say how many tokens it reads")
    return {
        "width": int(reference.get_embedding_dimension()),
        "max_length": reference.max_seq_length,
        "truncation_side": tokenizer.truncation_side,
        "padding_side": tokenizer.padding_side,
        "padding_id": tokenizer.pad_token_id or 0,
        "query_prompt": _prompt(reference, ("query",)),
        "document_prompt": _prompt(reference, ("document", "passage", "corpus")),
    }


def _prompt(reference: Any, names: tuple[str, ...]) -> str:
    """Return the first prompt of these names, else the default one, as `encode_query` and `encode_document` do."""
    found = next((reference.prompts[name] for name in names if name in reference.prompts), None)
    return str(found if found is not None else reference.prompts.get(reference.default_prompt_name, ""))


def _graph(reference: Any) -> Any:
    import torch

    from explorer.embedder.runtimes.torch import quiet

    try:
        features = reference.preprocess(["a text of some length", "another"])
    except Exception as error:  # models bring tokenizers of their own
        raise CannotPrepare(f"its texts cannot be cut into tokens: {error}") from error
    inputs = {name: values for name, values in features.items() if isinstance(values, torch.Tensor)}
    if not {"input_ids", "attention_mask"} <= inputs.keys() <= _INPUTS:
        raise CannotPrepare(f"it reads {', '.join(inputs)}")

    class Whole(torch.nn.Module):
        """Give the modules named inputs in a fixed order, which tracing needs."""

        def __init__(self) -> None:
            super().__init__()
            self.reference = reference

        def forward(self, *values: Any) -> Any:
            return self.reference(dict(zip(inputs, values, strict=True)))["sentence_embedding"]

    try:
        with torch.inference_mode(), quiet():
            graph = converter()(Whole().eval(), example_input=tuple(inputs.values()))
    except Exception as error:  # a model can be beyond a converter in more ways than it has errors for
        raise CannotPrepare(f"its conversion failed: {error}") from error
    for port, name in zip(graph.inputs, inputs, strict=True):
        port.get_tensor().set_names({name})
    return graph


def _checked(reference: Any, folder: Path, settings: dict[str, Any]) -> dict[str, float]:
    """Return the mean cosine of each precision that is good enough. Raises CannotPrepare when float32 is not."""
    cosines: dict[str, float] = {}
    for precision in ("float32", "bfloat16") if has_bfloat16() else ("float32",):
        try:
            cosine = _mean_cosine(reference, OpenVinoRuntime(folder, settings, precision))
        except Exception as error:  # the runtime's own, without a common type
            raise CannotPrepare(f"it cannot be run: {error}") from error
        if cosine >= LEAST_COSINE[precision]:
            cosines[precision] = round(cosine, 7)
        elif precision == "float32":
            raise CannotPrepare(f"its vectors come out different (mean cosine {cosine:.5f})")
    return cosines


def _mean_cosine(reference: Any, runs: Runtime) -> float:
    """Compare documents in padded batches, and queries one by one, with what the model itself makes of them."""
    import numpy as np

    texts = list(CHECK_TEXTS)
    batches = token_budget_batches(runs.token_counts(texts, as_query=False), 256)
    documents, queries = np.zeros((len(texts), runs.width)), np.zeros((len(texts), runs.width))
    for position, made in runs.run([[texts[row] for row in batch] for batch in batches], as_query=False):
        documents[batches[position]] = made
    for position, text in enumerate(texts):
        queries[position] = next(iter(runs.run([[text]], as_query=True)))[1][0]
    found = np.concatenate([documents, queries])
    wanted = np.concatenate([reference.encode_document(texts), reference.encode_query(texts)]).astype(np.float64)
    return float((_unit(found) * _unit(wanted)).sum(axis=1).mean())


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    unit: NDArray[np.float64] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
