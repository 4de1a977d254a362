"""The manifest: what a library is, and every file it consists of."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from explorer.errors import ForeignLibrary, LibraryDamaged
from explorer.store.roles import ROLES, SEARCHED

FORMAT = 6
_READ = frozenset({5, FORMAT})  # what 5 lacks, an index for searches, a library need not have
# What a library's own files are called: its role, then a generation, then what they are.
_SUFFIXES = {"papers": ".sqlite", "rejected": ".jsonl", "labels": ".json", **dict.fromkeys((*ROLES, *SEARCHED), ".npy")}
ELEMENT_SIZES = {"<i8": 8, "<i4": 4, "<f4": 4, "<f2": 2, "|i1": 1}  # bytes, by NumPy's name of the element type

_EVERYWHERE: dict[str, Any] = {"recall": 1.0, "rows": 0, "reach": []}
EXACT_SEARCH: dict[str, Any] = {"type": "exact", "k": 10, **_EVERYWHERE, "texts": _EVERYWHERE}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Describe one immutable file: name, size in bytes, SHA-256; for an array also element type, shape, data offset."""

    name: str
    size: int
    sha256: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """Describe one state of a library. `files` maps roles ("papers", "vectors", ...) to files.

    `index` says how the neighbor graph was made, "exact" or in "clusters", and what share of the nearest it holds;
    `search` says how a search finds the nearest papers of any vector, "exact" or by an index ("inverted"), what share
    of the ten nearest of `rows` papers, which shaped no center, it finds, and among how many papers it looks for how
    many (`reach`), and the same of questions that stand for `texts`; `weighing` is what BM25 takes from the papers as a
    whole; `picture` says how much of the truth the layout keeps;
    `added` says when each batch of papers came, ISO 8601.
    """

    generation: str
    papers: int
    model: dict[str, Any]
    parameters: dict[str, Any]
    inputs: list[dict[str, Any]]
    files: dict[str, FileEntry]
    index: dict[str, Any]
    weighing: dict[str, float]
    picture: dict[str, float]
    added: list[str]
    counts: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""
    search: dict[str, Any] = field(default_factory=lambda: dict(EXACT_SEARCH))

    @property
    def has_index(self) -> bool:
        """Tell whether the library has an index for searches."""
        return bool(self.search["type"] != EXACT_SEARCH["type"])

    def to_json(self) -> str:
        """Return the manifest as JSON text that ends with a checksum over the rest."""
        content = {"format": FORMAT, **asdict(self)}
        return json.dumps({**content, "checksum": _checksum(content)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str) -> Manifest:
        """Parse and check what `to_json` wrote; `source` is named in errors. Nothing in it is trusted.

        Raises ForeignLibrary for another format version, LibraryDamaged when text and checksum do not agree or a value
        cannot be of a library.
        """
        content = _parsed(text, source)
        try:
            files = {str(role): _entry(entry) for role, entry in content.pop("files").items()}
            if isinstance(content.get("search"), dict):  # which did not always tell of texts: all are compared with
                content["search"].setdefault("texts", dict(_EVERYWHERE))
            manifest = cls(files=files, **content)
            _check(manifest)
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            raise LibraryDamaged(f"{source}: not a manifest of a library: {error}") from None
        return manifest


def is_own_name(name: str) -> bool:
    """Tell whether a library's file can have this name. A generation always has a letter, and so is no date."""
    role, _, rest = name.partition("-")
    generation = rest.removesuffix(_SUFFIXES.get(role, "/"))
    return (
        len(rest) > len(generation) == 8 and set(generation) <= set("0123456789abcdef") and not generation.isdecimal()
    )


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
        version = content.pop("format")
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        raise LibraryDamaged(f"{source} is not a manifest of a library") from None
    if version not in _READ:
        raise ForeignLibrary(
            f"{source} has format {version!r}, this explorer reads {FORMAT}: "
            "update the explorer, or build the library again with --replace"
        )
    if content.pop("checksum", None) != _checksum({"format": version, **content}):
        raise LibraryDamaged(f"{source} was altered: its checksum does not match")
    return dict(content)


def _checksum(content: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _entry(entry: dict[str, Any]) -> FileEntry:
    made = FileEntry(**{**entry, "shape": tuple(entry["shape"])})
    sizes = (made.size, made.offset, *made.shape)
    if not all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes):
        raise ValueError(f"sizes {sizes}")
    if not is_own_name(made.name):
        # A manifest from a stranger must not lead outside its folder.
        raise ValueError(f"{made.name!r} cannot be a file of a library")
    if made.dtype not in {"", *ELEMENT_SIZES}:
        # "O" would have NumPy take the file's bytes for addresses.
        raise ValueError(f"element type {made.dtype!r}")
    return made


def _check(manifest: Manifest) -> None:
    """Raise ValueError for the first value that no library has."""
    model = manifest.model
    right = {
        "generation": isinstance(manifest.generation, str),
        "papers": isinstance(manifest.papers, int) and manifest.papers > 0,
        "model": isinstance(model, dict) and (not model or _texts(model.get("name"), model.get("fingerprint"))),
        "parameters": isinstance(manifest.parameters, dict) and _texts(manifest.parameters.get("index")),
        "index": isinstance(manifest.index, dict)
        and manifest.index.keys() == {"type", "recall", "k", "rows"}
        and _texts(manifest.index["type"])
        and all(_is_number(manifest.index[name]) for name in ("recall", "k", "rows")),
        "search": isinstance(manifest.search, dict) and _is_search(manifest.search),
        "inputs": isinstance(manifest.inputs, list)
        and all(
            isinstance(entry, dict) and _texts(entry.get("name"), entry.get("sha256")) for entry in manifest.inputs
        ),
        "counts": isinstance(manifest.counts, dict)
        and all(isinstance(manifest.counts.get(name), int) for name in ("repeated", "rejected")),
        "weighing": isinstance(manifest.weighing, dict)
        and manifest.weighing.keys() == {"papers", "average_length"}
        and all(map(_is_positive, manifest.weighing.values())),
        "picture": isinstance(manifest.picture, dict)
        and manifest.picture.keys() == {"kept", "trustworthiness", "k", "rows"}
        and all(map(_is_number, manifest.picture.values())),
        "added": isinstance(manifest.added, list) and bool(manifest.added) and _texts(*manifest.added),
        "versions": isinstance(manifest.versions, dict) and _texts(*manifest.versions.values()),
        "created": isinstance(manifest.created, str),
    }
    for name, is_right in right.items():
        if not is_right:
            raise ValueError(name)


def _is_search(search: dict[str, Any]) -> bool:
    texts = search["texts"]
    return (
        search.keys() == EXACT_SEARCH.keys()
        and isinstance(texts, dict)
        and texts.keys() == _EVERYWHERE.keys()
        and _texts(search["type"])
        and _is_number(search["k"])
        and all(map(_is_reach, (search, texts)))
    )


def _is_reach(said: dict[str, Any]) -> bool:
    reach = said["reach"]
    return (
        all(_is_number(said[name]) for name in ("recall", "rows"))
        and isinstance(reach, list)
        and all(isinstance(pair, list) and len(pair) == 2 and all(map(_is_positive, pair)) for pair in reach)
        and [count for count, _ in reach] == sorted({count for count, _ in reach})
    )


def _texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_positive(value: object) -> bool:
    return _is_number(value) and cast(float, value) >= 1
