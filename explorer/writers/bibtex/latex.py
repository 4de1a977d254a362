r"""Running text that may hold LaTeX, to LaTeX that is safe to set and to parse.

Papers keep the LaTeX that people wrote, often broken, and a stranger may have written `\input{...}`. So a command is
kept when it is on a list of harmless ones, and is printed as its name otherwise; a formula is kept when its braces
match; `{` and `\{` are kept when they have partners, each kind counted alone and both together, since parsers do
either. Whether a formula follows the rest of TeX's grammar is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from explorer.writers.bibtex.vocabulary import FORMULA, SYMBOLS, TEXT, Mode

_FORMULA = re.compile(
    r"\$\$(?P<display>(?:[^$\\]|\\.)+)\$\$"
    r"|\$(?P<inline>(?:[^$\\]|\\.)+)\$(?![0-9])"  # a number makes it two prices
    r"|\\\((?P<round>(?:[^$\\]|\\[^()])+)\\\)"
)
_TOKEN = re.compile(
    r"(?P<brace>\\?[{}])|\\(?P<command>[A-Za-z]+|.)"
    r"|(?P<words>[^\\{}$%&#_^~]+|(?<=\S)~(?=\S))"  # a tie between words is LaTeX; "~10" is a sign
    r"|(?P<sign>.)"
)
_SPECIAL = re.compile(r"[\\{}$%&#_^~]")
_ARGUMENT = re.compile(r"\s*[\[A-Za-z0-9]")


class _Token(NamedTuple):
    kind: str
    text: str


_IN_FORMULA = [_Token("command", "ensuremath"), _Token("brace", "{")]  # as this module itself writes symbols


def escape(text: str) -> str:
    """Return `text` as LaTeX in which every brace has a partner; what is LaTeX in it stays so where it is safe."""
    if _SPECIAL.search(text) is None:  # most of what people write
        return text
    return _written(list(_tokens(text)), TEXT)


def _tokens(text: str, formulas: bool = True) -> Iterator[_Token]:
    """Yield the parts of `text`: formulas ready as words; what only looks like a formula, sign by sign."""
    position = 0
    while position < len(text):
        match = _FORMULA.match(text, position) if formulas else None
        formula = match and _formula(match["display"] or match["inline"] or match["round"])
        if match is None or formula is None:
            match = _TOKEN.match(text, position)
            assert match is not None  # noqa: S101 -- every character matches
            kind = match.lastgroup or ""
            # A line break has no place in a reference, and would take a bracket that follows for its argument.
            yield _Token("words", " ") if match[0] == r"\\" else _Token(kind, match[kind])
        else:
            yield _Token("words", formula)
        position = match.end()


def _formula(content: str) -> str | None:
    """Return a formula made safe, or None when TeX could not read it."""
    tokens = list(_tokens(content, formulas=False))
    partners = _partners(tokens)
    whole = all(position in partners for position, token in enumerate(tokens) if token.text in ("{", "}"))
    sides = [sum(token == ("command", side) for token in tokens) for side in ("left", "right")]
    # After "^^" TeX reads the code of a character, a backslash for example.
    if not whole or sides[0] != sides[1] or "^^" in content or content.rstrip()[-1:] in ("", "^", "_"):
        return None
    written = _written(tokens, FORMULA)
    return f"${written}$" if written.strip() else None


def _partners(tokens: Sequence[_Token]) -> set[int]:
    r"""Return where braces are that have partners: `{` and `}`, `\{` and `\}`, one pair within another."""
    opened: list[int] = []
    partners: set[int] = set()
    for position, (kind, text) in enumerate(tokens):
        if kind != "brace":
            continue
        if text[-1] == "{":
            opened.append(position)
            continue
        while text == "}" and opened and tokens[opened[-1]].text != "{":
            opened.pop()
        if opened and tokens[opened[-1]].text == text[:-1] + "{":
            partners.update((opened.pop(), position))
    return partners


def _written(tokens: Sequence[_Token], mode: Mode) -> str:
    partners = _partners(tokens)
    written: list[str] = []
    for position, (kind, text) in enumerate(tokens):
        if kind == "command":
            following = tokens[position + 1] if position + 1 < len(tokens) else _Token("", "")
            if text in SYMBOLS and tokens[max(position - 2, 0) : position] == _IN_FORMULA:
                written.append("\\" + text)
            else:
                written.append(_command(text, mode, _is_argument(following, mode, position + 1 in partners)))
        elif kind == "sign" or (kind == "brace" and position not in partners):
            written.append(mode.spelled.get(text[-1], text))
        else:
            written.append(text)
    return "".join(written)


def _is_argument(token: _Token, mode: Mode, has_partner: bool) -> bool:
    if token.kind == "words":
        return _ARGUMENT.match(token.text) is not None
    return (token.text == "{" and has_partner) or (token.kind == "command" and token.text in mode.commands)


def _command(name: str, mode: Mode, has_argument: bool) -> str:
    """Return a command as it is, or its name behind a backslash that is printed."""
    if name in mode.commands or (name in mode.with_argument and has_argument):
        return "\\" + name
    if name in SYMBOLS:
        return rf"\ensuremath{{\{name}}}"
    return mode.spelled["\\"] + mode.spelled.get(name, name)
