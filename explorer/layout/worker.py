"""The layout's own process: compile first, then read one neighbor graph from standard input and write coordinates.

What it changes, it changes for itself alone: UMAP's own neighbor search, which takes ten seconds to compile and is not
used, is not imported. Where numba keeps compiled code is in the environment that the parent gave it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from types import ModuleType
from typing import Any

from explorer.layout.levels import Level, lay_out
from explorer.layout.options import LayoutOptions
from explorer.layout.process import receive_array, send_array

# What `umap` imports from its neighbor search, by module.
_UNUSED = {
    "pynndescent": "NNDescent",
    "pynndescent.distances": "named_distances",
    "pynndescent.sparse": "sparse_named_distances",
}
_LEFT_OUT = "pandas"  # scikit-learn looks whether it is there, which takes a quarter of the start and 60 MB


def main() -> None:
    """Do one layout, or none when standard input ends first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process, in its own order
    source, answer = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no part of the answer
    watch = threading.Thread(target=_end_with, args=(source.fileno(),), daemon=True)
    if hasattr(select, "poll"):
        watch.start()  # compiling takes seconds, in which the parent may end
    _import_umap()
    from explorer.layout.optimizer import optimize

    _compile(optimize)
    if not (line := source.readline()):
        return
    said = json.loads(line)
    start, neighbors, similarities, *arrays = (receive_array(source) for _ in range(said["arrays"]))
    if not watch.is_alive():
        watch.start()
    coarser = [Level(*arrays[place : place + 3]) for place in range(0, len(arrays), 3)]
    send_array(answer, lay_out(optimize, start, neighbors, similarities, LayoutOptions(**said["options"]), coarser))
    answer.close()


def _import_umap() -> None:
    for name, attribute in _UNUSED.items():
        unused: Any = ModuleType(name)
        unused.__path__ = []
        setattr(unused, attribute, {})
        sys.modules[name] = unused
    sys.modules.setdefault(_LEFT_OUT, None)  # type: ignore[arg-type]  # "not to be found", as the import system has it
    try:
        import umap.umap_
    except Exception:  # another version, which needs more of it
        if sys.modules[_LEFT_OUT] is None:
            del sys.modules[_LEFT_OUT]
        for name in [name for name in sys.modules if name.partition(".")[0] in {"umap", "pynndescent"}]:
            del sys.modules[name]
        import umap.umap_  # noqa: F401


def _compile(optimize: Any) -> None:
    """Lay out a few points, so that everything is compiled, or read from where it is kept."""
    import numpy as np

    count = 20
    rows = np.arange(count, dtype=np.int32)
    neighbors = (rows[:, None] + np.arange(1, 16, dtype=np.int32)) % count
    start = np.stack([np.cos(rows), np.sin(rows)], axis=1).astype(np.float32)
    optimize(start, neighbors, np.full(neighbors.shape, 0.5, dtype=np.float32), LayoutOptions())


def _end_with(source: int) -> None:
    """End this process when standard input does: the parent is gone, and nobody waits for the answer.

    Where the system can tell, nothing is read for that, so it can begin before what is sent has come.
    """
    if hasattr(select, "poll"):
        end = select.poll()
        end.register(source, 0)
        end.poll()
    else:
        while os.read(source, 4096):
            pass
    os._exit(1)
