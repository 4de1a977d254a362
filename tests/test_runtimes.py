"""What runs a model: the same vectors whatever runs it, and torch where nothing else can."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_models import TinyModel, change_json, save_word_table

from explorer import Library, ModelIdentity
from explorer.embedder import ModelFiles, describe, find_model, load, load_prepared, prepare
from explorer.embedder.contract import CannotPrepare
from explorer.embedder.hardware import has_bfloat16
from explorer.embedder.prepared import PreparedModel, find_prepared
from explorer.embedder.runtimes import openvino, runtime_types
from explorer.embedder.runtimes.openvino import export, inference
from explorer.embedder.runtimes.torch import load_model
from explorer.errors import ModelNotAvailable

pytestmark = pytest.mark.model

LEAST = {"float32": 0.9999, "bfloat16": 0.999}
TEXTS = [
    "depth",
    "Depth from one IMAGE, and the light of a network",
    "protein folding in yeast",
    "",
    "?!",
    "Krümmung und Übermaß; 深度估计 \U0001f680",
    *(f"query {number}: " + "a network of images and light " * (number % 9) for number in range(36)),
    "the depth of a model " * 60,  # beyond the length of all of them
]

VARIANTS = {
    "mean": TinyModel(),
    "cls of 16 tokens": TinyModel(pooling="cls", max_length=16, seed=1),
    "max of cased words": TinyModel(pooling="max", is_lower_case=False, seed=2),
    "mean of any length, padded left": TinyModel(
        is_normalized=False, padding_side="left", has_positions=False, seed=3
    ),  # with positions, a vector would depend on the others in its batch
    "last 16 tokens": TinyModel(pooling="lasttoken", max_length=16, truncation_side="left", seed=4),
    "dense, with prompts": TinyModel(dense=24, prompts={"query": "search query: ", "document": "passage: "}, seed=5),
}


@dataclass(frozen=True)
class Made:
    """A model on disk, prepared in both precisions, and what it says itself."""

    kind: TinyModel
    files: ModelFiles
    prepared: PreparedModel
    documents: NDArray[np.float64]
    queries: NDArray[np.float64]


def set_bfloat16(patch: pytest.MonkeyPatch, has: bool) -> None:
    """Make the machine one that multiplies bfloat16, or one that does not: the tests are the same on both."""
    for place in ("openvino", "openvino.export", "torch"):
        patch.setattr(f"explorer.embedder.runtimes.{place}.has_bfloat16", lambda: has)


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    vectors = vectors.astype(np.float64)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make(kind: TinyModel, folder: Path) -> Made:
    files = ModelFiles("tiny", kind.save(folder))
    with pytest.MonkeyPatch.context() as patch:
        set_bfloat16(patch, has=True)
        patch.setattr("explorer.embedder.embedding.has_gpu", lambda: False)
        load(files)
    prepared = find_prepared(files.identity.fingerprint)
    assert prepared is not None
    reference = load_model(files).to("cpu").float()
    documents, queries = (unit(encode(TEXTS)) for encode in (reference.encode_document, reference.encode_query))
    return Made(kind, files, prepared, documents, queries)


@pytest.fixture(scope="session", params=list(VARIANTS))
def variant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Each of the models in turn."""
    return make(VARIANTS[request.param], tmp_path_factory.mktemp("variant"))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One model for all that is the same for all."""
    return make(TinyModel(prompts={"query": "search query: "}, seed=20), tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def word_table(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    """A model of a kind that only torch runs."""
    return ModelFiles("words", save_word_table(tmp_path_factory.mktemp("words")))


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that multiplies bfloat16 and has no GPU, whatever the real one has."""
    set_bfloat16(monkeypatch, True)
    monkeypatch.setattr("explorer.embedder.embedding.has_gpu", lambda: False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which nothing is kept yet."""
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """A function that returns what the explorer has logged since it was last asked."""

    def since() -> list[str]:
        messages = [record.getMessage() for record in caplog.records if record.name == "explorer"]
        caplog.clear()
        return messages

    caplog.set_level(logging.DEBUG, logger="explorer")
    return since


@pytest.fixture
def exports_again(plain: Made, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Preparing copies what was exported before, which takes no time; the list tells how often."""
    count: list[str] = []

    def copied(files: ModelFiles, folder: Path) -> dict[str, Any]:
        count.append(files.name)
        for name in plain.prepared.files:
            shutil.copy(plain.prepared.folder / name, folder / name)
        return plain.prepared.settings

    monkeypatch.setattr(openvino, "_prepare", copied)
    return count


@pytest.fixture
def converts_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[PreparedModel], None]:
    """A function that makes the graph of a prepared model what each conversion gives."""

    def replace(prepared: PreparedModel) -> None:
        graph = str(prepared.folder / inference.GRAPH)
        monkeypatch.setattr(export, "_graph", lambda _: openvino.export.runtime().Core().read_model(graph))

    return replace


