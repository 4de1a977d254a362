"""Filters: which rows of a library may be answers, against an oracle that looks at the papers themselves."""

from __future__ import annotations

import calendar
import sqlite3
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import InvalidInput, LibraryDamaged
from explorer.papers import Paper
from explorer.store import Outcome, PaperDatabase, PaperWriter
from explorer.store import database as database_module
from explorer.store import filters as filters_module
from explorer.store.filters import Filters

ADDED = ("2026-11-23T23:59:59+00:00", "2026-11-24T00:00:00+00:00", "2026-11-25T10:00:00+00:00")
COLUMNS = "id, version, title, abstract, authors, date, year, categories, listed_in, url, doi, links, added"

PAPERS = [
    Paper(
        "2010.00001",
        "Depth from One Image",
        "We estimate depth.",
        ("Kaiming He", "Ross Girshick"),
        "2020-10-07",
        ("cs.CV", "cs.LG"),
        version=2,
    ),
    Paper("w1", "Schrödinger's cat", "", ("José Müller", "O'Brien, Jean-Luc"), "2019", ("quant-ph",), ("math.PR",)),
    Paper(
        "w2",
        "It's a {title}: 100% of it",
        "x" * 5000,
        ("王小明", "Ω. Papadopoulos"),
        "2020-05",
        ("math",),
        doi="10.1/A",
    ),
    Paper("w3", "Undated", "depth", ("He, K.", "Xiao He He"), "", (), ("CS.cv",), "https://example.org/a"),
    Paper("w4", "Old", "", ('Ada "B." (C: *) D', "Weiß"), "1999-12-31", ("csx", "math-ph")),
    Paper("w5", "New", "", (), "2020-05-31", ("stat.ML",), links=("https://example.org",)),
]
BATCHES = [0, 0, 0, 1, 1, 2]


def make_database(path: Path, papers: list[Paper], batches: list[int]) -> PaperDatabase:
    writer = PaperWriter(path)
    for paper, batch in zip(papers, batches, strict=True):
        writer.batch = batch
        writer.add(paper)
    writer.finish()
    return PaperDatabase(path, len(papers))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> PaperDatabase:
    return make_database(tmp_path_factory.mktemp("filters") / "papers-0000000a.sqlite", PAPERS, BATCHES)


def passing(database: PaperDatabase, **filters: object) -> list[int]:
    return list(database.rows_passing(Filters(**filters), ADDED))


# --- by hand


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"since": "2020"}, [0, 2, 5]),
        ({"since": "2020-05"}, [0, 2, 5]),
        ({"since": "2020-05-31"}, [0, 2, 5]),  # "2020-05" may have been on the 31st
        ({"since": "2020-06"}, [0]),
        ({"since": "2019-12-31"}, [0, 1, 2, 5]),  # "2019" may have been on its last day
        ({"since": "2020-10-07"}, [0]),
        ({"since": " 2020-10-08 "}, []),
        ({"until": "1999"}, [4]),
        ({"until": "1999-12"}, [4]),
        ({"until": "1999-12-30"}, []),
        ({"until": "2019-01-01"}, [1, 4]),
        ({"until": "2020-05-01"}, [1, 2, 4]),
        ({"until": "2020-05"}, [1, 2, 4, 5]),
        ({"year": "2020"}, [0, 2, 5]),
        ({"year": "2019-2020"}, [0, 1, 2, 5]),
        ({"year": "2019 - 2019"}, [1]),
        ({"year": "2020-"}, [0, 2, 5]),
        ({"year": "-2019"}, [1, 4]),
        ({"since": "2020-05-15", "until": "2020-05-20"}, [2]),
        ({"since": "2020-02", "until": "2020-02"}, []),
        ({"categories": ("cs",)}, [0, 3]),
        ({"categories": (" CS.CV ",)}, [0, 3]),
        ({"categories": ("cs.C",)}, []),
        ({"categories": ("math",)}, [1, 2]),
        ({"categories": ("math", "stat.ml")}, [1, 2, 5]),
        ({"categories": (".*",)}, []),
        ({"categories": ('"',)}, []),
        ({"added_since": "last"}, [5]),
        ({"added_since": "2026-11-24"}, [3, 4, 5]),
        ({"added_since": "2026-11"}, [0, 1, 2, 3, 4, 5]),
        ({"added_since": "2027"}, []),
        ({"year": "2020", "categories": ("cs", "math"), "authors": ("he",), "where": "version = 2"}, [0]),
        ({"year": "2020", "added_since": "last"}, [5]),
    ],
    ids=str,
)
def test_filters(database: PaperDatabase, filters: dict[str, object], rows: list[int]) -> None:
    assert passing(database, **filters) == rows


