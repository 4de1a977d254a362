"""Shards of work, here and on a Dask cluster: the same library, whichever worker is killed."""

from __future__ import annotations

import gc
import json
import math
import operator
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hashed_words import HashedWords
from pretended import Pretended, arrays, one_killed, pretend
from tiny_models import TinyModel

import explorer
from explorer import Library, engine
from explorer.builder import embedding, workers
from explorer.builder.embedding import TextShard
from explorer.builder.workers import Mark
from explorer.cli import cli
from explorer.engine import ENGINES, DaskEngine, engine_named
from explorer.errors import EngineUnavailable, InvalidInput, ModelMismatch, ModelNotAvailable

WORDS = ["depth", "image", "network", "light", "model", "query", "passage", "search", "graph", "node", "edge", "token"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return TinyModel().save(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dice = np.random.default_rng(0)
    file = tmp_path_factory.mktemp("papers") / "papers.jsonl"
    lines = ({"id": f"p{n}", "title": " ".join(dice.choice(WORDS, 5)) + f" {n}"} for n in range(96))
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def cluster(unmeasured: None) -> Iterator[Any]:
    """Three workers, each a process of its own."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


@pytest.fixture
def dask(cluster: Any) -> Iterator[DaskEngine]:
    with DaskEngine(cluster.scheduler_address) as found:
        yield found


@pytest.fixture
def shards_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "SHARD", 4)


# --- the engines


def test_here_one_shard_is_done_after_the_other() -> None:
    with engine_named("local") as here:
        assert here.is_here
        assert list(here.run(operator.neg, iter([3, 1, 2]))) == [-3, -1, -2]
        assert here.everywhere(operator.neg, 5) == {"this process": -5}


def test_an_engine_is_chosen_by_its_name() -> None:
    assert list(ENGINES) == ["local", "dask"]
    with pytest.raises(EngineUnavailable, match=r"^there is no engine 'ray': choose one of local, dask$"):
        engine_named("ray")
    with pytest.raises(EngineUnavailable, match=r"^an address is that of a Dask scheduler: add --engine dask$"):
        engine_named("local", "tcp://127.0.0.1:8786")


def test_dask_need_not_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineUnavailable, match=r"needs the extra of that name: pip install 'paper-explorer\[dask\]'"):
        DaskEngine().__enter__()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://127.0.0.1:9", "tcp://127.0.0.1"])
def test_a_scheduler_that_does_not_answer_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PATIENCE", 1.0)
    with pytest.raises(EngineUnavailable, match=f"^no Dask cluster with a worker answers at {address} "):
        DaskEngine(address).__enter__()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://127.0.0.1:9", "tcp://127.0.0.1"])
def test_a_client_that_could_not_begin_is_closed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it closes itself whenever it is collected: also while another begins, and both hang."""
    from distributed import Client

    monkeypatch.setattr(engine, "_PATIENCE", 1.0)
    with pytest.raises(EngineUnavailable) as told:
        DaskEngine(address).__enter__()
    assert told.value.__cause__ is not None  # what was raised holds the client
    clients: list[Any] = [each for each in gc.get_objects() if issubclass(type(each), Client)]
    status = [client.status for client in clients if client._start_arg == address]
    assert status
    assert set(status) == {"closed"}


def test_a_scheduler_without_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(engine, "_ALONE", 1.0)
    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as empty,
        pytest.raises(EngineUnavailable, match=r"^no Dask cluster with a worker answers at tcp://"),
    ):
        DaskEngine(empty.scheduler_address).__enter__()


def test_results_come_in_the_order_of_their_shards(dask: DaskEngine) -> None:
    assert not dask.is_here
    assert list(dask.run(operator.neg, iter(range(100)))) == [-n for n in range(100)]
    assert list(dask.run(operator.neg, [])) == []


def test_shards_are_handed_out_as_they_are_needed(dask: DaskEngine) -> None:
    taken: list[int] = []

    def shards() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = dask.run(operator.neg, shards())
    assert next(results) == 0
    assert len(taken) == 3 * 4 + 1
    assert sum(1 for _ in results) == 999


def test_what_the_work_raises_is_raised(dask: DaskEngine) -> None:
    results = dask.run(math.sqrt, [4.0, -1.0])
    assert next(results) == 2.0
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        next(results)
    with pytest.raises(FileNotFoundError):  # an OSError that is the work's own
        next(dask.run(os.listdir, ["/nowhere"]))


def test_every_worker_is_asked(dask: DaskEngine) -> None:
    found = dask.everywhere(operator.neg, 2)
    assert list(found.values()) == [-2, -2, -2]
    with pytest.raises(EngineUnavailable, match=r"^the worker tcp://\S+ cannot do its part: FileNotFoundError: "):
        dask.everywhere(os.listdir, "/nowhere")


def test_work_that_takes_workers_down_is_told(dask: DaskEngine) -> None:
    with pytest.raises(EngineUnavailable, match=r"^a shard took several workers down with it: "):
        list(dask.run(os._exit, [1]))
    dask._client.wait_for_workers(3, timeout=60)


def test_a_cluster_that_goes_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(engine, "_LOOK", 0.2)
    monkeypatch.setattr(engine, "_ALONE", 1.0)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0") as short,
        DaskEngine(short.scheduler_address) as dask,
    ):
        results = dask.run(operator.neg, [1])
        assert next(results) == -1
        short.scale(0)
        with pytest.raises(EngineUnavailable, match=r"^the Dask cluster went away, or has had no worker for a minute"):
            next(dask.run(time.sleep, [60]))


