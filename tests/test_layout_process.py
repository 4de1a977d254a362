"""The layout in a process of its own: the same bytes, no process left behind, and compiled code that may be damaged."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from explorer.index import NearestRows
from explorer.layout import LayoutOptions, LayoutProcess, principal_components, process, project
from explorer.layout.process import COMPILED, receive_array, send_array

OTHER = LayoutOptions(
    n_neighbors=9, n_epochs=70, learning_rate=1.5, negative_sample_rate=3, repulsion_strength=0.7, seed=2**32 - 1
)


@dataclass(frozen=True)
class Graph:
    """What a layout is made of."""

    vectors: NDArray[np.float32]
    neighbors: NDArray[np.int32]
    similarities: NDArray[np.float32]

    def in_this_process(self, options: LayoutOptions) -> bytes:
        from explorer.layout.optimizer import optimize

        start = principal_components(self.vectors)
        return optimize(start, self.neighbors, self.similarities, options).tobytes()

    def in_a_process(self, options: LayoutOptions | None = None) -> bytes | None:
        start = principal_components(self.vectors)
        with LayoutProcess() as layout:
            placed = layout.optimize(start, self.neighbors, self.similarities, options or LayoutOptions())
        return None if placed is None else placed.tobytes()

    def projected(self, layout: LayoutProcess, options: LayoutOptions | None = None) -> bytes:
        options = options or LayoutOptions()
        return project(self.vectors, self.neighbors, self.similarities, options, layout).tobytes()


@pytest.fixture(scope="module")
def graph() -> Graph:
    nearest = NearestRows(np.random.default_rng(0).normal(size=(60, 8)))
    (block,) = nearest.graph(30)
    neighbors, similarities = block.rows, block.similarities
    return Graph(nearest.vectors, neighbors, similarities)


@pytest.fixture(scope="module")
def expected(graph: Graph) -> bytes:
    """The layout of the graph, made in this process, which imports UMAP for that."""
    return graph.in_this_process(LayoutOptions())


@pytest.fixture
def apart(expected: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this process had not imported UMAP, so that another one is started."""
    monkeypatch.delitem(sys.modules, "umap.umap_")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory, graph: Graph, expected: bytes) -> Path:
    """Compiled code as a first process leaves it: compiling takes seconds, so it is done once and copied."""
    folder = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_CACHE", str(folder))
        patch.delitem(sys.modules, "umap.umap_")
        assert graph.in_a_process() == expected
    assert [path.name for path in folder.iterdir()] == [COMPILED]
    return folder / COMPILED


@pytest.fixture
def cache(compiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: None) -> Path:
    """A copy of the compiled code, which is what the next process finds."""
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "cache"))
    shutil.copytree(compiled, tmp_path / "cache" / COMPILED)
    return tmp_path / "cache" / COMPILED


@pytest.fixture
def cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: None) -> Path:
    """Where compiled code will be kept; nothing is there yet."""
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / COMPILED


