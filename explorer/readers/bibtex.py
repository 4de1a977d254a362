r"""BibTeX and BibLaTeX: `@article{key, title = {Words}, author = "Last, First and Last, First", eprint = 2010.02893}`.

A block begins where `@type{` stands, and at the latest ends where another begins a line: an entry that is not closed
costs itself and no other, and one entry at a time is held. What stands between blocks is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from explorer.errors import InvalidInput
from explorer.papers import Paper, arxiv_identifier, doi_in, readable, title_key
from explorer.readers.containers.dates import iso_date, written_date
from explorer.readers.registry import Reader, Record, Rejected, register
from explorer.readers.source import Source

# All repetitions are possessive: each pattern takes time in the order of what it reads.
_OPENING = r"(?<![\w.])@\s*+(?P<kind>[A-Za-z]\w*+)\s*+(?P<bracket>[{(])"
_OPENING_LATER = r"(?<![\w.])@\s*+[A-Za-z]\w*+\s*+\Z"  # the bracket is on the next line
_NEXT_BLOCK = r"\s*+@\s*+[A-Za-z]\w*+\s*+[{(]\s*+[^\s,={}()\"#%]*+\s*+(?:[,=]|\Z)"
_KEY = r"\s*+(?P<key>[^,={}\"\n]*+),|\s*+(?P<bare>[^\s,={}\"()]++)(?!\s*+=)"
_FIELD = r"(?:[\s,]++|%[^\n]*+)*+(?:(?P<name>[^\s,={}()\"#%'\\]++)\s*+=\s*+|(?P<end>[})]))"
_BARE = r"[^\s,={}()\"#]++"
_JOINED = r"\s*+#\s*+"
# First with escaped braces apart, as programs write them, then with all counted, as BibTeX does: files of both exist.
_SIGNS = (r"\\.|[{}\"]", r"[{}\"]")
_RECOGNIZED = (
    r"(?im)^[ \t]*+@[ \t]*+(?!comment\b|preamble\b)[a-z]\w*+\s*+[{(]\s*+(?:[^,={}\"\n]*+,\s*+)?+"
    r"[a-z][\w:.+-]*+\s*+=\s*+[\"{\w]"
)
_ANOTHER_FORMAT = r"(?im)\A\s*+[{\[<]|^#\s+arxiv\b|^###\s*+[0-9]++\s*+\."
_LATEX = r"(?P<command>\\(?:[A-Za-z]++\*?|.))|[{}$]"

_LONGEST = 16 * 1024 * 1024  # characters of an entry; one that is not closed must not fill the memory
_LONGEST_STRINGS = 1_000_000  # characters of all @string together: they can be made of one another, ten times each
_LONGEST_EXPANSION = 10_000  # characters that @strings bring into one entry

_PLACES_OF_ARXIV = ("journal", "journaltitle", "eid", "howpublished", "pages", "number", "volume")


@dataclass(slots=True)
class _Block:
    """Collect the text of one block, from its opening bracket to its closing one."""

    line: int
    kind: str
    closing: str
    parts: list[str] = field(default_factory=list)
    size: int = 0
    depth: int = 0
    quoted: bool = False

    def take(self, line: str, start: int) -> int | None:
        """Take `line` from `start` and return where the block ends in it, or None."""
        end = self._end(line, start)
        part = line[start:end]
        self.size += len(part) + 1
        if self.size <= _LONGEST:
            self.parts.append(part)
        return end

    @property
    def text(self) -> str:
        """Return all that was taken. Raises InvalidInput when that was too long to be kept."""
        if self.size > _LONGEST:
            raise InvalidInput(f"longer than {_LONGEST:,} characters: is a brace not closed?")
        return "\n".join(self.parts)

    def _end(self, line: str, start: int) -> int | None:
        by_brace = self.closing == "}"
        for sign in re.compile(r"\\.|[{}]" if by_brace else r"\\.|[{}\")]").finditer(line, start):
            match sign[0]:
                case "{":
                    self.depth += 1
                case "}" if self.depth:
                    self.depth -= 1
                case '"' if not self.depth:
                    self.quoted = not self.quoted
                case "}" | ")" as closing if closing == self.closing and not self.depth and not self.quoted:
                    return sign.end()
        return None


class _Strings:
    """Hold the values of @string by their names in lower case, within limits."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._room = _LONGEST_STRINGS

    def define(self, name: str, value: str) -> None:
        """Define `name`, anew if it was defined before."""
        self._room -= len(value)
        if self._room < 0:
            raise InvalidInput(f"all @string together are longer than {_LONGEST_STRINGS:,} characters")
        self._values[name.lower()] = value

    def get(self, name: str) -> str | None:
        """Return what `name` stands for, or None when it is not defined."""
        return self._values.get(name.lower())