@pytest.mark.parametrize(
    ("authors", "rows"),
    [
        (["Kaiming He"], [0]),
        (["He, Kaiming"], [0]),
        (["K. He"], [0, 3]),
        (["k he"], [0, 3]),
        (["he"], [0, 3]),
        (["HE"], [0, 3]),
        (["he he"], [3]),  # one name has it twice
        (["h. he"], [3]),  # the H. is another word than He
        (["hé"], [0, 3]),
        (["x. h. he"], [3]),
        (["k. k. he"], []),
        (["Kaiming Girshick"], []),  # two authors
        (["Kaiming", "Girshick"], [0]),
        (["kaim"], []),
        (["k"], [0, 3]),
        (["R. G."], [0]),
        (["jose muller"], [1]),
        (["Müller, J."], [1]),
        (["o'brien"], [1]),
        (["J.-L. O'Brien"], [1]),
        (["王小明"], [2]),
        (["王"], [2]),  # one letter begins a word
        (["小明"], []),
        (["ω papadopoulos"], [2]),
        (["Ω"], [2]),
        (["weiss"], [4]),
        (["WEISS"], [4]),
        (["ada b c d"], [4]),
        (['"Ada" (B:*) NEAR('], []),
        (['ada"* :(c)'], [4]),
        (["title : ada"], []),
        (["author_key : ada"], []),
        (["ada OR he"], []),
        (["NOT he"], []),
        (["he " * 3000], []),
        (["he\n\nhe"], [3]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_authors(database: PaperDatabase, authors: list[str], rows: list[int]) -> None:
    assert passing(database, authors=tuple(authors)) == rows


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"since": "2020-13-45"}, r"--since '2020-13-45' is no date: write 2020-10-07, or a month as 2020-10, or a year$"),
        ({"since": "yesterday"}, "no date"),
        ({"since": "2019-02-29"}, "no date"),
        ({"until": "2020-00"}, "--until '2020-00' is no date"),
        ({"until": "0000"}, "no date"),
        ({"until": "20201007"}, "no date"),
        ({"until": "2020-W41"}, "no date"),
        ({"until": "٢٠٢٠"}, "no date"),
        ({"until": "2020-10-07T00"}, "no date"),
        ({"since": " "}, "no date"),
        ({"since": 2020}, "--since 2020 is not text"),
        ({"added_since": "first"}, 'or a year, or "last"'),
        ({"since": "2020-10-08", "until": "2020-10-07"}, "--since 2020-10-08 is after --until 2020-10-07"),
        ({"since": "2021", "until": "2020"}, "is after"),
        ({"year": "2021-2019"}, "--year '2021-2019' runs backwards: write 2019-2021"),
        ({"year": "-"}, "--year '-' is no year"),
        ({"year": "20"}, "no year"),
        ({"year": "2020 2021"}, "no year"),
        ({"year": "2020-10-07"}, "no year"),
        ({"year": "0000-2020"}, "no year"),
        ({"year": "two"}, "no year"),
        ({"year": " "}, "no year"),
        ({"categories": ("cs", "")}, "--category '' is not one category"),
        ({"categories": (" ",)}, "not one category"),
        ({"categories": ("cs.CV,cs.LG",)}, "not one category"),
        ({"categories": "cs.CV"}, "--category 'cs.CV' is not a tuple of texts"),
        ({"authors": ("",)}, "--author '' has no letters"),
        ({"authors": ("*.",)}, "has no letters"),
        ({"authors": (1,)}, "not a tuple of texts"),
        ({"where": " \n"}, "--where is empty"),
    ],
    ids=str,
)  # fmt: skip
def test_malformed_filters_are_refused(filters: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Filters(**filters)


def test_filters_know_whether_they_are_any() -> None:
    assert not Filters()
    assert all(
        [
            Filters(since="2020"),
            Filters(categories=("cs",)),
            Filters(authors=("he",)),
            Filters(where="1"),
            Filters(year="-1999"),
        ]
    )
    assert Filters(since="2020", until="2020") == Filters(since="2020", until="2020")


def test_what_each_filter_keeps_alone(database: PaperDatabase) -> None:
    filters = Filters("2020", "2020-10", "-2019", ("cs", "math"), ("he", "girshick"), "last", "year = 2020")
    assert list(database.rows_passing(filters, ADDED)) == []
    assert database.kept_by_each(filters, ADDED) == {
        "--since": 3, "--until": 5, "--year": 2, "--category": 4, "--author": 1, "--added-since": 1, "--where": 3,
    }  # fmt: skip
    assert database.kept_by_each(Filters(), ADDED) == {}


# --- conditions


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("year >= 2020", [0, 2, 5]),
        ("year IS NULL", [3]),
        ("year = '2020'", [0, 2, 5]),
        ("year IN (1999, 2019)", [1, 4]),
        ("typeof(year) = 'integer'", [0, 1, 2, 4, 5]),
        ("NOT (year < 2020)", [0, 2, 5]),
        ("date BETWEEN '2020-01' AND '2020-06'", [2, 5]),
        ("version", [0]),
        ("version IS NOT NULL AND version > 1", [0]),
        ("title LIKE '%DEPTH%'", [0]),
        ("title LIKE '%depth%' OR abstract LIKE '%depth%'", [0, 3]),
        ("abstract GLOB '*Depth*'", []),
        ("title = 'It''s a {title}: 100% of it'", [2]),
        ("title LIKE '%100!%%' ESCAPE '!'", [2]),
        ("title LIKE '%; -- /* ? :x ( %'", []),
        ("instr(title, ':')", [2]),
        ("[title] = 'Old' OR `id` = 'w5' OR \"title\" = 'New'", [4, 5]),
        ("\"ID\" = 'w4'", [4]),
        ("title\n=\r\n\t'Old'", [4]),
        ("authors LIKE '%\"Kaiming He\"%'", [0]),
        ("categories LIKE '%\"cs.LG\"%'", [0]),
        ("listed_in <> '[]'", [1, 3]),
        ("url <> '' AND links = '[]'", [3]),
        ("lower(doi) = '10.1/a'", [2]),
        ("added >= '2026-11-24'", [3, 4, 5]),
        ("added = '2026-11-25T10:00:00+00:00'", [5]),
        ("length(abstract) = 5000", [2]),
        ("upper(substr(title, 1, 3)) = 'OLD'", [4]),
        ("coalesce(version, 7) = 7 AND ifnull(year, 0) = 0", [3]),
        ("CASE WHEN year > 2019 THEN version = 2 ELSE year = 1999 END", [0, 4]),
        ("iif(year = 1999, 1, 0)", [4]),
        ("max(year, 2019) = 2019 AND min(year, 2019) = 2019", [1]),
        ("CAST(substr(date, 6, 2) AS INTEGER) = 5", [2, 5]),
        ("abs(year - 2000) = 1 AND round(1.4) = 1.0", [4]),
        ("title COLLATE NOCASE = 'OLD'", [4]),
        ("nullif(date, '') IS NULL", [3]),
        ("title || id = 'Oldw4'", [4]),
        ("(1, 2) = (1, 2)", [0, 1, 2, 3, 4, 5]),
        ("((((1))))", [0, 1, 2, 3, 4, 5]),
        ("0", []),
        ("NULL", []),
        ("'a'", []),
        ("x'00' = x'00' AND id = 'w1'", [1]),
        ("id IN ('" + "', '".join(f"n{number}" for number in range(1000)) + "', 'w1')", [1]),
        (" OR ".join(f"year = {year}" for year in range(1999, 2100)), [0, 1, 2, 4, 5]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_conditions(database: PaperDatabase, condition: str, rows: list[int]) -> None:
    assert passing(database, where=condition) == rows


HOSTILE = [
    # more than one expression, or a way out of the parentheses
    "1) UNION SELECT 1 --", "1) UNION SELECT row FROM papers WHERE (1", "1) OR (1", ")(", "1)", "(1", "((1)", "1)) OR ((1", "()",
    "1; DROP TABLE papers", "1;", ";", "1 -- more", "1 /* more */", "/*", "1 /* ) OR (1 */", "--", "-- \n 1",
    "1 ORDER BY 1", "1 LIMIT 1", "1 LIMIT 1 OFFSET 1", "1 GROUP BY id", "1 HAVING 1", "1 UNION ALL SELECT 1", "1 INTERSECT VALUES (1)",
    "1) ORDER BY (1", "1) LIMIT (1", "1) GROUP BY (id", "1) WINDOW w AS (ORDER BY id", "1, 2", "id, title", "1 AS x", "*",
    "1) FROM papers WHERE (1", "1\x00", "\x00", "title = 'a\x00b'", '"\x01" = 1', "\ud800", "title = '\udfff'", "\x1b[31m",
    # unfinished
    "title = 'a", "title = \"a", "title = `a", "title = [a", "'", "'''", '"', "title LIKE", "AND", "year >", "year >= 2019 AND",
    "title = 'a' 'b'", "CASE WHEN 1 THEN 1", "year BETWEEN 1", "NOT", "title = 'it's'",
    # selects in all forms
    "SELECT 1", "(SELECT 1)", "EXISTS (SELECT 1)", "id IN (SELECT id FROM papers)", "(select max(year) from papers) = year",
    "id IN (VALUES ('w1'))", "WITH x AS (SELECT 1) SELECT 1", "id IN (WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM x) SELECT n FROM x)",
    "id IN papers", "id IN words", "id IN sqlite_master", "id IN main.sqlite_schema", "id IN pragma_database_list", "id IN dbstat",
    "id IN json_each('[1]')", "id IN generate_series(1, 10)", "id IN words_idx", "id IN words_config", "id IN pragma_encoding", "id IN extra",
    "id IN (TABLE papers)",
    # other columns
    "crc > 0", "row = 1", "rowid = 1", "`rowid` = 1", "[oid] = 1", "ROWID IS NULL", "_rowid_ = 1", "oid = 1", "batch = 0", "title_key = 'old'", "author_key = ''", "papers.id = 'w1'",
    "main.papers.id = 'w1'", "[crc] > 0", "`row` = 1", '"crc" > 0', '"row" = 1', 'title = "Old"', "yaer = 2020", "sqlite_master.name = 'x'",
    "words = 'x'", "new.id = 1",
    # parameters
    "?", "?1 = 1", "id = :x", "id = @x", "id = $x", "id = #1", "id = ?", "year > ?2",
    # functions
    "load_extension('x')", "random()", "randomblob(9) = 1", "zeroblob(1000000000)", "printf('%99999999d', 1)", "format('%d', 1)",
    "char(1)", "hex(title)", "quote(title)", "replace(title, 'a', 'b')", "trim(title, 'a')", "json_extract(authors, '$[0]')",
    "authors -> 0", "authors ->> 0", "json(authors)", "readfile('/etc/passwd')", "writefile('x', 'y')", "edit(title)", "eval('x')",
    "sqlite_version() = 1", "sqlite_source_id()", "changes()", "last_insert_rowid()", "total_changes()", "sqlite_compileoption_get(1)",
    "date('now') > date", "datetime('now')", "CURRENT_TIMESTAMP > date", "strftime('%s')", "julianday('now')",
    "fts3_tokenizer('x')", "snippet(title)", "bm25(title)", "highlight(title, 1, 'a', 'b')", "title MATCH 'depth'", "MATCH('a', title)",
    "title REGEXP 'a'", "sqlite_log(1, 'x')", "likelihood(1, 0.5)", "soundex(title)", "rtreecheck('papers')", "nosuch(1)", "lower()",
    "instr(title)", "like('a')", "substr('a')",
    # aggregates and windows
    "count(*) > 1", "max(year) = year", "min(year) = 1", "sum(version) > 0", "group_concat(id) = ''", "total(version)",
    "row_number() OVER () = 1", "max(year) OVER () = year", "count(*) OVER () > 0", "lag(id) OVER (ORDER BY id) = 'x'",
    "max(year) FILTER (WHERE 1)", "lower(title) OVER ()",
    # statements
    "DROP TABLE papers", "DELETE FROM papers", "PRAGMA journal_mode", "ATTACH ':memory:' AS x", "UPDATE papers SET id = 1",
    "CREATE TABLE x (y)", "VACUUM", "REINDEX", "EXPLAIN 1", "BEGIN", "INSERT INTO papers VALUES (1)", "RAISE(ABORT, 'x')", "RETURNING id",
    # too much
    "(" * 5000 + "1" + ")" * 5000, " AND ".join(["1"] * 2000), "NOT " * 2400 + "1", "1" + " OR 1" * 1000, "-" * 9001 + "1", "~" * 9001 + "1",
    " OR ".join(["lower(id) = 'x'"] * 41), "x" * 10_001, "id = '" + "x" * 10_000 + "'", "abs(-9223372036854775808) = 1",
    "title LIKE '" + "%" * 9000 + "'", "title GLOB '" + "*" * 9000 + "'", "abstract LIKE abstract", "'" * 9001, "[" * 9001,
    "||".join(["abstract"] * 100) + " = ''",
]  # fmt: skip


@pytest.mark.parametrize("condition", HOSTILE, ids=lambda condition: ascii(condition)[:60])
def test_what_is_no_single_expression_is_refused(database: PaperDatabase, condition: str) -> None:
    with pytest.raises(InvalidInput, match="--where") as refused:
        passing(database, where=condition)
    assert str(refused.value).endswith(f"Write one condition on the columns {COLUMNS}")
    assert len(str(refused.value)) < 1000
    assert passing(database, where="id = 'w1'") == [1]  # and it left nothing behind


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("yaer = 2020", "--where 'yaer = 2020': no such column: yaer. Write one"),
        ('title = "Old"', '"Old" is no column, and a text is put in single quotes'),
        ("1; 2", "; has no place in a condition"),
        ("title = SELECT", "SELECT has no place"),
        ("(1", "its parentheses do not match"),
        ("random()", "not authorized to use function: random"),
        ("year >", "syntax error"),
        (" OR ".join(["id LIKE 'x'"] * 41), "it uses more than 40 functions, LIKE and GLOB included"),
    ],
)
def test_what_is_wrong_with_a_condition_is_said(database: PaperDatabase, condition: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        passing(database, where=condition)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "condition", ["id IN papers", "id IN words", "id IN extra", "id IN twin", "EXISTS (SELECT 1)", "id IN (VALUES (1))"]
)
def test_what_the_first_look_lets_pass_sqlite_itself_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    """The checks of the text are only one of two walls."""
    path = tmp_path / "p"
    make_database(path, PAPERS, BATCHES).close()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE extra (secret TEXT)")
    connection.execute("CREATE VIEW twin AS SELECT id FROM papers")
    connection.commit()
    connection.close()
    database = PaperDatabase(path, 6)
    monkeypatch.setattr(filters_module, "_require_expression", lambda condition: None)
    with pytest.raises(InvalidInput, match=r"not authorized|prohibited|expected 1|constructor failed"):
        passing(database, where=condition)
    with pytest.raises(InvalidInput):
        passing(database, where=f"1) UNION SELECT crc FROM papers WHERE {condition} OR (1")


