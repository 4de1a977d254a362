"""A text cut into lexemes: commands, braces, blanks and whatever is between, in prose and in mathematics."""

from __future__ import annotations

import re
from collections.abc import Iterator

ADDRESS = r"(?:https?://|www\.)[^\s{}$\\]+"
_COMMAND = r"\\[A-Za-z]+\*?|\\[^A-Za-z]|\\|[{}]|\s+"
_MATHEMATICS = re.compile(_COMMAND + r"|\d+(?:\.\d+)*|'+|.", re.DOTALL)
_PROSE = re.compile(_COMMAND + rf"|{ADDRESS}|`+|''|-{{2,}}>|<!?-{{2,}}|-+|[^\W_]+|[^\\{{}}\s`'\"<\-\w]+|.", re.DOTALL)
_ENVIRONMENT = r"\{(?:equation|align|gather|eqnarray|multline|displaymath|math)\*?\}"
# "\\[2pt]" ends a line and "\\\$" is a line's end and a dollar, so both are looked for before "\[" and "$".
_DELIMITER = re.compile(rf"\\\\|\\[$(\[)\]]|\$\$?|\n\n|\\begin{_ENVIRONMENT}|\\end{_ENVIRONMENT}")
_CLOSING = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]", r"\b": r"\e"}
_MATH_SIGN = re.compile(r"[\\^_={}<>|]")
_WORD = re.compile(r"(?<!\S)[A-Za-z]{2,}(?!\S)")


def _spans(text: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield where mathematics starts and ends in `text`: before and after each of its two signs.

    It ends within its paragraph. A sign that closes nothing may open something.
    """
    opener, start, first = "", 0, 0
    for found in _DELIMITER.finditer(text):
        sign, place, end = found[0], found.start(), found.end()
        sign = sign[:2] if len(sign) > 2 else sign
        if sign == "\n\n":
            opener = ""
            continue
        closes = sign == _CLOSING.get(opener)
        if opener[:1] == sign[0] == "$" and not closes:
            # "$a$$b$" and "$$a$": two dollars are one and another.
            closes = True
            opener, start, end = "$", first - 1, place + 1
        if closes and _is_mathematics(text[first:place], opener, text[end : end + 1]):
            yield start, first, place, end
            opener, start, first = "$" if end < found.end() else "", end, found.end()
        elif sign in _CLOSING:
            opener, start, first = sign, place, found.end()


def _is_mathematics(inside: str, opener: str, after: str) -> bool:
    """Say whether what stands between two signs is mathematics; in "costs $5 and $10" it is not."""
    if opener != "$" or not inside.strip():
        return bool(inside.strip())
    is_amount = inside[0].isdigit() and after.isdigit() and not set("\\^") & set(inside)
    if is_amount or (inside[0].isdigit() and not _MATH_SIGN.search(inside) and _WORD.search(inside)):
        return False
    return bool(set("\\^_={}<>|+*/-()") & set(inside)) or not _WORD.search(inside)


def lexemes(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the lexemes of `text`, each with whether it is mathematics; an empty one at each end of mathematics."""
    position = 0
    for start, first, last, end in [*_spans(text), (len(text),) * 4]:
        yield from ((lexeme, False) for lexeme in _PROSE.findall(text, position, start))
        is_display = first - start > 1 and text[start:first] != r"\("
        yield (" " if is_display and text[start - 1 : start].isalnum() else ""), False
        yield "", False
        yield from ((lexeme, True) for lexeme in _MATHEMATICS.findall(text, first, last))
        yield "", False
        yield (" " if is_display and text[end : end + 1].isalnum() else ""), False
        position = end


def braces(lexemes: list[str]) -> dict[int, int]:
    """Return where each brace that has a partner has it."""
    partners, opened = {}, []
    for place, lexeme in enumerate(lexemes):
        if lexeme == "{":
            opened.append(place)
        elif lexeme == "}" and opened:
            partners[place] = opened.pop()
            partners[partners[place]] = place
    return partners
