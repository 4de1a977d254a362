"""Topics: groups of the neighbor graph, labels that say what they are about, ids that keep their meaning."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from explorer import Library
from explorer.cli import cli
from explorer.papers import Paper
from explorer.topics import Topic, Topics, make_topics
from explorer.topics.groups import COARSE, central_rows, find_groups
from explorer.topics.labels import described
from explorer.topics.matching import Previous
from explorer.topics.phrases import count_phrases, normal

SUBJECTS = {
    "depth": "monocular depth estimation from a single camera",
    "tumor": "brain tumor segmentation in MRI volumes",
    "federated": "federated learning with malicious clients",
    "graph": "graph neural networks for molecules",
}


def vectors_of(sizes: Sequence[int], spread: float = 0.04, seed: int = 0, width: int = 24) -> NDArray[np.float32]:
    """Return unit rows in as many directions as there are sizes."""
    dice = np.random.default_rng(seed)
    centers = np.linalg.qr(dice.normal(size=(width, width)))[0][: len(sizes)]
    rows = np.concatenate(
        [center + spread * dice.normal(size=(size, width)) for center, size in zip(centers, sizes, strict=True)]
    )
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def graph_of(vectors: NDArray[np.float32], count: int = 30) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    rows = np.argsort(-cosines, axis=1, kind="stable")[:, : min(count, len(vectors) - 1)].astype(np.int32)
    return rows, np.take_along_axis(cosines, rows, axis=1).astype(np.float32)


def gathered(sizes: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return a graph in which the first papers of a group are the nearest of all others in it."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    count = len(group)
    order = [
        sorted((row for row in range(count) if row != own), key=lambda row: (group[row] != group[own], row))
        for own in range(count)
    ]
    neighbors = np.array(order, dtype=np.int32).reshape(count, count - 1)[:, :30]
    return neighbors, np.where(group[neighbors] == group[:, None], 0.9, 0.05).astype(np.float32)


def papers_about(sizes: Sequence[int]) -> list[Paper]:
    subjects = list(SUBJECTS.values())
    return [
        Paper(
            id=f"p{group}-{number}",
            title=f"A novel approach to {subjects[group]}",
            abstract=f"We propose {subjects[group]}. Results improve.",
        )
        for group, size in enumerate(sizes)
        for number in range(size)
    ]


def made(sizes: Sequence[int], papers: Sequence[Paper] | None = None, previous: Previous | None = None) -> Topics:
    papers = papers_about(sizes) if papers is None else papers
    neighbors, similarities = gathered(sizes)
    return make_topics(neighbors, similarities, lambda rows: [papers[row] for row in rows], 1, previous)


# ---- Groups


def test_groups_are_those_of_the_graph() -> None:
    sizes = [40, 30, 20, 10]
    groups = find_groups(*graph_of(vectors_of(sizes)), seed=3)
    truth = np.repeat(np.arange(4), sizes)
    assert groups.coarse.tolist() == truth.tolist()  # the largest first
    assert groups.fine.tolist() == truth.tolist()
    assert groups.parents.tolist() == [0, 1, 2, 3]


def test_large_groups_have_parts() -> None:
    groups_of, parts_of, size = 3, 6, 40
    count = groups_of * parts_of * size
    neighbors = np.empty((count, 10), dtype=np.int32)
    for row in range(count):
        group, part, place = row // (parts_of * size), row // size % parts_of, row % size
        # Seven in the same part, three in other parts of the same group.
        own = [group * parts_of * size + part * size + (place + step) % size for step in range(1, 8)]
        others = [group * parts_of * size + (part + step) % parts_of * size + place for step in range(1, 4)]
        neighbors[row] = [*own, *others]
    groups = find_groups(neighbors, np.full(neighbors.shape, 0.6, dtype=np.float32), seed=0)
    assert groups.coarse.max() + 1 <= COARSE
    truth = np.arange(count) // (parts_of * size)
    for coarse in range(groups.coarse.max() + 1):
        assert len(set(truth[groups.coarse == coarse])) == 1
    assert groups.fine.max() > groups.coarse.max()
    assert (groups.parents[groups.fine] == groups.coarse).all()


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=20), seed=st.integers(0, 3))
def test_groups_hold(sizes: list[int], seed: int) -> None:
    if sum(sizes) < 2:
        sizes = [2]
    neighbors, similarities = graph_of(vectors_of(sizes, seed=seed))
    groups = find_groups(neighbors, similarities, seed)
    assert len(groups.coarse) == len(groups.fine) == sum(sizes)
    assert -1 <= groups.coarse.min() <= groups.coarse.max() < COARSE
    used = groups.fine[groups.fine >= 0]
    assert sorted(set(used.tolist())) == list(range(len(groups.parents)))
    inside = groups.fine >= 0
    assert (groups.parents[groups.fine[inside]] == groups.coarse[inside]).all()
    assert (groups.coarse[~inside] == -1).all()
    again = find_groups(neighbors, similarities, seed)
    assert (again.coarse == groups.coarse).all()
    assert (again.fine == groups.fine).all()
    if sum(sizes) >= 8:
        assert np.bincount(groups.coarse[inside]).min() >= min(3, sum(sizes))


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_papers_are_one_group(count: int) -> None:
    vectors = vectors_of([count])
    groups = find_groups(*graph_of(vectors), seed=0)
    assert groups.coarse.tolist() == groups.fine.tolist() == [0] * count
    assert made([count]).levels.tolist() == [[0, 0]] * count


def test_equal_papers_are_no_trouble() -> None:
    vectors = np.repeat(vectors_of([1]), 50, axis=0)
    groups = find_groups(*graph_of(vectors), seed=0)
    assert len(groups.coarse) == 50


def test_the_most_central_paper_is_the_one_with_most_ties() -> None:
    # A star: all know the first, and it knows some of them.
    neighbors = np.array([[1, 2], [0, 2], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1]], dtype=np.int32)
    similarities = np.full(neighbors.shape, 0.5, dtype=np.float32)
    groups = find_groups(neighbors, similarities, seed=0)
    assert set(groups.coarse.tolist()) == {0}
    coarse, fine = central_rows(groups, neighbors, similarities)
    assert coarse[0][:3].tolist() == fine[0][:3].tolist() == [0, 1, 2]


# ---- Phrases and labels


def phrases(*texts: str) -> list[str]:
    """Return the phrases of abstracts, in the order of their words."""
    counts = count_phrases([[Paper(id=str(row), title="", abstract=text) for row, text in enumerate(texts)]])
    return [counts.written(number) for number in np.flatnonzero(counts.having.sum(axis=1)).tolist()]


def test_phrases_have_up_to_three_words_and_no_boilerplate() -> None:
    assert phrases("We propose a novel method.", "Results are state of the art, and state-of-the-art.") == []
    assert sorted(phrases("monocular depth estimation")) == [
        "depth", "depth estimation", "estimation", "monocular", "monocular depth", "monocular depth estimation",
    ]  # fmt: skip
    assert "internet of things" in phrases("the internet of things in homes")
    assert all("," not in phrase for phrase in phrases("graph, tumor; federated. depth"))
    assert "tumor depth" not in phrases("tumor. depth")
    assert max(len(phrase.split()) for phrase in phrases("one two three red green blue gray dogs cats")) == 3


def test_plural_and_singular_have_one_key() -> None:
    assert phrases("the tumors and the tumor, the tumor") == ["tumor"]
    pairs = (("galaxies", "galaxy"), ("LLMs", "LLM"), ("boxes", "box"), ("Maxwell's", "Maxwell"), ("classes", "class"))
    assert all(normal(plural) == normal(singular) for plural, singular in pairs)
    assert normal("analysis") == "analysis"
    assert normal("universe") != normal("university")


def test_a_hyphen_makes_no_other_phrase() -> None:
    assert phrases("super-resolution", "the super resolution", "super-resolution") == [
        "super", "resolution", "super-resolution",
    ]  # fmt: skip
    assert phrases("Navier--Stokes", "Navier–Stokes") == ["Navier-Stokes"]


def test_a_phrase_is_written_as_people_write_it() -> None:
    titled = Paper(id="1", title="Lidar Point Clouds", abstract="Clouds of LiDAR. The LiDAR sees, with MRI.")
    counts = count_phrases([[titled, titled]])
    written = {counts.written(number) for number in np.flatnonzero(counts.having.sum(axis=1)).tolist()}
    assert {"LiDAR", "MRI"} < written


def test_labels_say_what_the_papers_are_about() -> None:
    topics = made([20, 16, 12, 8])
    assert len(topics) == 4
    for topic, subject in zip(topics, SUBJECTS.values(), strict=True):
        assert topic.label.lower() in subject.lower()
        assert len(topic.label.split()) > 1
    for topic in topics:
        assert topic.label == topic.terms[0]
        assert topic.size == len([row for row in range(56) if topics.levels[row, 0] == topic.id])
        assert len(topic.central) == min(10, topic.size)
        assert all(topics.levels[row, 0] == topic.id for row in topic.central)
        assert all(len(term.split()) <= 3 for term in topic.terms)


def test_acronyms_and_names_keep_their_capitals() -> None:
    papers = [Paper(id=f"a{row}", title="Brain MRI, Again", abstract="The brain MRI, as it was.") for row in range(10)]
    papers += [
        Paper(id=f"b{row}", title="On Bayesian Priors", abstract="Our Bayesian priors are weak.") for row in range(10)
    ]
    topics = made([10, 10], papers)
    assert sorted(topic.label for topic in topics) == ["Bayesian priors", "brain MRI"]


def test_no_two_labels_are_the_same() -> None:
    same = [Paper(id=f"p{row}", title="Depth estimation", abstract="Depth estimation, always.") for row in range(40)]
    topics = made([10, 10, 10, 10], same)
    labels = [topic.label for topic in topics]
    assert len({label.lower() for label in labels}) == len(labels) == 4


@pytest.mark.parametrize(
    "title",
    [
        "",
        "</script><script>alert(1)</script>",
        "of the and",
        "12 34",
        "深度估计 方法",
        "x" * 5000,
        "\u202eesrever",
        "a\0b",
        "🦊 🦊",
    ],
)
def test_hostile_titles_give_plain_labels(title: str) -> None:
    papers = [Paper(id=f"p{row}", title=title) for row in range(7)]
    (topic,) = made([7], papers)
    assert topic.label
    assert topic.label.isprintable()
    assert "<" not in topic.label
    assert len(topic.label) <= 60


def test_labels_are_made_of_the_most_central_papers_only() -> None:
    sizes = [300, 300]
    neighbors, similarities = graph_of(vectors_of(sizes))
    papers, read = papers_about(sizes), []

    def some(rows: Sequence[int]) -> list[Paper]:
        read.extend(rows)
        return [papers[row] for row in rows]

    groups = find_groups(neighbors, similarities, 0)
    described(groups, central_rows(groups, neighbors, similarities), some)
    assert len(read) == len(set(read)) <= 120 * (groups.fine.max() + 1)


# ---- Growth


def grown(before: Topics, kept: Sequence[int], sizes: Sequence[int], papers: Sequence[Paper] | None = None) -> Topics:
    rows = np.full(sum(sizes), -1, dtype=np.int64)
    rows[: len(kept)] = kept
    return made(sizes, papers, Previous(before, rows))


def test_a_topic_keeps_id_label_and_color() -> None:
    before = made([20, 16, 12])
    # Now the last group is the largest, and there is a fourth; papers are in another order.
    sizes = [20, 16, 30, 14]
    rows = np.concatenate([np.arange(20), np.arange(20, 36), np.arange(36, 48), np.full(32, -1)])
    after = made(sizes, None, Previous(before, rows))
    old, new = {topic.id: topic for topic in before}, {topic.id: topic for topic in after}
    assert set(old) < set(new)
    for number, topic in old.items():
        assert (new[number].label, new[number].color) == (topic.label, topic.color)
    (added,) = set(new) - set(old)
    assert added == before.next_id
    assert new[added].color not in {topic.color for topic in before}
    assert after.levels[:48, 0].tolist() == before.levels[:, 0].tolist()


def test_an_id_is_never_used_again() -> None:
    before = made([20, 16, 12])
    gone = before.levels[40, 0]
    smaller = grown(before, range(36), [20, 16])
    assert gone not in {topic.id for topic in smaller}
    assert smaller.next_id == before.next_id
    sizes = [20, 16, 12]
    rows = np.concatenate([np.arange(36), np.full(12, -1)])
    again = made(sizes, None, Previous(smaller, rows))
    assert {topic.id for topic in again} == {*(topic.id for topic in smaller), before.next_id}


def test_what_has_other_papers_is_another_topic() -> None:
    before = made([20, 16])
    after = made([20, 16], None, Previous(before, np.full(36, -1, dtype=np.int64)))
    assert not {topic.id for topic in before} & {topic.id for topic in after}


# ---- JSON


def test_json_gives_back_what_was_written() -> None:
    topics = made([20, 16])
    assert Topics.from_json(topics.to_json(), topics.levels).topics == topics.topics


@pytest.mark.parametrize(
    "damage",
    [
        {"topics": 3},
        {"next_id": 0},
        {"next_id": "5"},
        {"topics": [{}]},
        {"topics": [{"id": 0, "level": 0}]},
    ],
)
def test_what_is_no_list_of_topics_is_refused(damage: dict[str, Any]) -> None:
    topics = made([20, 16])
    with pytest.raises(ValueError):  # noqa: PT011 -- several texts
        Topics.from_json(json.dumps({**json.loads(topics.to_json()), **damage}), topics.levels)


@pytest.mark.parametrize(
    "change",
    [{"id": -1}, {"label": 3}, {"central": [99]}, {"level": 2}, {"parent": 7}, {"color": True}, {"terms": [1]}],
)
def test_topics_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    topics = made([20, 16])
    content = json.loads(topics.to_json())
    content["topics"][0].update(change)
    with pytest.raises(ValueError):  # noqa: PT011 -- several texts
        Topics.from_json(json.dumps(content), topics.levels)
    for text in ("", "[]", "[" * 100_000, "null"):
        with pytest.raises(ValueError):  # noqa: PT011
            Topics.from_json(text, topics.levels)


# ---- In a library


def test_the_command_lists_what_the_library_says(sample_library: Library) -> None:
    printed = CliRunner().invoke(cli, ["topics", "-l", str(sample_library.path), "--json", "-k", "2"])
    assert printed.exit_code == 0
    listed = [json.loads(line) for line in printed.stdout.splitlines()]
    topics = list(sample_library.topics())
    assert [(entry["id"], entry["label"], entry["size"]) for entry in listed] == [
        (topic.id, topic.label, topic.size) for topic in topics
    ]
    assert listed[0]["central"][0]["id"] == sample_library.papers[topics[0].central[0]].id
    text = CliRunner().invoke(cli, ["topics", "-l", str(sample_library.path), "-k", "1"]).stdout
    assert f"{topics[0].label}  ({topics[0].size} papers, topic {topics[0].id})" in text


def test_a_library_that_replaces_one_keeps_its_topics(write_papers: Any, tmp_path: Path, words: Any) -> None:
    papers = [
        {"id": paper.id, "title": paper.title, "abstract": paper.abstract} for paper in papers_about([14, 12, 10])
    ]
    with Library.build(write_papers(papers), tmp_path / "library", model=words) as library:
        before = {paper.id: library.topics().levels[row, 0] for row, paper in enumerate(library.papers)}
        labels = {topic.id: topic.label for topic in library.topics()}
    more = [
        {
            "id": f"new-{row}",
            "title": "Graph neural networks for molecules",
            "abstract": "Graph neural networks for molecules, more.",
        }
        for row in range(16)
    ]
    grown_papers = [*more, *reversed(papers)]
    with Library.build(write_papers(grown_papers), tmp_path / "library", model=words, replace=True) as library:
        topics = library.topics()
        after = {paper.id: topics.levels[row, 0] for row, paper in enumerate(library.papers)}
        assert {name: after[name] for name in before} == before
        assert {topic.id: topic.label for topic in topics if topic.id in labels} == labels
        assert {after[f"new-{row}"] for row in range(16)}.isdisjoint(labels)


@pytest.mark.model
def test_the_sample_s_ten_topics_come_out(sample: Path, tmp_path: Path) -> None:
    truth = json.loads((sample.parent / "topics.json").read_text(encoding="utf-8"))["topics"]
    topic_of = {paper: name for name, papers in truth.items() for paper in papers}
    with Library.build(sample, tmp_path / "library") as library:
        topics = library.topics()
        names = [topic_of[paper.id] for paper in library.papers]
        assert adjusted_rand_score(names, topics.levels[:, 0]) >= 0.8
        for topic in topics:
            members = [row for row in range(60) if topics.levels[row, topic.level] == topic.id]
            name = max({names[row] for row in members}, key=[names[row] for row in members].count)
            titles = " ".join(paper.title for row, paper in enumerate(library.papers) if names[row] == name)
            known = f"{name} {titles}".lower()
            assert any(word[:5] in known for word in topic.label.lower().split()), (topic.label, name)


def test_topics_of_real_papers_agree_with_their_categories(shared_data: Path) -> None:
    corpus, vectors = (shared_data / "corpora" / f"arxiv-100k.{kind}" for kind in ("jsonl.gz", "vectors.f16.npy"))
    if not corpus.exists():
        pytest.skip("shared data absent: the corpus")
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in islice(lines, 2000)]
    rows = np.load(vectors, mmap_mode="r")[:2000].astype(np.float32)
    papers = [Paper(id=record["id"], title=record["title"], abstract=record["abstract"]) for record in records]
    topics = make_topics(
        *graph_of(rows / np.linalg.norm(rows, axis=1, keepdims=True)), lambda which: [papers[row] for row in which], 0
    )
    coarse = [topic for topic in topics if topic.level == 0]
    assert 6 <= len(coarse) <= COARSE
    assert len(topics) > 2 * len(coarse)
    labels = [topic.label.lower() for topic in topics]
    assert len(set(labels)) == len(labels)
    assert not any(label.startswith("topic ") for label in labels)
    # Each label stands in the papers that it is the name of, and more often there than elsewhere.
    texts = [f"{paper.title} {paper.abstract}".lower() for paper in papers]
    for topic in topics:
        term = re.compile(rf"\b{re.escape(topic.terms[0].lower()[:-1])}")
        inside = topics.levels[:, topic.level] == topic.id
        having = np.array([term.search(text) is not None for text in texts])
        assert having[inside].mean() > 1.5 * having[~inside].mean(), topic.label


def test_topics_are_made_of_rows_that_exist() -> None:
    topics = made([20, 16])
    assert isinstance(next(iter(topics)), Topic)
    assert len(topics) == 2
