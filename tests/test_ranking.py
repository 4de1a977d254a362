"""Scores into an order: by hand, and against loops in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer.ranking import (
    LEAST,
    LEXICAL_WEIGHT,
    PUSH,
    SMOOTHED_OVER,
    SMOOTHING,
    Scale,
    best,
    covering,
    diversified,
    fused,
    led,
    pushed,
    smoothed,
    worth,
)

SHARES = st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 0.875, 1.0])  # sums of a few of these are exact
NUMBERS = st.floats(-100, 100, allow_subnormal=False)


def test_the_constants_that_documents_name() -> None:
    assert (LEXICAL_WEIGHT, SMOOTHING, SMOOTHED_OVER, PUSH, LEAST) == (0.35, 0.25, 5, 0.5, 0.05)


# --- one scale


def test_z_by_hand() -> None:
    """(score - mean) / deviation."""
    np.testing.assert_allclose(Scale(0.2, 0.1).z([0.5, 0.2, 0.0]), [3, 0, -2])
    assert Scale(0.2, 0.1).z(0.4) == pytest.approx(2)


@pytest.mark.parametrize("deviation", [0.0, 1e-9, 1e-12])
def test_where_all_scores_are_the_same_they_say_nothing(deviation: float) -> None:
    assert Scale(0.5, deviation).z([0.5, 0.5, 0.5 + 1e-9]).tolist() == [0, 0, 0]


def test_several_queries_have_a_scale_each() -> None:
    scale = Scale(np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [0.5], [0.0]]))
    np.testing.assert_array_equal(scale.z([[1.0, 5.0], [2.0, 3.0], [7.0, 8.0]]), [[0, 2], [0, 2], [0, 0]])


def test_single_precision_is_made_double_first() -> None:
    z = Scale(0.1, 1.0).z(np.array([0.1], dtype=np.float32))
    assert (z.dtype, z[0]) == (np.float64, float(np.float32(0.1)) - 0.1)


def test_fused_by_hand() -> None:
    """0.65 times the z-score of the cosine, 0.35 times that of BM25: cosines 0.3 +- 0.1, BM25 4 +- 2."""
    dense, lexical = fused([0.5, 0.3, 0.2], [4.0, 10.0, 0.0], (Scale(0.3, 0.1), Scale(4.0, 2.0)))
    np.testing.assert_allclose(dense, [1.3, 0.0, -0.65], atol=1e-15)  # 0.65 * (2, 0, -1)
    np.testing.assert_allclose(lexical, [0.0, 1.05, -0.7], atol=1e-15)  # 0.35 * (0, 3, -2)


def test_without_words_the_dense_part_decides() -> None:
    dense, lexical = fused([0.5, 0.3], [0.0, 0.0], (Scale(0.3, 0.1), Scale(0.0, 0.0)))
    np.testing.assert_allclose(dense + lexical, [1.3, 0], atol=1e-15)


# --- smoothing


def test_smoothed_by_hand() -> None:
    """Three quarters of the own score and a quarter of the mean of the nearest."""
    scores, nearest = np.array([8.0, 4.0, 0.0]), np.array([[1, 2], [0, 2], [0, 1]])
    np.testing.assert_array_equal(smoothed(scores, nearest), [6 + 0.5, 3 + 1, 0 + 1.5])
    np.testing.assert_array_equal(smoothed(scores, nearest[[2, 0]], np.array([2, 0])), [1.5, 6.5])


def test_a_paper_without_neighbors_keeps_its_score() -> None:
    scores = np.array([3.0, 5.0])
    np.testing.assert_array_equal(smoothed(scores, np.zeros((2, 0), dtype=int)), scores)
    np.testing.assert_array_equal(smoothed(scores, np.zeros((1, 0), dtype=int), np.array([1])), [5])


@given(data=st.data(), rows=st.integers(2, 12))
def test_smoothed_is_what_loops_give(data: st.DataObject, rows: int) -> None:
    scores = data.draw(st.lists(NUMBERS, min_size=rows, max_size=rows))
    lists = st.lists(st.integers(0, rows - 1), min_size=3, max_size=3)
    nearest = data.draw(st.lists(lists, min_size=rows, max_size=rows))
    expected = [0.75 * scores[row] + 0.25 * sum(scores[other] for other in nearest[row]) / 3 for row in range(rows)]
    np.testing.assert_allclose(smoothed(np.array(scores), np.array(nearest)), expected, rtol=1e-12, atol=1e-12)


# --- the same text first


def test_led_by_hand() -> None:
    scores = np.array([2.0, -1.0, 5.0, 0.5])
    assert led(scores, np.zeros(4, dtype=bool)).tolist() == scores.tolist()
    assert led(scores, np.array([False, True, False, True])).tolist() == [2, 5.001, 5, 5.001]
    assert led(np.array([-3.0, -2.0]), np.array([True, False])).tolist() == [0.001, -2]
    both = led(np.array([[1.0, 2.0], [7.0, 3.0]]), np.array([[True, False], [False, True]]))
    assert both.tolist() == [[2.001, 2], [7, 7.001]]
    assert led(np.zeros(0), np.zeros(0, dtype=bool)).tolist() == []


@given(scores=st.lists(NUMBERS, min_size=1, max_size=12), data=st.data())
def test_what_is_led_comes_before_all_others(scores: list[float], data: st.DataObject) -> None:
    first = data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores)))
    order = best(led(np.array(scores), np.array(first)), np.arange(len(scores))).tolist()
    leaders = [row for row, is_first in enumerate(first) if is_first]
    others = sorted((row for row, is_first in enumerate(first) if not is_first), key=lambda row: (-scores[row], row))
    assert order == leaders + others


# --- orders


def test_best_by_hand() -> None:
    scores, rows = np.array([1.0, 3.0, 3.0, 2.0]), np.array([9, 8, 4, 7])
    assert best(scores, rows).tolist() == [2, 1, 3, 0]  # of the equal ones row 4 comes before row 8
    assert best(scores, rows, 2).tolist() == [2, 1]
    assert best(scores, rows, 0).tolist() == []


@given(scores=st.lists(SHARES | NUMBERS, max_size=20), count=st.integers(0, 25), seed=st.integers(0, 99))
def test_best_is_the_first_of_all_sorted(scores: list[float], count: int, seed: int) -> None:
    rows = np.random.default_rng(seed).permutation(len(scores))
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], rows[place]))
    assert best(np.array(scores), rows).tolist() == expected
    assert best(np.array(scores), rows, count).tolist() == expected[:count]


def test_worth_by_hand() -> None:
    """From the highest, 1, to the last, 0."""
    assert worth(np.array([5.0, 4.0, 2.0, 1.0])).tolist() == [1, 0.75, 0.25, 0]
    assert worth(np.array([-1.0, -3.0])).tolist() == [1, 0]


@pytest.mark.parametrize("scores", [[], [3.0], [2.0, 2.0, 2.0], [0.0], [-5.0, -5.0]])
def test_what_is_all_the_same_is_worth_all(scores: list[float]) -> None:
    assert worth(np.array(scores)).tolist() == [1.0] * len(scores)


@given(scores=st.lists(NUMBERS, min_size=1, max_size=20).map(lambda some: sorted(some, reverse=True)))
@example(scores=[1e-300, 0.0])
@example(scores=[1.0, 1.0 - 2**-53])
def test_worth_is_what_a_loop_gives(scores: list[float]) -> None:
    worths = worth(np.array(scores)).tolist()
    if scores[0] == scores[-1]:
        assert worths == [1.0] * len(scores)
        return
    assert worths == [(score - scores[-1]) / (scores[0] - scores[-1]) for score in scores]
    assert (worths[0], worths[-1]) == (1, 0)
    assert worths == sorted(worths, reverse=True)


# --- away from something


def test_pushed_by_hand() -> None:
    wanted = np.array([[1.0, 0.8, 0.4, 0.0], [0.5, 0.0, 1.0, 0.2]])
    unwanted = np.array([[0.2, 1.0, 0.0, 0.0], [0.4, 0.6, 1.0, 0.0]])
    # The largest of what each is worth there, halved: 0.2, 0.5, 0.5, 0; and 5 % of the worth is always left.
    np.testing.assert_allclose(pushed(wanted, unwanted), [[0.8, 0.3, 0.02, 0], [0.3, 0, 0.5, 0.2]], atol=1e-15)


def test_nothing_unwanted_changes_nothing() -> None:
    wanted = np.array([[1.0, 0.3]])
    np.testing.assert_array_equal(pushed(wanted, np.zeros((0, 2))), wanted)
    np.testing.assert_array_equal(pushed(wanted, np.zeros((0, 0))), wanted)
    np.testing.assert_array_equal(pushed(wanted, np.zeros((3, 2))), wanted)


FRACTIONS = st.floats(0, 1, allow_subnormal=False)


@given(data=st.data(), papers=st.integers(1, 8), like=st.integers(1, 3), unlike=st.integers(1, 3))
def test_pushed_is_what_loops_give(data: st.DataObject, papers: int, like: int, unlike: int) -> None:
    def table(rows: int) -> list[list[float]]:
        line = st.lists(FRACTIONS, min_size=papers, max_size=papers)
        return data.draw(st.lists(line, min_size=rows, max_size=rows))

    wanted, unwanted = table(like), table(unlike)
    left = pushed(np.array(wanted), np.array(unwanted)).tolist()
    for part in range(like):
        for paper in range(papers):
            own, most = wanted[part][paper], max(line[paper] for line in unwanted)
            assert left[part][paper] == pytest.approx(max(own - 0.5 * most, 0.05 * own), abs=1e-15)
            assert left[part][paper] <= own
            assert (left[part][paper] > 0) == (own > 0)


# --- several queries


def all_covering(worths: np.ndarray, weights: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return covering(worths, weights, rows, len(rows))


def slow_covering(
    worths: Sequence[Sequence[float]], weights: Sequence[float], rows: Sequence[int]
) -> list[tuple[int, float]]:
    """Take the paper of largest gain, lowest row first, over and over; each answer halves what its queries count."""
    counts = [weight / sum(weights) for weight in weights]
    left, taken = list(range(len(rows))), []
    while left:
        gains = {paper: sum(count * line[paper] for count, line in zip(counts, worths, strict=True)) for paper in left}
        chosen = min(left, key=lambda paper: (-gains[paper], rows[paper]))
        taken.append((chosen, gains[chosen]))
        left.remove(chosen)
        counts = [count * (1 - line[chosen] / 2) for count, line in zip(counts, worths, strict=True)]
    return taken


def test_covering_by_hand() -> None:
    """Two queries of equal weight; the first has three perfect answers, the second a fair one."""
    worths = np.array([[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.5]])
    order, gains = all_covering(worths, np.array([1.0, 1.0]), np.array([4, 3, 2, 1]))
    # Gains are 1/2, 1/2, 1/2, 1/4: row 2 is taken. Then the first query counts 1/4: 1/4, 1/4, -, 1/4: row 1 is
    # taken. Then the second counts 3/8, but has no more; the first has 1/4 for row 3, and then 1/8 for row 4.
    assert order.tolist() == [2, 3, 1, 0]
    assert gains.tolist() == [0.5, 0.25, 0.25, 0.125]


def test_one_query_is_covered_in_its_own_order() -> None:
    worths = np.array([[0.25, 1.0, 0.5, 0.5]])
    order, gains = all_covering(worths, np.array([7.0]), np.array([0, 1, 9, 5]))
    assert order.tolist() == [1, 3, 2, 0]
    assert gains.tolist() == [1, 0.25, 0.25 * 0.75, 0.25 * 0.75 * 0.75 * 0.5]


def test_a_query_of_more_weight_comes_first() -> None:
    worths = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert all_covering(worths, np.array([1.0, 3.0]), np.array([0, 1]))[0].tolist() == [1, 0]
    order, gains = all_covering(worths, np.array([3.0, 1.0]), np.array([0, 1]))
    assert (order.tolist(), gains.tolist()) == ([0, 1], [0.75, 0.25])


def test_what_nobody_wants_comes_last_by_row() -> None:
    order, gains = all_covering(np.array([[0.0, 0.0, 1.0, 0.0]]), np.array([1.0]), np.array([6, 2, 9, 4]))
    assert order.tolist() == [2, 1, 3, 0]
    assert gains.tolist() == [1, 0, 0, 0]


def test_covering_nothing() -> None:
    order, gains = all_covering(np.zeros((2, 0)), np.ones(2), np.zeros(0, dtype=int))
    assert (order.tolist(), gains.tolist()) == ([], [])


@st.composite
def mixtures(draw: st.DrawFn, shares: st.SearchStrategy[float] = SHARES) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    papers, queries = draw(st.integers(1, 10)), draw(st.integers(1, 4))
    line = st.lists(shares, min_size=papers, max_size=papers)
    worths = draw(st.lists(line, min_size=queries, max_size=queries))
    weights = draw(st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0]), min_size=queries, max_size=queries))
    rows = draw(st.permutations(range(0, 3 * papers, 3)))
    return np.array(worths), np.array(weights), np.array(rows)


@given(mixture=mixtures(FRACTIONS))
def test_covering_is_what_loops_give(mixture: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Gains are; so is the order, but where gains differ by rounding alone."""
    worths, weights, rows = mixture
    order, gains = all_covering(*mixture)
    expected = slow_covering(worths.tolist(), weights.tolist(), rows.tolist())
    assert sorted(order.tolist()) == list(range(len(rows)))
    clear = slow_gaps(worths.tolist(), weights.tolist())
    if clear > 1e-12:
        assert order.tolist() == [paper for paper, _ in expected]
        np.testing.assert_allclose(gains, [gain for _, gain in expected], rtol=1e-12, atol=1e-15)