def cosines(made: Made, embedder: Any, *, as_query: bool = False) -> NDArray[np.float64]:
    wanted = made.queries if as_query else made.documents
    similarities: NDArray[np.float64] = (embedder.embed(TEXTS, as_query=as_query) * wanted).sum(axis=1)
    return similarities


# The same vectors


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_prepared_model_gives_the_model_s_own_vectors(
    variant: Made, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]], precision: str
) -> None:
    set_bfloat16(monkeypatch, precision == "bfloat16")
    embedder = load(variant.files)
    assert embedder.runtime == f"openvino {precision}"
    for as_query in (False, True):
        assert cosines(variant, embedder, as_query=as_query).min() >= LEAST[precision]
        one_by_one = np.concatenate([embedder.embed([text], as_query=as_query) for text in TEXTS[-12:]])
        wanted = (variant.queries if as_query else variant.documents)[-12:]
        assert (one_by_one * wanted).sum(axis=1).min() >= LEAST[precision]
    assert said() == []


def test_what_is_asked_differs_from_what_is_searched_where_prompts_differ(
    variant: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_bfloat16(monkeypatch, False)
    embedder = load(variant.files)
    documents, queries = embedder.embed(TEXTS[:3]), embedder.embed(TEXTS[:3], as_query=True)
    similarities = (documents * queries).sum(axis=1)
    if variant.kind.prompts:
        assert similarities.max() < 0.9999
    else:
        assert similarities.min() > 0.999999


def test_the_models_of_these_tests_tell_texts_apart(variant: Made) -> None:
    """Else all the cosines above would say little."""
    similarities = variant.documents[:3] @ variant.documents[:3].T
    assert similarities[np.triu_indices(3, 1)].max() < 0.99


def test_counts_are_of_what_the_model_sees(plain: Made) -> None:
    counts: dict[str, list[int]] = {}
    for kind in runtime_types():
        runtime = kind.load(plain.files)
        counts[runtime.name.split()[0]] = runtime.token_counts(["depth", "a " * 500, ""], as_query=False)
    assert counts["torch"] == counts["openvino"] == [3, 64, 2]
    runtime = openvino.OpenVino().load(plain.files)
    assert runtime.token_counts(["depth"], as_query=True) == [3 + 2 + 1]  # "search query:", with a sign of its own
    assert runtime.token_counts([], as_query=False) == []


def test_nothing_to_embed_gives_nothing(plain: Made) -> None:
    assert load(plain.files).embed([]).shape == (0, 32)


# Which precision


@pytest.mark.parametrize(("flags", "has"), [("fpu sse avx512_bf16 avx2", True), ("amx_bf16", True), ("fpu avx2", False),
    ("avx512_bf16x notamx_bf16", False), ("", False)])  # fmt: skip
def test_the_processor_is_asked_whether_it_has_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, has: bool
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_bytes(
        f"processor\t: 0\nmodel name\t: avx512_bf16 ™\nflags\t\t: {flags}\nbugs\t\t: amx_bf16\n\n".encode()
    )
    monkeypatch.setattr("explorer.embedder.hardware._CPU", file)
    assert has_bfloat16.__wrapped__() is has


def test_a_system_that_says_nothing_of_its_processor_has_no_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.embedder.hardware._CPU", tmp_path / "absent")
    assert has_bfloat16.__wrapped__() is False
    (tmp_path / "other").write_text("processor: 0\nFeatures: fp asimd bf16\n")
    monkeypatch.setattr("explorer.embedder.hardware._CPU", tmp_path / "other")
    assert has_bfloat16.__wrapped__() is False


@pytest.mark.parametrize(("has", "least_cosine", "name"), [(True, 0.999, "torch bfloat16"),
    (False, 0.999, "torch float32"), (True, 1.1, "torch float32")])  # fmt: skip
def test_torch_takes_half_precision_where_the_processor_has_it_and_vectors_stay(
    plain: Made, monkeypatch: pytest.MonkeyPatch, has: bool, least_cosine: float, name: str
) -> None:
    set_bfloat16(monkeypatch, has)
    monkeypatch.setattr("explorer.embedder.runtimes.torch._LEAST_COSINE", least_cosine)
    monkeypatch.setattr(openvino, "is_installed", lambda: False)
    embedder = load(plain.files)
    assert embedder.runtime == name
    least = 0.999 if name.endswith("bfloat16") else 0.999999
    assert cosines(plain, embedder).mean() >= least
    assert cosines(plain, embedder, as_query=True).mean() >= least


def test_a_model_that_bfloat16_changes_too_much_is_run_in_float32(
    plain: Made, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, converts_to: Callable[[PreparedModel], None]
) -> None:
    converts_to(plain.prepared)
    set_bfloat16(monkeypatch, True)
    monkeypatch.setitem(export.LEAST_COSINE, "bfloat16", 1.1)
    embedder = load(plain.files)
    assert embedder.runtime == "openvino float32"
    assert cosines(plain, embedder).min() >= 0.9999
    facts = describe(plain.files)
    assert (facts["precision"], list(facts["cosines"])) == ("float32", ["float32"])


def test_what_was_prepared_without_bfloat16_is_not_run_in_it_elsewhere(
    plain: Made, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, converts_to: Callable[[PreparedModel], None]
) -> None:
    converts_to(plain.prepared)
    set_bfloat16(monkeypatch, False)
    assert load(plain.files).runtime == "openvino float32"
    set_bfloat16(monkeypatch, True)  # the cache moved to another machine: there, nobody has compared
    assert load(plain.files).runtime == "openvino float32"


# Which runtime


def test_the_fastest_runtime_comes_first_and_torch_last() -> None:
    assert [type(kind).__name__ for kind in runtime_types()] == ["OpenVino", "Torch"]


def test_a_gpu_is_torch_s(plain: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.embedder.embedding.has_gpu", lambda: True)
    assert load(plain.files).runtime.startswith("torch ")


def test_without_openvino_torch_runs_and_nobody_is_told(
    plain: Made, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]]
) -> None:
    set_bfloat16(monkeypatch, False)
    monkeypatch.setattr(openvino, "is_installed", lambda: False)
    embedder = load(plain.files)
    assert embedder.runtime == "torch float32"
    assert cosines(plain, embedder).min() >= 0.999999
    assert load_prepared(plain.files.identity) is None
    assert describe(plain.files)["prepared"] == "the extra 'fast' is not installed"
    assert said() == []
    with pytest.raises(ModelNotAvailable, match=r"pip install 'paper-explorer\[fast\]'"):
        prepare(plain.files)


