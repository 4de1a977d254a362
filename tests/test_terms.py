"""The stored counts of terms: what comes back, and that nothing wrong ever does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer.errors import LibraryDamaged
from explorer.lexical import CountedTerms, LexicalIndex, TermCounts, count_terms
from explorer.store import Manifest, StoredTerms, arrays, write_array

TYPES = {"terms": "<i8", "postings": "<i4", "lengths": "<i4"}
WIDTHS = {"terms": 3, "postings": 2, "lengths": 1}
TABLE = [[-(2**63), 1, 1], [-7, 1, 0], [0, 4, 3], [2**63 - 1, 6, 2]]  # the second term is in no paper
POSTINGS = [[2, 5], [0, 1], [1, 2], [2, 3], [0, 4], [2, 1]]
LENGTHS = [[5], [2], [9]]


@contextmanager
def stored(folder: Path, papers: int = 3, weighed: float = 3, **changed: object) -> Iterator[StoredTerms]:
    """Store the three arrays, some of them changed, in a library of so many papers, weighed when there were others."""
    given = {"terms": TABLE, "postings": POSTINGS, "lengths": LENGTHS, **changed}
    values = {role: np.array(given[role], dtype=dtype).reshape(-1, WIDTHS[role]) for role, dtype in TYPES.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)  # hundreds of files that need not outlive a power cut
        files = {role: write_array(folder / f"{role}.npy", values[role], dtype) for role, dtype in TYPES.items()}
    weighing = {"papers": weighed, "average_length": 2.0}
    manifest = Manifest("0000000a", papers, {}, {"index": "exact"}, [], files, {}, weighing, {}, ["2020-10-07"])
    with ExitStack() as stack:
        opened = {role: stack.enter_context((folder / f"{role}.npy").open("rb")) for role in TYPES}
        yield StoredTerms(opened, manifest)


def test_what_was_stored_comes_back(tmp_path: Path) -> None:
    with stored(tmp_path) as source:
        assert source.terms().tolist() == TABLE
        assert source.terms().dtype == np.int64
        assert source.lengths().tolist() == [5, 2, 9]
        assert [source.postings(start, stop).tolist() for start, stop in ((0, 1), (1, 1), (1, 4), (4, 6))] == [
            [[2, 5]], [], [[0, 1], [1, 2], [2, 3]], [[0, 4], [2, 1]],
        ]  # fmt: skip


def test_papers_without_words_have_no_terms(tmp_path: Path) -> None:
    with stored(tmp_path, terms=[], postings=[], lengths=[0, 0, 0]) as source:
        assert source.terms().shape == (0, 3)
        assert source.postings(0, 0).shape == (0, 2)
        assert source.lengths().tolist() == [0, 0, 0]


def test_a_term_may_have_been_in_more_papers_or_fewer_when_it_was_weighed(tmp_path: Path) -> None:
    """Papers were added since: then counts are newer than weights."""
    with stored(tmp_path, weighed=50, terms=[[1, 3, 0], [2, 6, 50]], postings=[[0, 1], [1, 1], [2, 1]] * 2) as source:
        assert source.terms().tolist() == [[1, 3, 0], [2, 6, 50]]


@pytest.mark.parametrize(
    "table",
    [
        [[0, 1, 1], [-7, 1, 0], [3, 4, 3], [9, 6, 2]],  # not in order
        [[-7, 1, 1], [-7, 1, 0], [3, 4, 3], [9, 6, 2]],  # twice the same term
        [[-7, 1, 1], [0, 4, 3], [3, 1, 0], [9, 6, 2]],  # postings that run backwards
        [[-7, -1, 1], [0, 4, 3], [9, 6, 2]],  # or begin before the first
        [[-7, 1, 1], [0, 7, 3], [9, 6, 2]],  # or go beyond the last and come back
        [[-7, 1, 1], [0, 4, 3], [9, 7, 2]],  # end beyond the last
        [[-7, 1, 1], [0, 4, 3], [9, 5, 2]],  # end before the last
        [[-7, 1, 1], [0, 4, 3], [9, 2**62, 2]],
        [[-7, 1, 4], [0, 4, 3], [9, 6, 2]],  # in more papers than there are
        [[-7, 1, -1], [0, 4, 3], [9, 6, 2]],
        [[-7, 1, 2**63 - 1], [0, 4, 3], [9, 6, 2]],
        [],  # and who has the postings?
    ],
    ids=str,
)
def test_a_table_that_cannot_be_is_damage(tmp_path: Path, table: list[list[int]]) -> None:
    with (
        stored(tmp_path, terms=table) as source,
        pytest.raises(LibraryDamaged, match=r"terms\.npy is no table of terms"),
    ):
        source.terms()


def test_a_table_with_postings_that_are_not_there_is_damage(tmp_path: Path) -> None:
    with stored(tmp_path, postings=[]) as source, pytest.raises(LibraryDamaged, match="is no table of terms"):
        source.terms()


NUMBERS = st.integers(-2, 5) | st.sampled_from([-(2**63), 2**63 - 1])


@given(table=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=4), postings=st.integers(0, 5))
@example(table=[(0, 2, 3), (1, 4, 0)], postings=4)
@example(table=[], postings=0)
@example(table=[], postings=1)
def test_a_table_is_read_if_and_only_if_it_can_be_one(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[int, int, int]], postings: int
) -> None:
    keys, ends, frequencies = ([row[column] for row in table] for column in range(3))
    can_be = (
        keys == sorted(set(keys))
        and [0, *ends, postings] == sorted([0, *ends, postings])
        and (ends[-1] if ends else 0) == postings
        and all(0 <= frequency <= 3 for frequency in frequencies)
    )
    with stored(tmp_path_factory.getbasetemp(), terms=table, postings=[[0, 1]] * postings) as source:
        if can_be:
            assert source.terms().tolist() == [list(row) for row in table]
        else:
            with pytest.raises(LibraryDamaged):
                source.terms()


@pytest.mark.parametrize(
    ("postings", "message"),
    [
        ([[0, 1], [2, 1], [1, 1]], "is not in order"),
        ([[0, 1], [0, 1], [2, 1]], "is not in order"),
        ([[0, 1], [7, 1], [2, 1]], "is not in order"),
        ([[0, 1], [-7, 1], [2, 1]], "is not in order"),
        ([[0, 1], [1, 1], [3, 1]], "names papers that do not exist"),
        ([[-1, 1], [1, 1], [2, 1]], "names papers that do not exist"),
        ([[-(2**31), 1], [1, 1], [2**31 - 1, 1]], "names papers that do not exist"),
        ([[0, 1], [1, 0], [2, 1]], "names papers that do not exist"),
        ([[0, 1], [1, -1], [2, 1]], "names papers that do not exist"),
    ],
    ids=str,
)
def test_postings_that_cannot_be_are_damage(tmp_path: Path, postings: list[list[int]], message: str) -> None:
    with (
        stored(tmp_path, postings=postings) as source,
        pytest.raises(LibraryDamaged, match=rf"postings\.npy {message}"),
    ):
        source.postings(0, 3)


@given(
    postings=st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 3)), max_size=5),
    cut=st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_postings_are_read_if_and_only_if_they_can_be_some(
    tmp_path_factory: pytest.TempPathFactory, postings: list[tuple[int, int]], cut: tuple[int, int]
) -> None:
    start, stop = sorted(min(end, len(postings)) for end in cut)
    some = postings[start:stop]
    rows = [row for row, _ in some]
    can_be = rows == sorted(set(rows) & {0, 1, 2}) and all(count > 0 for _, count in some)
    with stored(tmp_path_factory.getbasetemp(), postings=postings) as source:
        if can_be:
            assert source.postings(start, stop).tolist() == [list(each) for each in some]
        else:
            with pytest.raises(LibraryDamaged):
                source.postings(start, stop)


@pytest.mark.parametrize("wrong", [-1, -(2**31)])
def test_lengths_below_zero_are_damage(tmp_path: Path, wrong: int) -> None:
    with stored(tmp_path, lengths=[5, wrong, 9]) as source, pytest.raises(LibraryDamaged, match="negative lengths"):
        source.lengths()


@pytest.mark.parametrize("role", TYPES)
def test_each_flipped_byte_is_found(tmp_path: Path, role: str) -> None:
    """Postings are read in part: what does not matter for them may be anything."""
    with stored(tmp_path) as source:
        path = tmp_path / f"{role}.npy"
        whole = path.read_bytes()
        for position, byte in enumerate(whole):
            with path.open("rb+") as file:
                file.seek(position)
                file.write(bytes([byte ^ (1 << position % 8)]))
            if role == "postings" and position >= len(whole) - 4:  # this checks the checksums
                assert source.postings(1, 4).tolist() == POSTINGS[1:4]
            else:
                read = {"terms": source.terms, "lengths": source.lengths, "postings": lambda: source.postings(1, 4)}
                with pytest.raises(LibraryDamaged, match=rf"{role}\.npy was altered"):
                    read[role]()
            with path.open("rb+") as file:
                file.write(whole)
        assert source.terms().tolist() == TABLE


def test_postings_far_apart_are_checked_by_their_own_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_BLOCK", 64)  # eight postings
    counts = count_terms(f"common word{row} word{row + 1}" for row in range(60))
    given = {"terms": counts.table(), "postings": counts.postings(), "lengths": counts.lengths}
    with stored(tmp_path, papers=60, weighed=60, **given) as source:
        assert source.terms().tolist() == counts.table().tolist()
        assert source.postings(0, 1).tolist() == counts.postings()[:1].tolist()
        with (tmp_path / "postings.npy").open("rb+") as file:
            file.seek(128 + 64 + 3)  # after the header and a block
            file.write(b"\xff")
        assert source.postings(0, 1).tolist() == counts.postings()[:1].tolist()
        with pytest.raises(LibraryDamaged, match="was altered"):
            source.postings(8, 9)


WORDS = st.lists(st.sampled_from(["graph", "graphs", "node", "the", "edges", "Ünïcode", "x", ""]), max_size=12)


@given(texts=st.lists(WORDS.map(" ".join), min_size=1, max_size=8), query=WORDS.map(" ".join))
def test_stored_counts_score_as_those_in_memory(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], query: str
) -> None:
    counts: TermCounts = count_terms(texts)
    given = {"terms": counts.table(), "postings": counts.postings(), "lengths": counts.lengths}
    with stored(tmp_path_factory.getbasetemp(), papers=len(texts), weighed=len(texts), **given) as source:
        indexes = [LexicalIndex(each, counts.weighing) for each in (source, CountedTerms(counts))]
        scores = [index.scores(index.query(query)) for index in indexes]
        assert scores[0].values.tobytes() == scores[1].values.tobytes()
        assert (scores[0].mean, scores[0].deviation) == (scores[1].mean, scores[1].deviation)