def test_a_condition_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters_module, "_SECONDS", 0.2)
    papers = [Paper(str(number), "aa", "a" * 200_000) for number in range(40)]
    database = make_database(tmp_path / "p", papers, [0] * 40)
    slow = " OR ".join(["abstract LIKE '%" + "a" * 197 + "b'"] * 30)
    with pytest.raises(InvalidInput, match=r"it took longer than 0\.2 s"):
        passing(database, where=slow)
    assert passing(database, where="id = '7'") == [7]


def test_a_text_beyond_all_measure_is_only_refused_where_it_is_named(tmp_path: Path) -> None:
    database = make_database(tmp_path / "p", [Paper("1", "short", "a" * 300_000), PAPERS[0]], [0, 0])
    assert passing(database, where="title = 'short' AND year IS NULL AND doi = '' AND added <> ''") == [0]
    with pytest.raises(InvalidInput, match="string or blob too big"):
        passing(database, where="abstract LIKE '%b%'")


def test_threads_share_the_filters(database: PaperDatabase) -> None:
    conditions = {f"year >= 2020 AND {number} = {number}": [0, 2, 5] for number in range(50)}
    conditions |= {f"year < 2020 AND {number} = {number}": [1, 4] for number in range(50)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda condition: passing(database, where=condition), conditions))
    assert found == list(conditions.values())