def test_openvino_is_found_by_both_of_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert openvino.is_installed()
    monkeypatch.setitem(sys.modules, "tokenizers", None)  # as if it were not there
    assert not openvino.is_installed()


def test_with_no_runtime_at_all_the_model_is_named(word_table: ModelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.embedder.embedding.runtime_types", lambda: (openvino.OpenVino(),))
    with pytest.raises(ModelNotAvailable, match="model words: no runtime is installed that can run it"):
        load(word_table)


def test_what_is_prepared_needs_no_files(plain: Made) -> None:
    identity = ModelIdentity("whatever it is called", "", plain.files.identity.fingerprint)
    embedder = load_prepared(identity)
    assert embedder is not None
    assert cosines(plain, embedder).min() >= 0.999
    assert load_prepared(ModelIdentity("tiny", "", "0" * 64)) is None


def test_what_is_kept_is_described(plain: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    set_bfloat16(monkeypatch, True)
    facts = describe(plain.files)
    assert (facts["name"], facts["folder"]) == ("tiny", str(plain.files.folder))
    assert (facts["prepared"], facts["precision"]) == (str(plain.prepared.folder), "bfloat16")
    assert facts["cosines"]["float32"] >= 0.9999  # type: ignore[index]
    assert 0.999 <= facts["cosines"]["bfloat16"] <= 1  # type: ignore[index]
    assert prepare(plain.files).runtime == "openvino bfloat16"


def test_what_is_not_kept_is_described_too(plain: Made, empty_cache: Path) -> None:
    facts = describe(plain.files)
    assert facts["prepared"] is None
    assert not {"refused", "precision", "cosines"} & facts.keys()


# What cannot be prepared


def test_a_model_of_another_kind_is_refused_once_and_runs_on_torch(
    word_table: ModelFiles, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]]
) -> None:
    set_bfloat16(monkeypatch, False)
    embedder = load(word_table)
    assert embedder.runtime == "torch float32"
    wanted = unit(load_model(word_table).encode_document(TEXTS[:3]))
    np.testing.assert_allclose(embedder.embed(TEXTS[:3]), wanted, atol=1e-6)
    (warning,) = said()
    assert warning.startswith("model words starts slower")
    assert "modules of other kinds" in warning

    def loaded_again(_: ModelFiles) -> None:
        pytest.fail("tried what was refused")

    monkeypatch.setattr(export, "export", loaded_again)
    assert load(word_table).runtime == "torch float32"
    assert said() == []  # it was said
    facts = describe(word_table)
    assert facts["prepared"] is None
    assert "modules of other kinds" in str(facts["refused"])
    assert load_prepared(word_table.identity) is None
    with pytest.raises(ModelNotAvailable, match="modules of other kinds"):
        prepare(word_table)


