"""The manifest: what a library is, and every file it consists of."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any

from explorer.errors import ForeignLibrary, LibraryDamaged

FORMAT = 1
_NAME = re.compile(r"[a-z]+-[0-9a-f]{8}\.(?:sqlite|npy|jsonl)")


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
    """Describe one state of a library. `files` maps roles ("papers", "vectors", ...) to files."""

    generation: str
    papers: int
    model: dict[str, Any]
    parameters: dict[str, Any]
    inputs: list[dict[str, Any]]
    files: dict[str, FileEntry]
    counts: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""

    def to_json(self) -> str:
        """Return the manifest as JSON text that ends with a checksum over the rest."""
        content = {"format": FORMAT, **asdict(self)}
        return json.dumps({**content, "checksum": _checksum(content)}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str) -> Manifest:
        """Parse and check what `to_json` wrote; `source` is named in errors.

        Raises ForeignLibrary for another format version, LibraryDamaged when text and checksum do not agree.
        """
        content = _parsed(text, source)
        try:
            files = {role: _entry(entry, source) for role, entry in content.pop("files").items()}
            return cls(files=files, **content)
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            raise LibraryDamaged(f"{source}: not a manifest: {error}") from None


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
        version = content.pop("format")
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        raise LibraryDamaged(f"{source} is not a manifest of a library") from None
    if version != FORMAT:
        raise ForeignLibrary(
            f"{source} has format {version!r}, this explorer reads {FORMAT}: update it, or build again"
        )
    if content.pop("checksum", None) != _checksum({"format": version, **content}):
        raise LibraryDamaged(f"{source} was altered: its checksum does not match")
    return dict(content)


def _checksum(content: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _entry(entry: dict[str, Any], source: str) -> FileEntry:
    made = FileEntry(**{**entry, "shape": tuple(entry["shape"])})
    sizes = (made.size, made.offset, *made.shape)
    if not _NAME.fullmatch(made.name) or not all(isinstance(size, int) and size >= 0 for size in sizes):
        # A manifest from a stranger must not lead outside its folder.
        raise LibraryDamaged(f"{source}: {made.name!r} cannot be a file of a library")
    return made
