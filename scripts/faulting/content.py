"""A library's files by role, to be compared whatever generation they are named for, and what else is in its folder."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any

from explorer.errors import LibraryNotFound
from explorer.store import Workshop, new_generation, read_manifest

_OF_ONE_RUN = ("generation", "created", "added", "files")
_KEPT = {"manifest.json", ".paper-explorer.lock"}


def content_of(path: Path) -> dict[str, Any] | None:
    """Return the SHA-256 of each role's file, read now, and what the manifest says but names and times; None: none."""
    try:
        manifest = read_manifest(path)
    except LibraryNotFound:
        return None
    content: dict[str, Any] = {}
    for role, entry in manifest.files.items():
        with (path / entry.name).open("rb") as file:
            content[role] = file_digest(file, "sha256").hexdigest()
        if content[role] != entry.sha256:
            content[role] += " altered"
        content[f"{role} described"] = [entry.size, entry.dtype, list(entry.shape), entry.offset]
    said = asdict(manifest)
    return content | {name: value for name, value in said.items() if name not in _OF_ONE_RUN}


def differences(one: dict[str, Any] | None, other: dict[str, Any] | None) -> list[str]:
    """Return the names of what is not the same in two contents."""
    if one is None or other is None:
        return [] if one is other else ["there is no library"]
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def leftovers(path: Path) -> list[str]:
    """Return what is in a library's folder beside its committed state."""
    names = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file() or file.is_symlink()}
    try:
        committed = {entry.name for entry in read_manifest(path).files.values()}
    except LibraryNotFound:
        committed = set()
    return sorted(names - committed - _KEPT)


def commit_copy(source: Path, target: Path) -> str:
    """Make the state of one library the next state of another; return its generation."""
    manifest, generation = read_manifest(source), new_generation()
    with Workshop(target) as workshop:
        files = {}
        for role, entry in manifest.files.items():
            name = f"{role}-{generation}{Path(entry.name).suffix}"
            shutil.copyfile(source / entry.name, workshop.work / name)
            files[role] = replace(entry, name=name)
        workshop.commit(replace(manifest, generation=generation, files=files))
    return generation
