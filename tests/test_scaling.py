"""What the benchmark of growth is made of: papers that are always the same, exponents, tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import pytest
import scaling


@pytest.fixture
def no_real_papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a stranger's clone; then the sample's papers are all there are."""
    monkeypatch.setattr(corpora, "CORPUS", tmp_path / "none.jsonl.gz")
    monkeypatch.setattr(corpora, "VECTORS", tmp_path / "none.npy")
    monkeypatch.setattr(corpora, "REAL", 40)


@pytest.mark.usefixtures("no_real_papers")
def test_papers_are_always_the_same_ones(tmp_path: Path) -> None:
    made = []
    for name, count in (("one", 100), ("other", 100), ("fewer", 70)):
        (tmp_path / name).mkdir()
        papers, _, vectors = corpora.write(tmp_path / name, count)
        records = [json.loads(line) for line in Path(papers).read_text(encoding="utf-8").splitlines()]
        made.append((records, np.load(vectors)))
    (one, vectors), other, fewer = made
    assert one == other[0]
    assert one[:70] == fewer[0]
    assert len({record["id"] for record in one}) == len(one) == len(vectors) == 100
    assert vectors.tobytes() == other[1].tobytes()
    assert vectors[:40].tobytes() == fewer[1][:40].tobytes()
    assert vectors.dtype == np.float16


@pytest.mark.usefixtures("no_real_papers")
def test_mixtures_are_near_to_what_they_are_made_of(tmp_path: Path) -> None:
    records, vectors = corpora.write(tmp_path, 400)[0], np.load(corpora.write(tmp_path, 400)[2]).astype(np.float64)
    own, mixed = vectors[:40] / np.linalg.norm(vectors[:40], axis=1, keepdims=True), vectors[40:]
    np.testing.assert_allclose(np.linalg.norm(mixed, axis=1), 1, atol=1e-3)
    nearest = (mixed @ own.T).max(axis=1)
    # cos of w a + (1 - w) b with a, for a and b at right angles, and noise half as long: from 0.79 to 0.89
    assert 0.75 < nearest.mean() < 0.95
    titles = [json.loads(line)["title"].split() for line in Path(records).read_text(encoding="utf-8").splitlines()]
    firsts = {" ".join(title[:2]) for title in titles[:40]}
    assert all(" ".join(title[:2]) in firsts for title in titles[40:])


def grown(stage: str, papers: int, seconds: float) -> dict[str, Any]:
    return {"papers": papers, "stages_s": {name: seconds if name == stage else 0.0 for name in scaling.STAGES}}


@pytest.mark.parametrize("exponent", [1.0, 1.25, 2.0])
def test_exponents_are_of_what_comes_on_top_of_the_start(exponent: float) -> None:
    start = grown("words", scaling.START, 3.0)
    sizes = [grown("words", papers, 3.0 + 1e-5 * papers**exponent) for papers in (50_000, 200_000, 1_000_000)]
    assert scaling.exponents(start, sizes) == {"words": exponent, "all": exponent}


def test_stages_that_take_no_longer_have_no_exponent() -> None:
    same = [grown("topics", papers, 2.0) for papers in (1_000, 50_000, 200_000, 1_000_000)]
    assert scaling.exponents(same[0], same[1:]) == {}


def test_tables_say_what_was_measured() -> None:
    sizes = [
        {**grown("layout", papers, papers / 1e4), "seconds": papers / 9e3, "peak_mb": 2_345, "disk_mb": 678}
        for papers in (50_000, 200_000, 1_000_000)
    ]
    one = {"seconds": 20.0, "kept": 0.283, "trustworthiness": 0.99, "recall": 0.95}
    usual = {"seconds": 50.0, "kept": 0.098, "trustworthiness": 0.94, "recall": None}
    found = {"papers": 100_000, scaling.USUAL: usual, scaling.OURS: one}
    growth, mapped = scaling.tables({"sizes": sizes, "growth": {"layout": 1.02, "all": 1.0}, "map": found})
    assert "| 1,000,000 | 0.0 s | 0.0 s | 0.0 s | 0.0 s | 100.0 s | 111 s | 2.3 GB | 0.68 GB |" in growth
    assert "| growth from 50,000 on |  |  |  |  | n^1.02 | n^1.00 | | |" in growth
    assert "| explorer | 20.0 | **2.5 ×** | 28.3% | 0.990 |" in mapped
    ours = {"queries_per_s": 2345, "recall": 0.9912, "effort": 4096, "index_mb": 321.4, "made_in_s": 0.0}
    theirs = {"queries_per_s": 1234, "recall": 0.9899, "effort": 64, "index_mb": 1700, "made_in_s": 241.0}
    sizes[-1]["found"] = {"explorer": ours, "hnswlib": theirs}
    _, searched, _ = scaling.tables({"sizes": sizes, "growth": {"layout": 1.02, "all": 1.0}, "map": found})
    assert searched.splitlines()[2:] == [
        "| explorer | 1,000,000 | 2,345 | 0.991 | 321.4 MB | with the neighbors |",
        "| hnswlib | 1,000,000 | 1,234 | 0.990 | 1,700 MB | 241 s |",
    ]


@pytest.mark.usefixtures("no_real_papers")
def test_questions_are_the_mixtures_that_follow() -> None:
    questions = corpora.mixtures_of(70, 30)
    assert questions.shape == (30, 384)
    assert questions.tobytes() == corpora.mixtures_of(70, 30).tobytes()
    assert questions.tobytes() != corpora.mixtures_of(71, 30).tobytes()
    np.testing.assert_allclose(np.linalg.norm(questions.astype(np.float64), axis=1), 1, atol=1e-3)
