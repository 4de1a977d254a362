"""What is wrong with a library, if anything is: every file, and what the files say of each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError, LibraryDamaged, LibraryNotFound
from explorer.growth.agreement import Agreement
from explorer.store import LibraryFolder, Manifest, own_files, read_manifest

if TYPE_CHECKING:
    from explorer.store import FileEntry

REPAIR, REBUILD = "explorer repair", "explorer build --replace"
_GIVEN = frozenset({"papers", "vectors"})  # all else is derived of them


@dataclass(frozen=True, slots=True)
class Check:
    """Tell of one thing that was looked at: `wrong` says what is not as it must be and `repair` what mends it."""

    name: str
    found: str = ""
    wrong: str = ""
    repair: str = ""

    @property
    def is_right(self) -> bool:
        """Tell whether nothing is wrong with it."""
        return not self.wrong


@dataclass(frozen=True, slots=True)
class Verification:
    """Hold what was looked at, in order."""

    checks: tuple[Check, ...]

    @property
    def is_right(self) -> bool:
        """Tell whether the library is as it must be."""
        return all(check.is_right for check in self.checks)


def verify(path: Path, *, deep: bool = False) -> Verification:
    """Look at all files of the library at `path`, and at whether they agree; `deep` compares every paper, not a sample.

    Raises LibraryNotFound where there is none, LibraryInaccessible, ForeignLibrary; damage is reported, not raised.
    """
    return Verification(tuple(_checks(path, deep)))


def _checks(path: Path, deep: bool) -> Iterator[Check]:
    try:
        manifest = read_manifest(path)
    except LibraryDamaged as error:
        yield Check("manifest", wrong=error.what, repair=REBUILD)
        return
    yield Check("manifest", f"{manifest.papers:,} papers, {len(manifest.files)} files")
    is_whole = True
    for role, entry in manifest.files.items():
        if wrong := wrong_file(path, entry):
            is_whole = False
            yield Check(f"file {role}", wrong=wrong, repair=REBUILD if role in _GIVEN else REPAIR)
    if is_whole:
        yield Check("files", "all are there, with the checksums they were written with")
    yield _leftovers(path, manifest)
    yield from _agreements(path, manifest, deep)


def wrong_file(path: Path, entry: FileEntry) -> str:
    """Say what is wrong with one file; nothing if it is what was written."""
    file = path / entry.name
    try:
        size = file.stat().st_size
        if size != entry.size:
            return f"{entry.name} is {size:,} bytes long and not {entry.size:,}"
        with file.open("rb") as content:
            if file_digest(content, "sha256").hexdigest() != entry.sha256:
                return f"{entry.name} was altered: its checksum does not match"
    except FileNotFoundError:
        return f"{entry.name} is missing"
    except OSError as error:
        return f"{entry.name} cannot be read: {error}"
    return ""


def _leftovers(path: Path, manifest: Manifest) -> Check:
    """Tell of files that a killed writer left. They are harmless, and the next writer removes them."""
    named = {entry.name for entry in manifest.files.values()}
    names = [name for name in own_files(path) if name not in named]
    return Check("leftovers", f"{len(names)} files of no state; the next writer removes them" if names else "none")


def _agreements(path: Path, manifest: Manifest, deep: bool) -> Iterator[Check]:
    """Compare files with each other, as far as they can be read."""
    try:
        folder = LibraryFolder(path)
    except LibraryNotFound:
        raise
    except LibraryDamaged as error:
        yield Check("opening", wrong=error.what, repair=_mending(error.what, manifest))
        return
    with closing(folder):
        agreement = Agreement(folder, deep)
        for name, compare in agreement.comparisons().items():
            yield _compared(name, compare, manifest)


def _compared(name: str, compare: Callable[[], str], manifest: Manifest) -> Check:
    try:
        return Check(name, compare())
    except LibraryDamaged as error:
        return Check(name, wrong=error.what, repair=_mending(error.what, manifest))
    except (ExplorerError, ValueError, IndexError, TypeError) as error:
        return Check(name, wrong=str(error), repair=REPAIR)


def _mending(wrong: str, manifest: Manifest) -> str:
    """Return what mends a file that is named in words of what is wrong."""
    given = any(manifest.files[role].name in wrong for role in _GIVEN if role in manifest.files)
    return REBUILD if given else REPAIR