def test_without_an_address_workers_are_started_here() -> None:
    with engine_named("dask") as dask:
        assert len(dask.everywhere(operator.neg, 1)) >= 1
        assert list(dask.run(operator.neg, range(5))) == [0, -1, -2, -3, -4]


# --- a build


@pytest.mark.usefixtures("shards_of_four")
def test_a_library_is_the_same_whoever_embeds(tiny: Path, papers: Path, cluster: Any, tmp_path: Path) -> None:
    Library.build(papers, tmp_path / "here", model=tiny).close()
    address = cluster.scheduler_address
    library = Library.build(papers, tmp_path / "there", model=tiny, engine="dask", address=address)
    assert arrays(tmp_path / "here") == arrays(tmp_path / "there")
    assert library.info()["model"] == Library.open(tmp_path / "here").info()["model"]
    assert not (tmp_path / "there" / ".paper-explorer-work").exists()
    again = Library.build(papers, tmp_path / "there", model=tiny, engine="dask", address="tcp://127.0.0.1:9")
    assert again.built is not None
    assert again.built.unchanged


@pytest.mark.usefixtures("shards_of_four")
def test_a_worker_may_be_killed(tiny: Path, papers: Path, cluster: Any, tmp_path: Path) -> None:
    """Of 24 shards, some are done when it is; they are not done again, as their files' times tell."""
    Library.build(papers, tmp_path / "here", model=tiny).close()
    with one_killed(cluster, tmp_path / "there", 3):
        Library.build(papers, tmp_path / "there", model=tiny, engine="dask", address=cluster.scheduler_address).close()
    assert arrays(tmp_path / "here") == arrays(tmp_path / "there")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"introduced": ("0.0.1", True)}, r"^the worker two has explorer 0\.0\.1, this is \S+: update it$"),
        (
            {"introduced": (explorer.__version__, False)},
            "^the worker two does not see .*library: what several machines make must be",
        ),
        ({"runtime_of": "abacus"}, "^the worker two runs the model on abacus, another on .*: their vectors"),
    ],
)
def test_workers_that_cannot_take_part_are_told(
    second: dict[str, Any],
    message: str,
    tiny: Path,
    papers: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretended = pretend(monkeypatch, Pretended(second))
    with pytest.raises(EngineUnavailable, match=message):
        Library.build(papers, tmp_path / "library", model=tiny, engine="dask")
    assert pretended.done == []
    assert not list((tmp_path / "library").rglob("*.npy"))


@pytest.mark.usefixtures("shards_of_four")
def test_a_build_goes_on_with_the_shards_that_are_whole(
    tiny: Path, papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(shard: TextShard) -> None:
        if len(first.done) == 10:
            raise KeyboardInterrupt

    first = pretend(monkeypatch, Pretended(after=stop))
    with pytest.raises(KeyboardInterrupt):
        Library.build(papers, tmp_path / "library", model=tiny, engine="dask")
    files = sorted((tmp_path / "library").rglob("*.npy"))
    assert len(files) == 10
    cut = files[3]
    cut.write_bytes(cut.read_bytes()[:-7])
    second = pretend(monkeypatch, Pretended())
    Library.build(papers, tmp_path / "library", model=tiny, engine="dask").close()
    done = {shard.key for shard in second.done}
    assert len(done) == 24 - 10 + 1
    assert cut.stem in done
    Library.build(papers, tmp_path / "here", model=tiny).close()
    assert arrays(tmp_path / "here") == arrays(tmp_path / "library")


@pytest.mark.usefixtures("shards_of_four")
@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(file.read_bytes()[:-1])])
def test_a_shard_that_is_never_seen_whole_is_told(
    damage: Callable[[Path], object], tiny: Path, papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, Pretended(after=lambda shard: damage(Path(shard.folder, f"{shard.key}.npy"))))
    monkeypatch.setattr(workers, "_PATIENCE", 0.3)
    with pytest.raises(
        EngineUnavailable, match=r"^a worker has written [0-9a-f]{32}\.npy to .*is that folder shared\?"
    ):
        Library.build(papers, tmp_path / "library", model=tiny, engine="dask")


