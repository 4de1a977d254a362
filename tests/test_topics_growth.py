"""Topics of a library that grew or shrank: nobody changes topic, newcomers join that of their neighbors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from explorer.topics import Topic, Topics
from explorer.topics.growth import joined
from explorer.topics.matching import Previous

# Two coarse topics; the first has two parts.
ANIMALS = Topic(0, 0, None, "animals", ("animal", "beast"), 5, (3, 0), 4)
STARS = Topic(1, 0, None, "stars", ("star",), 3, (6, 5), 2)
CATS = Topic(5, 1, 0, "cats", ("cat",), 3, (0, 1, 2), 4)
DOGS = Topic(3, 1, 0, "dogs", ("dog",), 2, (3, 4), 4)
LEVELS = [[0, 5], [0, 5], [0, 5], [0, 3], [0, 3], [1, 1], [1, 1], [1, 1]]
BEFORE = Topics(np.array(LEVELS, dtype=np.int32), (ANIMALS, STARS, CATS, DOGS), 8)
OLD = list(range(8))


def grown(rows: list[int], neighbors: ArrayLike, similarities: ArrayLike | None = None) -> Topics:
    """Return the topics after; `neighbors` are those of the new papers, which come last, old ones have any."""
    near = np.asarray(neighbors, dtype=np.int32)
    cosines = np.full(near.shape, 0.5) if similarities is None else np.asarray(similarities)
    old = len(rows) - len(near)
    all_near = np.concatenate([np.zeros((old, near.shape[1]), dtype=np.int32), near])
    weights = np.concatenate([np.full((old, near.shape[1]), 0.5), cosines]).astype(np.float32)
    made = joined(Previous(BEFORE, np.array(rows, dtype=np.int64)), all_near, weights)
    assert Topics.from_json(made.to_json(), made.levels).topics == made.topics
    return made


def by_id(topics: Topics) -> dict[int, Topic]:
    return {topic.id: topic for topic in topics.topics}


def test_a_newcomer_joins_the_topic_of_most_weight_and_nobody_else_moves() -> None:
    """Two dogs of 0.9 outweigh three cats of 0.5; three stars of 0.1 do not outweigh one cat of 0.4."""
    made = grown([*OLD, -1, -1], [[0, 1, 2, 3, 4], [5, 6, 7, 0, 0]], [[0.5] * 3 + [0.9] * 2, [0.1, 0.1, 0.1, 0.4, 0]])
    assert made.levels.tolist() == [*LEVELS, [0, 3], [0, 5]]
    assert made.levels.dtype == np.int32
    assert [(topic.id, topic.size) for topic in made.topics] == [(0, 7), (1, 3), (5, 4), (3, 3)]
    assert by_id(made)[3] == replace(DOGS, size=3)
    assert made.next_id == 8


def test_a_topic_without_parts_stands_in_both_columns() -> None:
    assert grown([*OLD, -1], [[6]]).levels[8].tolist() == [1, 1]


def test_only_the_first_fifteen_neighbors_count() -> None:
    assert grown([*OLD, -1], [[0] * 7 + [3] * 8 + [0] * 15]).levels[8].tolist() == [0, 3]


def test_newcomers_that_know_most_come_first_and_count_for_the_others() -> None:
    """Row 9 has one weak old neighbor, a star; row 8, which has cats only, is nearer to it, and comes first."""
    made = grown([*OLD, -1, -1], [[0, 1], [8, 5]], [[0.9, 0.9], [0.8, 0.3]])
    assert made.levels[8:].tolist() == [[0, 5], [0, 5]]
    # A chain, whose last is next to an old paper; and two that know only each other.
    made = grown([*OLD] + [-1] * 5, [[9], [10], [7], [12], [11]])
    assert made.levels[8:].tolist() == [[1, 1], [1, 1], [1, 1], [-1, -1], [-1, -1]]


def test_equal_votes_go_to_one_of_them_always_the_same() -> None:
    assert grown([*OLD, -1], [[3, 0]]).levels[8].tolist() == grown([*OLD, -1], [[0, 3]]).levels[8].tolist() == [0, 3]


def test_rows_are_numbered_anew_when_papers_go() -> None:
    made = grown([7, 0, 2, 4], np.zeros((0, 2)))
    assert made.levels.tolist() == [[1, 1], [0, 5], [0, 5], [0, 3]]
    assert {number: topic.central for number, topic in by_id(made).items()} == {
        0: (1,),  # 3 went, 0 is row 1 now
        1: (0,),  # both went: the one that is left
        5: (1, 2),
        3: (3,),
    }
    assert [(topic.id, topic.size) for topic in made.topics] == [(0, 3), (1, 1), (5, 2), (3, 1)]


def test_topics_without_papers_go_and_the_largest_comes_first() -> None:
    made = grown([0, 5, 6, 7], np.zeros((0, 1)))
    assert [(topic.id, topic.size) for topic in made.topics] == [(1, 3), (0, 1), (5, 1)]
    made = grown([5], np.zeros((0, 1)))
    assert [topic.id for topic in made.topics] == [1]
    assert made.topics[0].central == (0,)
    assert made.next_id == 8  # no id is used twice
    assert grown([], np.zeros((0, 1))).topics == ()


def test_a_topic_that_lost_its_central_papers_gets_others() -> None:
    """Of four new cats, the one that the others are near to; cosines below zero count for nothing."""
    near = np.array([[2, 1, 3], [2, 0, 3], [0, 1, 3], [0, 2, 1]], dtype=np.int32)
    weights = np.array([[0.5, 0.3, -0.9], [0.2, 0.9, 0.1], [0.6, 0.4, 0.3], [0.9, 0.2, 0.1]], dtype=np.float32)
    before = Topics(np.array([[1, 1]] * 5, dtype=np.int32), (replace(STARS, size=5, central=(4,)),), 2)
    made = joined(Previous(before, np.arange(4)), near, weights)
    # Their own cosines, and those of the rows that they are neighbors of: 0.8 + 2.4, 1.2 + 0.8, 1.3 + 0.9, 1.2 + 0.4.
    assert made.topics[0].central == (0, 2, 1, 3)


def test_papers_that_had_no_topic_have_none_and_do_not_vote() -> None:
    before = Topics(np.array([[-1, -1], [1, 1]], dtype=np.int32), (replace(STARS, size=1, central=(1,)),), 2)
    near = np.array([[1, 2], [0, 2], [0, 0], [0, 1]], dtype=np.int32)
    made = joined(Previous(before, np.array([0, 1, -1, -1])), near, np.full((4, 2), 0.5, dtype=np.float32))
    assert made.levels.tolist() == [[-1, -1], [1, 1], [-1, -1], [1, 1]]


@given(st.data())
def test_whatever_comes_and_goes_the_topics_are_right(data: st.DataObject) -> None:
    dice = np.random.default_rng(data.draw(st.integers(0, 999)))
    kept = np.flatnonzero(dice.random(8) < data.draw(st.floats(0, 1)))
    rows = dice.permutation([*kept.tolist(), *[-1] * data.draw(st.integers(0, 12))]).astype(np.int64)
    count = len(rows)
    k = data.draw(st.integers(0, max(0, min(20, count - 1))))
    others = np.argsort(dice.random((count, max(0, count - 1))), axis=1)[:, :k]
    neighbors = (others + (others >= np.arange(count)[:, None])).astype(np.int32)
    similarities = dice.uniform(-0.2, 1, neighbors.shape).astype(np.float32)
    made = joined(Previous(BEFORE, rows), neighbors, similarities)
    assert Topics.from_json(made.to_json(), made.levels).topics == made.topics
    old = rows >= 0
    assert (made.levels[old] == BEFORE.levels[rows[old]]).all()
    known = {tuple(pair) for pair in LEVELS}
    assert {tuple(pair) for pair in made.levels[~old].tolist()} <= known | {(-1, -1)}
    for topic in made.topics:
        was = by_id(BEFORE)[topic.id]
        assert (topic.label, topic.color, topic.parent, topic.terms) == (was.label, was.color, was.parent, was.terms)
        assert topic.size == (made.levels[:, topic.level] == topic.id).sum() > 0
        assert topic.central
        assert len(topic.central) == len(set(topic.central)) <= 10
        assert all(made.levels[row, topic.level] == topic.id for row in topic.central)
    assert_left_out(made.levels, neighbors, old)


def assert_left_out(levels: NDArray[np.int32], neighbors: NDArray[np.int32], old: NDArray[np.bool_]) -> None:
    """Assert that newcomers without a topic have no neighbor with one."""
    for row in np.flatnonzero(~old & (levels[:, 0] < 0)).tolist():
        assert (levels[neighbors[row, :15], 0] < 0).all()