def test_an_open_library_filters_after_its_file_is_gone(tmp_path: Path) -> None:
    database = make_database(tmp_path / "p", PAPERS, BATCHES)
    (tmp_path / "p").unlink()
    assert passing(database, where="year = 2020", authors=("he",)) == [0]
    database.close()
    for filters in (Filters(where="1"), Filters(since="2020"), Filters(authors=("he",))):
        with pytest.raises(sqlite3.ProgrammingError):
            database.rows_passing(filters, ADDED)


# --- batches, and damage


def test_a_paper_that_comes_again_stays_in_its_batch(tmp_path: Path) -> None:
    writer = PaperWriter(tmp_path / "p", batch=1)
    writer.add(PAPERS[0])
    writer.batch = 2
    assert writer.add(replace(PAPERS[0], listed_in=("stat.ML",))) == Outcome(0, is_changed=True)
    assert writer.add(PAPERS[1]) == Outcome(1, is_new=True)
    writer.finish()
    database = PaperDatabase(tmp_path / "p", 2)
    assert passing(database, added_since="last") == [1]
    assert passing(database, added_since="2026-11-24", categories=("stat",)) == [0]
    assert database.papers([0, 1]) == [replace(PAPERS[0], listed_in=("stat.ML",)), PAPERS[1]]