def _read(source: Source) -> Iterator[Record]:
    strings = _Strings()
    titles: dict[str, str] = {}
    for block in _blocks(source.lines()):
        if block.kind in {"comment", "preamble"}:
            continue
        name = f"@{block.kind}"
        try:
            if block.kind == "string":
                for defined, value in _fields(block.text, 0, strings).items():
                    strings.define(defined, value)
                continue
            key, start = _key(block.text)
            name = f"entry {key[:100]!r}"
            yield _paper(key, _fields(block.text, start, strings), titles)
        except InvalidInput as error:
            yield Rejected(block.line, f"{name}: {error}")


def _blocks(lines: Iterator[tuple[int, str]]) -> Iterator[_Block]:
    """Yield the blocks in `lines`, closed or not."""
    opening, opening_later, next_block = map(re.compile, (_OPENING, _OPENING_LATER, _NEXT_BLOCK))
    block: _Block | None = None
    held = ""
    for number, line in lines:
        if block is not None and next_block.match(line):
            yield block
            block = None
        line, held, position = held + line, "", 0  # noqa: PLW2901 -- what was held is a part of it
        while True:
            if block is None:
                found = opening.search(line, position)
                if found is None or "%" in line[position : found.start()]:
                    later = opening_later.search(line, position)
                    held = later[0] + " " if later and "%" not in line else ""
                    break
                block = _Block(number, found["kind"].lower(), "}" if found["bracket"] == "{" else ")")
                position = found.end()
            end = block.take(line, position)
            if end is None:
                break
            yield block
            block, position = None, end
    if block is not None:
        yield block


def _key(text: str) -> tuple[str, int]:
    """Return the citation key at the start of an entry, empty when there is none, and where it ends."""
    match = re.match(_KEY, text)
    return ((match["key"] or match["bare"] or "").strip(), match.end()) if match else ("", 0)


def _fields(text: str, start: int, strings: _Strings) -> dict[str, str]:
    """Return the fields of an entry by their names in lower case; of equal ones, the first that says something.

    Raises InvalidInput when `text` from `start` is not a list of fields; a comma between them may be missing.
    """
    first_error: InvalidInput | None = None
    for signs in _SIGNS:
        try:
            return _Fields(text, start, strings, signs).read()
        except InvalidInput as error:
            first_error = first_error or error
    assert first_error is not None  # noqa: S101 -- there are signs
    raise first_error


class _Fields:
    """Read the fields of one entry, from left to right."""

    def __init__(self, text: str, start: int, strings: _Strings, signs: str) -> None:
        self._text = text
        self._position = start
        self._strings = strings
        self._signs = re.compile(signs)
        self._room = _LONGEST_EXPANSION

    def read(self) -> dict[str, str]:
        """Return the fields up to the bracket that closes the entry."""
        following = re.compile(_FIELD)
        fields: dict[str, str] = {}
        while found := following.match(self._text, self._position):
            self._position = found.end()
            if found["end"]:
                return fields
            name = found["name"].lower()
            value = self._value(name)
            if not fields.get(name, "").strip():
                fields[name] = value
        rest = self._text[self._position : self._position + 50].strip(" \t\n,")
        # What swallowed the last bracket may be a field whose own is missing: no such text can be trusted.
        raise InvalidInput(
            f"no field begins at {rest[:30]!r}" if rest else "not closed: a brace or a quotation mark is missing"
        )

    def _value(self, name: str) -> str:
        joined = re.compile(_JOINED)
        pieces = [self._piece(name)]
        while following := joined.match(self._text, self._position):
            self._position = following.end()
            pieces.append(self._piece(name))
        return "".join(pieces)

    def _piece(self, name: str) -> str:
        start = self._position
        if self._text.startswith(("{", '"'), start):
            self._position = self._closing(name)
            return self._text[start + 1 : self._position - 1]
        bare = re.compile(_BARE).match(self._text, start)
        if bare is None:
            raise InvalidInput(f"the field {name[:100]!r} has no value")
        self._position = bare.end()
        value = self._strings.get(bare[0])
        if value is None:  # a number, the name of a month, or a string of a style
            return bare[0]
        self._room -= len(value)
        if self._room < 0:
            raise InvalidInput(f"@string would bring in more than {_LONGEST_EXPANSION:,} characters")
        return value

    def _closing(self, name: str) -> int:
        """Return where the braces or quotation marks end that begin here."""
        depth = 0
        quoted = self._text[self._position] == '"'
        for sign in self._signs.finditer(self._text, self._position + quoted):
            if sign[0] == "{":
                depth += 1
            elif sign[0] == "}":
                depth -= 1
            if depth == 0 and sign[0] == ('"' if quoted else "}"):
                return sign.end()
        raise InvalidInput(f"the field {name[:100]!r} is not closed")


