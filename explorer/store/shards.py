"""What a build under way has made, in files that any process may write and that are there whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import LibraryDamaged
from explorer.store.arrays import load_array, write_array
from explorer.wholefiles import flush_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHARD_NAME = r"[0-9a-f]{32}\.npy"
HALF_SHARD_NAME = r"[0-9a-f]{32}(?:-[0-9a-f]{8})?\.tmp"


def find_shard(folder: Path, name: str) -> Path | None:
    """Return the file of what was kept as `name` in `folder`, None unless it is there and whole."""
    path = folder / f"{name}.npy"
    try:
        load_array(path)
    except (OSError, LibraryDamaged):
        return None
    return path


def keep_shard(folder: Path, name: str, values: NDArray[np.generic], dtype: str = "<f4") -> Path:
    """Keep (n, d) values as `name`, 32 hexadecimal digits; return their file. Several processes may do so at once."""
    from secrets import token_hex  # a look-up needs none of it

    path, temporary = folder / f"{name}.npy", folder / f"{name}-{token_hex(4)}.tmp"
    try:
        write_array(temporary, values, dtype)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    flush_folder(folder)
    return path