def test_what_was_refused_is_tried_again_by_other_versions(
    plain: Made, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]],
    converts_to: Callable[[PreparedModel], None],
) -> None:  # fmt: skip
    def beyond_it(*_: object, **__: object) -> None:
        raise RuntimeError("no such\noperation")

    monkeypatch.setattr(export, "converter", lambda: beyond_it)
    assert load(plain.files).runtime.startswith("torch ")
    (warning,) = said()
    assert warning.endswith("its conversion failed: no such operation")
    kept = find_prepared(plain.files.identity.fingerprint)
    assert kept is not None
    assert set(kept.settings) == {"refused", "name", "by"}
    assert kept.files == {}  # nothing half made
    converts_to(plain.prepared)
    assert load(plain.files).runtime.startswith("torch ")
    assert said() == []
    monkeypatch.setattr(openvino, "_versions", lambda: {"openvino": "9999.1"})
    embedder = load(plain.files)
    assert embedder.runtime.startswith("openvino ")
    assert cosines(plain, embedder).min() >= 0.999
    assert said() == []


def test_what_is_refused_again_is_said_again(
    word_table: ModelFiles, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]]
) -> None:
    for version in ("1", "2"):
        monkeypatch.setattr(openvino, "_versions", lambda version=version: {"openvino": version})
        load(word_table)
        load(word_table)
        assert len(said()) == 1
    kept = find_prepared(word_table.identity.fingerprint)
    assert kept is not None
    assert kept.settings["by"] == {"openvino": "2"}


def refused_for_its_vectors(made: Made, said: Callable[[], list[str]]) -> None:
    embedder = load(made.files)
    assert embedder.runtime.startswith("torch ")
    assert cosines(made, embedder).min() >= 0.999
    assert cosines(made, embedder, as_query=True).min() >= 0.999
    (warning,) = said()
    assert "its vectors come out different (mean cosine 0." in warning


def test_another_graph_is_noticed(
    plain: Made, tmp_path: Path, empty_cache: Path, said: Callable[[], list[str]],
    converts_to: Callable[[PreparedModel], None],
) -> None:  # fmt: skip
    other = make(TinyModel(pooling="cls", prompts=plain.kind.prompts, seed=plain.kind.seed), tmp_path / "other")
    converts_to(other.prepared)
    refused_for_its_vectors(plain, said)


