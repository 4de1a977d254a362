"""Near-duplicates: by hand, and against a flood fill over all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.duplicates import ENOUGH_TERMS, SAME_TERMS, SAME_TEXT, SAME_TITLE, first_of_equal, twins

MANY = range(ENOUGH_TERMS)


def contents_of(terms: Sequence[Sequence[int]]) -> SimpleNamespace:
    starts = np.cumsum([0, *map(len, terms)])
    return SimpleNamespace(starts=starts, terms=np.array([term for some in terms for term in some], dtype=np.int32))


def found(
    graph: dict[int, list[tuple[int, float]]],
    *,
    titles: Sequence[int],
    texts: Sequence[int] | None = None,
    terms: Sequence[Sequence[int]] | None = None,
) -> list[list[int]]:
    """Return the near-duplicates; `graph` names for some rows their neighbors and cosines, others have far ones."""
    n = len(titles)
    width = max(1, *(len(some) for some in graph.values())) if graph else 1
    neighbors, similarities = np.zeros((n, width), dtype=np.int32), np.zeros((n, width), dtype=np.float32)
    for row, some in graph.items():
        for place, (other, similarity) in enumerate(some):
            neighbors[row, place], similarities[row, place] = other, similarity
    made = twins(
        neighbors, similarities, np.array(titles), np.array(range(n) if texts is None else texts),
        contents_of([[]] * n if terms is None else terms),
    )  # fmt: skip
    assert made.dtype == np.int32
    assert made.shape == (len(made), 3)
    return made.tolist()


def test_the_constants_that_documents_name() -> None:
    assert (SAME_TITLE, SAME_TEXT, SAME_TERMS, ENOUGH_TERMS) == (0.8, 0.96, 0.9, 20)


# --- by hand


def test_papers_that_are_far_from_each_other_are_no_duplicates() -> None:
    assert found({}, titles=[1, 1, 1]) == []
    assert found({0: [(1, 0.79)], 1: [(0, 0.79)]}, titles=[7, 7, 7]) == []


@pytest.mark.parametrize(
    ("titles", "similarity", "expected"),
    [
        ((7, 7), 0.8, True),  # cosines are in single precision, and so is what they are compared with
        ((7, 7), 0.95, True),
        ((7, 7), 1.0, True),
        ((7, 7), 0.7999, False),
        ((7, 8), 0.95, False),
        ((7, 8), 1.0, False),  # few terms, other titles
        ((0, 0), 0.95, False),  # no titles: those are not the same
        ((0, 0), 1.0, False),
        ((0, 7), 0.9, False),
        ((-(2**63), -(2**63)), 0.8, True),
    ],
)
def test_the_same_title_is_enough_where_papers_are_near(
    titles: tuple[int, int], similarity: float, expected: bool
) -> None:
    duplicates = found({0: [(1, similarity)], 1: [(0, similarity)]}, titles=[*titles, 99])
    assert duplicates == ([[0, 0, 0], [1, 0, 1]] if expected else [])


@pytest.mark.parametrize(
    ("ours", "theirs", "similarity", "expected"),
    [
        (MANY, MANY, 0.96, True),
        (MANY, MANY, 0.9599, False),
        (MANY, range(19, -1, -1), 0.99, True),
        (range(19), range(19), 1.0, False),  # too few to tell
        (range(19), range(20), 1.0, False),
        (range(40), range(36), 0.97, True),  # 36 of 40 are 0.9
        (range(40), range(35), 0.97, False),
        (range(20), range(1, 21), 0.97, True),  # 19 of 21 are 0.905
        (range(20), range(2, 22), 0.97, False),  # 18 of 22
        (range(20), [], 1.0, False),
        ([], [], 1.0, False),
    ],
    ids=lambda value: f"{len(list(value))} terms" if not isinstance(value, bool | float) else str(value),
)
def test_nearly_the_same_terms_are_enough_where_papers_are_nearer(
    ours: Sequence[int], theirs: Sequence[int], similarity: float, expected: bool
) -> None:
    terms = [list(ours), list(theirs), [5, 6]]
    duplicates = found({0: [(1, similarity)], 1: [(0, similarity)]}, titles=[1, 2, 3], terms=terms)
    assert duplicates == ([[0, 0, 0], [1, 0, 1]] if expected else [])


def test_one_of_the_two_need_not_have_the_other_among_its_neighbors() -> None:
    assert found({3: [(1, 0.9)]}, titles=[1, 2, 3, 2]) == [[1, 1, 1], [3, 1, 3]]
    assert found({1: [(3, 0.9)]}, titles=[1, 2, 3, 2]) == [[1, 1, 1], [3, 1, 3]]


def test_the_very_same_text_needs_no_neighbors() -> None:
    """More papers may be the same than a list of neighbors holds."""
    assert found({}, titles=[0, 0, 0, 0, 0], texts=[4, 9, 4, 9, 4]) == [
        [0, 0, 0], [1, 1, 1], [2, 0, 0], [3, 1, 1], [4, 0, 0],
    ]  # fmt: skip


def test_duplicates_of_duplicates_are_one_group() -> None:
    """4 is near 3 by title, 3 near 1 by title, 1 has the text of 6, and 0 is near 6 by its terms."""
    graph = {4: [(3, 0.85)], 3: [(1, 0.85)], 0: [(6, 0.97)]}
    terms = [MANY, [1], [2], [3], [4], [5], MANY]
    duplicates = found(graph, titles=[1, 2, 3, 2, 2, 4, 5], texts=[10, 11, 12, 13, 14, 15, 11], terms=terms)
    assert duplicates == [[0, 0, 0], [1, 0, 1], [3, 0, 3], [4, 0, 4], [6, 0, 1]]


def test_groups_are_joined_to_groups() -> None:
    """Rows 0 1, 2 3, 4 5 and 6 7, joined to pairs of pairs, and these to one."""
    pairs = {1: [(0, 0.9)], 3: [(2, 0.9)], 5: [(4, 0.9)], 7: [(6, 0.9), (5, 0.9), (1, 0.9)], 2: [(1, 0.9)]}
    assert [row[1] for row in found(pairs, titles=[3] * 8)] == [0] * 8
    chain = {row: [(row + 1, 0.9)] for row in range(99, -1, -1)}
    assert [row[1] for row in found(chain, titles=[3] * 101)] == [0] * 101


def test_several_groups_stay_apart() -> None:
    graph = {0: [(2, 0.9)], 1: [(3, 0.9)], 2: [(1, 0.9)]}
    assert found(graph, titles=[5, 6, 5, 6, 0]) == [[0, 0, 0], [1, 1, 1], [2, 0, 2], [3, 1, 3]]


def test_a_chain_of_a_hundred_thousand_is_one_group() -> None:
    n = 100_000
    order = np.random.default_rng(0).permutation(n)
    neighbors = np.zeros((n, 1), dtype=np.int32)
    neighbors[order[:-1], 0] = order[1:]
    neighbors[order[-1], 0] = order[0]
    one = np.ones((n, 1), dtype=np.float32)
    duplicates = twins(neighbors, one, np.ones(n, dtype=np.int64), np.arange(n), contents_of([[]]))
    np.testing.assert_array_equal(duplicates, np.stack([np.arange(n), np.zeros(n), np.arange(n)], axis=1))


@pytest.mark.parametrize("rows", [1, 2])
def test_few_papers(rows: int) -> None:
    """One paper has no neighbors at all."""
    neighbors, similarities = np.zeros((rows, rows - 1), dtype=np.int32), np.zeros((rows, rows - 1), dtype=np.float32)
    made = twins(neighbors, similarities, np.ones(rows, dtype=int), np.arange(rows), contents_of([[]] * rows))
    assert (made.shape, made.dtype) == ((0, 3), np.int32)


@given(values=st.lists(st.integers(-3, 3) | st.sampled_from([-(2**63), 2**63 - 1]), min_size=1, max_size=20))
def test_first_of_equal(values: list[int]) -> None:
    assert first_of_equal(np.array(values, dtype=np.int64)).tolist() == [values.index(value) for value in values]


# --- against a flood fill


def flooded(
    graph: dict[int, list[tuple[int, float]]],
    titles: Sequence[int],
    texts: Sequence[int],
    terms: Sequence[Sequence[int]],
) -> list[list[int]]:
    n = len(titles)

    def share(row: int, other: int) -> float:
        ours, theirs = set(terms[row]), set(terms[other])
        return len(ours & theirs) / len(ours | theirs) if len(ours) >= 20 and len(theirs) >= 20 else 0

    linked = {(row, other) for row in range(n) for other in range(n) if row != other and texts[row] == texts[other]}
    for row, some in graph.items():
        for other, similarity in some:
            titled = titles[row] == titles[other] != 0 and similarity >= 0.8
            if titled or (similarity >= 0.96 and share(row, other) >= 0.9):
                linked |= {(row, other), (other, row)}
    groups, first = {}, {}
    for row in range(n):
        reached, waiting = {row}, [row]
        while waiting:
            here = waiting.pop()
            news = {other for one, other in linked if one == here} - reached
            reached |= news
            waiting.extend(news)
        groups[row] = reached
        first[row] = min(reached)
    return [[row, first[row], texts.index(texts[row])] for row in range(n) if len(groups[row]) > 1]


@given(data=st.data(), n=st.integers(2, 9))
def test_groups_are_those_of_a_flood_fill(data: st.DataObject, n: int) -> None:
    def a_list(values: st.SearchStrategy) -> list:
        return data.draw(st.lists(values, min_size=n, max_size=n))

    titles, texts = a_list(st.sampled_from([0, 0, 1, 2])), a_list(st.integers(0, 12))
    terms = a_list(st.sampled_from([MANY, range(21), range(3, 25), range(19), range(40, 65)]))
    edges = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from([0.5, 0.79, 0.81, 0.95, 0.97, 1.0]))
    graph: dict[int, list[tuple[int, float]]] = {}
    for row, other, similarity in data.draw(st.lists(edges, max_size=12)):
        if row != other:
            graph.setdefault(row, []).append((other, similarity))
    assert found(graph, titles=titles, texts=texts, terms=terms) == flooded(graph, titles, texts, terms)
