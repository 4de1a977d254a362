"""What a map shows as numbers and a header: how much of it, how exact, and where names stand."""

from __future__ import annotations

import numpy as np
import pytest
from test_webmap import make_data
from test_webmap_blobs import read_numbers, read_texts

from explorer.webmap import Contents, MapData, MapTopic, Measured, palette
from explorer.webmap.encoding import encoded, label_places


def test_titles_are_written_as_people_read_them() -> None:
    _, blobs = encoded(make_data([r"On $\alpha$-decay in H$_2$O", "Plain"]), Contents.of(2))
    assert read_texts(blobs, "title") == ["On α-decay in H₂O", "Plain"]


def test_similarities_are_rounded_not_cut() -> None:
    data = make_data(["a", "b"])
    similarities = np.array([[0.9996], [-0.1236]], dtype=np.float32)
    _, blobs = encoded(MapData("t", data.papers, data.coordinates, data.neighbors, similarities), Contents.of(2))
    assert read_numbers(blobs["similarities"]) == [2000, 876]


@pytest.mark.parametrize("places", [[[2, 2]] * 3, [[0, 0], [0, 5], [0, 10]], [[-1e6, 1e-6]] * 3])
def test_places_on_a_line_or_at_one_point_are_kept(places: list[list[float]]) -> None:
    data = make_data(["a"] * 3)
    coordinates = np.array(places, dtype=np.float32)
    header, blobs = encoded(MapData("t", data.papers, coordinates, data.neighbors, data.similarities), Contents.of(3))
    found = np.array([read_numbers(blobs["x"]), read_numbers(blobs["y"])]).T * header["step"] + header["origin"]
    np.testing.assert_allclose(found, coordinates, atol=1e-4)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([3, None, -2, "7", "", True, 2**20, float("nan"), 0, 1, 2, 3, 4, 5], "number", [3, None, -2, 7, None, None, 2**20, None, 0, 1, 2, 3, 4, 5]),
        ([5, 5, 5], "number", [5, 5, 5]),
        ([0.5, 1.25], "number", [0.5, 1.25]),
        (["b", "a", None, "", 1], "names", ["b", "a", "", "", "1"]),
        ([True, False], "names", ["True", "False"]),
        ([None, None], "names", ["", ""]),
    ],
)  # fmt: skip
def test_columns_of_the_users_own_come_back(values: list[object], kind: str, expected: list[object]) -> None:
    header, blobs = encoded(make_data(["a"] * len(values), columns={"own": values}), Contents.of(len(values)))
    (column,) = header["columns"]
    assert (column["name"], column["kind"]) == ("own", kind)
    codes = read_numbers(blobs[column["blob"]])
    if kind == "names":
        assert [column["values"][code] for code in codes] == expected
        return
    step = (column["high"] - column["low"]) / column["steps"]
    found = [None if code == 0 else column["low"] + (code - 1) * step for code in codes]
    assert [value is None for value in found] == [value is None for value in expected]
    known = [value for value in expected if value is not None]
    np.testing.assert_allclose([value for value in found if value is not None], known, rtol=0, atol=1e-6)  # type: ignore[arg-type]


def test_more_papers_mean_less_of_each() -> None:
    tiers = [
        (20_000, True, True, True),
        (20_001, True, True, False),
        (200_000, True, True, False),
        (200_001, True, False, False),
    ]
    tiers += [(2_000_000, True, False, False), (2_000_001, False, False, False)]
    for count, titles, neighbors, abstracts in tiers:
        assert Contents.of(count) == Contents(count, titles, neighbors, abstracts)
    assert Contents.of(10, "none") == Contents(10, False, False, False)
    assert Contents.of(10, "titles") == Contents(10, True, True, False)
    assert Contents.of(10**7, "all") == Contents(10**7, True, True, True)
    assert str(Contents.of(10)) == "titles, abstracts, neighbors"
    assert str(Contents.of(10, "none")) == "places"
    assert Contents.of(10_000).bytes == 2_300_000 + 10_000 * 498
    assert Contents.of(10**6).bytes < Contents.of(10**6, "titles").bytes + 1 < Contents.of(10**6, "all").bytes
    with pytest.raises(ValueError, match="embed is 'some': it must be one of all, titles, none"):
        Contents.of(10, "some")


