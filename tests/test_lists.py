"""Lists of neighbors and related papers that are made in shards: the same ones, whoever makes which when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretended import Pretended, arrays, one_killed, pretend

import explorer
from explorer import Library
from explorer.builder import lists, workers
from explorer.builder.lists import LISTS, ListShard, make_shard
from explorer.errors import EngineUnavailable
from explorer.index import Clusters, NearestRows
from explorer.lexical import TermCounts, count_terms
from explorer.store import load_array

ROWS = 600


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """600 papers of four fields, and their vectors."""
    dice, folder = np.random.default_rng(0), tmp_path_factory.mktemp("inputs")
    words = [f"{kind}{number}" for kind in ("depth", "galaxy", "protein", "theorem") for number in range(30)]
    with (folder / "papers.jsonl").open("w", encoding="utf-8") as file:
        for number in range(ROWS):
            start = 30 * (number % 4)
            text = " ".join([*dice.choice(words[start : start + 30], 9), *dice.choice(words, 3)])
            file.write(json.dumps({"id": f"p{number}", "title": text[:30], "abstract": text}) + "\n")
    centers = dice.normal(size=(30, 16))
    vectors = centers[dice.integers(0, 30, ROWS)] + 0.7 * dice.normal(size=(ROWS, 16))
    np.save(folder / "vectors.npy", vectors.astype(np.float32))
    return folder / "papers.jsonl", folder / "vectors.npy"


@pytest.fixture(scope="module")
def at_once(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose lists were made in one shard."""
    return built(inputs, tmp_path_factory.mktemp("once") / "library")


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clusters have 50 rows in the mean: most are shards of their own."""
    monkeypatch.setattr(lists, "_SHARD", 20)


def number_of_shards(inputs: tuple[Path, Path]) -> int:
    return len(Clusters.made(NearestRows(np.load(inputs[1])).vectors).ranges(20))


def built(inputs: tuple[Path, Path], library: Path, **options: Any) -> Path:
    papers, vectors = inputs
    Library.build(papers, library, vectors=vectors, index="clusters", **options).close()
    return library


@pytest.mark.usefixtures("small_shards")
def test_lists_are_the_same_in_however_many_shards(
    inputs: tuple[Path, Path], at_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretended = pretend(monkeypatch, Pretended())
    there = built(inputs, tmp_path / "there", engine="dask")
    assert len(pretended.done) == number_of_shards(inputs) > 6
    assert sum(shard.papers for shard in pretended.done) == ROWS
    assert lists._maker.cache_info().currsize == 0
    assert arrays(there) == arrays(built(inputs, tmp_path / "here")) == arrays(at_once)
    assert not (there / ".paper-explorer-work").exists()


@pytest.mark.usefixtures("small_shards")
@pytest.mark.parametrize("engine", ["local", "dask"])
def test_a_build_goes_on_with_the_shards_that_are_whole(
    engine: str, inputs: tuple[Path, Path], at_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    keep = lists.keep_shard

    def kept(folder: Path, key: str, *values: Any) -> Path:
        if values[0].shape[1] > 100:  # lists, and no clusters
            if len(made) == stops:
                raise KeyboardInterrupt
            made.append(key)
        return keep(folder, key, *values)

    monkeypatch.setattr(lists, "keep_shard", kept)
    pretend(monkeypatch, Pretended())
    stops = 4
    with pytest.raises(KeyboardInterrupt):
        built(inputs, tmp_path / "library", engine=engine)
    first, stops = list(made), -1
    (cut,) = (tmp_path / "library").rglob(f"{first[2]}.npy")
    cut.write_bytes(cut.read_bytes()[:-7])
    made.clear()
    assert arrays(built(inputs, tmp_path / "library", engine=engine)) == arrays(at_once)
    assert len(made) == number_of_shards(inputs) - 4 + 1
    assert made[0] == first[2]


@pytest.mark.usefixtures("small_shards")
def test_other_papers_are_other_shards(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers, vectors = inputs
    changed = tmp_path / "changed.jsonl"
    changed.write_text(papers.read_text(encoding="utf-8").replace("depth7 ", "tensor7 ", 1), encoding="utf-8")
    one, other = pretend(monkeypatch, Pretended()), Pretended()
    built(inputs, tmp_path / "one", engine="dask")
    pretend(monkeypatch, other)
    built((changed, vectors), tmp_path / "other", engine="dask")
    assert {shard.key for shard in one.done}.isdisjoint({shard.key for shard in other.done})


@pytest.mark.usefixtures("small_shards")
def test_a_shard_holds_what_the_library_has(
    inputs: tuple[Path, Path], at_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[int, bytes] = {}

    def look(shard: ListShard) -> None:
        found = load_array(Path(shard.materials.folder, f"{shard.key}.npy"))
        own, values = lists._unpacked(found)
        assert len(own) == shard.papers
        assert make_shard(shard) == shard.key  # it is there
        for place, row in enumerate(own.tolist()):
            held[row] = b"".join(each[place].tobytes() for each in values)

    pretend(monkeypatch, Pretended(after=look))
    built(inputs, tmp_path / "library", engine="dask")
    with Library.open(at_once) as library:
        stored = [library._folder.array(role) for role in LISTS]
        assert held == {row: b"".join(each[row].tobytes() for each in stored) for row in range(ROWS)}


@pytest.mark.parametrize(
    ("introduced", "message"),
    [
        (("0.0.1", True), r"^the worker two has explorer 0\.0\.1, this is \S+: update it$"),
        ((explorer.__version__, False), "^the worker two does not see .*library: what several machines make must be"),
    ],
)
def test_workers_that_cannot_take_part_are_told(
    introduced: tuple[str, bool],
    message: str,
    inputs: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretended = pretend(monkeypatch, Pretended({"introduced": introduced}))
    with pytest.raises(EngineUnavailable, match=message):
        built(inputs, tmp_path / "library", engine="dask")
    assert pretended.done == []


@pytest.mark.usefixtures("small_shards")
def test_a_shard_that_is_never_seen_is_told(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, Pretended(after=lambda shard: Path(shard.materials.folder, f"{shard.key}.npy").unlink()))
    monkeypatch.setattr(workers, "_PATIENCE", 0.3)
    with pytest.raises(EngineUnavailable, match=r"^a worker has written [0-9a-f]{32}\.npy to .*is that folder shared"):
        built(inputs, tmp_path / "library", engine="dask")


# --- a cluster


@pytest.fixture(scope="module")
def cluster(unmeasured: None) -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=3, threads_per_worker=2, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


def test_a_worker_may_be_killed(inputs: tuple[Path, Path], tmp_path: Path, cluster: Any) -> None:
    """Two thousand papers, twenty shards; three processes of two threads, one of which is killed when some are done."""
    papers, vectors = _more(inputs, tmp_path)
    here = built((papers, vectors), tmp_path / "here")
    with pytest.MonkeyPatch.context() as patch, one_killed(cluster, tmp_path / "there", 5):  # two of these are clusters
        patch.setattr(lists, "_SHARD", 20)
        there = built((papers, vectors), tmp_path / "there", engine="dask", address=cluster.scheduler_address)
    assert arrays(here) == arrays(there)


def _more(inputs: tuple[Path, Path], folder: Path) -> tuple[Path, Path]:
    dice = np.random.default_rng(1)
    lines, vectors = inputs[0].read_text(encoding="utf-8").splitlines(), np.load(inputs[1])
    rows = dice.integers(0, ROWS, 2_000)
    with (folder / "papers.jsonl").open("w", encoding="utf-8") as file:
        for number, row in enumerate(rows.tolist()):
            record = json.loads(lines[row])
            record |= {"id": f"m{number}", "abstract": f"{record['abstract']} more{number % 97}"}
            file.write(json.dumps(record) + "\n")
    mixed = vectors[rows] + 0.3 * dice.normal(size=(len(rows), vectors.shape[1]))
    np.save(folder / "vectors.npy", mixed.astype(np.float32))
    return folder / "papers.jsonl", folder / "vectors.npy"


# --- parts


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 30))
def test_ranges_of_clusters_have_all_rows_once(of: list[int], rows: int) -> None:
    covers = np.arange(10, dtype=np.int32)[:, None]
    clusters = Clusters(np.array(of, dtype=np.int32), covers)
    ranges = clusters.ranges(rows)
    assert [cluster for some in ranges for cluster in some] == list(range(10))
    held = [clusters.rows_of(some).tolist() for some in ranges]
    assert sorted(row for some in held for row in some) == list(range(len(of)))
    assert all(len(some) >= rows for some in held[:-1])
    assert all({of[row] for row in some} <= set(found) for some, found in zip(held, ranges, strict=True))


@given(st.integers(1, 5), st.integers(1, 4))
def test_lists_are_packed_and_unpacked_to_the_bit(rows: int, width: int) -> None:
    dice = np.random.default_rng(rows * 10 + width)
    values = [
        dice.integers(-(2**31), 2**31, (rows, 5 if role == "scales" else width), dtype=np.int32).view(dtype)
        for role, dtype in LISTS.items()
    ]  # any bits: also such as are no number
    own = dice.permutation(rows)
    numbers = lists._packed(own, values)
    assert numbers.shape == (rows, 1 + 5 * width + 5)
    back, found = lists._unpacked(numbers)
    np.testing.assert_array_equal(back, own)
    assert [each.tobytes() for each in found] == [each.tobytes() for each in values]


@given(
    st.lists(st.lists(st.sampled_from(["light", "depth", "graph", "of", "galaxy"]), max_size=8), min_size=1, max_size=9)
)
def test_counts_are_had_again_from_what_is_stored(texts: list[list[str]]) -> None:
    counts = count_terms(" ".join(words) for words in texts)
    again = TermCounts.of_postings(counts.table(), counts.postings(), counts.lengths, counts.weighing)
    for name in ("keys", "starts", "terms", "counts", "lengths", "frequencies"):
        one, other = getattr(counts, name), getattr(again, name)
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert counts.weighing == again.weighing
