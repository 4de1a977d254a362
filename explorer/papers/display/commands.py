"""What each command shows, by its name: functions of the reader, the command's name and the line that it adds to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from explorer.papers.display.signs import (
    BLACKBOARD,
    DELIMITING,
    DOUBLED,
    DROPPED,
    LETTERS,
    MARKS,
    NOTHING_ON_THE_LEFT,
    OPENERS,
    OPERATORS,
    RELATIONS,
    SIGNS,
    SKIPPING,
    WITHIN,
)
from explorer.papers.display.typesetting import Line, atom, fraction, scripted
from explorer.papers.latex import ACCENTS

if TYPE_CHECKING:
    from explorer.papers.display.reader import Reader

_FONTS = DROPPED - DELIMITING | BLACKBOARD
OVER, CHOOSE = "\x0e", "\x0f"  # stand for what splits the group that they are in; no clean text holds them


def is_letter(lexeme: str) -> bool:
    """Say whether `lexeme` shows as a letter or digit, or sets the type of one."""
    name = lexeme[1:] if lexeme[:1] == "\\" else ""
    return lexeme[:1].isalnum() or name in LETTERS or name in _FONTS


def named(_: Reader, name: str, line: Line) -> None:
    """Show the name of a command that nobody knows."""
    line.add(name, is_name=True)


def accent(reader: Reader, name: str, line: Line) -> None:
    r"""Put an accent on a letter. What has none, as "don\'t" and "the vector \v x", stays a sign or a name."""
    ahead = "".join(reader.lexemes[reader.ahead() : reader.ahead() + 2])
    letter = ahead.lstrip("{\\")[:1]
    needs_braces = name in "urdb" or (name.isalpha() and reader.in_mathematics[reader.position - 1])
    accented = unicodedata.normalize("NFC", letter + ACCENTS[name])
    if len(accented) == 1 and letter.isalpha() and (ahead[0] == "{" or not needs_braces):
        content = reader.argument(letters=True) or letter
        line.add(unicodedata.normalize("NFC", content[:1] + ACCENTS[name] + content[1:]))
    elif name.isalpha():
        named(reader, name, line)
    else:
        line.add(name)


def _letter(reader: Reader, name: str, line: Line) -> None:
    is_within = name in WITHIN and (line.last.isalpha() or name in ("AE", "L", "O", "i", "j"))
    line.add(LETTERS[name])
    after = reader.lexemes[reader.ahead()]
    if reader.in_mathematics[reader.position - 1]:
        if is_letter(after):
            reader.skip_blank()
    elif is_within and after[:1].islower():
        reader.skip_blank()


def _sign(reader: Reader, name: str, line: Line) -> None:
    line.add(SIGNS[name])
    if name in OPENERS and reader.in_mathematics[reader.position - 1]:
        reader.skip_blank()


def _relation(reader: Reader, name: str, line: Line) -> None:
    _relate(reader, RELATIONS[name], reader.position - 1, line)


def _relate(reader: Reader, sign: str, place: int, line: Line) -> None:
    """Show a sign that stood at `place`, with blanks around it where something is on its left and its right."""
    if not reader.in_mathematics[place]:
        line.add(sign)
        return
    reader.skip_blank()
    before = _before(reader, place)
    has_left = before not in NOTHING_ON_THE_LEFT
    has_right = reader.lexemes[reader.position] not in ("", "}", ")", "^", "_")
    line.add((" " if has_left and line.last != " " else "") + sign + (" " if has_left and has_right else ""))


def _before(reader: Reader, place: int) -> str:
    place -= 1
    return reader.lexemes[place - 1] if reader.lexemes[place].isspace() else reader.lexemes[place]


def _operator(reader: Reader, name: str, line: Line) -> None:
    """Show a sign between two things as tightly as it was written before it, as a blank behind it ends its name."""
    place = reader.position - 1
    line.add(OPERATORS[name])
    if reader.in_mathematics[place]:
        reader.skip_blank()
        before = _before(reader, place)
        is_loose = reader.lexemes[place - 1].isspace() and before not in NOTHING_ON_THE_LEFT
        if is_loose and not (name in ("pm", "mp") and before in "=<>"):
            line.add(" ")


def _not(reader: Reader, _: str, line: Line) -> None:
    place = reader.position - 1
    sign = reader.argument(letters=True) or ""
    _relate(reader, unicodedata.normalize("NFC", sign[:1] + "\u0338") + sign[1:] if sign else "¬", place, line)


def _frac(reader: Reader, _: str, line: Line) -> None:
    numerator, denominator = reader.argument(), reader.argument()
    if numerator is None or denominator is None:
        line.add(numerator or "")
        return
    after = reader.lexemes[reader.position]
    shown = fraction(numerator, denominator)
    line.add(f"({shown})" if line.last.isalnum() or is_letter(after) or after == "(" else shown)


def _sqrt(reader: Reader, _: str, line: Line) -> None:
    index = ""
    if reader.lexemes[reader.position] == "[" and reader.lexemes[reader.position + 2] == "]":
        index = scripted("^", reader.lexemes[reader.position + 1]).lstrip("^")
        reader.position += 3
    content = reader.argument()
    line.add(f"{index}√{atom(content)}" if content else f"{index}√")


def _binomial(reader: Reader, _: str, line: Line) -> None:
    above, below = reader.argument(), reader.argument()
    line.add(f"({above or ''} choose {below or ''})")


def _splitting(_: Reader, name: str, line: Line) -> None:
    line.add(f" {CHOOSE if name == 'choose' else OVER} ")


def _modulo(reader: Reader, _: str, line: Line) -> None:
    line.add(f" (mod {reader.argument() or ''})")


def _mark(reader: Reader, name: str, line: Line) -> None:
    content = reader.argument()
    if content is None:
        named(reader, name, line)
    elif len(content) == 1 and content.isalpha():
        line.add(unicodedata.normalize("NFC", content + MARKS[name]))
    else:
        line.add(content)


def _blackboard(reader: Reader, _: str, line: Line) -> None:
    line.add("".join(DOUBLED.get(character, character) for character in reader.argument() or ""))


def _operator_name(reader: Reader, _: str, line: Line) -> None:
    line.add(reader.argument() or "", is_name=True)


def _text_script(reader: Reader, name: str, line: Line) -> None:
    line.attach(scripted("^" if name == "textsuperscript" else "_", reader.argument() or ""))


def _dropped(reader: Reader, name: str, line: Line) -> None:
    r"""Show nothing. "{\bf bold}move": the blank ends the command; "a\rm b" are two words."""
    after = reader.lexemes[reader.ahead()]
    if after == "." and name in DELIMITING:
        reader.position = reader.ahead() + 1
    elif after == "{" or reader.in_mathematics[reader.position - 1] or not line.last.isalnum():
        reader.skip_blank()


def _skipping(reader: Reader, name: str, line: Line) -> None:
    if reader.raw() is None:
        named(reader, name, line)
    elif name in ("begin", "end"):
        line.add(" ")


def _link(reader: Reader, _: str, line: Line) -> None:
    address = reader.raw() or ""
    words = reader.argument() or address
    line.add(words if address in words else f"{words} ({address})")


def _address(reader: Reader, _: str, line: Line) -> None:
    line.add(reader.raw() or "")


def _footnote(reader: Reader, name: str, line: Line) -> None:
    content = reader.argument()
    if content is None:
        named(reader, name, line)
    else:
        line.add(f" ({content})")


def _unicode(reader: Reader, name: str, line: Line) -> None:
    code = reader.raw() or ""
    number = int(code[1:], 16) if re.fullmatch("x[0-9A-Fa-f]{2,5}", code) else 0
    if number < 0xA0 or 0xD800 <= number < 0xE000:
        named(reader, f"{name} {code}".strip(), line)
    else:
        line.add(chr(number))


def _section(reader: Reader, name: str, line: Line) -> None:
    if reader.in_mathematics[reader.position - 1]:
        named(reader, name, line)
    else:
        line.add("§")


HANDLERS: Mapping[str, Callable[[Reader, str, Line], None]] = (
    dict.fromkeys("cvuHkrdb", accent)
    | dict.fromkeys(DROPPED, _dropped)
    | dict.fromkeys(SKIPPING, _skipping)
    | dict.fromkeys(LETTERS, _letter)
    | dict.fromkeys(SIGNS, _sign)
    | dict.fromkeys(RELATIONS, _relation)
    | dict.fromkeys(OPERATORS, _operator)
    | dict.fromkeys(MARKS, _mark)
    | dict.fromkeys(BLACKBOARD, _blackboard)
    | dict.fromkeys(("frac", "dfrac", "tfrac", "nicefrac", "sfrac"), _frac)
    | dict.fromkeys(("binom", "dbinom", "tbinom"), _binomial)
    | dict.fromkeys(("over", "choose"), _splitting)
    | dict.fromkeys(("textsuperscript", "textsubscript"), _text_script)
    | dict.fromkeys(("url", "path"), _address)
    | dict.fromkeys(("footnote", "thanks"), _footnote)
    | {
        "not": _not,
        "sqrt": _sqrt,
        "pmod": _modulo,
        "operatorname": _operator_name,
        "href": _link,
        "unicode": _unicode,
        "S": _section,
    }
)