def test_labels_stand_where_most_of_a_topic_is() -> None:
    around = np.random.default_rng(2).normal(scale=0.1, size=(30, 2))
    places = np.concatenate([around + np.array((5, 5)), around[:5] + np.array((-5, 0)), [[0, 0]]]).astype(np.float32)
    topics = [
        MapTopic(7, 1, "one", 0, 2),
        MapTopic(8, 1, "two", 0, 2),
        MapTopic(9, 0, "both", 0),
        MapTopic(3, 0, "empty", 1),
    ]
    topic_of = np.array([0] * 30 + [1] * 5 + [-1], dtype=np.int32)
    data = make_data(["a"] * 36)
    made = MapData("t", data.papers, places, data.neighbors, data.similarities, topics, topic_of)
    one, two, both, empty = label_places(made)
    assert empty is None
    assert one is not None and two is not None and both is not None  # noqa: PT018 -- for the type checker
    np.testing.assert_allclose(one[:2], (5, 5), atol=0.2)
    np.testing.assert_allclose(two[:2], (-5, 0), atol=0.2)
    np.testing.assert_allclose(both[:2], (5, 5), atol=0.2)  # the larger part
    for place in (one, two, both):
        assert (np.abs(places - place[:2]).max(axis=1) < 1e-6).any()  # at a paper
    assert one[2] == pytest.approx(np.median(np.linalg.norm(places[:30] - one[:2], axis=1)), rel=1e-5)
    assert label_places(data) == []


def test_the_header_describes_topics_measures_and_colors() -> None:
    topics = [MapTopic(7, 1, "fine </script> \ud800", 3, 1), MapTopic(9, 0, "coarse", 3)]
    data = make_data(
        ["a"] * 3, topics=topics, topic_of=np.array([0, 1, -1], dtype=np.int32), measured=Measured(0.5, 0.9, 15, 3)
    )
    header, blobs = encoded(data, Contents.of(3))
    assert header["topics"] == [
        {"id": 7, "level": 1, "label": "fine </script> \ufffd", "color": 3, "parent": 1},
        {"id": 9, "level": 0, "label": "coarse", "color": 3, "parent": -1},
    ]
    assert read_numbers(blobs["topics"]) == [1, 2, 0]
    assert header["measured"] == {"kept": 0.5, "trustworthiness": 0.9, "k": 15, "rows": 3}
    assert header["palette"]["dark"]["groups"] == palette.CATEGORICAL_DARK
    assert header["palette"]["light"]["steps"] == palette.SEQUENTIAL_LIGHT


def test_ancestors_are_found_through_all_levels() -> None:
    topics = [MapTopic(1, 2, "a", 0, 1), MapTopic(2, 1, "b", 0, 2), MapTopic(3, 0, "c", 0), MapTopic(4, 0, "d", 0)]
    data = make_data(["a"], topics=topics)
    assert data.ancestors() == [[2, 2, 2, 3], [1, 1, 2, 3], [0, 1, 2, 3]]


def test_rows_that_do_not_match_are_refused() -> None:
    data = make_data(["a", "b", "c"])
    with pytest.raises(ValueError, match=r"coordinates of shape \(3, 2\)"):
        MapData("t", data.papers, data.coordinates[:2], data.neighbors, data.similarities)
    with pytest.raises(ValueError, match="neighbors and similarities"):
        MapData("t", data.papers, data.coordinates, data.neighbors[:2], data.similarities[:2])
    with pytest.raises(ValueError, match="neighbors and similarities"):
        MapData("t", data.papers, data.coordinates, data.neighbors, data.similarities[:, :1])
    with pytest.raises(ValueError, match="rows of faithfulness, not 2"):
        make_data(["a", "b", "c"], faithfulness=np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="values in the column 'own', not 1"):
        make_data(["a", "b", "c"], columns={"own": [1]})
