"""Why a paper is an answer: sentences, shared words, the parts of a score, how rare a similarity is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hashed_words import HashedWords
from hypothesis import given
from hypothesis import strategies as st

from explorer import Library, Match, Paper
from explorer.search.why import sentences

RECORDS: list[dict[str, Any]] = [
    {"id": "night", "title": "Seeing depth at night", "abstract": "Cameras fail in the dark. Thermal light shows depth at night. We train a network on 3.5 million frames."},
    {"id": "day", "title": "Depth from one camera", "abstract": "We train a network, cf. Fig. 2, on frames of one camera. Depth follows from shading."},
    {"id": "cats", "title": "Cats and dogs", "abstract": "Cats sleep by day. Dogs sleep at night, e.g. in the dark."},
    {"id": "again", "title": "Seeing depth at night", "abstract": "Cameras fail in the dark. Thermal light shows depth at night. We train a network on 3.5 million frames."},
    {"id": "latex", "title": "A bound of $O(n^2)$", "abstract": r"We prove $\alpha < 1$. \textbf{Then} graphs are sparse. It holds for $n > 3$."},
    {"id": "short", "title": "Frames"},
    *({"id": f"f{number}", "title": f"Filler {word} of frames", "abstract": f"The {word} is a network. Its {word} sleep well."}
      for number, word in enumerate(["zebra", "quartz", "violin", "marble", "copper", "saddle", "window", "garden", "pepper"])),
]  # fmt: skip


def build(folder: Path, records: list[dict[str, Any]], **options: Any) -> Library:
    (folder / "papers.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return Library.build(folder / "papers.jsonl", folder / "library", **options)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with build(tmp_path_factory.mktemp("why"), RECORDS, model=HashedWords()) as made:
        yield made


# --- sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One whole sentence here. And another one here.", ["One whole sentence here.", "And another one here."]),
        ("Does this work? Yes it does! We think so.", ["Does this work?", "Yes it does!", "We think so."]),
        ("We win, e.g. On ImageNet data. It is fast.", ["We win, e.g. On ImageNet data.", "It is fast."]),
        ("As Smith et al. Showed it works. So we do.", ["As Smith et al. Showed it works.", "So we do."]),
        ("Our net, see Fig. 3 and Eq. 4, wins. It is small.", ["Our net, see Fig. 3 and Eq. 4, wins.", "It is small."]),
        ("By J. R. Smith of Bell. It is old.", ["By J. R. Smith of Bell.", "It is old."]),
        ("It gains 3.5 points and 0.7 more. It is v2.0 now.", ["It gains 3.5 points and 0.7 more.", "It is v2.0 now."]),
        ("That is, i.e. $x$ grows. $y$ falls with it.", ["That is, i.e. $x$ grows.", "$y$ falls with it."]),
        (r"We define alpha here. \textbf{Then} it holds.", ["We define alpha here.", r"\textbf{Then} it holds."]),
        (
            "It ends (so it does). (So it is.) The end is here.",
            ["It ends (so it does).", "(So it is.)", "The end is here."],
        ),
        ("A title. The first sentence is this.", ["A title.", "The first sentence is this."]),
        (
            "The first sentence is this. So what. The next is here.",
            ["The first sentence is this. So what.", "The next is here."],
        ),
        ("It grows as fast as n. We prove it here.", ["It grows as fast as n.", "We prove it here."]),
        ("one without any end", ["one without any end"]),
        ("no capital. so this goes on and on", ["no capital. so this goes on and on"]),
        ("What... Really, it goes on? Yes, it does.", ["What...", "Really, it goes on?", "Yes, it does."]),
        ("Two hundred. 300 papers are here.", ["Two hundred.", "300 papers are here."]),
        ("夜间深度估计。我们研究夜间图像。", ["夜间深度估计。我们研究夜间图像。"]),
        ("", []),
    ],
)
def test_sentences_by_hand(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_closing_quotation_mark_belongs_to_its_sentence() -> None:
    assert sentences('They call it "deep learning." We call it curve fitting.') == [
        'They call it "deep learning."', "We call it curve fitting.",
    ]  # fmt: skip


@given(
    st.lists(
        st.sampled_from(
            ["We", "see", "e.g.", "it.", "Really?", "(no.)", '"so."', "3.5", "$x$.", r"\alpha", "End.", "A."]
        ),
        max_size=30,
    ).map(" ".join)
)
def test_no_sign_of_a_text_is_lost(text: str) -> None:
    assert re.sub(r"\s", "", "".join(sentences(text))) == re.sub(r"\s", "", text)


def test_a_long_text_has_its_first_forty_sentences() -> None:
    text = " ".join(f"This is sentence number {number}." for number in range(100))
    assert sentences(text) == [f"This is sentence number {number}." for number in range(40)]


@given(st.text())
def test_any_text_has_sentences(text: str) -> None:
    assert all(sentence.strip() for sentence in sentences(text))
    assert bool(sentences(text)) == bool(text.strip())


# --- reasons


def asked_of(match: Match) -> Any:
    assert match.why is not None
    return match.why


def test_reasons_only_where_asked_for(library: Library) -> None:
    assert all(match.why is None for match in library.similar("night"))
    for ranking in ("fused", "dense", "lexical"):
        without, reasoned = (library.similar("night", 30, rank=ranking, why=why) for why in (False, True))
        assert [match.paper for match in without] == [match.paper for match in reasoned]
        assert [match.similarity for match in without] == [match.similarity for match in reasoned]
        assert [match.duplicates for match in without] == [match.duplicates for match in reasoned]
        assert all(match.why is not None for match in reasoned)


def test_the_two_sentences_are_those_of_brute_force(library: Library) -> None:
    text = "Dogs sleep a lot. Thermal cameras show depth. We count marble."
    for matches, asked in (
        (library.search(text, 30, why=True), text),
        (library.similar("night", 30, why=True), library.papers["night"].text),
    ):
        for match in matches:
            why, best = asked_of(match), -2.0
            ours, theirs = sentences(asked), sentences(match.paper.text)
            vectors = HashedWords().embed([*ours, *theirs]).astype(np.float64)
            cosines = vectors[: len(ours)] @ vectors[len(ours) :].T
            best = float(cosines.max())
            assert why.sentences == pytest.approx(best, abs=1e-6)
            assert cosines[ours.index(why.asked), theirs.index(why.found)] == pytest.approx(best, abs=1e-6)
    by_id = {match.paper.id: asked_of(match) for match in library.search(text, 30, why=True)}
    assert (by_id["cats"].asked, by_id["cats"].found) == ("Dogs sleep a lot.", "Dogs sleep at night, e.g. in the dark.")
    assert by_id["short"].found == "Frames"
    assert by_id["latex"].found in {
        "A bound of O(n²).",
        "We prove alpha < 1.",
        "Then graphs are sparse.",
        "It holds for n > 3.",
    }


def test_a_sentence_is_one_that_stands_in_its_paper(library: Library) -> None:
    for record in RECORDS:
        for match in library.similar(record["id"], 30, why=True):
            why = asked_of(match)
            assert why.found in match.paper.text
            assert why.asked in library.papers[record["id"]].text


STOP = {"at", "in", "the", "we", "a", "on", "and", "by", "of", "is", "for", "it", "then", "from"} - {"we", "from"}


def test_shared_terms_are_those_of_brute_force(library: Library) -> None:
    """By hand-made stems: of this vocabulary, plurals and the like end as listed."""
    stems = {"cameras": "camera", "frames": "frame", "shows": "show", "seeing": "see", "dogs": "dog", "cats": "cat"}

    def terms(text: str) -> dict[str, str]:
        found = [word for word in re.findall(r"\w\w+", text.lower()) if word not in STOP]
        return {stems.get(word, word): word for word in reversed(found)}

    papers = list(library.papers)
    frequencies = Counter(term for paper in papers for term in terms(paper.words))
    for asked in ("night", "day"):
        for match in library.similar(asked, 30, why=True):
            ours, theirs = terms(library.papers[asked].text), terms(match.paper.text)
            shared = sorted((frequencies[term], word) for term, word in theirs.items() if term in ours)
            assert asked_of(match).terms == tuple(word for _, word in shared[:8])


def test_shared_terms_are_spelled_as_in_the_paper_and_the_rarest_come_first(library: Library) -> None:
    found = {
        match.paper.id: asked_of(match).terms
        for match in library.search("dog at nights, networks of zebras", 30, why=True)
    }
    assert found["cats"] == ("dogs", "night")
    assert found["f0"] == ("zebra", "network")
    assert found["short"] == ()
    assert found["day"] == ("network",)
    assert library.search("the of and", 1, why=True)[0].why.terms == ()  # type: ignore[union-attr]


@pytest.mark.parametrize("ranking", ["fused", "dense", "lexical"])
@pytest.mark.parametrize("asked", ["day", "cats", "latex", "some words on depth and sleep", "Frames:2"])
@pytest.mark.parametrize("options", [{}, {"diverse": 0.5}, {"where": "id <> 'f3'"}, {"fold": False}])
def test_the_parts_of_a_score_are_its_sum(library: Library, ranking: str, asked: str, options: dict[str, Any]) -> None:
    matches = library.find_similar(asked, k=30, rank=ranking, why=True, **options)
    for match in matches:
        why = asked_of(match)
        assert why.dense + why.lexical == pytest.approx(match.score, abs=1e-6)
        if ranking == "dense":
            assert (why.dense, why.lexical) == (pytest.approx(match.similarity, rel=1e-6), 0)
        if ranking == "lexical":
            assert (why.dense, why.lexical) == (0, pytest.approx(match.score, rel=1e-6))
    if ranking == "fused" and asked == "some words on depth and sleep":
        assert asked_of(matches[0]).lexical > 0


def test_the_parts_of_the_score_of_the_very_text_are_its_sum(library: Library) -> None:
    """Papers with the very text that is asked with come first, whatever they score."""
    matches = library.search(library.papers["short"].text, 3, why=True)
    assert matches[0].paper.id == "short"
    for match in (*matches, *library.similar("again", 3, why=True)):
        assert asked_of(match).dense + asked_of(match).lexical == pytest.approx(match.score, abs=1e-6)


def test_the_percentile_is_that_of_brute_force(library: Library) -> None:
    vectors = HashedWords().embed([paper.text for paper in library.papers]).astype(np.float64)
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    for matches in (library.similar("night", 30, why=True), library.search("Frames of zebra at night", 30, why=True)):
        for match in matches:
            below = 100 * np.mean(cosines < match.similarity - 1e-6)
            above = 100 * np.mean(cosines < match.similarity + 1e-6)
            assert below - 1e-9 <= asked_of(match).percentile <= above + 1e-9


# --- mixtures


def test_of_a_mixture_reasons_are_those_of_what_an_answer_is_most_like(library: Library) -> None:
    asked = ("night", "cats", "zebra garden")
    matches = library.find_similar(*asked, k=30, why=True)
    singles = {word: {m.paper.id: m for m in library.find_similar(word, k=30, why=True, fold=False)} for word in asked}
    for match in matches:
        nearest = max(asked, key=lambda word: singles[word][match.paper.id].similarity)
        single, why = singles[nearest][match.paper.id], asked_of(match)
        assert match.similarity == single.similarity
        assert (why.asked, why.found, why.terms) == (
            asked_of(single).asked, asked_of(single).found, asked_of(single).terms,
        )  # fmt: skip
        assert (why.sentences, why.percentile) == (asked_of(single).sentences, asked_of(single).percentile)


# --- without a model, without others


def test_a_library_without_a_model_gives_the_reasons_it_can(tmp_path: Path) -> None:
    vectors = HashedWords().embed([Paper.from_record(record).text for record in RECORDS])
    np.save(tmp_path / "vectors.npy", vectors)
    with build(tmp_path, RECORDS, vectors=tmp_path / "vectors.npy") as library:
        for match in library.similar("night", 5, why=True):
            why = asked_of(match)
            assert (why.asked, why.found) == ("", "")
            assert why.sentences is None
            assert 0 <= why.percentile <= 100
        match = library.search("zebra", rank="lexical", why=True)[0]
        assert (match.paper.id, asked_of(match).terms) == ("f0", ("zebra",))


def test_the_only_paper_has_reasons_too(tmp_path: Path) -> None:
    with build(tmp_path, RECORDS[:1], model=HashedWords()) as library:
        (match,) = library.search("depth in the dark", why=True)
        assert asked_of(match).terms == ("dark", "depth")
        assert asked_of(match).percentile is None
