"""Columns of the user's own, from a CSV file to the map."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from explorer import Library
from explorer.cli import cli
from explorer.columns import read_columns
from explorer.errors import InvalidInput

ROWS = {"a": 0, "b": 1, "c": 2}


def columns_of(tmp_path: Path, text: str | bytes) -> dict[str, list[str | None]]:
    file = tmp_path / "tags.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_columns(file, 3, ROWS.get)


def test_values_go_to_the_papers_of_their_ids(tmp_path: Path) -> None:
    found = columns_of(tmp_path, 'id,tag,cited\nc,"x, y",7\na,z,\nunknown,q,1\n')
    assert found == {"tag": ["z", None, "x, y"], "cited": ["", None, "7"]}


@pytest.mark.parametrize("name", ["id", "ID", "paper_id", "arxiv_id", "doi", "\ufeffid"])
def test_a_column_of_ids_has_a_usual_name(tmp_path: Path, name: str) -> None:
    assert columns_of(tmp_path, f"{name},tag\na,x\n") == {"tag": ["x", None, None]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tag\nx\n", "no column of ids"),
        ("", "no column of ids"),
        ("id,tag\nunknown,x\n", "none of its papers"),
        (b"id,tag\na,\xff\xfe\n", "cannot be read as CSV"),
        ("id,tag\na," + "x" * 200_000 + "\n", "cannot be read as CSV"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        columns_of(tmp_path, text)


def test_lines_that_are_too_short_have_no_value(tmp_path: Path) -> None:
    assert columns_of(tmp_path, "id,tag,more\na,x\n") == {"tag": ["x", None, None], "more": [None, None, None]}


def test_the_map_takes_them(tmp_path: Path, sample_library: Library) -> None:
    lines = [f"{paper.id},{row % 3}" for row, paper in enumerate(sample_library.papers)]
    (tmp_path / "tags.csv").write_text("id,Group\n" + "\n".join(lines))
    where = tmp_path / "map.html"
    arguments = ["map", "-l", str(sample_library.path), "-o", str(where), "--columns", str(tmp_path / "tags.csv")]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0
    header = json.loads(where.read_text(encoding="utf-8").split('id="header">')[1].split("</script>")[0])
    assert [(column["name"], column["kind"]) for column in header["columns"]] == [("Group", "number")]
    assert "60 papers, titles, abstracts, neighbors: about 2." in result.stderr


def test_the_figure_takes_them(sample_library: Library) -> None:
    tags = ["x", "y"] * 30
    figure = sample_library.map(color="Tag", columns={"Tag": tags})
    assert sorted(trace.name for trace in figure.data) == ["x", "y"]
    layout = sample_library._folder.array("layout")
    assert {float(x) for x in figure.data[0].x} == {
        float(layout[row, 0]) for row in range(60) if tags[row] == figure.data[0].name
    }
    with pytest.raises(InvalidInput, match="60 papers need as many values"):
        sample_library.map(columns={"Tag": ["x"]})
    with pytest.raises(InvalidInput, match="60 papers need as many values"):
        sample_library.map(color=[1, 2])
    with pytest.raises(InvalidInput, match="size must be"):
        sample_library.map(size="unheard")


def test_numbers_get_a_color_bar(sample_library: Library) -> None:
    figure = sample_library.map(color="faithfulness", size=list(range(60)))
    stored = sample_library._folder.array("faithfulness")[:, 0]
    np.testing.assert_allclose(np.asarray(figure.data[0].marker.color, dtype=float), stored)
    assert list(figure.data[0].marker.size) == list(range(60))


def test_topics_of_the_figure_are_those_of_the_library(sample_library: Library) -> None:
    figure = sample_library.map()
    topics = [topic for topic in sample_library.topics() if topic.level == 0]
    assert {trace.name: len(trace.x) for trace in figure.data} == {topic.label: topic.size for topic in topics}
    assert {annotation.text for annotation in figure.layout.annotations} == {
        f"<b>{topic.label}</b>" for topic in topics
    }


@pytest.mark.parametrize("embed", ["all", "titles", "none"])
def test_what_a_page_holds_can_be_chosen(tmp_path: Path, sample_library: Library, embed: str) -> None:
    page = sample_library.write_map(tmp_path / "map.html", embed=embed).read_text(encoding="utf-8")
    assert ("blob-abstract.entries" in page) == (embed == "all")
    assert ("blob-title.entries" in page) == (embed != "none")


def test_an_unheard_choice_is_told(sample_library: Library) -> None:
    with pytest.raises(InvalidInput, match="embed is 'everything'"):
        sample_library.map_contents("everything")


def test_info_says_how_true_the_map_is(sample_library: Library) -> None:
    from explorer.layout import faithfulness

    folder = sample_library._folder
    kept, trust = faithfulness(
        np.asarray(folder.array("vectors"), dtype=np.float32), folder.array("layout"), np.arange(60)
    )
    found = sample_library.info()
    assert found["map"] == {"kept": pytest.approx(kept), "trustworthiness": pytest.approx(trust), "k": 15, "rows": 60}
    assert found["topics"] == len(sample_library.topics())
    assert found["map"]["kept"] == pytest.approx(float(folder.array("faithfulness").mean()), abs=0.02)
