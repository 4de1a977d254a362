"""Texts into batches, and their vectors back into the right rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.typing import NDArray

from explorer import ModelIdentity
from explorer.embedder import BatchedEmbedder
from explorer.embedder.batches import token_budget_batches

COUNTS = some.lists(some.integers(0, 400), max_size=60)
TEXTS = some.lists(some.text(some.characters(codec="utf-8"), max_size=20), max_size=40)


class Scrambled:
    """A runtime whose vectors tell which text they are of, and whose batches are done in any order."""

    name = "scrambled"
    width = 4

    def __init__(self, seed: int = 0, budget: int = 30, kind: type[np.floating] = np.float32) -> None:
        self.tokens_per_batch = budget
        self._random = Random(seed)
        self._kind = kind
        self.seen: list[list[str]] = []

    def token_counts(self, texts: Sequence[str], *, as_query: bool) -> list[int]:
        return [len(text) + as_query for text in texts]

    def run(self, batches: Sequence[Sequence[str]], *, as_query: bool) -> Iterator[tuple[int, NDArray[np.floating]]]:
        self.seen = [list(batch) for batch in batches]
        order = list(range(len(batches)))
        self._random.shuffle(order)
        for position in order:
            yield position, np.array([raw(text, as_query) for text in batches[position]], dtype=self._kind)


def raw(text: str, as_query: bool = False) -> list[float]:
    """Return the vector of a text before it is brought to unit length; the empty text's has no direction."""
    if not text:
        return [0.0] * Scrambled.width
    return [1.0 + byte for byte in sha256(f"{as_query} {text}".encode()).digest()[: Scrambled.width]]


def unit(text: str, as_query: bool = False) -> NDArray[np.float64]:
    vector = np.array(raw(text, as_query))
    return vector / (np.linalg.norm(vector) or 1)


def embedder(runtime: Scrambled) -> BatchedEmbedder:
    return BatchedEmbedder(ModelIdentity("scrambled", "", "0" * 64), runtime)


@given(COUNTS, some.integers(1, 1000))
def test_every_text_is_in_one_batch_and_no_batch_is_too_much_work(counts: list[int], budget: int) -> None:
    batches = token_budget_batches(counts, budget)
    assert sorted(position for batch in batches for position in batch) == list(range(len(counts)))
    for batch in batches:
        assert batch
        assert len(batch) == 1 or len(batch) * max(counts[position] for position in batch) <= budget


@given(COUNTS, some.integers(1, 1000))
def test_the_longest_come_first_and_equals_stay_in_order(counts: list[int], budget: int) -> None:
    order = [position for batch in token_budget_batches(counts, budget) for position in batch]
    assert order == sorted(range(len(counts)), key=lambda position: (-counts[position], position))


@given(COUNTS, some.integers(1, 1000))
def test_no_batch_could_have_taken_the_next_text(counts: list[int], budget: int) -> None:
    batches = token_budget_batches(counts, budget)
    for batch in batches[:-1]:
        assert (len(batch) + 1) * max(1, counts[batch[0]]) > budget


def test_batches_by_hand() -> None:
    assert token_budget_batches([3, 9, 1, 3, 20], 10) == [[4], [1], [0, 3, 2]]
    assert token_budget_batches([0, 0, 0], 2) == [[0, 1], [2]]  # what has no tokens costs something too
    assert token_budget_batches([], 10) == []


@given(TEXTS, some.integers(0, 1000), some.integers(1, 60), some.booleans())
def test_every_vector_comes_back_in_the_row_of_its_text(
    texts: list[str], seed: int, budget: int, as_query: bool
) -> None:
    runtime = Scrambled(seed, budget)
    done: list[int] = []
    vectors = embedder(runtime).embed(texts, as_query=as_query, progress=done.append)
    assert (vectors.shape, vectors.dtype) == ((len(texts), Scrambled.width), np.float32)
    for row, text in enumerate(texts):
        np.testing.assert_allclose(vectors[row], unit(text, as_query), atol=1e-6)
    assert sum(done) == len(texts)
    assert sorted(done) == sorted(map(len, runtime.seen))


@given(TEXTS, some.integers(1, 60))
def test_batches_depend_on_nothing_but_the_lengths(texts: list[str], budget: int) -> None:
    one, other = Scrambled(1, budget), Scrambled(2, budget)
    embedder(one).embed(texts)
    embedder(other).embed(["x" * len(text) for text in texts])
    assert [list(map(len, batch)) for batch in one.seen] == [list(map(len, batch)) for batch in other.seen]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_rows_have_length_one_in_whatever_precision_they_are_made(kind: type[np.floating]) -> None:
    vectors = embedder(Scrambled(kind=kind)).embed(["depth", "from", "images"])
    np.testing.assert_allclose(np.linalg.norm(vectors.astype(np.float64), axis=1), 1, atol=1e-6)
    assert vectors.dtype == np.float32


def test_a_text_without_direction_stays_zero_and_disturbs_no_other() -> None:
    vectors = embedder(Scrambled()).embed(["", "depth", ""])
    assert not vectors[[0, 2]].any()
    np.testing.assert_allclose(vectors[1], unit("depth"), atol=1e-6)


def test_no_texts_give_no_rows_of_the_right_width() -> None:
    vectors = embedder(Scrambled()).embed([])
    assert (vectors.shape, vectors.dtype) == ((0, 4), np.float32)


def test_the_embedder_names_its_runtime_and_its_model() -> None:
    made = embedder(Scrambled())
    assert (made.runtime, made.identity.name) == ("scrambled", "scrambled")
