"""The plain figure: every paper where it is, in the page's colors, its title as text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_webmap import make_data

from explorer.webmap import MapTopic, figure, palette
from explorer.webmap.figure import marker_size


def test_the_figure_shows_every_paper_where_it_is() -> None:
    data = make_data([f"Title {row}" for row in range(30)])
    made = figure(data)
    (points,) = made.data
    assert points.type == "scattergl"
    np.testing.assert_array_equal(points.x, data.coordinates[:, 0])
    np.testing.assert_array_equal(points.y, data.coordinates[:, 1])
    assert points.hovertext[3] == "Title 3<br>2010.00003 · 2020-10-04"
    assert made.layout.spikedistance == 0
    assert made.layout.hovermode == "closest"
    assert made.layout.yaxis.scaleanchor == "x"


def test_topics_have_their_colors_and_names() -> None:
    topics = [MapTopic(1, 0, "<b>one</b>", 4), MapTopic(2, 0, "two", 2), MapTopic(3, 1, "part", 2, 1)]
    topic_of = np.array([0, 0, 0, 2, 1, -1], dtype=np.int32)
    data = make_data(["a"] * 6, topics=topics, topic_of=topic_of)
    made = figure(data)
    found = {trace.name: (trace.marker.color, len(trace.x)) for trace in made.data}
    assert found == {
        "&lt;b&gt;one&lt;/b&gt;": (palette.CATEGORICAL_LIGHT[4], 3),
        "two": (palette.CATEGORICAL_LIGHT[2], 2),
        "others": (palette.OTHER_LIGHT, 1),
    }
    assert [label.text for label in made.layout.annotations] == ["<b>&lt;b&gt;one&lt;/b&gt;</b>", "<b>two</b>"]
    np.testing.assert_array_equal(made.data[-1].x, data.coordinates[[3, 4], 0])


def test_columns_and_values_give_colors_and_sizes() -> None:
    data = make_data(["a"] * 4, columns={"citations": [1, 4, None, 9], "group": ["x", "y", "x", ""]})
    (points,) = figure(data, color="citations", size="citations").data
    np.testing.assert_array_equal(points.marker.color, [1, 4, np.nan, 9])
    assert list(points.marker.size) == [1, 4, 0, 9]
    assert [trace.name for trace in figure(data, color="group").data] == ["others", "x", "y"]
    assert figure(data, color="#ff0000").data[0].marker.color == "#ff0000"
    assert list(figure(data, color=[4, 3, 2, 1]).data[0].marker.color) == [4, 3, 2, 1]
    with pytest.raises(ValueError, match="4 papers need as many values for the color, not 1"):
        figure(data, color=[1])
    with pytest.raises(ValueError, match="size must be a number, a column of numbers, or 4 numbers"):
        figure(data, size="group")


def test_the_figure_shows_pseudo_markup_literally() -> None:
    made = figure(make_data(["<b>x</b> & y", '<a href="javascript:alert(1)">z</a>'], title="<i>A</i> & B"))
    first, second = made.data[0].hovertext
    assert first == "&lt;b&gt;x&lt;/b&gt; &amp; y<br>2010.00000 · 2020-10-01"
    assert second.startswith('&lt;a href="javascript:alert(1)"&gt;z&lt;/a&gt;<br>')
    assert made.layout.title.text == "&lt;i&gt;A&lt;/i&gt; &amp; B"


def test_the_figure_wraps_long_titles() -> None:
    text = figure(make_data(["word " * 30, "x" * 10_000])).data[0].hovertext
    assert text[0].split("<br>")[:-1] == ["word " * 11 + "word", "word " * 11 + "word", "word " * 5 + "word"]
    lines = text[1].split("<br>")
    assert len(lines) == 7
    assert all(len(line) <= 60 for line in lines)


def test_a_paper_without_a_title_is_shown_by_its_id() -> None:
    data = make_data([""])
    assert figure(data).data[0].hovertext == ("2010.00000<br>2010.00000 · 2020-10-01",)
    undated = replace(data, papers=[replace(next(iter(data.papers)), date="")])
    assert figure(undated).data[0].hovertext == ("2010.00000<br>2010.00000",)


@pytest.mark.parametrize(("count", "size"), [(1, 11.0), (55, 10.5), (100_000, 3.0), (10_000_000, 2.0)])
def test_points_shrink_as_papers_grow(count: int, size: float) -> None:
    assert marker_size(count) == size
