"""What runs a model, one module each. To add one, add a module here that ends in `register(...)`: that is all.

Importing these loads none of the packages they run on.
"""

from __future__ import annotations

import importlib
import pkgutil

from explorer.embedder.contract import RuntimeType
from explorer.embedder.runtimes.registry import registered

__all__ = ["runtime_types"]


def runtime_types() -> tuple[RuntimeType, ...]:
    """Return the runtimes, the fastest first."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return registered()