def _paper(key: str, fields: dict[str, str], titles: dict[str, str]) -> Paper:
    """Make a paper of the fields of an entry; `titles` are those of the keys that were ids already.

    Reference managers give two papers one key: the first keeps it, the others get ids made of their words.
    """
    title = ": ".join(filter(None, (_without_braces(fields.get(name, "")).strip() for name in ("title", "subtitle"))))
    url = _address(fields)
    doi = doi_in(_plain(fields.get("doi", ""))) or doi_in(url) or ""
    paper_id = _arxiv_id(fields, doi, url) or doi
    if not paper_id and key and titles.setdefault(key, title_key(title)) == title_key(title):
        paper_id = key
    return Paper.from_record({
        "id": paper_id,
        "title": title,
        "abstract": _without_braces(fields.get("abstract", "")),
        "authors": _authors(fields.get("author", "")),
        "date": _date(fields),
        "categories": fields.get("primaryclass") or fields.get("eprintclass") or "",
        "url": url,
        "doi": doi,
        "also": _also(fields),
    })  # fmt: skip


def _without_braces(text: str) -> str:
    r"""Remove the braces that protect words; those of commands, mathematics, `{\"o}` and `\{` stay."""
    if "{" not in text and "}" not in text:
        return text
    kept: list[str] = []
    stack: list[bool] = []  # of each open brace: is it kept?
    in_mathematics = argument = False
    end = 0
    for sign in re.finditer(_LATEX, text, re.DOTALL):
        words = text[end : sign.start()]
        kept.append(words)
        argument = argument and not words
        end = sign.end()
        keep = True
        if sign[0] == "$":
            in_mathematics, argument = not in_mathematics, False
        elif sign["command"]:
            argument = sign[0][1].isalpha() or sign[0][1] in "\"'`^~=."
        elif sign[0] == "{":
            keep = in_mathematics or argument or text.startswith("\\", end) or words.endswith(("^", "_"))
            stack.append(keep)
            argument = False
        else:
            keep = argument = stack.pop() if stack else False
        kept.append(sign[0] if keep else "")
    return "".join(kept) + text[end:]


def _authors(written: str) -> list[str]:
    names = (_name(name) for name in _split(" ".join(written.split()), r"(?i:(?:^| )and(?= |$))"))
    return [readable(name) for some in names for name in some if name not in {"", "others"}]


def _name(name: str) -> list[str]:
    """Return "von Last, Jr, First" as "First von Last Jr"; more commas part names, as some write them."""
    parts = [part for part in _split(name, ",") if part]
    if parts and all("=" in part for part in parts):  # BibLaTeX: "given=Hans, prefix=von, family=Harman"
        named = {role.strip().lower(): word.strip() for role, _, word in (part.partition("=") for part in parts)}
        return [" ".join(filter(None, map(named.get, ("given", "prefix", "family", "suffix"))))]
    if len(parts) < 2 or len(parts) > 3 or (len(parts) == 3 and " " in parts[1]):
        return parts
    last, *junior, first = parts
    return [" ".join([first, last, *junior])]


