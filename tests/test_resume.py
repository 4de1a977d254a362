"""Builds that were cut off and go on, wrong inputs, and what is recorded of what computed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hashed_words import HashedWords
from numpy.typing import NDArray

from explorer import Library
from explorer.builder import embedding, plan
from explorer.embedder import BatchedEmbedder, ModelFiles
from explorer.errors import InvalidInput, LibraryNotFound, UnknownFormat

WritePapers = Callable[..., Path]

SHARD = 20


class Rounding:
    """Run hashed words such that a vector depends on its whole batch, as rounding makes it; the batch counts backward.

    `texts` counts what was run; beyond `most` it is interrupted, with a part of the shard done.
    """

    width = 48
    tokens_per_batch = 1500  # a few papers

    def __init__(self, name: str = "words float32", most: int | None = None) -> None:
        self.name = name
        self.texts = 0
        self._most = most

    def token_counts(self, texts: Sequence[str], *, as_query: bool) -> list[int]:
        return [len(text.split()) for text in texts]

    def run(
        self, batches: Sequence[Sequence[str]], *, as_query: bool
    ) -> Iterator[tuple[int, NDArray[np.floating[Any]]]]:
        assert len(batches) > 1
        for position in reversed(range(len(batches))):
            batch = batches[position]
            self.texts += len(batch)
            if self._most is not None and self.texts > self._most:
                raise KeyboardInterrupt
            length = sum(map(len, batch))
            yield position, HashedWords(self.width).embed(batch) + 1e-5 * np.sin(length * np.arange(self.width))


def embedder_of(runtime: Rounding) -> BatchedEmbedder:
    return BatchedEmbedder(HashedWords(Rounding.width, "rounded words").identity, runtime)


def content_of(path: Path) -> dict[str, bytes | dict[str, Any]]:
    """Return all files of a library but for what tells one build from another: its name and its time."""
    manifest = json.loads((path / "manifest.json").read_text())
    generation = manifest["generation"]
    files: dict[str, bytes | dict[str, Any]] = {
        file.name.replace(generation, ""): file.read_bytes()
        for file in path.iterdir()
        if file.is_file() and file.name != "manifest.json"
    }
    assert {"papers-.sqlite", "vectors-.npy", "neighbors-.npy", "similarities-.npy", "layout-.npy"} <= files.keys()
    files["manifest.json"] = json.loads(json.dumps(manifest).replace(generation, ""))
    for name in ("created", "added", "checksum"):
        del files["manifest.json"][name]  # type: ignore[union-attr]
    return files


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "SHARD", SHARD)


def build(sample: Path, path: Path, runtime: Rounding) -> dict[str, bytes | dict[str, Any]]:
    with Library.build(sample, path, model=embedder_of(runtime)) as library:
        assert library.info()["model"]["runtime"] == runtime.name
    return content_of(path)


def interrupt(sample: Path, path: Path, most: int) -> list[str]:
    """Build until so many texts were embedded; return the names of the shards that are kept."""
    with pytest.raises(KeyboardInterrupt):
        Library.build(sample, path, model=embedder_of(Rounding(most=most)))
    with pytest.raises(LibraryNotFound, match="unfinished build"):
        Library.open(path)
    return sorted(file.name for file in (path / ".paper-explorer-work" / "shards").iterdir())


def test_a_vector_depends_on_what_is_embedded_with_it(sample: Path) -> None:
    """Without this, the tests below would show nothing."""
    texts = [f"word {number} " * number for number in range(1, 60)]
    embedder = embedder_of(Rounding())
    together = embedder.embed(texts)
    apart = np.concatenate([embedder.embed(texts[:30]), embedder.embed(texts[30:])])
    np.testing.assert_allclose(together, apart, atol=1e-4)
    assert (together != apart).any(axis=1).sum() > 10
    np.testing.assert_array_equal(together, embedder.embed(texts))


def test_a_resumed_build_has_the_bytes_of_one_that_was_not_cut_off(
    tmp_path: Path, sample: Path, small_shards: None
) -> None:
    whole = Rounding()
    uninterrupted = build(sample, tmp_path / "whole", whole)
    assert whole.texts == 60
    path = tmp_path / "library"
    first = interrupt(sample, path, most=30)  # in the second shard
    assert len(first) == 1
    assert len(interrupt(sample, path, most=30)) == 2  # the second is done, and the third begun
    resumed = Rounding()
    content = build(sample, path, resumed)
    assert resumed.texts == SHARD
    assert content == uninterrupted
    assert not (path / ".paper-explorer-work").exists()


def test_shards_of_another_runtime_are_not_mixed_in(tmp_path: Path, sample: Path, small_shards: None) -> None:
    path = tmp_path / "library"
    assert len(interrupt(sample, path, most=50)) == 2
    other = Rounding(name="words bfloat16")
    content = build(sample, path, other)
    assert other.texts == 60
    assert content == build(sample, tmp_path / "whole", Rounding(name="words bfloat16"))


def test_a_replaced_library_has_the_bytes_of_a_new_one(tmp_path: Path, sample: Path, small_shards: None) -> None:
    """Whatever stood there before, and though the work was interrupted in between."""
    path = tmp_path / "library"
    Library.build(sample, path, model=HashedWords()).close()
    with pytest.raises(KeyboardInterrupt):
        Library.build(sample, path, model=embedder_of(Rounding(most=50)), replace=True)
    with Library.open(path) as library:
        assert library.info()["model"]["name"] == "hashed-words"  # still the former
    runtime = Rounding()
    Library.build(sample, path, model=embedder_of(runtime), replace=True).close()
    assert runtime.texts == SHARD
    assert content_of(path) == build(sample, tmp_path / "whole", Rounding())


# --- before the model is loaded


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models that were loaded: any name is that of a model here."""
    names: list[str] = []

    def load(files: ModelFiles) -> BatchedEmbedder:
        names.append(files.name)
        return embedder_of(Rounding())

    monkeypatch.setattr(ModelFiles, "identity", property(lambda self: embedder_of(Rounding()).identity))
    monkeypatch.setattr(plan, "find_model", lambda name: ModelFiles(name, tmp_path))
    monkeypatch.setattr(embedding, "load", load)
    return names


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, InvalidInput, "there is no such file"),
        ("", InvalidInput, "the file is empty"),
        ("Dear diary", UnknownFormat, "in no format that the explorer reads"),
        ('{"title": ""}\n{"title": "..."}\n', InvalidInput, "no papers in the inputs .2 records rejected"),
    ],
    ids=["no file", "empty", "no format", "no papers"],
)
def test_wrong_inputs_are_told_before_the_model_is_loaded(
    tmp_path: Path, loaded: list[str], content: str | None, error: type[Exception], message: str
) -> None:
    if content is not None:
        (tmp_path / "input").write_text(content)
    with pytest.raises(error, match=message):
        Library.build(tmp_path / "input", tmp_path / "library", model="some/model")
    assert loaded == []