def slow_gaps(worths: Sequence[Sequence[float]], weights: Sequence[float]) -> float:
    """Return how near to each other two gains come, of which the larger is taken; no matter if they are the same."""
    counts = [weight / sum(weights) for weight in weights]
    left, least = list(range(len(worths[0]))), math.inf
    while left:
        gains = {paper: sum(count * line[paper] for count, line in zip(counts, worths, strict=True)) for paper in left}
        chosen = max(left, key=lambda paper: gains[paper])
        columns = {paper: tuple(line[paper] for line in worths) for paper in left}
        others = [gains[chosen] - gains[paper] for paper in left if columns[paper] != columns[chosen]]
        least = min(least, *others, math.inf)
        left.remove(chosen)
        counts = [count * (1 - line[chosen] / 2) for count, line in zip(counts, worths, strict=True)]
    return least


@given(mixture=mixtures())
def test_covering_orders_equal_gains_by_row(mixture: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """All queries count the same and are few, worths are eighths: many gains are equal."""
    worths, _, rows = mixture
    worths = worths[:2] if len(worths) > 1 else worths  # halves, so that sums are exact
    order, gains = all_covering(worths, np.ones(len(worths)), rows)
    expected = slow_covering(worths.tolist(), [1.0] * len(worths), rows.tolist())
    assert list(zip(order.tolist(), gains.tolist(), strict=True)) == expected


@given(mixture=mixtures(FRACTIONS | SHARES))
def test_gains_never_rise(mixture: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    _, gains = all_covering(*mixture)
    assert gains.tolist() == sorted(gains.tolist(), reverse=True)
    assert 0 <= gains[-1] <= gains[0] <= 1 + 1e-12


@given(mixture=mixtures(FRACTIONS | SHARES), data=st.data())
def test_in_which_order_papers_are_given_does_not_matter(
    mixture: tuple[np.ndarray, np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    worths, weights, rows = mixture
    permutation = data.draw(st.permutations(range(len(rows))))
    order, gains = all_covering(worths, weights, rows)
    other, same = all_covering(worths[:, permutation], weights, rows[permutation])
    assert rows[permutation][other].tolist() == rows[order].tolist()
    assert same.tolist() == gains.tolist()


@given(mixture=mixtures(FRACTIONS | SHARES), power=st.integers(-20, 20))
def test_the_scale_of_weights_does_not_matter(mixture: tuple[np.ndarray, np.ndarray, np.ndarray], power: int) -> None:
    """Powers of two round nothing."""
    worths, weights, rows = mixture
    order, gains = all_covering(worths, weights, rows)
    other, same = all_covering(worths, weights * 2.0**power, rows)
    assert (other.tolist(), same.tolist()) == (order.tolist(), gains.tolist())


@given(mixture=mixtures(FRACTIONS), factor=st.floats(1e-3, 1e3))
def test_any_scale_of_weights_gives_the_same_gains(
    mixture: tuple[np.ndarray, np.ndarray, np.ndarray], factor: float
) -> None:
    worths, weights, rows = mixture
    if slow_gaps(worths.tolist(), weights.tolist()) > 1e-12:
        order, gains = all_covering(worths, weights, rows)
        other, same = all_covering(worths, weights * factor, rows)
        assert other.tolist() == order.tolist()
        np.testing.assert_allclose(same, gains, rtol=1e-12, atol=1e-15)


@given(mixture=mixtures(FRACTIONS | SHARES), count=st.integers(0, 12))
def test_fewer_are_the_first_of_all(mixture: tuple[np.ndarray, np.ndarray, np.ndarray], count: int) -> None:
    order, gains = covering(*mixture, count)
    every, all_gains = all_covering(*mixture)
    assert (order.tolist(), gains.tolist()) == (every[:count].tolist(), all_gains[:count].tolist())


# --- diversity


def slow_diversified(worths: Sequence[float], vectors: np.ndarray, diversity: float) -> tuple[list[int], float]:
    """Return the order, and how near to each other two values came of which the larger was taken."""
    left, order, least = list(range(len(worths))), [], math.inf
    while left:
        values = {}
        for paper in left:
            nearest = max((float(np.dot(vectors[paper], vectors[other])) for other in order), default=0.0)
            values[paper] = (1 - diversity) * worths[paper] - diversity * nearest
        chosen = max(left, key=lambda paper: (values[paper], -paper))
        least = min([least, *(values[chosen] - values[paper] for paper in left if paper != chosen)])
        order.append(chosen)
        left.remove(chosen)
    return order, least


def test_diversified_by_hand() -> None:
    """The second paper is the first one again; the third is like neither; the fourth is their opposite."""
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    worths = np.array([1.0, 0.9, 0.5, 0.0])
    assert diversified(worths, vectors, 0.0).tolist() == [0, 1, 2, 3]
    # After 0: 0.8 * 0.9 - 0.2 * 1 = 0.52; 0.8 * 0.5 = 0.4; 0 + 0.2 = 0.2.
    assert diversified(worths, vectors, 0.2).tolist() == [0, 1, 2, 3]
    # 0.7 * 0.9 - 0.3 = 0.33; 0.35; 0.3. Then 0.33 and 0.7 * 0 - 0.3 * 0 = 0: its cosine with paper 2 is 0.
    assert diversified(worths, vectors, 0.3).tolist() == [0, 2, 1, 3]
    # 0.5 * 0.9 - 0.5 = -0.05; 0.25; 0.5. Then -0.05 and 0.25 - 0 = 0.25.
    assert diversified(worths, vectors, 0.5).tolist() == [0, 3, 2, 1]
    # At first nothing decides, then cosines alone: the opposite, the one across, the copy.
    assert diversified(worths, vectors, 1.0).tolist() == [0, 3, 2, 1]


def test_nothing_diversified() -> None:
    assert diversified(np.zeros(0), np.zeros((0, 3)), 0.5).tolist() == []
    assert diversified(np.ones(1), np.ones((1, 1)), 0.5).tolist() == [0]


@given(papers=st.integers(1, 12), seed=st.integers(0, 10**6), diversity=FRACTIONS)
def test_diversified_is_what_loops_give(papers: int, seed: int, diversity: float) -> None:
    dice = np.random.default_rng(seed)
    vectors = dice.normal(size=(papers, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    worths = np.sort(dice.random(papers))[::-1]
    order = diversified(worths, vectors, diversity).tolist()
    assert sorted(order) == list(range(papers))
    expected, least = slow_diversified(worths.tolist(), vectors, diversity)
    if least > 1e-12:
        assert order == expected


@given(papers=st.integers(1, 30), seed=st.integers(0, 10**6))
def test_without_diversity_the_order_stays(papers: int, seed: int) -> None:
    """However many are worth the same."""
    dice = np.random.default_rng(seed)
    vectors = dice.normal(size=(papers, 4)).astype(np.float32)
    worths = np.sort(dice.integers(0, 4, papers) / 3)[::-1]
    assert diversified(worths, vectors, 0.0).tolist() == list(range(papers))


@given(papers=st.integers(1, 30), diversity=FRACTIONS, seed=st.integers(0, 10**6))
def test_the_best_answer_stays_the_first(papers: int, diversity: float, seed: int) -> None:
    dice = np.random.default_rng(seed)
    worths = np.sort(dice.random(papers))[::-1]
    assert diversified(worths, dice.normal(size=(papers, 4)), diversity)[0] == 0
