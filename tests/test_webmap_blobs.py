"""Numbers and texts for a browser, read back by a reader of a few lines."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.webmap.blobs import Blob, Texts, column, encodable, numbers, script, text

TEXTS = st.text(st.one_of(st.sampled_from(" ab_9-.\\\n\r\u2028é\ufeff🦊\0"), st.characters()), max_size=20)


def raw(blob: Blob) -> bytes:
    content = base64.b64decode(blob.text, validate=True)
    return zlib.decompress(content, -zlib.MAX_WBITS) if blob.deflated else content


def read_numbers(blob: Blob) -> list[int]:
    planes = np.frombuffer(raw(blob), np.uint8).reshape(blob.width, blob.count).astype(np.int64)
    values: list[int] = sum(
        (plane << (8 * at) for at, plane in enumerate(planes)), np.zeros(blob.count, np.int64)
    ).tolist()
    return values


def read_texts(blobs: dict[str, Blob], field: str) -> list[str]:
    """Return the texts of a field: entries one after another, a blank between two words."""
    lines = raw(blobs["words"]).decode()
    entries = [
        re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], line) for line in lines.split("\n")
    ]
    is_between = read_numbers(blobs["betweens"])
    coded = iter(read_numbers(blobs[f"{field}.entries"]))
    found = []
    for size in read_numbers(blobs[f"{field}.counts"]):
        read, after_word = "", False
        for entry in (next(coded) for _ in range(size)):
            read += " " * (after_word and not is_between[entry]) + entries[entry]
            after_word = not is_between[entry]
        found.append(read)
    return found


def written(texts: Sequence[str], **others: Sequence[str]) -> dict[str, Blob]:
    made = Texts()
    for field, contents in {"title": texts, **others}.items():
        for content in contents:
            made.add(field, content)
    return made.blobs()


@pytest.mark.parametrize("deflated", [True, False])
@given(values=st.lists(st.integers(0, 2**32 - 1), max_size=40))
def test_numbers_come_back(deflated: bool, values: list[int]) -> None:
    blob = numbers(np.array(values, dtype=np.int64), deflated=deflated)
    assert read_numbers(blob) == values
    assert blob.width == max(1, (max(values, default=0).bit_length() + 7) // 8)
    assert blob.described() == {"width": blob.width, "count": len(values), "deflated": deflated}


def test_numbers_lie_in_planes_the_lowest_bytes_first() -> None:
    assert raw(numbers(np.array([[1, 0x203], [0x40506, 7]]), deflated=False)) == bytes(
        [1, 3, 6, 7, 0, 2, 5, 0, 0, 0, 4, 0]
    )


def test_planes_are_one_stream_that_any_reader_of_deflate_takes() -> None:
    values = np.random.default_rng(0).integers(0, 2**20, 5000)
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    content = reader.decompress(base64.b64decode(numbers(values).text))
    assert reader.eof
    assert reader.unused_data == b""
    assert len(content) == 15_000


@given(content=st.text())
def test_a_text_and_a_program_come_back(content: str) -> None:
    assert raw(text(content)).decode() == encodable(content)
    assert raw(script("var x = 1;\n")) == b"var x = 1;\n"


@given(titles=st.lists(TEXTS, min_size=1, max_size=6), abstracts=st.lists(TEXTS, min_size=1, max_size=6))
def test_texts_come_back_from_the_dictionary(titles: list[str], abstracts: list[str]) -> None:
    blobs = written(titles, abstract=abstracts)
    assert read_texts(blobs, "title") == [single_blanks(title) for title in titles]
    assert read_texts(blobs, "abstract") == [single_blanks(abstract) for abstract in abstracts]


def single_blanks(content: str) -> str:
    """Return a text without the blanks that are not kept: one alone at an end, or beside what is no word."""
    parts = re.findall(r"\w+|\W+", encodable(content))
    if parts and parts[0] == " ":
        parts = parts[1:]
    if parts and parts[-1] == " ":
        parts = parts[:-1]
    return "".join(parts)


@given(words=st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, max_size=8))
def test_single_blanks_between_words_cost_nothing(words: list[str]) -> None:
    blobs = written([" ".join(words)])
    assert read_numbers(blobs["title.counts"]) == [len(words)]
    assert read_texts(blobs, "title") == [" ".join(words)]


def test_the_commonest_entry_has_the_smallest_number() -> None:
    blobs = written(["b b b, a", "b c, c"])
    assert raw(blobs["words"]).decode().split("\n") == ["b", ", ", "c", "a"]
    assert read_numbers(blobs["betweens"]) == [0, 1, 0, 0]
    assert read_numbers(blobs["title.entries"]) == [0, 0, 0, 1, 3, 0, 2, 1, 2]


def test_a_blank_is_no_entry_unless_something_stands_beside_it() -> None:
    blobs = written(["a b", "a  b", "a\nb", "", "\\n"])
    assert read_texts(blobs, "title") == ["a b", "a  b", "a\nb", "", "\\n"]
    assert set(raw(blobs["words"]).decode().split("\n")) == {"a", "b", "  ", "\\n", "\\\\", "n"}


@given(values=st.lists(TEXTS, max_size=30))
def test_a_column_is_its_values_in_order_and_their_places(values: list[str]) -> None:
    different, codes = column(values)
    assert different == sorted(set(values))
    assert [different[code] for code in codes] == values


def test_what_utf8_cannot_hold_is_replaced() -> None:
    assert encodable("a\0b \ud800c 🦊 \udc00\ud800") == "a\ufffdb \ufffdc 🦊 \ufffd\ufffd"
    assert encodable("\ud83e\udd8a") == "🦊"
    assert json.loads(json.dumps(encodable("\u2028"))) == "\u2028"


def test_planes_are_smaller_than_numbers_one_after_another() -> None:
    near: NDArray[np.int64] = np.cumsum(np.random.default_rng(0).integers(0, 40, 20_000))
    plain = len(zlib.compress(near.astype("<u4").tobytes(), 6))
    assert len(raw(numbers(near, deflated=False))) == 60_000
    assert len(base64.b64decode(numbers(near).text)) < 0.8 * plain
