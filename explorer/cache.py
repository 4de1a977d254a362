"""Where things are kept that can be made again: prepared models, compiled code. Imports nothing of the package.

Nothing here is needed: whatever uses the cache works without it, only slower.
"""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """Return $EXPLORER_CACHE, else the user's cache folder as the system has it, followed by `parts`; not created."""
    given = os.environ.get("EXPLORER_CACHE")
    if given:
        return Path(given).absolute().joinpath(*parts)
    from platformdirs import user_cache_path

    return user_cache_path("paper-explorer").joinpath(*parts)
