"""Files, packed in every way, damaged in every way, to contents and their readers."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import InvalidInput, UnknownFormat
from explorer.papers import Paper
from explorer.readers import Content, Reader, Record, Rejected, choose, contents, files, find_reader, packed, read

LINE = '{"id": "2010.02893", "title": "A title", "abstract": "An abstract."}\n'
SAMPLES = {
    "bibtex": "@article{2010.02893,\n  title = {A title},\n  abstract = {An abstract.},\n}\n",
    "digest": "### 1.A title  [ :arrow_down: ](https://arxiv.org/pdf/2010.02893.pdf)\n>  An abstract.\n",
    "jsonl": LINE,
}
PAPER = Paper("2010.02893", "A title", "An abstract.", url="https://arxiv.org/abs/2010.02893")


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return whole.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return whole.getvalue()


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
    "zip": lambda content: zipped({"a": content}),
    "tar": lambda content: tarred({"a": content}),
}
FRAMED = {name: PACKED[name] for name in ("gzip", "bzip2", "xz", "zstd")}


def read_bytes(content: bytes, name: str = "file") -> list[tuple[str, Record]]:
    """What the file of that name holds: each record with the name of its content."""
    found = contents(name, io.BytesIO(content))  # type: ignore[arg-type]
    return [(content.name, record) for content in found for record in content.records()]


# --- packed


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("packing", PACKED)
def test_any_format_in_any_packing(tmp_path: Path, packing: str, kind: str) -> None:
    (tmp_path / "a").write_bytes(PACKED[packing](SAMPLES[kind].encode()))
    (only,) = read(tmp_path / "a")
    assert isinstance(only, Paper)
    assert (only.id, only.title, only.abstract) == ("2010.02893", "A title", "An abstract.")
    assert find_reader(tmp_path / "a").name == kind


@pytest.mark.parametrize("inner", FRAMED)
@pytest.mark.parametrize("outer", ["zip", "tar"])
def test_packed_members_of_archives(outer: str, inner: str) -> None:
    assert read_bytes(PACKED[outer](FRAMED[inner](LINE.encode()))) == [("file/a", PAPER)]


@pytest.mark.parametrize("packing", FRAMED)
def test_a_packed_tar(packing: str) -> None:
    content = FRAMED[packing](tarred({"a.jsonl": LINE.encode(), "b.md": SAMPLES["digest"].encode()}))
    assert read_bytes(content) == [("file/a.jsonl", PAPER), ("file/b.md", PAPER)]


@pytest.mark.parametrize("between", [b"", bytes(8)])
@pytest.mark.parametrize("packing", FRAMED)
def test_frames_one_after_the_other(packing: str, between: bytes) -> None:
    """As `cat a.gz b.gz` makes them; some programs fill up with zeros."""
    pack = FRAMED[packing]
    whole = b"".join(
        [pack(LINE.encode() * 3), between, pack(b""), between, pack(LINE.encode()[:20]), pack(LINE.encode()[20:])]
    )
    assert read_bytes(whole + between) == [("file", PAPER)] * 4


def test_zstandard_that_begins_with_a_frame_to_skip() -> None:
    assert read_bytes(struct.pack("<II", 0x184D2A50, 4) + b"1234" + zstd(LINE.encode())) == [("file", PAPER)]


def test_large_files_are_unpacked_as_a_whole() -> None:
    lines = "".join(
        json.dumps({"id": f"a{n}", "title": hashlib.sha256(b"%d" % n).hexdigest()}) + "\n" for n in range(5000)
    )
    for packing, pack in PACKED.items():
        records = [record for _, record in read_bytes(pack(lines.encode()))]
        assert [record.id for record in records if isinstance(record, Paper)] == [f"a{n}" for n in range(5000)], packing


def test_what_begins_like_a_packed_file_but_is_a_text() -> None:
    assert packed.packing_of(packed.Ahead(io.BytesIO(b"BZh is a name"))) == ""
    assert packed.packing_of(packed.Ahead(io.BytesIO(b"PK is a name"))) == ""
    assert packed.packing_of(packed.Ahead(io.BytesIO(b""))) == ""


# --- cut and damaged

MANY = [{"id": f"a{n}", "title": hashlib.sha512(b"%d" % n).hexdigest() * 3} for n in range(2000)]
LINES = "".join(json.dumps(record) + "\n" for record in MANY).encode()


def kept(records: list[tuple[str, Record]]) -> int:
    """How many papers there are; they are the first, and only the last record says that something is wrong."""
    *papers, (_, last) = records
    assert [record.id for _, record in papers if isinstance(record, Paper)] == [f"a{n}" for n in range(len(papers))]
    assert isinstance(last, Rejected)
    assert last.reason.startswith("cannot be read to its end: ")
    assert (last.line, last.unit) == (len(papers) + 1, "line")
    return len(papers)


SMALL_BLOCKS: dict[str, Callable[[bytes], bytes]] = {**FRAMED, "bzip2": lambda content: bz2.compress(content, 1)}


@pytest.mark.parametrize("packing", SMALL_BLOCKS)
def test_what_precedes_a_cut_is_kept(packing: str) -> None:
    whole = SMALL_BLOCKS[packing](LINES)
    assert kept(read_bytes(whole[: len(whole) * 6 // 10])) > 800
    assert kept(read_bytes(whole[:-1])) > 1900


@pytest.mark.parametrize("packing", SMALL_BLOCKS)
def test_what_precedes_a_damaged_place_is_kept(packing: str) -> None:
    whole = bytearray(SMALL_BLOCKS[packing](LINES))
    place = len(whole) * 6 // 10
    whole[place : place + 40] = bytes(40)
    records = [record for _, record in read_bytes(bytes(whole))]
    papers = [record for record in records if isinstance(record, Paper)]
    assert [paper.id for paper in papers[:700]] == [f"a{n}" for n in range(700)]
    assert isinstance(records[-1], Rejected)
    assert "cannot be read to its end" in records[-1].reason


def test_rubbish_behind_gzip() -> None:
    assert kept(read_bytes(gzip.compress(LINES) + b"rubbish")) == 2000


@pytest.mark.parametrize("packing", ["zip", "tar"])
def test_a_damaged_member_costs_no_other(packing: str) -> None:
    broken = bytearray(gzip.compress(LINES))
    broken[len(broken) // 2 :] = b"rubbish"
    make = zipped if packing == "zip" else tarred
    records = read_bytes(make({"a.gz": bytes(broken), "b": LINE.encode()}))
    assert records[-1] == ("file/b", PAPER)
    assert kept(records[:-1]) > 700


def test_a_zip_file_whose_content_is_not_what_its_checksum_says() -> None:
    whole = zipped({"a": LINES, "b": LINE.encode()}, zipfile.ZIP_STORED)
    records = read_bytes(whole.replace(b'"a1999"', b'"b1999"'))
    assert records[-1] == ("file/b", PAPER)
    assert kept(records[:-1]) > 1900


def test_a_tar_file_cut_or_damaged() -> None:
    whole = tarred({"a": LINES, "b": LINE.encode()})
    records = read_bytes(whole[:100_000])
    assert [record.reason for _, record in records if isinstance(record, Rejected)] == [
        "cannot be read to its end: unexpected end of data",
        "cannot be read to its end: unexpected end of data",
    ]
    assert len(records) > 200
    place = 512 * (1 + -(-len(LINES) // 512))  # the header of the second
    assert whole[place : place + 2] == b"b\0"
    damaged = whole[:place] + b"c" + whole[place + 1 :]
    *papers, last = read_bytes(damaged)
    assert len(papers) == 2000
    assert last == ("file", Rejected(0, "cannot be read to its end: bad header", "file"))


def streamed_zip(members: dict[str, bytes]) -> bytes:
    """As programs write one that cannot go back: a member's sizes stand behind it."""

    class Forward(io.RawIOBase):
        def __init__(self) -> None:
            self.parts: list[bytes] = []

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.parts.append(bytes(data))
            return len(data)

    whole = Forward()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for name, content in members.items():
            archive.writestr(name, content)
    return b"".join(whole.parts)


