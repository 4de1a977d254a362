"""The table of runtimes. A runtime registers itself in one line; nothing else knows its name."""

from __future__ import annotations

from explorer.embedder.contract import RuntimeType

_types: list[RuntimeType] = []


def register(kind: RuntimeType) -> None:
    """Add `kind` to the table."""
    _types.append(kind)


def registered() -> tuple[RuntimeType, ...]:
    """Return all runtimes, the one to be asked first at first."""
    return tuple(sorted(_types, key=lambda kind: kind.rank))