def test_a_seed_out_of_range_is_told_before_the_model_is_loaded(
    tmp_path: Path, sample: Path, loaded: list[str]
) -> None:
    with pytest.raises(InvalidInput, match="the seed"):
        Library.build(sample, tmp_path / "library", model="some/model", seed=-1)
    assert loaded == []


def test_a_complete_library_loads_no_model(tmp_path: Path, sample: Path, loaded: list[str]) -> None:
    for _ in range(2):
        with Library.build(sample, tmp_path / "library", model="some/model") as library:
            assert library.info()["model"]["runtime"] == "words float32"
            assert library.info()["model"]["name"] == "rounded words"
        assert loaded == ["some/model"]


def test_what_happens_while_the_model_is_loaded_beside_is_told(
    tmp_path: Path, sample: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(files: ModelFiles) -> BatchedEmbedder:
        raise InvalidInput(f"{files.name} is no good")

    monkeypatch.setattr(embedding, "load", fail)
    with pytest.raises(InvalidInput, match="some/model is no good"):
        Library.build(sample, tmp_path / "library", model="some/model")


def test_ready_vectors_were_computed_by_nothing(tmp_path: Path, write_papers: WritePapers, loaded: list[str]) -> None:
    np.save(tmp_path / "vectors.npy", np.eye(3, dtype=np.float32))
    papers = write_papers([{"id": f"p{number}", "title": f"Paper number {number}"} for number in range(3)])
    with Library.build(papers, tmp_path / "library", vectors=tmp_path / "vectors.npy") as library:
        assert library.info()["model"] is None
    with Library.build(papers, tmp_path / "named", vectors=tmp_path / "vectors.npy", model="some/model") as library:
        assert library.info()["model"]["name"] == "rounded words"
        assert "runtime" not in library.info()["model"]
    assert loaded == []
