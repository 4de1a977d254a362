"""A prepared model run by OpenVINO: tokens, arrays, requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.embedder.runtimes.openvino.package import runtime

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRAPH, WEIGHTS, TOKENIZER = "model.xml", "model.bin", "tokenizer.json"
_HINTS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoRuntime:
    """Run the files that the export wrote into a folder; `settings` are those it returned."""

    tokens_per_batch = 1024  # measured: 256 to 8,192 were tried; a core's cache holds the activations of this many

    def __init__(self, folder: Path, settings: dict[str, Any], precision: str) -> None:
        from tokenizers import Tokenizer

        self.name = f"openvino {precision}"
        self.width = int(settings["width"])
        self._settings = settings
        self._hint = _HINTS[precision]
        self._core = runtime().Core()
        self._model = self._core.read_model(str(folder / GRAPH))
        self._inputs = {port.get_any_name() for port in self._model.inputs}
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(settings["max_length"], direction=settings["truncation_side"])

    def token_counts(self, texts: Sequence[str], *, as_query: bool) -> list[int]:
        """Return how many tokens the model sees of each text."""
        return [len(ids) for ids in self._tokens(texts, as_query=as_query)]

    def run(self, batches: Sequence[Sequence[str]], *, as_query: bool) -> Iterator[tuple[int, NDArray[np.floating]]]:
        """Yield (position, vectors): one batch by all cores together, several by a core each."""
        if len(batches) == 1:
            request = self._answering.create_infer_request()  # one each: threads may ask at the same time
            request.infer(self._features(batches[0], as_query=as_query))
            yield 0, request.get_output_tensor(0).data.copy()
            return
        model, running = self._streaming, deque[tuple[int, Any]]()
        # Twice as many as there are cores for, so that none waits for the next batch to be made. OpenVINO's own queue
        # is not used: its callbacks need Python while a runtime that is let go waits for them.
        count = min(len(batches), 2 * model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        idle = [model.create_infer_request() for _ in range(count)]

        def finished() -> tuple[int, NDArray[np.floating]]:
            position, request = running.popleft()
            request.wait()
            idle.append(request)
            return position, request.get_output_tensor(0).data.copy()

        try:
            for position, batch in enumerate(batches):
                features = self._features(batch, as_query=as_query)
                if not idle:
                    yield finished()
                idle[-1].start_async(features)
                running.append((position, idle.pop()))
            while running:
                yield finished()
        finally:
            for _, request in running:
                request.wait()

    @cached_property
    def _answering(self) -> Any:
        return self._compiled("LATENCY")

    @cached_property
    def _streaming(self) -> Any:
        return self._compiled("THROUGHPUT")

    def _compiled(self, mode: str) -> Any:
        options = {"INFERENCE_PRECISION_HINT": self._hint, "PERFORMANCE_HINT": mode}
        return self._core.compile_model(self._model, "CPU", options)

    def _tokens(self, texts: Sequence[str], *, as_query: bool) -> list[list[int]]:
        prompt = self._settings["query_prompt" if as_query else "document_prompt"]
        return [encoding.ids for encoding in self._tokenizer.encode_batch([prompt + text for text in texts])]

    def _features(self, texts: Sequence[str], *, as_query: bool) -> dict[str, NDArray[np.int64]]:
        """Return the model's inputs: token ids padded on the model's own side, and which of them are tokens."""
        import numpy as np

        tokens = self._tokens(texts, as_query=as_query)
        width = max(map(len, tokens))
        ids = np.full((len(tokens), width), self._settings["padding_id"], dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, numbers in enumerate(tokens):
            start = width - len(numbers) if self._settings["padding_side"] == "left" else 0
            ids[row, start : start + len(numbers)] = numbers
            mask[row, start : start + len(numbers)] = 1
        features = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return {name: values for name, values in features.items() if name in self._inputs}