def code_in(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return numba's files with their sizes and times of writing: another compilation would write them again."""
    return {
        path.relative_to(folder): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*.nb[ci]")
        if path.is_file()
    }


def is_running(pid: int) -> bool:
    """Tell whether a process is there and more than a remainder that nobody has collected."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.parent.parent.is_dir() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def comes_true(condition: Callable[[], bool]) -> bool:
    """Wait, a minute at most, until `condition` holds."""
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def program(change: str) -> str:
    """Return what the layout's process runs, with a change made to it first."""
    return f"import sys\nsys.path.append(sys.argv[1])\nfrom explorer.layout import worker\n{change}\nworker.main()"


# --- the same bytes


@pytest.mark.parametrize("options", [LayoutOptions(), OTHER], ids=["default", "other"])
def test_another_process_gives_the_same_bytes(
    graph: Graph, cache: Path, options: LayoutOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = graph.in_this_process(options)
    monkeypatch.setattr("explorer.layout.optimizer.optimize", lambda *_: pytest.fail("done in this process"))
    with LayoutProcess() as layout:
        assert graph.projected(layout, options) == wanted


def test_two_processes_that_compile_at_once_give_the_same_bytes(graph: Graph, expected: bytes, cold: Path) -> None:
    with LayoutProcess() as one, LayoutProcess() as other:
        one.start()
        other.start()
        assert [graph.projected(layout) for layout in (one, other)] == [expected, expected]
    assert code_in(cold)


ALONE = """
import sys
import numpy as np
from explorer.layout import LayoutOptions, LayoutProcess, project

given = np.load(sys.argv[1])
with LayoutProcess() as layout:
    layout.start()
    placed = project(given["vectors"], given["neighbors"], given["similarities"], LayoutOptions(), layout)
heavy = {"umap", "numba", "llvmlite", "pynndescent", "scipy", "sklearn"}
print(placed.tobytes().hex(), *sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


def test_a_process_that_has_it_done_imports_nothing_of_umap(
    tmp_path: Path, graph: Graph, expected: bytes, cache: Path
) -> None:
    np.savez(tmp_path / "graph.npz", vectors=graph.vectors, neighbors=graph.neighbors, similarities=graph.similarities)
    command = [sys.executable, "-P", "-c", ALONE, str(tmp_path / "graph.npz")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected.hex()]
    assert done.stderr == ""


@given(
    values=hnp.arrays(
        st.sampled_from(["<i4", "<f4", "<i8", "<f8"]), hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9)
    ),
    step=st.sampled_from([1, 2, -1]),
    lost=st.integers(1, 1000),
)
def test_arrays_are_sent_whole_or_not_at_all(values: NDArray[np.generic], step: int, lost: int) -> None:
    stream = io.BytesIO()
    send_array(stream, values[:, ::step])
    send_array(stream, values.T)
    stream.seek(0)
    for sent in (values[:, ::step], values.T):
        received = receive_array(stream)
        assert (received.dtype, received.shape) == (sent.dtype, sent.shape)
        assert received.tobytes() == sent.tobytes()
    stream = io.BytesIO()
    send_array(stream, values)
    if values.size:  # an array of nothing is whole without its last byte, which ends a line
        with pytest.raises(ValueError, match=r".+"):
            receive_array(io.BytesIO(stream.getvalue()[: -min(lost, stream.tell())]))


# --- no process left behind


def test_it_ends_with_the_block(graph: Graph, expected: bytes, cache: Path) -> None:
    pids = []

    def fail() -> None:
        with LayoutProcess() as layout:
            layout.start()
            assert layout._process is not None
            pids.append(layout._process.pid)
            assert is_running(pids[0])
            raise ValueError("something else")

    with pytest.raises(ValueError, match="something else"):
        fail()
    with LayoutProcess() as layout:
        assert graph.projected(layout) == expected
        assert layout._process is not None
        pids.append(layout._process.pid)
        assert layout._process.wait(60) == 0  # and by itself, when it has answered
    for pid in pids:
        with pytest.raises(ProcessLookupError):  # not even a zombie
            os.kill(pid, 0)


def test_starting_twice_starts_one_and_no_use_starts_none(cache: Path) -> None:
    with LayoutProcess() as layout:
        assert layout._process is None
        layout.start()
        started = layout._process
        layout.start()
        assert layout._process is started
    assert layout._process is None


# Each layout's beginning and end is marked by a file: the first is of a few points, which compiles.
MARKED = """
from pathlib import Path
from explorer.layout import optimizer
optimize, calls = optimizer.optimize, []
def marked(*arguments):
    calls.append(0)
    Path(r"{marks}", f"{{len(calls)}} began").touch()
    placed = optimize(*arguments)
    Path(r"{marks}", f"{{len(calls)}} ended").touch()
    return placed
optimizer.optimize = marked
"""

# A shell that starts something in the background has it ignore SIGINT: a program that tests are run by, say.
PARENT = """
import signal, sys, time
import numpy as np
from explorer.layout import LayoutOptions, LayoutProcess, process

signal.signal(signal.SIGINT, signal.default_int_handler)
process._START, moment = sys.argv[1:]
with LayoutProcess() as layout:
    layout.start()
    print(layout._process.pid, flush=True)
    if moment == "2 began":
        rows = np.arange(500, dtype=np.int32)
        neighbors = (rows[:, None] + np.arange(1, 31, dtype=np.int32)) % 500
        start = np.stack([np.cos(rows), np.sin(rows)], axis=1).astype(np.float32)
        # So many epochs that it would take minutes.
        layout.optimize(start, neighbors, np.full((500, 30), 0.5, "f4"), LayoutOptions(n_epochs=10**6))
    time.sleep(600)
"""


def parent_with_a_process(tmp_path: Path, moment: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a process that has a layout's process, and wait until that one is where `moment` says."""
    marks = tmp_path / "marks"
    marks.mkdir()
    command = [sys.executable, "-P", "-c", PARENT, program(MARKED.format(marks=marks)), moment]
    parent = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path, start_new_session=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert comes_true((marks / moment).exists)
    assert is_running(pid)
    return parent, pid


@pytest.mark.parametrize("moment", ["1 began", "1 ended", "2 began"], ids=["compiling", "idle", "in the middle"])
def test_it_ends_when_its_parent_is_killed(tmp_path: Path, cache: Path, moment: str) -> None:
    parent, pid = parent_with_a_process(tmp_path, moment)
    with parent:
        parent.kill()
    assert comes_true(lambda: not is_running(pid))


@pytest.mark.parametrize("moment", ["1 ended", "2 began"], ids=["idle", "in the middle"])
def test_ctrl_c_leaves_no_process(tmp_path: Path, cache: Path, moment: str) -> None:
    """A terminal sends it to both: the parent has its own order of ending things, and ends the other one."""
    parent, pid = parent_with_a_process(tmp_path, moment)
    with parent:
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.wait(60) == -signal.SIGINT
    assert not is_running(pid)
    assert cache.is_dir()  # what was compiled is as good as before


# --- what may go wrong


def test_a_process_killed_before_the_work_is_replaced(graph: Graph, expected: bytes, cache: Path) -> None:
    with LayoutProcess() as layout:
        layout.start()
        assert layout._process is not None
        layout._process.kill()
        layout._process.wait()
        start = principal_components(graph.vectors)
        placed = layout.optimize(start, graph.neighbors, graph.similarities, LayoutOptions())
        assert placed is not None
        assert placed.tobytes() == expected
        assert not cache.exists()  # it may have been the reason, so the second process was given another folder
        assert layout._spare is not None
    assert not Path(layout._spare.name).exists()


KILLED = """
import os, signal
from explorer.layout import optimizer
optimize, calls = optimizer.optimize, []
def killed(*arguments):
    calls.append(0)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return optimize(*arguments)
optimizer.optimize = killed
"""


def test_a_process_that_dies_whenever_it_works_is_done_without(
    graph: Graph, expected: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_START", program(KILLED))
    with LayoutProcess() as layout:
        assert graph.projected(layout) == expected
        assert layout._process is None
    assert not cache.exists()


@pytest.mark.parametrize(
    "change",
    [
        "worker.main = lambda: None",
        "worker.main = lambda: print('hello', flush=True)",
        'worker.main = lambda: print(\'{"dtype": "<f4", "shape": [1, 2]}\\n01234567\', flush=True)',
        "worker.main = lambda: sys.exit('no such module')",
    ],
    ids=["silence", "no array", "another array", "failure"],
)
def test_an_answer_that_is_none_is_not_taken(
    graph: Graph, expected: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(process, "_START", program(change))
    with LayoutProcess() as layout:
        assert graph.projected(layout) == expected


def test_where_no_process_can_be_started_this_one_does_it(
    tmp_path: Path, graph: Graph, expected: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with LayoutProcess() as layout:
        layout.start()
        assert layout._process is None
        assert graph.projected(layout) == expected
    assert cache.is_dir()


def test_no_process_is_started_where_umap_is_imported_already(graph: Graph, expected: bytes) -> None:
    assert "umap.umap_" in sys.modules
    with LayoutProcess() as layout:
        layout.start()
        assert graph.projected(layout) == expected
        assert layout._process is None


# --- compiled code


def test_the_second_process_writes_no_code(graph: Graph, expected: bytes, cache: Path) -> None:
    before = code_in(cache)
    assert {path.suffix for path in before} == {".nbi", ".nbc"}
    assert graph.in_a_process() == expected
    assert code_in(cache) == before


COMPILING = """
import numpy as np
from explorer.layout import LayoutOptions, worker

worker._import_umap()
from numba.core import event
from explorer.layout import optimizer
from explorer.layout.optimizer import optimize

rows = np.arange(1500, dtype=np.int32)
neighbors = (rows[:, None] + np.arange(1, 31, dtype=np.int32)) % len(rows)
start = np.random.default_rng(0).normal(size=(len(rows), 2)).astype(np.float32)
with event.install_recorder("numba:compile") as recorder:
    worker._compile(optimize)
    print(len(recorder.buffer))
    optimize(start, neighbors, np.full(neighbors.shape, 0.5, dtype=np.float32), LayoutOptions(n_neighbors=5))
    print(len(recorder.buffer))
    optimizer.block_count = lambda n: 4
    optimize(start, neighbors, np.full(neighbors.shape, 0.5, dtype=np.float32), LayoutOptions(n_epochs=5))
    print(len(recorder.buffer))
    import numba
    numba.njit(lambda number: number + 1)(1)
    print(len(recorder.buffer) > 0)
"""


def test_the_second_process_compiles_nothing_for_a_large_graph_either(tmp_path: Path, cache: Path) -> None:
    command = [sys.executable, "-P", "-W", "ignore", "-c", COMPILING]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "0", "0", "True"]  # the last: what is compiled is recorded


def test_damaged_code_costs_no_answer_and_is_made_anew(
    graph: Graph, expected: bytes, compiled: Path, cache: Path
) -> None:
    for path in code_in(cache):
        (cache / path).write_bytes((cache / path).read_bytes()[: (cache / path).stat().st_size // 2])
    with LayoutProcess() as layout:
        assert graph.projected(layout) == expected
    assert not cache.exists()
    assert graph.in_a_process() == expected
    made = code_in(cache)
    assert made.keys() == code_in(compiled).keys()
    assert graph.in_a_process() == expected
    assert code_in(cache) == made


@pytest.mark.parametrize("kind", [".nbi", ".nbc"], ids=["index", "code"])
def test_what_was_never_code_costs_no_answer(graph: Graph, expected: bytes, cache: Path, kind: str) -> None:
    for path in code_in(cache):
        if path.suffix == kind:
            (cache / path).write_bytes(np.random.default_rng(0).bytes((cache / path).stat().st_size))
    with LayoutProcess() as layout:
        assert graph.projected(layout) == expected
    assert not cache.exists()


def test_code_of_another_numba_is_compiled_anew(graph: Graph, expected: bytes, cache: Path) -> None:
    """Its machine code is kept back as well: taken for this one's, it would end the process."""
    for path in code_in(cache):
        if path.suffix == ".nbc":
            (cache / path).write_bytes(b"of another version")
            continue
        with (cache / path).open("rb") as file:
            assert pickle.load(file) == version("numba")
            rest = file.read()
        (cache / path).write_bytes(pickle.dumps("0.1.0") + rest)
    assert graph.in_a_process() == expected
    for path in code_in(cache):
        content = (cache / path).read_bytes()
        assert content != b"of another version"
        if path.suffix == ".nbi":
            assert pickle.loads(content) == version("numba")


def test_a_cache_that_cannot_be_written_costs_no_answer(
    tmp_path: Path, graph: Graph, expected: bytes, monkeypatch: pytest.MonkeyPatch, apart: None
) -> None:
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "cache"))
    assert graph.in_a_process() == expected
    assert (tmp_path / "cache").read_text() == "a file"


def test_where_the_user_has_numba_keep_its_code_it_is_kept(
    tmp_path: Path, graph: Graph, expected: bytes, compiled: Path, monkeypatch: pytest.MonkeyPatch, cold: Path
) -> None:
    shutil.copytree(compiled, tmp_path / "mine")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    before = code_in(tmp_path / "mine")
    assert graph.in_a_process() == expected
    assert code_in(tmp_path / "mine") == before  # and used
    assert not cold.exists()


IMPORTED = """
import sys
from explorer.layout import worker

for name in sys.argv[1:]:
    del worker._UNUSED[name]
worker._import_umap()
from umap import umap_
search = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "pynndescent"}
print(len(search), sum(getattr(module, "__file__", None) is not None for module in search.values()))
print(sum(name.partition(".")[0] in {"pandas", "pyarrow"} for name, module in sys.modules.items() if module))
print(umap_.NNDescent)
"""


def imported(tmp_path: Path, *without: str) -> tuple[int, int, int, str]:
    """Return how many modules of the neighbor search there are, how many are real; of pandas; what its class is."""
    command = [sys.executable, "-P", "-W", "ignore", "-c", IMPORTED, *without]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}  # the real one is compiled when it is imported
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    modules, real, tables, searching = done.stdout.split(maxsplit=3)
    return int(modules), int(real), int(tables), searching.strip()


def test_neither_umap_s_own_neighbor_search_nor_pandas_is_imported(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    assert imported(tmp_path) == (3, 0, 0, "{}")


@pytest.mark.parametrize("missing", ["pynndescent", "pynndescent.sparse"])
def test_where_umap_imports_more_of_it_the_real_one_is_imported(tmp_path: Path, missing: str) -> None:
    modules, real, _, searching = imported(tmp_path, missing)
    assert modules == real > 3
    assert searching == "<class 'pynndescent.pynndescent_.NNDescent'>"
