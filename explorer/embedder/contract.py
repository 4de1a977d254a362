"""What the rest of the explorer knows of a model that runs, and what a runtime has to offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from explorer.embedder.models import ModelFiles, ModelIdentity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Turn texts into vectors. Tests and users may bring their own."""

    @property
    def identity(self) -> ModelIdentity:
        """Return which function from text to vector this is."""

    @property
    def runtime(self) -> str:
        """Return what computes, and how precisely: another one may differ in the last bits."""

    def embed(self, texts: Sequence[str], *, as_query: bool = False) -> NDArray[np.float32]:
        """Return (n, d) unit rows, float32, one a text in the order given.

        `as_query` tells models that treat what is asked differently from what is searched (their prompts say so).
        """


class Runtime(Protocol):
    """Run one model on batches of texts. Cutting the batches and putting rows in order is not its concern."""

    @property
    def name(self) -> str:
        """Return what computes and how precisely, such as "torch float32"."""

    @property
    def width(self) -> int:
        """Return how many numbers a vector has."""

    @property
    def tokens_per_batch(self) -> int:
        """Return how many tokens, padding included, a batch may have for it to run fastest."""

    def token_counts(self, texts: Sequence[str], *, as_query: bool) -> list[int]:
        """Return how many tokens the model sees of each text, prompt included, after cutting."""

    def run(self, batches: Sequence[Sequence[str]], *, as_query: bool) -> Iterator[tuple[int, NDArray[np.floating]]]:
        """Yield (position of the batch, (m, d) vectors) as they are done, in any order, not yet of length one."""


class CannotPrepare(Exception):
    """Say why a runtime does not run a model; `is_news` unless it was said before."""

    def __init__(self, reason: str, *, is_news: bool = True) -> None:
        super().__init__(" ".join(reason.split())[:500])
        self.is_news = is_news


class RuntimeType(Protocol):
    """Start a runtime: what a module of `runtimes` registers. A lower `rank` is asked first."""

    rank: int
    uses_gpu: bool

    def prepared(self, identity: ModelIdentity) -> Runtime | None:
        """Return the model run from what is kept of it on this machine, without looking at its files, if possible."""

    def load(self, files: ModelFiles) -> Runtime:
        """Return the model run from its files, and keep what makes it start faster the next time.

        Raises CannotPrepare where this runtime is not installed or cannot run it; ModelNotAvailable when the files are
        no model.
        """

    def facts(self, identity: ModelIdentity) -> dict[str, Any]:
        """Return what is kept of the model here, in words for people; nothing heavy is loaded."""
