"""The model that a library names. Its folder may be a stranger's: nothing is fetched but the default model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explorer.embedder.contract import Embedder
from explorer.embedder.embedding import load_prepared
from explorer.embedder.models import DEFAULT_MODEL, ModelFiles, ModelIdentity, find_model
from explorer.errors import ModelMismatch


def model_for(stored: Mapping[str, Any], asked: str | Path | Embedder | None) -> ModelFiles | Embedder:
    """Return the model of a library, whose manifest describes it as `stored`: loaded, or the files to load.

    `asked` is the user's choice, which must be that model. Raises ModelMismatch, ModelNotAvailable.
    """
    if asked is not None and not isinstance(asked, str | Path):
        require_same_model(stored, asked.identity)
        return asked
    if asked is None and (prepared := load_prepared(ModelIdentity.from_dict(dict(stored)))) is not None:
        return prepared
    files = _named(stored["name"]) if asked is None else find_model(str(asked))
    require_same_model(stored, files.identity)
    return files


def require_same_model(stored: Mapping[str, Any], asked: ModelIdentity) -> None:
    """Raise ModelMismatch unless `asked` is the model that a library's vectors come from, if that is known."""
    if stored and stored["fingerprint"] != asked.fingerprint:
        raise ModelMismatch(
            f"this library was built with the model {stored['name']}; a text embedded with {asked.name} cannot be "
            f"compared{' (the files of that name have changed)' if stored['name'] == asked.name else ''}"
        )


def _named(name: str) -> ModelFiles:
    is_here = Path(name).is_absolute() and not name.startswith(("//", "\\\\"))  # not a host of the network
    if not is_here and not re.fullmatch(r"\w[\w.-]*(?:/\w[\w.-]*)?", name):
        raise ModelMismatch(f"this library was built with the model {name!r}: name it with --model")
    return find_model(name, download=name == DEFAULT_MODEL)
