"""Groups and labels on graphs made by hand, where what must come out is known."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from explorer.embedder import Embedder
from explorer.papers import Paper
from explorer.readers import read
from explorer.topics import Topics, make_topics
from explorer.topics.groups import COARSE, find_groups
from explorer.topics.matching import Previous
from explorer.topics.phrases import normal

Graph = tuple[NDArray[np.int32], NDArray[np.float32]]


def cliques(sizes: list[int], count: int) -> Graph:
    """Return the graph of groups without edges between them: the `count` papers after each paper, in its group."""
    neighbors, start = [], 0
    for size in sizes:
        neighbors += [[start + (row + step) % size for step in range(1, count + 1)] for row in range(size)]
        start += size
    return np.array(neighbors, dtype=np.int32), np.full((start, count), 0.7, dtype=np.float32)


def parted(blocks: int, parts: int, size: int, seed: int = 0) -> Graph:
    """Return a random graph: of ten neighbors seven in a paper's part, two in its block, one anywhere."""
    dice = np.random.default_rng(seed)
    count = blocks * parts * size
    rows = np.arange(count)[:, None]
    part = rows // size * size + dice.integers(0, size, (count, 7))
    block = rows // (size * parts) * size * parts + dice.integers(0, size * parts, (count, 2))
    neighbors = np.concatenate([part, block, dice.integers(0, count, (count, 1))], axis=1)
    neighbors = np.where(neighbors == rows, (neighbors + 1) % count, neighbors)
    return neighbors.astype(np.int32), np.full(neighbors.shape, 0.5, dtype=np.float32)


def nearest(vectors: NDArray[np.float32]) -> Graph:
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    rows = np.argsort(-cosines, axis=1, kind="stable")[:, :30].astype(np.int32)
    return rows, np.take_along_axis(cosines, rows, axis=1).astype(np.float32)


def test_two_cliques_and_a_bridge_are_two_groups() -> None:
    neighbors, similarities = cliques([12, 10], 5)
    neighbors[0, 4], similarities[0, 4] = 12, 0.3
    assert find_groups(neighbors, similarities, 0).coarse.tolist() == [0] * 12 + [1] * 10


def test_groups_that_nothing_joins_are_at_most_twelve() -> None:
    groups = find_groups(*cliques([40] * 10 + [20] * 20, 5), 0)
    assert groups.coarse.max() + 1 == COARSE
    assert np.bincount(groups.fine).min() >= 3
    # Whoever is of one clique is of one coarse group, and the smallest were put together.
    assert all(len(set(clique)) == 1 for clique in np.split(groups.coarse[400:], 20))
    assert sorted(np.bincount(groups.coarse))[:2] > [20, 20]


def test_parts_of_blocks_are_fine_groups_and_blocks_coarse_ones() -> None:
    groups = find_groups(*parted(5, 4, 60), 0)
    blocks = np.arange(1200) // 240
    for coarse in range(groups.coarse.max() + 1):
        assert np.bincount(blocks[groups.coarse == coarse]).max() >= 0.95 * (groups.coarse == coarse).sum()
    assert 4 <= groups.coarse.max() + 1 <= 6
    assert 15 <= groups.fine.max() + 1 <= 25
    assert (groups.parents[groups.fine] == groups.coarse).all()


def test_small_groups_are_put_to_those_that_they_know() -> None:
    neighbors, _ = cliques([30, 30, 2], 1)
    neighbors = np.concatenate([neighbors, np.roll(neighbors, 1, axis=0), np.roll(neighbors, 2, axis=0)], axis=1)
    neighbors[60:] = [[61, 31, 32], [60, 31, 33]]
    groups = find_groups(neighbors, np.full((62, 3), 0.6, dtype=np.float32), 0)
    assert np.bincount(groups.fine).min() >= 3
    assert groups.coarse[60] == groups.coarse[61] == groups.coarse[31]