@pytest.mark.parametrize("make", [zipped, streamed_zip, lambda members: zipped(members, zipfile.ZIP_STORED)])
def test_a_zip_file_that_is_cut_off(make: Callable[[dict[str, bytes]], bytes]) -> None:
    if make is streamed_zip:
        assert make({"a": b"x"})[6] & 0x8
    whole = make(
        {
            "one": LINE.encode(),
            "x/": b"",
            ".hidden": LINE.encode(),
            "y": b"words" * 100_000,
            "a": LINES,
            "z": LINE.encode(),
        }
    )
    missing = ("file", Rejected(0, "cannot be read to its end: the list of its members is missing or damaged", "file"))
    *papers, last = read_bytes(whole[:-20])
    assert last == missing
    assert papers[:2] == [("file/one", PAPER), ("file/y", Rejected(0, "in no known format", "file"))]
    assert [record.id for name, record in papers[2:] if isinstance(record, Paper)] == [*(f"a{n}" for n in range(2000)), "2010.02893"]  # fmt: skip
    *papers, last = read_bytes(whole[: -len(whole) // 4])
    assert last == ("file", Rejected(0, "cannot be read to its end: it ends too early", "file"))
    assert kept(papers[2:]) > 700
    assert read_bytes(whole[:20]) == [missing]


def test_a_cut_zip_file_with_members_of_which_one_cannot_tell_the_end() -> None:
    whole = bytearray(zipped({"a": LINE.encode(), "b": LINE.encode(), "c": LINE.encode()}))
    whole[whole.index(b"PK\x03\x04", 30) + 8] = 99  # an unknown method
    assert [name for name, _ in read_bytes(bytes(whole[:-20]))] == ["file/a", "file"]
    whole[6] |= 1
    assert [name for name, _ in read_bytes(bytes(whole[:-20]))] == ["file"]


@given(
    st.sampled_from(sorted(PACKED)),
    st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=4),
    st.integers(0, 2**20),
)
def test_no_damage_breaks_anything(packing: str, flips: list[tuple[int, int]], cut: int) -> None:
    whole = bytearray(PACKED[packing](LINES[:3000]))
    for place, value in flips:
        whole[place % len(whole)] = value
    with suppress(InvalidInput):
        for _, record in read_bytes(bytes(whole[: cut % (2 * len(whole))])):
            assert isinstance(record, Paper | Rejected)


# --- bombs


@pytest.mark.parametrize("packing", PACKED)
def test_a_bomb_is_read_to_its_measure_and_not_held(packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_FREELY", 4_000_000)
    bomb = PACKED[packing](LINE.encode() + b'{"title": "' + bytes(80_000_000) + b'"}\n')
    tracemalloc.start()
    records = read_bytes(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert records[0][1] == PAPER
    if packing == "tar":  # it is no smaller than its content
        assert records[1:] == [("file/a", Rejected(2, records[1][1].reason))]  # type: ignore[union-attr]
        assert peak < 150_000_000
        return
    last = records[-1][1]
    assert isinstance(last, Rejected)
    assert last.reason == "cannot be read to its end: it unpacks to more than 250 times its size: not read further"
    assert len(records) == (3 if packing == "zip" else 2)  # of a member, the whole size is known
    assert peak < 60_000_000


def test_xz_that_would_need_much_memory() -> None:
    whole = bytearray(lzma.compress(LINE.encode()))
    place = whole.index(b"\x21\x01", 12)
    whole[place + 2] = 40  # 4 GB of dictionary
    size = 4 * (whole[12] + 1)
    whole[12 + size - 4 : 12 + size] = struct.pack("<I", zlib.crc32(whole[12 : 12 + size - 4]))
    (only,) = read_bytes(bytes(whole))
    assert only == ("file", Rejected(0, "cannot be read: Memory usage limit exceeded", "file"))


def test_zstandard_that_would_need_much_memory() -> None:
    compressor = zstandard.ZstdCompressor().compressobj()
    whole = bytearray(compressor.compress(LINE.encode()) + compressor.flush())
    assert not whole[4] & 0x20
    whole[5] = (31 - 10) << 3  # a window of 2 GB
    (only,) = read_bytes(bytes(whole))
    assert isinstance(only[1], Rejected)
    assert "too much memory" in only[1].reason


def test_a_cut_zip_file_may_be_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_FREELY", 4_000_000)
    whole = zipped({"a": LINE.encode() + bytes(80_000_000)})
    first, second, last = read_bytes(whole[:-20])
    assert first == ("file/a", PAPER)
    assert isinstance(second[1], Rejected)
    assert "more than 250 times" in second[1].reason
    assert last[0] == "file"


def test_a_tar_header_of_gigabytes() -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 8 * 2**30 - 1
    whole = tarred({"a": LINE.encode()})[:1024] + header.tobuf(tarfile.USTAR_FORMAT) + bytes(3_000_000)
    assert read_bytes(whole) == [
        ("file/a", PAPER),
        ("file", Rejected(0, "cannot be read to its end: a header is too long", "file")),
    ]


# --- members


def test_the_members_of_a_zip_file() -> None:
    whole = zipped(
        {
            "z.jsonl": LINE.encode(),
            "sub/": b"",
            "sub/a.md": SAMPLES["digest"].encode(),
            "__MACOSX/z.jsonl": LINE.encode(),
            "sub/.DS_Store": b"x",
            "../up.bib": SAMPLES["bibtex"].encode(),
            "notes.txt": b"Some words.\n",
            "empty": b"",
            "in.zip": zipped({"a": LINE.encode()}),
            "in.tar.gz": gzip.compress(tarred({"a": LINE.encode()})),
            "twice.gz": gzip.compress(gzip.compress(LINE.encode())),
        }
    )
    records = read_bytes(whole)
    papers = {name: record.id for name, record in records if isinstance(record, Paper)}
    assert list(papers) == ["file/z.jsonl", "file/sub/a.md", "file/../up.bib"]
    assert set(papers.values()) == {"2010.02893"}
    nested = "packed within a packed file: unpack it first"
    assert {name: record.reason for name, record in records if isinstance(record, Rejected)} == {
        "file/notes.txt": "in no known format",
        "file/empty": "the file is empty",
        "file/in.zip": nested,
        "file/in.tar.gz": nested,
        "file/twice.gz": nested,
    }


def test_the_members_of_a_tar_file() -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, kind in {
            "folder": tarfile.DIRTYPE,
            "link": tarfile.SYMTYPE,
            "fifo": tarfile.FIFOTYPE,
            "hard": tarfile.LNKTYPE,
        }.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        for name in ("./x" * 100 + "/" + "long" * 30, "sub/._hidden", "b"):
            member = tarfile.TarInfo(name)
            member.size = len(LINE)
            archive.addfile(member, io.BytesIO(LINE.encode()))
    names = [name for name, record in read_bytes(whole.getvalue()) if record == PAPER]
    assert names == ["file/" + "./x" * 100 + "/" + "long" * 30, "file/b"]


def test_an_encrypted_member_and_one_in_an_unknown_packing() -> None:
    whole = bytearray(zipped({"a": LINE.encode(), "b": LINE.encode()}))
    for begin, flags, method in ((b"PK\x03\x04", 6, 8), (b"PK\x01\x02", 8, 10)):
        first = whole.index(begin)
        whole[first + flags] |= 1
        whole[whole.index(begin, first + 4) + method] = 9
    assert read_bytes(bytes(whole)) == [
        ("file/a", Rejected(0, "encrypted: unpack it first", "file")),
        ("file/b", Rejected(0, "cannot be read: That compression method is not supported", "file")),
    ]


def test_members_that_overlap() -> None:
    whole = bytearray(zipped({"a": LINES, "b": LINES, "c": LINES}))
    entries = [place for place in range(len(whole)) if whole.startswith(b"PK\x01\x02", place)]
    for place in entries:
        whole[place + 42 : place + 46] = bytes(4)  # all where the first is
        whole[place + 20 : place + 24] = struct.pack("<I", len(whole) // 2)
    assert read_bytes(bytes(whole)) == [("file", Rejected(0, "cannot be read: its members overlap", "file"))]


def test_documents_that_are_zip_files_are_no_archives() -> None:
    (found,) = contents("a.docx", io.BytesIO(zipped({"[Content_Types].xml": b"<x/>", "a": LINE.encode()})))  # type: ignore[arg-type]
    assert (found.reader, found.refusal, found.is_foreign) == (None, "in no known format", True)


def test_a_member_without_a_name() -> None:
    whole = zipped({"a": LINE.encode()})
    place = whole.index(b"PK\x01\x02")
    nameless = whole[: place + 28] + bytes(2) + whole[place + 30 : place + 46] + whole[place + 47 :]
    size = len(nameless) - 22 - place
    records = read_bytes(nameless[:-10] + struct.pack("<I", size) + nameless[-6:])
    assert [name for name, _ in records] == ["file/"]


def test_a_sparse_member_of_a_tar_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that it is a petabyte of zeros."""
    monkeypatch.setattr(packed, "_FREELY", 4_000_000)
    header = bytearray(tarfile.TarInfo("a").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[124:136] = b"%011o\0" % len(LINE)
    header[386:398], header[398:410] = b"%011o\0" % 0, b"%011o\0" % len(LINE)
    header[483:495] = b"\x80" + (2**50).to_bytes(11, "big")
    header[148:156] = b"%06o\0 " % sum(header[:148] + b" " * 8 + header[156:])
    records = read_bytes(bytes(header) + LINE.encode().ljust(512, b"\0") + bytes(1024))
    assert records[0] == ("file/a", PAPER)
    assert isinstance(records[1][1], Rejected)
    assert "more than 250 times" in records[1][1].reason


def test_archives_without_members() -> None:
    assert read_bytes(zipped({})) == []
    assert read_bytes(tarred({})) == [("file", Rejected(0, "in no known format", "file"))]  # nothing but zeros


# --- which reader


def reader(name: str, begins: str, *suffixes: str, is_generic: bool = False, takes_columns: bool = False) -> Reader:
    return Reader(
        name, "made up for this test", suffixes, lambda head: head.startswith(begins), lambda source: iter(()), is_generic, takes_columns
    )  # fmt: skip


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers of two formats, and two generic ones."""
    made = (
        reader("one", "{1", ".one"),
        reader("two", "{", ".two"),
        reader("three", "<", ".three"),
        reader("jsonl", "{", ".jsonl", is_generic=True, takes_columns=True),
        reader("csv", "a,b", ".csv", is_generic=True, takes_columns=True),
    )
    monkeypatch.setattr(files, "registered", lambda: made)


@pytest.mark.parametrize(
    ("name", "head", "with_columns", "expected"),
    [
        ("x.one", "{1", False, "one"),
        ("x.two", "{1", False, "two"),
        ("x.TWO.gz", "{1", False, "two"),
        ("x.jsonl", "{2", False, "two"),
        ("x.two", "{2", True, "jsonl"),
        ("x.csv", "a,b", False, "csv"),
        ("x.csv", "c,d", False, None),
        ("x.csv", "c,d", True, "csv"),
        ("x", "\n [1]", True, "jsonl"),
        ("x", "c\0d", True, None),
    ],
)
def test_which_reader(table: None, name: str, head: str, with_columns: bool, expected: str | None) -> None:
    chosen = choose(name, head, with_columns=with_columns)
    assert (chosen and chosen.name) == expected


def test_columns_are_for_formats_that_take_them(table: None) -> None:
    def found(content: bytes, name: str = "x", **options: bool) -> Content:
        (only,) = contents(name, io.BytesIO(content), {"title": "Name"}, **options)  # type: ignore[arg-type]
        return only

    assert found(b"<1").refusal == "it is three: columns can be chosen for jsonl, csv only"
    assert not found(b"<1").is_foreign
    in_folder = found(b"<1", is_named=False)
    assert in_folder.source is not None
    assert dict(in_folder.source.columns) == {}
    chosen = found(b"Name,Words\n")
    assert chosen.source is not None
    assert dict(chosen.source.columns) == {"title": "Name"}


def test_a_file_in_no_known_format_names_those_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"b": b"words"}))
    with pytest.raises(UnknownFormat, match=r"a\.zip/b: in no format that the explorer reads; these are "):
        find_reader(tmp_path / "a.zip")
    assert list(read(tmp_path / "a.zip")) == [Rejected(0, "in no known format", "file")]


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_unicode_in_other_encodings(encoding: str) -> None:
    assert read_bytes('{"title": "Café 😀"}\n'.encode(encoding))[0][1].title == "Café 😀"  # type: ignore[union-attr]
    assert read_bytes(gzip.compress(LINE.encode(encoding) + b"\xff")) == [("file", PAPER), ("file", Rejected(2, "not JSON: Expecting value: line 1 column 1 (char 0)"))]  # fmt: skip


def test_an_xml_declaration_says_what_it_is_recoded_to() -> None:
    written = '<?xml version="1.0" encoding="UTF-16LE" standalone="yes"?><a encoding="utf-16">é</a>'
    recoded = files._as_utf8(packed.Ahead(io.BytesIO(written.encode("utf-16"))))
    assert recoded.head(1000).decode() == written.replace("UTF-16LE", "utf-8")


def test_lines_that_end_in_a_carriage_return() -> None:
    second = LINE.replace("02893", "02894")
    assert read_bytes((LINE + "{}\n" + second).replace("\n", "\r").encode()) == read_bytes(
        (LINE + "{}\n" + second).encode()
    )
    assert read_bytes(LINE.replace("\n", "\r").encode()) == [("file", PAPER)]


def test_latin_1_is_noted() -> None:
    (found,) = contents("a", io.BytesIO('{"title": "Café"}\n'.encode("latin-1")))  # type: ignore[arg-type]
    assert [record.title for record in found.records() if isinstance(record, Paper)] == ["Café"]
    assert found.source is not None
    assert found.source.notes == ("not UTF-8: read as Latin-1",)