def altered(path: Path, *statements: str) -> PaperDatabase:
    make_database(path, PAPERS, BATCHES).close()
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return PaperDatabase(path, len(PAPERS))


@pytest.mark.parametrize("column", ["batch = 2", "author_key = 'he'"])
def test_an_altered_batch_or_name_is_found_when_the_row_is_read(tmp_path: Path, column: str) -> None:
    database = altered(tmp_path / "p", f"UPDATE papers SET {column} WHERE row = 1")
    assert database.papers([0]) == [PAPERS[0]]
    with pytest.raises(LibraryDamaged, match="row 1 was altered"):
        database.papers([1])


@pytest.mark.parametrize("batch", ["3", "-1"])
def test_batches_that_nobody_knows_are_damage(tmp_path: Path, batch: str) -> None:
    database = altered(tmp_path / "p", f"UPDATE papers SET batch = {batch} WHERE row = 1")
    for filters in (Filters(added_since="2026"), Filters(where="1")):
        with pytest.raises(LibraryDamaged, match="not all of the 3 known"):
            database.rows_passing(filters, ADDED)


ALL = [
    Filters(since="1990"), Filters(until="2030"), Filters(year="1990-"), Filters(categories=("cs",)), Filters(authors=("he",)),
    Filters(authors=("k",)), Filters(added_since="2026"), Filters(where="id <> 'w1'"),
]  # fmt: skip


