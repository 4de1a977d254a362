"""Libraries that live: papers come, go and are known better, and every state is what a build would have made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hashed_words import HashedWords

from explorer import Library, Paper
from explorer.cli import cli
from explorer.errors import InvalidInput, LibraryDamaged, ModelMismatch, UnknownPaper
from explorer.growth import lists, succession, verify
from explorer.store import LibraryFolder

WritePapers = Callable[..., Path]

SUBJECTS = (
    "depth estimation single image camera scene stereo",
    "galaxy cluster redshift survey dark matter halo",
    "protein folding molecule binding residue structure",
    "theorem proof manifold curvature bundle geometry",
)
DERIVED = (
    "neighbors",
    "similarities",
    "related",
    "scores",
    "cosines",
    "scales",
    "twins",
    "postings",
    "terms",
    "lengths",
    "keys",
)


def record(number: int, **fields: Any) -> dict[str, Any]:
    """A paper of one of four subjects, in words that always come out the same."""
    words = SUBJECTS[number % 4].split()
    rng = np.random.default_rng(number)
    abstract = " ".join([*rng.choice(words, 12), *(f"word{one}" for one in rng.integers(0, 60, 12))])
    title = f"{words[number % len(words)].title()} {number} {words[(number // 4) % len(words)]}"
    return {"id": f"2010.{number:05}", "title": title, "abstract": abstract.capitalize() + ".", **fields}


def records(start: int, stop: int) -> list[dict[str, Any]]:
    return [record(number) for number in range(start, stop)]


@pytest.fixture
def grown(tmp_path: Path, write_papers: WritePapers) -> Library:
    """A library of 60 papers."""
    return Library.build(write_papers(records(0, 60)), tmp_path / "library", model=HashedWords())


def arrays(library: Library, roles: tuple[str, ...] = DERIVED) -> dict[str, np.ndarray]:
    return {role: np.array(library._folder.array(role)) for role in roles}


def assert_equal(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    for role, values in theirs.items():
        np.testing.assert_array_equal(ours[role], values, err_msg=role)


def is_right(library: Library) -> bool:
    wrong = [(check.name, check.wrong) for check in library.verify(deep=True).checks if not check.is_right]
    assert wrong == []
    return True


class Counting(HashedWords):
    """Count the texts that are embedded."""

    embedded = 0

    def embed(self, texts: Any, *, as_query: bool = False) -> Any:
        self.embedded += len(texts)
        return super().embed(texts, as_query=as_query)


def test_adding_gives_what_a_build_of_all_gives(grown: Library, tmp_path: Path, write_papers: WritePapers) -> None:
    places = np.array(grown._folder.array("layout"))
    report = grown.add(write_papers(records(60, 80), "new.jsonl"))
    assert (report.papers, report.added, report.repeated, report.changed, report.unchanged) == (80, 20, 0, 0, False)
    whole = Library.build(write_papers(records(0, 80), "all.jsonl"), tmp_path / "whole", model=HashedWords())
    assert list(grown.papers) == list(whole.papers)
    assert_equal(arrays(grown, (*DERIVED, "vectors")), arrays(whole, (*DERIVED, "vectors")))
    np.testing.assert_array_equal(grown._folder.array("layout")[:60], places)
    assert np.isfinite(grown._folder.array("layout")).all()
    assert is_right(grown)


def test_only_new_texts_are_embedded(tmp_path: Path, write_papers: WritePapers) -> None:
    words = Counting()
    library = Library.build(write_papers(records(0, 30)), tmp_path / "library", model=words)
    assert words.embedded == 30
    library.add(write_papers(records(25, 33), "new.jsonl"))
    assert words.embedded == 33
    library.add(write_papers([record(3, categories=["cs.CV"])], "categories.jsonl"))
    assert words.embedded == 33
    assert library.papers["2010.00003"].categories == ("cs.CV",)
    library.add(
        write_papers([record(3, version=2, id="2010.00003v2", abstract="Another text altogether.")], "v2.jsonl")
    )
    assert words.embedded == 34
    assert library.papers["2010.00003"].abstract == "Another text altogether."
    assert is_right(library)


def test_what_is_there_already_changes_nothing(grown: Library, write_papers: WritePapers) -> None:
    before = {file.name: file.read_bytes() for file in grown.path.iterdir() if file.is_file()}
    report = grown.add(write_papers(records(10, 20), "again.jsonl"))
    assert (report.unchanged, report.papers, report.repeated) == (True, 60, 10)
    assert {file.name: file.read_bytes() for file in grown.path.iterdir() if file.is_file()} == before


@pytest.mark.parametrize("small", [True, False])
def test_removing_gives_what_a_build_of_the_rest_gives(
    grown: Library, tmp_path: Path, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    monkeypatch.setattr(succession, "SMALL", 60 if small else 0)
    places = np.array(grown._folder.array("layout"))
    gone = [0, 17, 31, 59]
    report = grown.remove(*(f"arXiv:2010.{number:05}v3" for number in gone))
    assert (report.papers, report.removed) == (56, 4)
    rest = [number for number in range(60) if number not in gone]
    whole = Library.build(
        write_papers([record(number) for number in rest], "rest.jsonl"), tmp_path / "w", model=HashedWords()
    )
    assert list(grown.papers) == list(whole.papers)
    graph = ("neighbors", "similarities", "twins", "lengths", "keys", "vectors")
    assert_equal(
        arrays(grown, (*DERIVED, "vectors") if small else graph),
        arrays(whole, (*DERIVED, "vectors") if small else graph),
    )
    np.testing.assert_array_equal(grown._folder.array("layout"), places[rest])
    assert grown._folder.manifest.counts["drift"] == (0 if small else 4)
    assert is_right(grown)
    with pytest.raises(UnknownPaper, match=r"2010\.00017"):
        grown.similar("2010.00017")


def test_removing_all_or_nobody_is_refused(grown: Library) -> None:
    with pytest.raises(UnknownPaper):
        grown.remove("2010.00001", "2010.99999")
    assert "2010.00001" in grown.papers
    with pytest.raises(InvalidInput, match="at least one"):
        grown.remove(*(paper.id for paper in grown.papers))
    assert len(grown.papers) == 60


@pytest.mark.parametrize("others", [1, 3])
def test_the_graph_grows_as_if_built_and_related_papers_nearly_so(
    tmp_path: Path, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """Where lists are not made anew: in steps, with texts that change in place, and papers that go."""
    monkeypatch.setattr(succession, "SMALL", 0)
    monkeypatch.setattr(succession, "DUE", 2.0)
    monkeypatch.setattr(lists, "_PRODUCTS", 700)
    library = Library.build(write_papers(records(0, 240)), tmp_path / "library", model=HashedWords())
    for step in range(others):
        library.add(write_papers(records(240 + 8 * step, 248 + 8 * step), f"{step}.jsonl"))
    changed = record(7, version=2, id="2010.00007v2", abstract=record(9)["abstract"])
    library.add(write_papers([changed], "changed.jsonl"))
    library.remove("2010.00012", "2010.00100")
    assert library._folder.manifest.counts["drift"] == 8 * others + 3
    now = [number for number in range(240 + 8 * others) if number not in {12, 100}]
    final = [changed if number == 7 else record(number) for number in now]
    whole = Library.build(write_papers(final, "all.jsonl"), tmp_path / "whole", model=HashedWords())
    assert [paper.id for paper in library.papers] == [paper.id for paper in whole.papers]
    exact = ("neighbors", "similarities", "twins", "lengths", "keys", "vectors")
    assert_equal(arrays(library, exact), arrays(whole, exact))
    ours, theirs = (one._folder.array("related")[:, :10].tolist() for one in (library, whole))
    shared = [len(set(our) & set(their)) for our, their in zip(ours, theirs, strict=True)]
    assert np.mean(shared) > 9.5
    assert is_right(library)


def test_terms_are_weighed_anew_when_that_is_due(
    grown: Library, tmp_path: Path, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "SMALL", 0)
    grown.add(write_papers(records(60, 70), "a.jsonl"))
    assert grown._folder.manifest.counts["drift"] == 10
    assert grown._folder.manifest.weighing["papers"] == 60
    grown.add(write_papers(records(70, 80), "b.jsonl"))
    assert grown._folder.manifest.counts["drift"] == 0
    whole = Library.build(write_papers(records(0, 80), "all.jsonl"), tmp_path / "whole", model=HashedWords())
    assert_equal(arrays(grown), arrays(whole))


def test_equal_texts_lead_also_when_one_comes_later(
    grown: Library, tmp_path: Path, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "SMALL", 0)
    twin = {**record(5), "id": "twin"}
    grown.add(write_papers([twin], "twin.jsonl"))
    assert grown.similar("2010.00005", 1, fold=False)[0].paper.id == "twin"
    assert grown.similar("twin", 1, fold=False)[0].paper.id == "2010.00005"
    assert [[paper.id for paper in group] for group in grown.duplicates()] == [["2010.00005", "twin"]]


def test_duplicates_become_one_paper_that_all_ids_find(grown: Library, write_papers: WritePapers) -> None:
    published = {
        **record(5),
        "id": "10.1000/Published",
        "doi": "10.1000/Published",
        "date": "2021",
        "authors": ["A. Author"],
    }
    grown.add(write_papers([published], "published.jsonl"))
    report = grown.merge_duplicates()
    assert (report.papers, report.removed) == (60, 1)
    paper = grown.papers["10.1000/published"]
    assert (paper.id, paper.doi, paper.date, paper.authors) == (
        "2010.00005",
        "10.1000/Published",
        "2021",
        ("A. Author",),
    )
    assert grown.duplicates() == []
    assert grown.merge_duplicates().unchanged
    assert is_right(grown)


def test_updating_believes_the_file_and_adds_nothing(grown: Library, write_papers: WritePapers) -> None:
    report = grown.update(
        write_papers([record(3, date="2019-01-02", title="A corrected title"), record(99)], "u.jsonl")
    )
    assert (report.papers, report.added, report.unknown, report.changed) == (60, 0, 1, 1)
    assert grown.papers["2010.00003"].title == "A corrected title"
    assert grown.papers["2010.00003"].date == "2019-01-02"
    assert grown.find_title("corrected title", 1).paper == grown.papers["2010.00003"]
    assert is_right(grown)
    generation = grown._folder.manifest.files["vectors"].name
    report = grown.update(write_papers([record(4, authors=["Ada Lovelace"])], "m.jsonl"))
    assert (report.updated, report.changed) == (1, 0)
    assert grown._folder.manifest.files["vectors"].name == generation  # nothing derived was touched
    assert grown.papers["2010.00004"].authors == ("Ada Lovelace",)
    assert is_right(grown)


def test_ready_vectors_are_added_by_record_or_by_new_paper(tmp_path: Path, write_papers: WritePapers) -> None:
    vectors = HashedWords().embed([f"paper {number}" for number in range(50)])
    for name, some in (
        ("a", vectors[:40]),
        ("by-record", vectors[38:45]),
        ("by-paper", vectors[45:]),
        ("wrong", vectors[:3]),
    ):
        np.save(tmp_path / f"{name}.npy", some)
    library = Library.build(write_papers(records(0, 40)), tmp_path / "library", vectors=tmp_path / "a.npy")
    with pytest.raises(InvalidInput, match="--vectors"):
        library.add(write_papers(records(40, 45), "b.jsonl"))
    library.add(write_papers(records(38, 45), "b.jsonl"), vectors=tmp_path / "by-record.npy")
    library.add(write_papers(records(43, 50), "c.jsonl"), vectors=tmp_path / "by-paper.npy")
    np.testing.assert_allclose(library._folder.array("vectors"), vectors, atol=1e-6)
    with pytest.raises(InvalidInput, match="3 rows for 2 new papers"):
        library.add(write_papers(records(50, 52), "d.jsonl"), vectors=tmp_path / "wrong.npy")
    assert len(library.papers) == 50


def test_another_model_is_refused(grown: Library, write_papers: WritePapers) -> None:
    other = Library.open(grown.path, model=HashedWords(8, "others"))
    with pytest.raises(ModelMismatch):
        other.add(write_papers(records(60, 62), "new.jsonl"))
    assert len(Library.open(grown.path).papers) == 60


def test_refitting_moves_the_picture_and_nothing_else(grown: Library, write_papers: WritePapers) -> None:
    grown.add(write_papers(records(60, 90), "new.jsonl"))
    before, places = arrays(grown, (*DERIVED, "vectors", "topics")), np.array(grown._folder.array("layout"))
    grown.refit()
    assert_equal(arrays(grown, (*DERIVED, "vectors", "topics")), before)
    moved = grown._folder.array("layout")
    assert (moved != places).any()
    # Laid on the old one: nearer to it than to its own mirror image.
    assert np.linalg.norm(moved - places) < np.linalg.norm(moved * [1, -1] - places)
    assert is_right(grown)
    said = CliRunner().invoke(cli, ["layout", "--refit", "-l", str(grown.path)])
    assert said.stdout == f"90 papers in {grown.path} (drawn anew)\n"


def test_records_that_cannot_be_papers_are_kept_in_one_list(grown: Library, write_papers: WritePapers) -> None:
    grown.add(write_papers([{"id": "empty"}, record(60)], "one.jsonl"))
    grown.add(write_papers([record(61), {"id": "nothing", "title": " "}], "two.jsonl"))
    listed = (grown.path / grown._folder.manifest.files["rejected"].name).read_text().splitlines()
    assert [(Path(one["file"]).name, one["line"]) for one in map(json.loads, listed)] == [
        ("one.jsonl", 1),
        ("two.jsonl", 2),
    ]
    assert grown.info()["rejected"] == 2


def test_newcomers_are_those_of_the_last_addition(grown: Library, write_papers: WritePapers) -> None:
    assert grown._newcomers() == []
    grown.add(write_papers(records(60, 63), "a.jsonl"))
    grown.add(write_papers(records(63, 65), "b.jsonl"))
    assert grown._newcomers() == [63, 64]
    found = grown.similar("2010.00001", 9, added_since="last")
    assert sorted(match.paper.id for match in found) == ["2010.00063", "2010.00064"]
    grown.remove("2010.00063")
    assert grown._newcomers() == [63]


def test_topics_keep_their_names(grown: Library, write_papers: WritePapers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(succession, "SMALL", 0)
    before = {topic.id: topic.label for topic in grown.topics()}
    grown.add(write_papers(records(60, 68), "new.jsonl"))
    topics = grown.topics()
    assert {topic.id: topic.label for topic in topics} == before
    assert sum(topic.size for topic in topics if topic.level == 0) == 68
    subject = topics.levels[:60, 0].reshape(-1, 4)
    assert (topics.levels[60:, 0].reshape(-1, 4) == subject[0]).all()


# What is derived, damaged and made anew


@pytest.mark.parametrize("role", ["neighbors", "postings", "layout", "topics", "labels", "twins", "keys", "rejected"])
def test_repair_makes_what_is_derived_anew(grown: Library, role: str) -> None:
    before, places = arrays(grown), np.array(grown._folder.array("layout"))
    file = grown.path / grown._folder.manifest.files[role].name
    grown.close()
    file.write_bytes(file.read_bytes()[:-1] + b"?" if file.stat().st_size else b"?")
    found = [check for check in verify(grown.path).checks if not check.is_right]
    assert f"file {role}" in [check.name for check in found]
    assert {check.repair for check in found} == {"explorer repair"}
    said = CliRunner().invoke(cli, ["repair", "-l", str(grown.path)])
    assert said.exit_code == 0, said.output
    with Library.open(grown.path, model=HashedWords()) as library:
        assert is_right(library)
        assert_equal(arrays(library), before)
        if role != "layout":
            np.testing.assert_array_equal(library._folder.array("layout"), places)


def test_what_cannot_be_repaired_says_so(grown: Library) -> None:
    file = grown.path / grown._folder.manifest.files["vectors"].name
    grown.close()
    file.write_bytes(file.read_bytes()[:-9] + b"damaged!!")
    found = [check for check in verify(grown.path).checks if not check.is_right]
    assert {check.repair for check in found} == {"explorer build --replace"}
    said = CliRunner().invoke(cli, ["repair", "-l", str(grown.path)])
    assert said.exit_code == 1
    assert file.name in said.output


def test_verify_prints_what_is_wrong_and_what_repairs_it(grown: Library) -> None:
    said = CliRunner().invoke(cli, ["verify", "--json", "-l", str(grown.path)])
    assert said.exit_code == 0
    assert all(json.loads(line)["is_right"] for line in said.output.splitlines())
    file = grown.path / grown._folder.manifest.files["scores"].name
    grown.close()
    file.unlink()
    said = CliRunner().invoke(cli, ["verify", "-l", str(grown.path)])
    assert said.exit_code == 1
    assert f"WRONG  file scores: {file.name} is missing (repair: explorer repair)" in said.output


# The command line


def test_the_commands_say_what_became_of_the_library(grown: Library, write_papers: WritePapers) -> None:
    grown.write_map()
    grown.close()
    where = ["-l", str(grown.path)]
    said = CliRunner().invoke(cli, ["remove", "2010.00002", *where])
    assert said.exit_code == 0, said.output
    assert f"59 papers in {grown.path} (1 removed)" in said.output
    assert "map.html is older than the library" in said.output
    said = CliRunner().invoke(cli, ["remove", "-", "--json", *where], input="2010.00003\n\n2010.00004\n")
    assert json.loads(said.output.splitlines()[0])["removed"] == 2
    said = CliRunner().invoke(cli, ["duplicates", *where])
    assert "no paper is there twice" in said.output
    said = CliRunner().invoke(cli, ["layout", *where])
    assert said.exit_code == 2
    said = CliRunner().invoke(cli, ["remove", "2010.99999", *where])
    assert said.exit_code == 1
    assert "no paper '2010.99999'" in said.output


def test_a_paper_keeps_all_names_through_states(grown: Library, write_papers: WritePapers) -> None:
    grown.add(write_papers([record(6, also=["pmid:123", "W99"], doi="10.1000/AbC")], "names.jsonl"))
    grown.remove("2010.00001")
    for name in ("pmid:123", "W99", "10.1000/abc", "https://doi.org/10.1000/ABC"):
        assert grown.papers[name].id == "2010.00006"
    assert replace(grown.papers["W99"], also=(), doi="", url="") == replace(Paper.from_record(record(6)), url="")


def test_damage_met_while_adding_stops_it_and_changes_nothing(grown: Library, write_papers: WritePapers) -> None:
    file = grown.path / grown._folder.manifest.files["vectors"].name
    content = file.read_bytes()
    file.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    with pytest.raises(LibraryDamaged, match="vectors-"):
        grown.add(write_papers(records(60, 62), "new.jsonl"))
    file.write_bytes(content)
    assert LibraryFolder(grown.path).manifest.papers == 60
    assert is_right(Library.open(grown.path))