@pytest.mark.parametrize("count", [20, 300, 1000])
def test_papers_that_are_all_the_same_are_one_group(count: int) -> None:
    neighbors, similarities = nearest(np.full((count, 4), 0.5, dtype=np.float32))
    groups = find_groups(neighbors, similarities, 0)
    assert set(groups.coarse.tolist()) == set(groups.fine.tolist()) == {0}


def test_the_number_of_threads_does_not_matter() -> None:
    code = (
        "from test_topics_graph import parted; from explorer.topics.groups import find_groups; import zlib;"
        "groups = find_groups(*parted(6, 5, 200), 7); print(zlib.crc32(groups.fine.tobytes()))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "RAYON_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=Path(__file__).parent,
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "4")
    }
    assert len(printed) == 1


def test_ids_stay_when_a_tenth_is_added() -> None:
    neighbors, similarities = parted(5, 4, 60)
    words = [f"Depth{row // 60} Camera{row // 240}" for row in range(1200)]
    papers = [Paper(id=str(row), title=title) for row, title in enumerate(words)]
    before = make_topics(neighbors, similarities, lambda rows: [papers[row] for row in rows])
    # A tenth more, each like a paper that was there.
    twins = np.arange(0, 1200, 10)
    papers += [Paper(id=f"new{row}", title=words[row]) for row in twins.tolist()]
    more = np.concatenate([neighbors, np.concatenate([twins[:, None], neighbors[twins, :9]], axis=1)]).astype(np.int32)
    rows = np.concatenate([np.arange(1200), np.full(120, -1)])
    after = make_topics(
        more, np.full(more.shape, 0.5, np.float32), lambda wanted: [papers[row] for row in wanted], 0,
        Previous(before, rows),
    )  # fmt: skip
    assert (after.levels[:1200] == before.levels).mean() > 0.9
    labels = {topic.id: topic.label for topic in before}
    assert {topic.id: topic.label for topic in after if topic.id in labels}.items() <= labels.items()


@pytest.fixture(scope="module")
def sample_topics(sample: Path, real_embedder: Embedder) -> tuple[list[Paper], Topics]:
    papers = [paper for paper in read(sample) if isinstance(paper, Paper)]
    neighbors, similarities = nearest(real_embedder.embed([paper.text for paper in papers]))
    return papers, make_topics(neighbors, similarities, lambda rows: [papers[row] for row in rows])


@pytest.mark.model
def test_every_label_holds_a_word_that_many_of_its_papers_hold(sample_topics: tuple[list[Paper], Topics]) -> None:
    papers, topics = sample_topics
    for topic in topics:
        members = np.flatnonzero(topics.levels[:, topic.level] == topic.id).tolist()
        held = [{normal(word) for word in re.findall(r"[\w-]+", papers[row].text)} for row in members]
        shares = [sum(normal(word) in words for words in held) / len(held) for word in topic.label.split()]
        assert max(shares) >= 0.6, topic.label
        assert len(topic.label.split()) <= 3


@pytest.mark.model
def test_the_sample_s_labels_are_words_of_its_topics(sample: Path, sample_topics: tuple[list[Paper], Topics]) -> None:
    papers, topics = sample_topics
    truth = json.loads((sample.parent / "topics.json").read_text(encoding="utf-8"))["topics"]
    name_of = {paper: name for name, members in truth.items() for paper in members}
    found = {}
    for topic in topics:
        members = np.flatnonzero(topics.levels[:, 0] == topic.id).tolist()
        (name,) = {name_of[papers[row].id] for row in members}  # each group is one topic
        found[name] = topic.label
        known = {normal(word) for row in members for word in re.findall(r"[\w-]+", f"{name} {papers[row].title}")}
        assert {normal(word) for word in topic.label.split()} & known, (topic.label, name)
    assert len(found) == len(set(found.values())) == 10
    assert "depth" in found["monocular depth"]
    assert "super-resolution" in found["super-resolution"]
