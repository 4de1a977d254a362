"""What the page and the figure say of the papers that the last addition brought."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_webmap import make_data
from test_webmap_blobs import read_numbers

from explorer.webmap import Contents, figure
from explorer.webmap.encoding import encoded


@pytest.mark.parametrize("rows", [[4, 0, 4], np.array([0, 4], dtype=np.int32), (4, 0)])
def test_the_page_knows_who_is_new_and_since_when(rows: Any) -> None:
    data = make_data(["a"] * 5, newcomers=rows, added="2026-11-29")
    for embed in ("all", "none"):
        header, blobs = encoded(data, Contents.of(5, embed))
        assert header["newcomers"] == {"count": 2, "added": "2026-11-29"}
        assert read_numbers(blobs["newcomers"]) == [0, 4]


def test_a_library_that_was_only_built_has_nobody_new() -> None:
    header, blobs = encoded(make_data(["a"] * 5), Contents.of(5))
    assert header["newcomers"] is None
    assert "newcomers" not in blobs
    assert [trace.name for trace in figure(make_data(["a"] * 5)).data] == [""]


@pytest.mark.parametrize("rows", [[5], [-1], [0, 7]])
def test_rows_that_do_not_exist_are_refused(rows: list[int]) -> None:
    with pytest.raises(ValueError, match="newcomers must be rows of the 5 papers"):
        make_data(["a"] * 5, newcomers=rows)


def test_the_figure_rings_the_new_papers() -> None:
    data = make_data(["a"] * 5, newcomers=[3, 1], columns={"citations": [1, 4, 0, 16, 9]})
    points, rings = figure(data).data
    assert (rings.name, rings.marker.symbol, rings.hoverinfo) == ("new", "circle-open", "skip")
    np.testing.assert_array_equal(rings.x, data.coordinates[[1, 3], 0])
    np.testing.assert_array_equal(rings.y, data.coordinates[[1, 3], 1])
    assert list(rings.marker.size) == [points.marker.size + 6] * 2
    assert figure(data).layout.showlegend
    assert [trace.showlegend for trace in (points, rings)] == [False, None]
    # Points with sizes of their own: an area a quarter as large is half as wide.
    assert list(figure(data, size="citations").data[-1].marker.size) == [16, 26]
    assert list(figure(data, size=4).data[-1].marker.size) == [10, 10]
