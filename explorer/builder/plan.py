"""What decides the content of a library, and whether that library is there already."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from explorer.builder.options import BuildOptions, BuildReport
from explorer.embedder import Embedder, ModelFiles, find_model
from explorer.errors import InvalidInput, LibraryExists, LibraryNotFound
from explorer.index import INDEX_CHOICES
from explorer.layout import LayoutOptions
from explorer.lexical import K1, REPEATED, B
from explorer.ranking import LEXICAL_WEIGHT, SHORTLIST
from explorer.store import LibraryFolder, read_manifest, require_own_folder

NEIGHBORS = 30  # stored for each paper


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold everything that decides the content of a library, as its manifest will say it."""

    model: dict[str, Any]
    inputs: list[dict[str, Any]]
    parameters: dict[str, Any]


def model_of(options: BuildOptions) -> ModelFiles | Embedder | None:
    """Return the model to embed with, found but not loaded; None when the vectors are given without one."""
    if options.model is None or isinstance(options.model, str | Path):
        if options.vectors is not None and options.model is None:
            return None
        return find_model(None if options.model is None else str(options.model))
    return options.model


def plan_of(options: BuildOptions, model: ModelFiles | Embedder | None, inputs: list[dict[str, Any]]) -> Plan:
    """Return the plan; `inputs` describe the files with their checksums. Raises InvalidInput."""
    if not 0 <= options.seed < 2**32:
        raise InvalidInput(f"the seed {options.seed} is not between 0 and {2**32 - 1}")
    if options.index not in INDEX_CHOICES:
        raise InvalidInput(f"there is no index {options.index!r}: choose one of {', '.join(INDEX_CHOICES)}")
    parameters = {
        "neighbors": NEIGHBORS,
        "index": options.index,
        "related": {"lexical_weight": LEXICAL_WEIGHT, "shortlist": SHORTLIST, "k1": K1, "b": B, "k3": REPEATED},
        "layout": asdict(LayoutOptions(seed=options.seed)),
        "columns": dict(options.reading.columns),
        "vectors": None if options.vectors is None else _file_hash(options.vectors),
    }
    return Plan({} if model is None else model.identity.as_dict(), inputs, parameters)


def found_complete(path: Path, plan: Plan, options: BuildOptions) -> BuildReport | None:
    """Report the library if it is there already. Raises LibraryExists when one of something else is in the way."""
    if options.replace:
        return None
    require_own_folder(path)
    try:
        current = read_manifest(path)
    except LibraryNotFound:
        return None
    same_inputs = [entry["sha256"] for entry in current.inputs] == [entry["sha256"] for entry in plan.inputs]
    same_model = current.model.get("fingerprint") == plan.model.get("fingerprint")
    if same_inputs and same_model and current.parameters == plan.parameters:
        LibraryFolder(path).close()  # opening it checks that its files are all there
        return BuildReport(current.papers, current.counts["repeated"], unchanged=True)
    differing = "other inputs" if not same_inputs else "another model" if not same_model else "other parameters"
    raise LibraryExists(
        f"{path} is a library of {current.papers} papers made of {differing}: add --replace to build it anew, "
        "or name another folder with --library"
    )


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except IsADirectoryError:
        raise InvalidInput(f"{path} is a folder: name the files in it") from None
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InvalidInput(f"{path}: cannot be read: {error}") from error