def test_a_shard_that_is_seen_late_is_waited_for(
    tiny: Path, papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network's file system, which shows other machines' files after seconds."""

    def hide(shard: TextShard) -> None:
        file = Path(shard.folder, f"{shard.key}.npy")
        file.replace(file.with_suffix(".hidden"))
        threading.Timer(0.5, lambda: file.with_suffix(".hidden").replace(file)).start()

    pretend(monkeypatch, Pretended(after=hide))
    with Library.build(papers, tmp_path / "library", model=tiny, engine="dask") as library:
        assert len(library.papers) == 96


def test_a_model_that_is_an_object_cannot_be_sent(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, Pretended())
    with pytest.raises(
        InvalidInput, match=r"^a model that is an object of yours cannot be sent to workers: name its folder$"
    ):
        Library.build(papers, tmp_path / "library", model=HashedWords(), engine="dask")


def test_ready_vectors_need_no_model(papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretended = pretend(monkeypatch, Pretended())
    np.save(tmp_path / "vectors.npy", np.random.default_rng(0).normal(size=(96, 8)).astype(np.float32))
    Library.build(papers, tmp_path / "library", vectors=tmp_path / "vectors.npy", engine="dask").close()
    assert pretended.done == []


# --- a worker


def test_a_worker_keeps_what_is_there(tiny: Path, tmp_path: Path) -> None:
    fingerprint = explorer.embedder.find_model(str(tiny)).identity.fingerprint
    shard = TextShard(str(tmp_path), "0" * 32, str(tiny), fingerprint)
    assert workers.introduced(Mark(str(tmp_path), shard.key)) == (explorer.__version__, False)
    shard = replace(shard, runtime=embedding.runtime_of(shard), texts=("depth", "light"))
    assert embedding.embed_shard(shard) == shard.key
    (file,) = tmp_path.iterdir()
    made = file.stat().st_mtime_ns
    assert embedding.embed_shard(shard) == shard.key
    assert file.stat().st_mtime_ns == made
    assert workers.introduced(Mark(str(tmp_path), shard.key)) == (explorer.__version__, True)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"model": "/nowhere/model"}, ModelNotAvailable, "there is no such folder"),
        ({"fingerprint": "0" * 64}, ModelMismatch, "of this worker is another than that of the library"),
        ({"runtime": "abacus"}, ModelMismatch, "a worker that came later runs the model on .*, not abacus"),
    ],
)
def test_a_worker_with_another_model_makes_nothing(
    changed: dict[str, str], error: type[Exception], message: str, tiny: Path, tmp_path: Path
) -> None:
    fingerprint = explorer.embedder.find_model(str(tiny)).identity.fingerprint
    fields = {"model": str(tiny), "fingerprint": fingerprint, **changed}
    shard = TextShard(str(tmp_path), "0" * 32, texts=("depth",), **{"runtime": "any", **fields})
    with pytest.raises(error, match=message):
        embedding.embed_shard(shard)
    assert list(tmp_path.iterdir()) == []


# --- the command line


def test_the_command_line_names_the_engine(papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PATIENCE", 1.0)
    asked = [
        "build",
        str(papers),
        "-l",
        str(tmp_path / "library"),
        "--engine",
        "dask",
        "--address",
        "tcp://127.0.0.1:9",
    ]
    result = CliRunner().invoke(cli, asked)
    assert result.exit_code == 1
    assert isinstance(result.exception, EngineUnavailable) or "no Dask cluster with a worker answers" in result.output
    assert CliRunner().invoke(cli, ["build", str(papers), "--engine", "ray"]).exit_code == 2
