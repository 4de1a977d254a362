"""How fast abstracts become vectors, by runtime and precision, in turns, beside the machine's own limit.

    python scripts/encoding.py TEXTS.json ROUNDS              all runtimes in turns; prints JSON
    python scripts/encoding.py TEXTS.json ROUNDS NAME         one of them alone, for its memory

The limit is the fastest large matrix product that NumPy, torch or OpenVINO do in the same process and minute.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from explorer.embedder import BatchedEmbedder, find_model
from explorer.embedder.prepared import find_prepared
from explorer.embedder.runtimes import torch as torch_runtime
from explorer.embedder.runtimes.openvino.inference import OpenVinoRuntime
from explorer.embedder.runtimes.openvino.package import runtime

REFERENCE = "sentence-transformers float32, batch 32"
SIZE, PRODUCTS = 2048, 6


def contestants() -> dict[str, Callable[[], Callable[[list[str]], NDArray[Any]]]]:
    """Return what makes each contestant, by name; the first is what the ratios are of."""
    files = find_model()

    def obvious() -> Callable[[list[str]], NDArray[Any]]:
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(files.folder))
        return lambda texts: model.encode(texts, batch_size=32, normalize_embeddings=True)

    def with_openvino(precision: str) -> Callable[[list[str]], NDArray[Any]]:
        kept = find_prepared(files.identity.fingerprint)
        assert kept is not None, "run 'explorer model prepare' first"
        return BatchedEmbedder(files.identity, OpenVinoRuntime(kept.folder, kept.settings, precision)).embed

    def with_torch(has_bfloat16: bool) -> Callable[[list[str]], NDArray[Any]]:
        with mock.patch.object(torch_runtime, "has_bfloat16", return_value=has_bfloat16):
            return BatchedEmbedder(files.identity, torch_runtime.Torch().load(files)).embed

    return {
        REFERENCE: obvious,
        "torch float32": lambda: with_torch(False),
        "torch bfloat16": lambda: with_torch(True),
        "openvino float32": lambda: with_openvino("float32"),
        "openvino bfloat16": lambda: with_openvino("bfloat16"),
    }


def operations(token_counts: list[int], config: dict[str, int]) -> float:
    """Return the floating-point operations of the matrix products for texts of these lengths, a BERT's.

    A layer multiplies each token with four (h, h) and two (h, f) matrices and with every token twice, two operations
    for each multiplication: Vaswani et al., "Attention Is All You Need", 2017, table 1.
    """
    h, f = config["hidden_size"], config["intermediate_size"]
    tokens, pairs = sum(token_counts), sum(count**2 for count in token_counts)
    return float(config["num_hidden_layers"] * (tokens * 2 * (4 * h * h + 2 * h * f) + pairs * 4 * h))


def peaks() -> dict[str, float]:
    """Return the operations a second of large matrix products, the best of several and of all who can."""
    import torch

    openvino = runtime()
    a, b = (np.random.default_rng(seed).normal(size=(SIZE, SIZE)).astype(np.float32) for seed in (0, 1))
    found: dict[str, float] = {}

    def best(precision: str, multiply: Callable[[], object]) -> None:
        for _ in range(PRODUCTS):
            started = time.perf_counter()
            multiply()
            found[precision] = max(found.get(precision, 0), 2 * SIZE**3 / (time.perf_counter() - started))

    best("float32", lambda: a @ b)
    for precision, hint in (("float32", "f32"), ("bfloat16", "bf16")):
        left, right = (torch.from_numpy(values).to(getattr(torch, precision)) for values in (a, b))
        best(precision, lambda left=left, right=right: left @ right)  # type: ignore[misc]
        operation = openvino.opset13
        given = operation.parameter([SIZE, SIZE], np.float32)
        graph = openvino.Model([operation.matmul(given, operation.constant(b), False, False)], [given])
        multiply = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": hint})
        best(precision, lambda multiply=multiply: multiply(a))  # type: ignore[misc]
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    texts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rounds, only = int(sys.argv[2]), sys.argv[3:]
    started = {name: make() for name, make in contestants().items() if not only or name in only}
    speeds: dict[str, list[float]] = {name: [] for name in started}
    limits: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    vectors: dict[str, NDArray[Any]] = {}
    for turn in range(rounds + 1):
        for name, embed in started.items():
            begun = time.perf_counter()
            vectors[name] = np.asarray(embed(texts), dtype=np.float64)
            if turn:  # the first round warms up
                speeds[name].append(round(len(texts) / (time.perf_counter() - begun), 2))
        if not only:
            for precision, limit in peaks().items():
                limits[precision].append(limit)
    if only:
        return
    kept = find_prepared(find_model().identity.fingerprint)
    assert kept is not None
    counts = OpenVinoRuntime(kept.folder, kept.settings, "float32").token_counts(texts, as_query=False)
    work = operations(counts, json.loads((find_model().folder / "config.json").read_text(encoding="utf-8")))
    results = {}
    for name, made in vectors.items():
        cosines = (made * vectors[REFERENCE]).sum(axis=1)
        precision = "bfloat16" if "bfloat16" in name else "float32"
        speed = statistics.median(speeds[name])
        results[name] = {
            "texts_per_s": speed,
            "faster_than_reference": round(speed / statistics.median(speeds[REFERENCE]), 2),
            "cosine_mean": round(float(cosines.mean()), 6),
            "cosine_min": round(float(cosines.min()), 6),
            "share_of_peak": round(speed * work / len(texts) / max(limits[precision]), 3),
            "all_texts_per_s": speeds[name],
        }
    limit_gflops = {precision: round(max(values) / 1e9) for precision, values in limits.items()}
    mean = sum(counts) / len(counts)
    print(json.dumps({"texts": len(texts), "mean_tokens": mean, "peak_gflops": limit_gflops, "results": results}))


if __name__ == "__main__":
    main()