@pytest.mark.parametrize("filters", [filters for filters in ALL if filters.authors != ("he",)], ids=repr)
@pytest.mark.parametrize("row", ["-1", "6", str(2**62), "'x'", "NULL", "x'00'", "1.5"])
def test_rows_that_do_not_exist_are_damage(tmp_path: Path, filters: Filters, row: str) -> None:
    columns = database_module.COLUMNS.removeprefix("row, ")
    database = altered(
        tmp_path / "p",
        f"CREATE TABLE kept AS SELECT {row} AS row, {columns} FROM papers WHERE row IN (0, 3)",
        "DROP TABLE papers",
        f"CREATE TABLE papers (\n    row, {columns})",
        "INSERT INTO papers SELECT * FROM kept",
    )
    with pytest.raises(LibraryDamaged):
        database.rows_passing(filters, ADDED)


def test_words_of_rows_that_do_not_exist_are_damage(tmp_path: Path) -> None:
    rebuild = "INSERT INTO words (words) VALUES ('rebuild')"
    database = altered(tmp_path / "p", "UPDATE papers SET row = 6 WHERE row = 3", rebuild)
    with pytest.raises(LibraryDamaged, match="p names rows that do not exist"):
        passing(database, authors=("he",))


@pytest.mark.parametrize("filters", ALL, ids=repr)
def test_tables_cut_out_of_the_file_are_damage(tmp_path: Path, filters: Filters) -> None:
    path = tmp_path / "p"
    papers = [replace(PAPERS[0], id=str(number)) for number in range(500)]
    make_database(path, papers, [0] * 500).close()
    content = path.read_bytes()
    path.write_bytes(content[: 2 * 4096] + b"\xff" * (len(content) - 2 * 4096))
    with pytest.raises(LibraryDamaged):
        PaperDatabase(path, 500).rows_passing(filters, ADDED)


def test_a_table_cut_out_under_a_condition_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "p"
    make_database(path, PAPERS, BATCHES).close()
    connection = sqlite3.connect(path)
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'papers'")
    ((size,),) = connection.execute("PRAGMA page_size")
    connection.close()
    with path.open("rb+") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    database = PaperDatabase(path, 6)
    assert passing(database, added_since="last") == [5]  # its index is whole
    with pytest.raises(LibraryDamaged, match="p cannot be read"):
        passing(database, where="abstract <> ''")


def test_forty_functions_are_no_trouble(database: PaperDatabase) -> None:
    assert passing(database, where=" OR ".join(["title LIKE 'old'"] * 40)) == [4]


def test_a_closed_connection_is_not_the_condition_s_fault(tmp_path: Path) -> None:
    database = make_database(tmp_path / "p", PAPERS, BATCHES)
    database._conditions.close()
    with pytest.raises(sqlite3.ProgrammingError):
        passing(database, where="1")


def test_stamps_that_are_no_text_to_sqlite_do_no_harm(database: PaperDatabase) -> None:
    stamps = ["\ud800", "2026", ""]
    assert list(database.rows_passing(Filters(where="added LIKE '2026%'"), stamps)) == [3, 4]
    assert list(database.rows_passing(Filters(added_since="2026-01-01"), stamps)) == [0, 1, 2]


# --- properties


def days_of(written: str) -> set[date] | tuple[date, date]:
    numbers = [int(number) for number in written.split("-")]
    first = date(*[*numbers, 1, 1][:3])
    month = numbers[1] if len(numbers) > 1 else 12
    day = numbers[2] if len(numbers) > 2 else calendar.monthrange(numbers[0], month)[1]
    return first, date(numbers[0], month, day)


def keeps_date(paper: Paper, first: date, last: date) -> bool:
    if not paper.date:
        return False
    begins, ends = days_of(paper.date)
    return begins <= last and first <= ends


def keeps_year(paper: Paper, year: str) -> bool:
    first, dash, last = year.partition("-")
    last = last if dash else first
    return bool(paper.date) and int(first or 1) <= int(paper.date[:4]) <= int(last or 9999)


def keeps_category(paper: Paper, wanted: tuple[str, ...]) -> bool:
    for name in (*paper.categories, *paper.listed_in):
        parts = name.casefold().split(".")
        starts = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
        if starts & {category.casefold() for category in wanted}:
            return True
    return False


def words_of(name: str) -> list[str]:
    letters = "".join(
        sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign)
    ).casefold()
    return "".join(sign if sign.isalnum() else " " for sign in letters).split()


def is_named(asked: list[str], words: list[str]) -> bool:
    """Try every way of giving each asked word a word of its own."""
    if not asked:
        return True
    first, *others = asked
    return any(
        (word.startswith(first) if len(first) == 1 else word == first)
        and is_named(others, [*words[:place], *words[place + 1 :]])
        for place, word in enumerate(words)
    )