def test_a_wrong_prompt_is_noticed(
    plain: Made, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]],
    converts_to: Callable[[PreparedModel], None],
) -> None:  # fmt: skip
    converts_to(plain.prepared)
    monkeypatch.setattr(export, "_prompt", lambda *_: "")
    refused_for_its_vectors(plain, said)


def test_a_wrong_length_is_noticed(
    plain: Made, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]],
    converts_to: Callable[[PreparedModel], None],
) -> None:  # fmt: skip
    right = export._settings
    monkeypatch.setattr(export, "_settings", lambda reference: {**right(reference), "max_length": 8})
    converts_to(plain.prepared)
    refused_for_its_vectors(plain, said)


def test_pooling_that_leaves_out_the_prompt_is_not_mistaken_for_plain_pooling(
    tmp_path: Path, empty_cache: Path, said: Callable[[], list[str]]
) -> None:
    kind = TinyModel(prompts={"query": "search query: ", "document": "passage: "}, include_prompt=False, seed=30)
    files = ModelFiles("tiny", kind.save(tmp_path))
    embedder = load(files)
    wanted = unit(load_model(files).encode_query(TEXTS))
    assert (embedder.embed(TEXTS, as_query=True) * wanted).sum(axis=1).min() >= 0.999
    assert embedder.runtime.startswith("torch ")
    assert "its vectors come out different" in said()[0]


class Tokenizer:
    truncation_side = padding_side = "right"
    pad_token_id = None

    def __init__(self, is_fast: bool = True) -> None:
        self.is_fast = is_fast


class Reference(list[Any]):
    """What the export asks of a SentenceTransformer before it converts anything."""

    prompts: dict[str, str] = {}
    default_prompt_name = None

    def __init__(self, *kinds: str, **facts: Any) -> None:
        super().__init__(type(kind, (), {})() for kind in kinds or ("Transformer", "Pooling"))
        self.max_seq_length = facts.get("length", 512)
        self.tokenizer = facts.get("tokenizer", Tokenizer())

    def get_embedding_dimension(self) -> int:
        return 8


@pytest.mark.parametrize(("reference", "reason"), [
    (Reference("Transformer", "Pooling", "LSTM"), "modules of other kinds"),
    (Reference("Pooling", "Transformer"), "modules of other kinds"),
    (Reference(tokenizer=Tokenizer(is_fast=False)), "its tokenizer has no fast form"),
    (Reference(tokenizer=object()), "its tokenizer has no fast form"),
    (Reference(length=None), "does not say how many tokens it reads"),
    (Reference(length=10**30), "does not say how many tokens it reads"),
])  # fmt: skip
def test_what_is_not_understood_is_refused_with_a_reason(reference: Reference, reason: str) -> None:
    with pytest.raises(CannotPrepare, match=reason):
        export._settings(reference)


@pytest.mark.parametrize(("prompts", "default", "query", "document"), [
    ({}, None, "", ""),
    ({"query": "q: ", "document": "d: ", "passage": "p: "}, None, "q: ", "d: "),
    ({"passage": "p: ", "corpus": "c: "}, None, "", "p: "),
    ({"corpus": "c: "}, None, "", "c: "),
    ({"own": "o: "}, "own", "o: ", "o: "),
    ({"query": "", "document": "", "own": "o: "}, "own", "", ""),
    ({"own": "o: "}, "lost", "", ""),
])  # fmt: skip
def test_prompts_are_those_that_the_model_itself_would_take(
    prompts: dict[str, str], default: str | None, query: str, document: str
) -> None:
    reference = Reference()
    reference.prompts, reference.default_prompt_name = prompts, default  # type: ignore[assignment]
    settings = export._settings(reference)
    assert (settings["query_prompt"], settings["document_prompt"]) == (query, document)


# What happens to what is kept


def weights_altered(folder: Path) -> None:
    file = folder / inference.WEIGHTS
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def graph_altered(folder: Path) -> None:
    file = folder / inference.GRAPH
    file.write_bytes(file.read_bytes().replace(b"MatMul", b"MatNul"))


def tokenizer_altered(folder: Path) -> None:
    file = folder / inference.TOKENIZER
    file.write_bytes(file.read_bytes().replace(b"depth", b"dapth"))


def weights_cut(folder: Path) -> None:
    file = folder / inference.WEIGHTS
    file.write_bytes(file.read_bytes()[:-100])


