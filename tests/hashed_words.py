"""An embedder that needs no model: each word is hashed to a direction, a text is the sum of its words."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from explorer import ModelIdentity


class HashedWords:
    """Make texts that share words similar. `texts` counts what was embedded."""

    runtime = "words"

    def __init__(self, dimensions: int = 48, name: str = "hashed-words") -> None:
        self.dimensions = dimensions
        self.identity = ModelIdentity(name, "1", sha256(f"{name} {dimensions}".encode()).hexdigest())
        self.texts = 0

    def embed(self, texts: Sequence[str], *, as_query: bool = False) -> NDArray[np.float32]:
        self.texts += len(texts)
        vectors = np.stack([sum(map(self._direction, text.lower().split()), self._direction("")) for text in texts])
        unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        return unit

    def _direction(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(sha256(word.encode()).digest()[:8], "little")
        return np.random.default_rng(seed).normal(size=self.dimensions)