def keeps_authors(paper: Paper, authors: tuple[str, ...]) -> bool:
    return all(any(is_named(words_of(author), words_of(name)) for name in paper.authors) for author in authors)


def keeps_added(batch: int, batches: list[int], since: str) -> bool:
    if since == "last":
        return batch == max(batches)
    return date.fromisoformat(ADDED[batch][:10]) >= days_of(since)[0]


DATES = ["1999", "2019", "2019-12", "2019-12-31", "2020", "2020-01", "2020-02-29", "2020-05", "2020-05-01", "2020-05-31", "2020-12", "2021-01-01"]  # fmt: skip
CATEGORIES = [
    "cs",
    "cs.CV",
    "cs.cv.deep",
    "CS.LG",
    "csx",
    "math",
    "math-ph",
    "Éco.Ω",
    "éCO",
    "ß.x",
    "ss",
    "K",
    'a"cs',
    '"cs',
    "cs\\",
    "[cs",
    'cs".x',
]
NAME_WORDS = [
    "He", "he", "Kaiming", "K.", "K", "H.", "Ka", "José", "Jose", "O'Brien", "Jean-Luc", "Weiß", "WEISS", "王", "王小明", "小明", "Ω", "ωmega",
    "(", '"', "*", ":", "NEAR(", "AND", "\\", "\\n", "\n\n", "\t", "n", "कृष्ण", "क", "𞤀𞤣𞤤", "𞤀", "a𞤀b", "𝔘", "ﬁ", "f", "İ", "i", "Å", "ǅ", "ſ", "s", "x_y", "٣",
]  # fmt: skip

names = st.lists(st.sampled_from(NAME_WORDS), min_size=1, max_size=4).map(" ".join)
papers = st.builds(
    Paper,
    id=st.just(""),
    title=st.sampled_from(["Depth", "depth and more", "Other", "It's"]),
    authors=st.lists(names, max_size=3).map(tuple),
    date=st.sampled_from(["", *DATES]),
    categories=st.lists(st.sampled_from(CATEGORIES), max_size=3).map(tuple),
    listed_in=st.lists(st.sampled_from(CATEGORIES), max_size=2).map(tuple),
    version=st.sampled_from([None, 1, 2]),
)
libraries = st.lists(st.tuples(papers, st.integers(0, 2)), min_size=1, max_size=12)
years = st.one_of(
    st.sampled_from(["1999", "2019", "2020", "2019-", "-2019", "2020-2020", "1999-2019", "2020-2021", "-1998"]),
)
several_names = st.lists(names.filter(lambda name: bool(words_of(name))), min_size=1, max_size=2).map(tuple)
several_categories = st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=2).map(tuple)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties")


def agree(
    folder: Path,
    library: list[tuple[Paper, int]],
    filters: Filters,
    keeps: list[tuple[str, Callable[[Paper, int], bool]]],
) -> None:
    numbered = [replace(paper, id=str(number)) for number, (paper, _) in enumerate(library)]
    batches = [batch for _, batch in library]
    database = make_database(folder / "p", numbered, batches)
    try:
        found = list(database.rows_passing(filters, ADDED))
        each = database.kept_by_each(filters, ADDED)
    finally:
        database.close()
    kept = {option: {row for row, paper in enumerate(numbered) if keep(paper, batches[row])} for option, keep in keeps}
    assert each == {option: len(rows) for option, rows in kept.items()}
    assert found == sorted(set(range(len(library))).intersection(*kept.values()))


@given(library=libraries, since=st.sampled_from(DATES), until=st.sampled_from(DATES), year=years)
def test_dates_as_the_calendar_has_them(
    folder: Path, library: list[tuple[Paper, int]], since: str, until: str, year: str
) -> None:
    first, last = days_of(since)[0], days_of(until)[1]
    alone = [
        ("--since", lambda paper, _: keeps_date(paper, first, date.max)),
        ("--until", lambda paper, _: keeps_date(paper, date.min, last)),
    ]
    in_year = ("--year", lambda paper, _: keeps_year(paper, year))
    agree(folder, library, Filters(since=since, year=year), [alone[0], in_year])
    agree(folder, library, Filters(until=until), [alone[1]])
    if first <= last:
        agree(folder, library, Filters(since, until, year), [*alone, in_year])
    else:
        with pytest.raises(InvalidInput):
            Filters(since, until)


@given(library=libraries, categories=several_categories)
def test_categories_as_their_names_say(
    folder: Path, library: list[tuple[Paper, int]], categories: tuple[str, ...]
) -> None:
    agree(
        folder,
        library,
        Filters(categories=categories),
        [("--category", lambda paper, _: keeps_category(paper, categories))],
    )


@given(library=libraries, authors=several_names)
def test_authors_as_their_words_say(folder: Path, library: list[tuple[Paper, int]], authors: tuple[str, ...]) -> None:
    agree(folder, library, Filters(authors=authors), [("--author", lambda paper, _: keeps_authors(paper, authors))])