def graph_missing(folder: Path) -> None:
    (folder / inference.GRAPH).unlink()


def description_cut(folder: Path) -> None:
    (folder / "prepared.json").write_bytes((folder / "prepared.json").read_bytes()[:50])


DAMAGES = [weights_altered, graph_altered, tokenizer_altered, weights_cut, graph_missing, description_cut]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_prepared_model_is_never_run_and_made_anew(
    plain: Made, empty_cache: Path, exports_again: list[str], said: Callable[[], list[str]],
    damage: Callable[[Path], None],
) -> None:  # fmt: skip
    load(plain.files)
    assert exports_again == ["tiny"]
    damage(empty_cache / "models-1" / plain.files.identity.fingerprint)
    assert load_prepared(plain.files.identity) is None
    embedder = load(plain.files)
    assert exports_again == ["tiny"] * 2
    assert cosines(plain, embedder).min() >= 0.999
    load(plain.files)
    assert exports_again == ["tiny"] * 2
    assert said() == []


def test_files_that_openvino_does_not_understand_are_made_anew(
    plain: Made, empty_cache: Path, exports_again: list[str], said: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    load(plain.files)
    with monkeypatch.context() as patch:
        patch.setattr(inference, "_HINTS", {})  # stands for whatever another version may choke on
        assert load_prepared(plain.files.identity) is None
    assert "is made anew" in said()[0]
    assert load(plain.files).runtime.startswith("openvino ")
    assert exports_again == ["tiny"] * 2


def test_what_was_made_but_cannot_be_read_again_leaves_torch(
    plain: Made, empty_cache: Path, exports_again: list[str], said: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(PreparedModel, "is_whole", lambda *_: False)
    embedder = load(plain.files)
    assert embedder.runtime.startswith("torch ")
    assert cosines(plain, embedder).mean() >= 0.999
    (warning,) = said()
    assert warning.endswith("what was prepared was lost")


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_without_a_cache_torch_answers_and_says_why(
    plain: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]], place: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / place))
    embedder = load(plain.files)
    assert embedder.runtime.startswith("torch ")
    assert cosines(plain, embedder).mean() >= 0.999
    (warning,) = said()
    assert "what is prepared cannot be kept: " in warning


def test_a_full_disk_leaves_torch_and_is_no_property_of_the_model(
    plain: Made, empty_cache: Path, said: Callable[[], list[str]], converts_to: Callable[[PreparedModel], None]
) -> None:
    resource = pytest.importorskip("resource")
    converts_to(plain.prepared)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert plain.prepared.files[inference.WEIGHTS][0] > 50_000 > plain.prepared.files[inference.TOKENIZER][0]
    try:  # no file may be longer: writing on fails as on a full disk (Python ignores the signal that comes with it)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
        embedder = load(plain.files)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert embedder.runtime.startswith("torch ")
    assert cosines(plain, embedder).mean() >= 0.999
    (warning,) = said()
    assert "what is prepared cannot be kept: " in warning
    assert find_prepared(plain.files.identity.fingerprint) is None
    assert load(plain.files).runtime.startswith("openvino ")  # with room again


# What is not loaded, and who is not told

IMPORTS = """
import importlib.util, socket, sys
from pathlib import Path
from explorer.embedder import ModelFiles
from explorer.embedder.runtimes.openvino import package

def refuse(*_):
    raise AssertionError("went to the network")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse

def loaded():
    print(*(name in sys.modules for name in ("openvino_telemetry", "openvino.tools.ovc", "torch")))

package.runtime()
loaded()
print(*(importlib.util.find_spec(name) is not None for name in ("openvino_telemetry", "openvino.tools.ovc")))
from explorer.embedder.runtimes.openvino.export import export
from explorer.embedder.runtimes.torch import load_model
Path("made").mkdir()
settings = export(load_model(ModelFiles("tiny", Path(sys.argv[1]))), Path("made"))
loaded()
print(importlib.util.find_spec("openvino_telemetry") is not None, settings["cosines"]["float32"] > 0.9999)
"""


