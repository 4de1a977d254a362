"""The layout in a process of its own: importing and compiling UMAP takes seconds, which other work can fill.

It also keeps UMAP out of this process: its hundred megabytes, and whatever a damaged file of compiled code may do.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from explorer.cache import cache_folder
from explorer.layout.faithfulness import NEAREST
from explorer.layout.levels import Level
from explorer.layout.options import LayoutOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMPILED = "compiled-1"  # in the cache folder
_START = "import sys; sys.path.append(sys.argv[1]); from explorer.layout.worker import main; main()"


class LayoutProcess:
    """Start the layout's process early, hand it the graph later. Use as a context manager; it ends with it.

    It ends with this process too, however that ends: it waits for the end of its standard input.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._spare: TemporaryDirectory[str] | None = None

    def __enter__(self) -> LayoutProcess:
        """Return itself; nothing is started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process, done or not."""
        self._end()
        if self._spare is not None:
            self._spare.cleanup()

    def start(self) -> None:
        """Start, unless it has started, or UMAP is in this process already; where that cannot be, `optimize` tells."""
        if self._process is not None or "umap.umap_" in sys.modules or not sys.executable:
            return
        command = [sys.executable, "-P", "-W", "ignore", "-c", _START, str(Path(__file__).parents[2])]
        environment = {**os.environ, "NUMBA_CACHE_DIR": self._folder_for_code()}
        with suppress(OSError, ValueError):
            self._process = subprocess.Popen(  # noqa: S603 -- this interpreter, with a constant program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )

    def optimize(
        self,
        start: NDArray[np.float32],
        neighbors: NDArray[Any],
        similarities: NDArray[Any],
        options: LayoutOptions,
        coarser: Sequence[Level] = (),
    ) -> NDArray[np.float32] | None:
        """Return what `levels.lay_out` returns; None when no process could do it.

        One that dies may have been given damaged code: that is removed, to be compiled anew the next time, and a second
        process does without.
        """
        count = max(options.n_neighbors, NEAREST)
        arrays = [start, neighbors[:, :count], similarities[:, :count]]
        for level in coarser:
            arrays += [level.sample, level.neighbors[:, :count], level.similarities[:, :count]]
        for _ in range(2):
            self.start()
            placed = self._asked(options, arrays)
            if self._process is None or placed is not None:
                return placed
            self._end()
            shutil.rmtree(cache_folder(COMPILED), ignore_errors=True)
            self._spare = self._spare or TemporaryDirectory(ignore_cleanup_errors=True)
        return None

    def _asked(self, options: LayoutOptions, arrays: list[NDArray[Any]]) -> NDArray[np.float32] | None:
        """Send options and arrays; return what comes back, None when it is no layout of so many papers."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            return None
        try:
            said = {"options": asdict(options), "arrays": len(arrays)}
            self._process.stdin.write(json.dumps(said).encode() + b"\n")
            for values in arrays:
                send_array(self._process.stdin, values)
            placed = receive_array(self._process.stdout)
        except (OSError, ValueError):
            return None
        return placed if placed.shape == (len(arrays[1]), 2) else None

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(OSError):  # what it did not read
                self._process.communicate()
            self._process = None

    def _folder_for_code(self) -> str:
        """Return where numba is to keep compiled code: the user's choice, else the cache, else a folder that goes.

        Somewhere it must be: some of UMAP's functions cannot be defined otherwise.
        """
        if self._spare is None and os.environ.get("NUMBA_CACHE_DIR"):
            return os.environ["NUMBA_CACHE_DIR"]
        if self._spare is None:
            folder = cache_folder(COMPILED)
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                with TemporaryFile(dir=folder):
                    return str(folder)
            self._spare = TemporaryDirectory(ignore_cleanup_errors=True)
        return self._spare.name


def send_array(stream: IO[bytes], values: NDArray[Any]) -> None:
    """Write an array as a line of JSON with its type and shape, followed by its bytes."""
    import numpy as np

    stream.write(json.dumps({"dtype": values.dtype.str, "shape": values.shape}).encode() + b"\n")
    stream.write(np.ascontiguousarray(values).data)
    stream.flush()


def receive_array(stream: IO[bytes]) -> NDArray[Any]:
    """Read what `send_array` wrote. Raises ValueError when the stream ends before."""
    import numpy as np

    described = json.loads(stream.readline())
    dtype, shape = np.dtype(described["dtype"]), tuple(described["shape"])
    content = stream.read(dtype.itemsize * math.prod(shape))
    return np.frombuffer(content, dtype=dtype).reshape(shape)
