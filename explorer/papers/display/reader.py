"""The reader, which renders lexemes from left to right; what is broken is shown as it was written."""

from __future__ import annotations

import re

from explorer.papers.display.commands import CHOOSE, HANDLERS, OVER, accent, is_letter, named
from explorer.papers.display.lexemes import braces, lexemes
from explorer.papers.display.signs import CLOSERS, DROPPED, PRIMES, SCRIPTS, SPACING
from explorer.papers.display.typesetting import Line, fraction, scripted
from explorer.papers.latex import ACCENTS

_DEPTH = 20  # groups in groups; deeper ones only lose their braces, so that the time stays linear


class Reader:
    """Render lexemes from left to right; `position` is that of the next one."""

    def __init__(self, text: str) -> None:
        found = list(lexemes(text))
        self.lexemes = [lexeme for lexeme, _ in found] + ["", ""]
        self.in_mathematics = [is_mathematics for _, is_mathematics in found] + [False, False]
        self.partners = braces(self.lexemes)
        self.position = self.depth = 0
        self.in_quotes = False
        self.ends_of_arguments: set[int] = set()

    def rendered(self) -> str:
        """Return all of it; blanks may be doubled."""
        shown = self._until(len(self.lexemes))
        return shown.replace(OVER, "/").replace(CHOOSE, "choose")

    def _until(self, end: int) -> str:
        line = Line()
        while self.position < end:
            place = self.position
            lexeme = self.lexemes[place]
            self.position += 1
            if lexeme[:1] == "\\":
                self._command(lexeme, line)
            elif lexeme == "{":
                self._braces(place, line)
            elif lexeme == "}":
                line.add("" if place in self.partners else "}")
            elif lexeme.isspace():
                self.blank(lexeme, line)
            elif self.in_mathematics[place]:
                self._mathematics(lexeme, line)
            else:
                self._prose(lexeme, line)
        return "".join(line.pieces)

    # --- what is no command

    def _braces(self, place: int, line: Line) -> None:
        end = self.partners.get(place)
        if end is None:
            line.add("{")
        elif self.depth >= _DEPTH:
            line.ends_with_name = False
        elif self._is_set(place, end):
            line.add("{" + self._group() + "}")
        else:
            if self._is_next_argument(place, end):
                line.add(" ")
            line.add(self._group())

    def _is_next_argument(self, place: int, end: int) -> bool:
        r"""Say whether a group follows another argument of a command that nobody knows: "\unknown{one}{two}"."""
        before = self.lexemes[place - 1] if place else ""
        is_next = before == "}" and place - 1 in self.ends_of_arguments
        if is_next or (before[:1] == "\\" and before[1:2].isalpha()):
            self.ends_of_arguments.add(end)
        return is_next

    def _is_set(self, place: int, end: int) -> bool:
        """Say whether braces in prose mean themselves, as in "the labels {0, 1}", where nobody wrote LaTeX."""
        if self.in_mathematics[place] or self.lexemes[end + 1][:1].isalnum():
            return False
        before = self.lexemes[place - 1] if place else ""
        inside = "".join(self.lexemes[place + 1 : end])
        is_attached = before[-1:].isalnum() or before == "}"
        return not is_attached and "\\" not in inside and re.search(r"[^\w\s\-]|_", inside) is not None

    def _group(self) -> str:
        """Return what the group shows whose opening brace was the last lexeme."""
        end = self.partners[self.position - 1]
        self.depth += 1
        shown = self._until(end)
        self.depth -= 1
        self.position = end + 1
        above, over, below = shown.partition(OVER)
        if over:
            shown = fraction(above.strip(), below.strip())
        above, choose, below = shown.partition(CHOOSE)
        return f"({above.strip()} choose {below.strip()})" if choose else shown

    def blank(self, lexeme: str, line: Line) -> None:
        """Show a blank, or the end of a paragraph."""
        if self.in_mathematics[self.position - 1]:
            line.add("" if self.lexemes[self.position][1:] in CLOSERS else " ")
        elif lexeme.count("\n") > 1:
            self.in_quotes = False
            line.add("\n\n")
        else:
            line.add("\n" if lexeme == "\n" else " ")

    def _mathematics(self, lexeme: str, line: Line) -> None:
        if lexeme in SCRIPTS:
            self._script(lexeme, line)
        elif lexeme[0] == "'":
            line.attach(PRIMES.get(lexeme, lexeme))
        else:
            line.add(" " if lexeme in "&~" else lexeme)

    def _prose(self, lexeme: str, line: Line) -> None:
        if lexeme in ("``", "''", '"') and (self.in_quotes or lexeme == "``"):
            line.add("”" if self.in_quotes else "“")
            self.in_quotes = not self.in_quotes
        else:
            line.add({"--": "–", "---": "—"}.get(lexeme, lexeme))

    def _script(self, sign: str, line: Line) -> None:
        content = self.argument(whole_number=True)
        if content is None:
            line.add(sign)
            return
        shown = [scripted(sign, content)]
        other = self.lexemes[self.position]
        if other in SCRIPTS and other != sign:
            self.position += 1
            shown.append(scripted(other, self.argument(whole_number=True) or ""))
        # In "x_α²" the α would be squared.
        shown.sort(key=lambda script: script[:1] in SCRIPTS)
        line.attach("".join(shown))
        if shown[-1][:1] in SCRIPTS and line.last.isalnum() and is_letter(self.lexemes[self.position]):
            line.attach(" ")

    # --- what commands are given

    def ahead(self) -> int:
        """Return where the next lexeme is that is no blank."""
        return self.position + self.lexemes[self.position].isspace()

    def skip_blank(self) -> None:
        """Leave out the blank that is next, if one is."""
        self.position = self.ahead()

    def argument(self, *, whole_number: bool = False, letters: bool = False) -> str | None:
        """Return what the next group shows, or in mathematics, or with `letters`, the next sign; None for neither."""
        place = self.ahead()
        while self.lexemes[place][1:] in DROPPED and self.lexemes[place][0] == "\\":
            place += 1 + self.lexemes[place + 1].isspace()
        lexeme = self.lexemes[place]
        is_group = place in self.partners and lexeme == "{"
        if self.depth >= _DEPTH or not (is_group or self._is_sign(place, letters)):
            return None
        self.position = place + 1
        if is_group:
            return self._group().strip()
        if lexeme[0] == "\\":
            line = Line()
            self.depth += 1
            self._command(lexeme, line)
            self.depth -= 1
            return "".join(line.pieces).strip()
        if len(lexeme) > 1 and not whole_number:
            self.lexemes[place], self.position = lexeme[1:], place
            return lexeme[0]
        return lexeme

    def _is_sign(self, place: int, letters: bool) -> bool:
        lexeme = self.lexemes[place]
        return lexeme not in ("", "{", "}", "^", "_", "&", "$") and (letters or self.in_mathematics[place])

    def raw(self) -> str | None:
        """Return the next group as it was written, None where no group follows."""
        place = self.ahead()
        end = self.partners.get(place)
        if end is None or self.lexemes[place] != "{":
            return None
        self.position = end + 1
        return re.sub(r"\\([%&_#~$])", r"\1", "".join(self.lexemes[place + 1 : end]))

    # --- commands

    def _command(self, lexeme: str, line: Line) -> None:
        name = lexeme[1:]
        if name.rstrip("*").isalpha() and name.isascii():
            name = name.rstrip("*")
            HANDLERS.get(name, named)(self, name, line)
        elif name in ACCENTS:
            accent(self, name, line)
        elif name.isspace():
            self.blank(name, line)
        else:
            line.add(SPACING.get(name, name or lexeme))