def _split(text: str, separator: str) -> list[str]:
    """Split `text` where `separator` stands outside of braces."""
    parts, depth, start = [], 0, 0
    for sign in re.finditer(rf"\\.|[{{}}]|{separator}", text):
        if sign[0] == "{":
            depth += 1
        elif sign[0] == "}":
            depth = max(0, depth - 1)
        elif depth == 0 and not sign[0].startswith("\\"):
            parts.append(text[start : sign.start()].strip())
            start = sign.end()
    return [*parts, text[start:].strip()]


def _date(fields: dict[str, str]) -> str:
    """Return `date`, else `year`, `month` and `day`, as ISO 8601; a day may stand with the name of the month."""
    written = fields.get("date", "").strip()
    year = iso_date(fields.get("year", ""))
    if re.match(r"[0-9]{4}", written) or not year:
        return written
    month, day = fields.get("month", ""), fields.get("day", "")
    return written_date(f"{year} {month} {day}") if re.search("[A-Za-z]", month) else iso_date(year, month, day)


def _address(fields: dict[str, str]) -> str:
    r"""Return the address of an entry, of several the first; older entries have it as `howpublished = {\url{...}}`."""
    for name in ("url", "howpublished", "note"):
        written = fields.get(name, "")
        inside = re.search(r"\\url\s*+\{([^{}]*+)\}", written)
        if inside or (written and name == "url"):
            several = _plain(inside[1] if inside else written)
            return re.split(r"\s(?=https?://)", several, maxsplit=1)[0]
    return ""


def _arxiv_id(fields: dict[str, str], doi: str, url: str) -> str:
    """Return the arXiv id of an entry, maybe with its version, or nothing."""
    archive = (fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv").strip().lower()
    eprint = _plain(fields.get("eprint", "")) if archive == "arxiv" else ""
    subject = _plain(fields.get("primaryclass") or fields.get("eprintclass") or "")
    candidates = [eprint, f"{subject}/{eprint}", doi, url if re.search(r"(?i)ar[x5]iv", url) else ""]
    named = " ".join(fields.get(name, "")[:500] for name in _PLACES_OF_ARXIV)
    candidates += re.findall(r"(?i)arxiv\s*:\s*\S+", named)
    candidates += re.findall(r"\babs/(\S+)", fields.get("volume", "")[:500])  # DBLP, with the journal "CoRR"
    # A note may speak of other papers: it counts when it begins with the id.
    candidates += re.findall(r"(?i)\A\W*(?:arxiv\s+preprint\s+)?(arxiv\s*:\s*\S+)", fields.get("note", "")[:500])
    return next((written for written in candidates if arxiv_identifier(written)), "")


def _also(fields: dict[str, str]) -> list[str]:
    """Return what PubMed and its like call the paper."""
    archive = fields.get("eprinttype", "").strip().lower()
    eprint = fields.get("eprint", "") if archive in {"pmid", "pubmed"} else ""
    numbers = (
        ("pmid:", fields.get("pmid", "") or eprint),
        ("PMC", fields.get("pmcid", "") or fields.get("pmc", "")),
        ("mag:", fields.get("mag", "") or fields.get("mag_id", "")),
    )
    found = ((name, re.fullmatch(r"(?i)(?:PMC|pmid:?\s?)?([0-9]{1,12})", _plain(written))) for name, written in numbers)
    return [name + number[1] for name, number in found if number]


def _plain(text: str) -> str:
    """Return an address, DOI or number without the LaTeX that some programs write into it."""
    text = re.sub(r"\\textasciitilde\s*(?:\{\})?|\\~\s*(?:\{\})?", "~", text)
    return re.sub(r"\\(?=[^A-Za-z\s])|[{}]", "", text).strip()


register(
    Reader(
        name="bibtex",
        description="BibTeX or BibLaTeX: '@article{key, title = {...}, abstract = {...}, eprint = {2010.02893}}'",
        suffixes=(".bib", ".bibtex"),
        recognizes=lambda head: re.search(_RECOGNIZED, head) is not None and re.search(_ANOTHER_FORMAT, head) is None,
        read=_read,
    )
)