@given(data=st.data(), library=libraries)
def test_authors_asked_for_by_words_of_theirs(
    folder: Path, data: st.DataObject, library: list[tuple[Paper, int]]
) -> None:
    written = [name for paper, _ in library for name in paper.authors if words_of(name)]
    if written:
        words = words_of(data.draw(st.sampled_from(written)))
        some = data.draw(st.lists(st.sampled_from(range(len(words))), min_size=1, unique=True))
        author = " ".join(words[place][: data.draw(st.sampled_from([1, None]))] for place in some)
        agree(
            folder,
            library,
            Filters(authors=(author,)),
            [("--author", lambda paper, _: keeps_authors(paper, (author,)))],
        )


CONDITIONS: dict[str, Callable[[Paper, int], bool | None]] = {
    "year >= 2020": lambda paper, _: int(paper.date[:4]) >= 2020 if paper.date else None,
    "year = 2019": lambda paper, _: int(paper.date[:4]) == 2019 if paper.date else None,
    "version < 2": lambda paper, _: None if paper.version is None else paper.version < 2,
    "title LIKE '%depth%'": lambda paper, _: "depth" in paper.title.lower(),
    "title = 'It''s'": lambda paper, _: paper.title == "It's",
    "length(date) = 4": lambda paper, _: len(paper.date) == 4,
    "added < '2026-11-24'": lambda _, batch: batch == 0,
    "authors = '[]'": lambda paper, _: not paper.authors,
}


def is_true(condition: object, paper: Paper, batch: int) -> bool | None:
    """Evaluate as SQL does: true, false or unknown."""
    if isinstance(condition, str):
        return CONDITIONS[condition](paper, batch)
    sign, *parts = condition
    values = [is_true(part, paper, batch) for part in parts]
    if sign == "NOT":
        return None if values[0] is None else not values[0]
    decisive = sign == "OR"
    return decisive if decisive in values else None if None in values else not decisive


def written_out(condition: object) -> str:
    if isinstance(condition, str):
        return condition
    sign, *parts = condition
    return (
        f"NOT ({written_out(parts[0])})"
        if sign == "NOT"
        else f" {sign} ".join(f"({written_out(part)})" for part in parts)
    )


conditions = st.recursive(
    st.sampled_from(list(CONDITIONS)),
    lambda part: st.one_of(st.tuples(st.just("NOT"), part), st.tuples(st.sampled_from(["AND", "OR"]), part, part)),
    max_leaves=6,
)


@given(library=libraries, condition=conditions)
def test_conditions_as_sql_has_them(folder: Path, library: list[tuple[Paper, int]], condition: object) -> None:
    where = written_out(condition)
    agree(
        folder,
        library,
        Filters(where=where),
        [("--where", lambda paper, batch: is_true(condition, paper, batch) is True)],
    )


@given(
    library=libraries,
    year=years,
    categories=several_categories,
    authors=several_names,
    added_since=st.sampled_from(["last", "2026", "2026-11-23", "2026-11-24", "2026-11-25", "2026-12"]),
    condition=conditions,
    left_out=st.sets(st.sampled_from(["--year", "--category", "--author", "--added-since", "--where"])),
)
def test_all_filters_together(
    folder: Path,
    library: list[tuple[Paper, int]],
    year: str,
    categories: tuple[str, ...],
    authors: tuple[str, ...],
    added_since: str,
    condition: object,
    left_out: set[str],
) -> None:
    batches = [batch for _, batch in library]
    filters = Filters(
        year="" if "--year" in left_out else year,
        categories=() if "--category" in left_out else categories,
        authors=() if "--author" in left_out else authors,
        added_since="" if "--added-since" in left_out else added_since,
        where="" if "--where" in left_out else written_out(condition),
    )
    keeps = [
        ("--year", lambda paper, _: keeps_year(paper, year)),
        ("--category", lambda paper, _: keeps_category(paper, categories)),
        ("--author", lambda paper, _: keeps_authors(paper, authors)),
        ("--added-since", lambda _, batch: keeps_added(batch, batches, added_since)),
        ("--where", lambda paper, batch: is_true(condition, paper, batch) is True),
    ]
    assert bool(filters) is (len(left_out) < 5)
    agree(folder, library, filters, [(option, keep) for option, keep in keeps if option not in left_out])


@given(text=st.text(max_size=40))
def test_no_text_breaks_a_filter(database: PaperDatabase, text: str) -> None:
    for filters in (
        {"authors": (text,)},
        {"categories": (text,)},
        {"where": text},
        {"where": f"title = '{text}'"},
        {"since": text},
        {"year": text},
    ):
        try:
            found = passing(database, **filters)
        except InvalidInput:
            continue
        assert set(found) <= set(range(6))
