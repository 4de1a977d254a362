"""Scripts, fractions and the line that is being set."""

from __future__ import annotations

import re

from explorer.papers.display.signs import SCRIPTS

# What needs no parentheses in a fraction or under a root: a number, a word, "dx", a letter and what is attached to it.
_ATOM = re.compile(r"\d+(?:\.\d+)?|[A-Za-z]{3,}|√?[d∂]?[^\W\d_][\u0300-\u036f\u20d7]?[′″²³¹⁰-₎ᴬ-ᵪᶜᶠᶻⱼⱽₐ-ₜ]*|\([^()]*\)")
_ONE_TERM = re.compile(r"[^\s+\-−±∓=<>≤≥/,]*|\([^()]*\)")
_BARE_SCRIPT = re.compile(r".[\u0300-\u036f\u20d7]?|[A-Za-z]{3,}|\d+(?:\.\d+)?|\([^()]*\)")


def fraction(numerator: str, denominator: str) -> str:
    """Return a fraction in one row, with the parentheses that it needs there."""
    above = numerator if _ONE_TERM.fullmatch(numerator) else f"({numerator})"
    return f"{above}/{atom(denominator)}"


def atom(content: str) -> str:
    """Return `content`, in parentheses where it is more than one thing."""
    return content if _ATOM.fullmatch(content) else f"({content})"


def scripted(sign: str, content: str) -> str:
    """Return `content` raised or lowered where Unicode has every character so, else as it is written, for one look."""
    content = re.sub(r" ?([^\w\s]) ?", r"\1", " ".join(content.split()))
    table = SCRIPTS[sign]
    if all(character in table for character in content) and not re.search("[A-Za-z]{3}", content):
        return "".join(table[character] for character in content)
    is_bare = _BARE_SCRIPT.fullmatch(content) or (sign == "_" and content.isalnum())
    return sign + (content if is_bare else f"({content})")


class Line:
    """Collect what is shown, with a blank where a name would grow together with its neighbor."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.ends_with_name = False

    @property
    def last(self) -> str:
        """The last character, or none."""
        return self.pieces[-1][-1] if self.pieces else ""

    def add(self, piece: str, *, is_name: bool = False) -> None:
        """Add what stands on its own; the empty piece ends a name."""
        if piece:
            if (self.ends_with_name and piece[0].isalnum()) or (is_name and self.last.isalnum()):
                self.pieces.append(" ")
            self.attach(piece)
        self.ends_with_name = is_name

    def attach(self, piece: str) -> None:
        """Add what belongs to the last piece, as scripts do."""
        if piece:
            self.pieces.append(piece)