def test_preparing_tells_nobody(plain: Made, tmp_path: Path) -> None:
    pytest.importorskip("openvino_telemetry")
    output = subprocess.run(
        [sys.executable, "-P", "-c", IMPORTS, str(plain.files.folder)], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert output.stdout.split("\n")[:4] == ["False False False", "True True", "False True True", "True True"], (
        output.stderr
    )


SUBJECTS = [
    "depth from one image", "protein folding in yeast", "graph networks", "star streams of the halo", "whale songs",
    "light bodies at night", "sorting bounds", "quantum gates", "soil and rain", "cheap solar cells", "old books",
]  # fmt: skip


@pytest.fixture(scope="session")
def tiny_library(plain: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library whose model is prepared; for reading only."""
    folder = tmp_path_factory.mktemp("tiny")
    records = [
        {"id": f"2401.{number:05}", "title": subject.title(), "abstract": f"We study {subject}."}
        for number, subject in enumerate(SUBJECTS)
    ]
    (folder / "papers.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    with Library.build(folder / "papers.jsonl", folder / "library", model=plain.files.folder) as library:
        yield library


QUESTION = "Rain on soil, and solar light"


def asked(library: Library, *before: str) -> tuple[list[dict[str, Any]], str]:
    """Return what the command line answers, and what it says beside."""
    command = [*before, "find-similar", QUESTION, "--library", str(library.path), "--json", "-k3"]
    output = subprocess.run(
        [sys.executable, "-P", *command], cwd=library.path.parent, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in output.stdout.splitlines()], output.stderr


# The same question, in the same precision, on a machine where OpenVINO is not installed.
HIDDEN = """
import runpy, sys
from pathlib import Path
from explorer.embedder import hardware
hardware._CPU = hardware._GPU = Path("absent")
sys.modules["openvino"] = None
runpy.run_module("explorer", run_name="__main__", alter_sys=True)
print("torch" in sys.modules, file=sys.stderr)
"""


def test_a_question_by_text_loads_neither_torch_nor_what_comes_with_it(tiny_library: Library) -> None:
    answers, importing = asked(tiny_library, "-X", "importtime", "-m", "explorer")
    assert [answer["id"] for answer in answers] == [match.paper.id for match in tiny_library.search(QUESTION, 3)]
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in importing.splitlines() if "|" in line}
    assert {"explorer", "openvino", "tokenizers", "numpy"} <= imported
    assert not imported & {"torch", "transformers", "sentence_transformers", "huggingface_hub", "openvino_telemetry"}
    assert not imported & {"sklearn", "scipy", "umap", "numba", "plotly"}


def test_without_openvino_the_answers_are_the_same(tiny_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    set_bfloat16(monkeypatch, False)
    with Library.open(tiny_library.path) as library:
        here = library.find_similar(QUESTION, k=3)
        assert library._embedder.runtime == "openvino float32"
    answers, beside = asked(tiny_library, "-c", HIDDEN)
    assert [answer["id"] for answer in answers] == [match.paper.id for match in here]
    np.testing.assert_allclose([answer["similarity"] for answer in answers], [m.similarity for m in here], atol=1e-4)
    assert "slower" not in beside


def test_a_question_by_text_needs_no_files_of_the_model(plain: Made, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(plain.files.folder, folder)
    records = [{"id": f"2401.{number:05}", "title": subject} for number, subject in enumerate(SUBJECTS)]
    (tmp_path / "papers.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    Library.build(tmp_path / "papers.jsonl", tmp_path / "library", model=folder).close()
    shutil.rmtree(folder)
    with Library.open(tmp_path / "library") as library:
        assert library.search("whale songs", k=1)[0].paper.title == "whale songs"


# The real model


def test_the_real_model_s_neighbors_are_the_same_in_every_runtime(
    sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer import readers

    texts = [paper.text for paper in readers.read(sample) if not isinstance(paper, readers.Rejected)]
    files = find_model()
    vectors = {}
    for is_installed in (True, False):
        monkeypatch.setattr(openvino, "is_installed", lambda is_installed=is_installed: is_installed)
        for has in (True, False):
            set_bfloat16(monkeypatch, has)
            embedder = load(files)
            vectors[embedder.runtime] = embedder.embed(texts)
    names = {"openvino float32", "torch bfloat16", "torch float32"}
    assert names <= vectors.keys() <= {*names, "openvino bfloat16"}
    wanted = vectors["torch float32"]
    exact = similarities_of(wanted)
    best = -np.sort(-exact, axis=1)[:, :10]
    for name, made in vectors.items():
        assert (made * wanted).sum(axis=1).mean() >= 0.999
        neighbors = np.argsort(-similarities_of(made), axis=1, kind="stable")[:, :10]
        found = -np.sort(-np.take_along_axis(exact, neighbors, axis=1), axis=1)
        # Whatever is taken for one of the ten is as near as the true one of its rank, but for near ties; in bfloat16 a
        # similarity has two to three digits.
        np.testing.assert_allclose(found, best, atol=1e-4 if name.endswith("float32") else 5e-3)
        assert np.abs(found - best).mean() < 1e-4


def similarities_of(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    similarities = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    np.fill_diagonal(similarities, -2)
    return similarities


def test_a_graph_that_cannot_be_run_is_refused(
    plain: Made, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[], list[str]],
    converts_to: Callable[[PreparedModel], None],
) -> None:  # fmt: skip
    right = export._settings
    monkeypatch.setattr(export, "_settings", lambda reference: {**right(reference), "width": 7})
    converts_to(plain.prepared)
    assert load(plain.files).runtime.startswith("torch ")
    (warning,) = said()
    assert "it cannot be run: " in warning


ENDING = """
import os, sys
from pathlib import Path
from explorer.embedder.prepared import find_prepared
from explorer.embedder.runtimes.openvino.inference import OpenVinoRuntime
kept = find_prepared(sys.argv[1])
for turn in range(10):
    runtime = OpenVinoRuntime(kept.folder, kept.settings, "float32")
    running = runtime.run([[f"depth {number} of image"] for number in range(8)], as_query=False)
    if sys.argv[2] == "to its end":
        print(len(list(running)))
    else:
        next(running)
        running.close()
    del running, runtime
"""


@pytest.mark.parametrize("how", ["to its end", "in the middle"])
def test_a_runtime_ends_wherever_it_is_left(plain: Made, tmp_path: Path, how: str) -> None:
    subprocess.run(
        [sys.executable, "-P", "-c", ENDING, plain.files.identity.fingerprint, how], cwd=tmp_path,
        capture_output=True, check=True, timeout=60,  # it hung, or died as Python ended
    )  # fmt: skip


def test_a_disk_without_room_for_the_tokenizer_leaves_torch(
    plain: Made, empty_cache: Path, said: Callable[[], list[str]]
) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
        embedder = load(plain.files)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert embedder.runtime.startswith("torch ")
    assert "what is prepared cannot be kept: " in said()[0]
    assert find_prepared(plain.files.identity.fingerprint) is None


def test_a_model_stored_in_half_precision_is_prepared_from_float32(tmp_path: Path, empty_cache: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder = TinyModel(seed=40).save(tmp_path)
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: values.to(torch.bfloat16) if values.is_floating_point() else values for name, values in weights.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    change_json(folder / "config.json", dtype="bfloat16")
    assert load(ModelFiles("tiny", folder)).runtime.startswith("openvino ")


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("tokenizer_config.json", {"padding_side": "left"}),
        ("tokenizer_config.json", {"truncation_side": "left"}),
        ("1_Pooling/config.json", {"include_prompt": False}),
        ("config_sentence_transformers.json", {"truncate_dim": 16}),
        ("sentence_bert_config.json", {"query_length": 8}),
    ],
)
def test_what_changes_a_vector_changes_the_fingerprint(tmp_path: Path, file: str, changes: dict[str, object]) -> None:
    folder = TinyModel(prompts={"query": "search: "}).save(tmp_path)
    before = ModelFiles("m", folder).identity.fingerprint
    change_json(folder / file, **changes)
    assert ModelFiles("m", folder).identity.fingerprint != before


def test_combined_pooling_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    made = {
        ModelFiles("m", TinyModel(pooling=modes).save(tmp_path / "-".join(modes))).identity.fingerprint
        for modes in (("mean", "max"), ("cls", "max"))
    }
    assert len(made) == 2
