"""Find similar papers and see a field.

    from explorer import Library
    library = Library.build("digest.md", "artifacts/library")
    library.similar("2010.02893", k=5)

Importing this package loads nothing but itself: what a name needs is loaded when the name is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.embedder import Embedder, ModelIdentity
    from explorer.errors import ExplorerError
    from explorer.library import Library
    from explorer.matches import Match, Matches
    from explorer.papers import Paper
    from explorer.search.options import SearchOptions

__version__ = "0.1.0"
__all__ = [
    "Embedder", "ExplorerError", "Library", "Match", "Matches", "ModelIdentity", "Paper", "SearchOptions",
    "__version__",
]  # fmt: skip

_HOMES = {
    "Embedder": "embedder",
    "ExplorerError": "errors",
    "Library": "library",
    "Match": "matches",
    "Matches": "matches",
    "ModelIdentity": "embedder",
    "Paper": "papers",
    "SearchOptions": "search.options",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
