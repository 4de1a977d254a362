r"""LaTeX in running text to words and signs. Loaded only where there is LaTeX."""

from __future__ import annotations

import re
import unicodedata

ACCENTS = dict(
    zip(
        "\"'`^~=.cvuHkrdb",
        "\u0308\u0301\u0300\u0302\u0303\u0304\u0307\u0327\u030c\u0306\u030b\u0328\u030a\u0323\u0331",
        strict=True,
    )
)
_ACCENT = re.compile(
    r"\{?\\(?:(?P<mark>[\"'`^~=.])"
    r"(?:\s*\{\s*\\?(?P<a>[A-Za-z])\s*\}|\\(?P<dotless>[ij])(?![A-Za-z])\ ?|(?P<b>[A-Za-z]))"
    r"|(?P<letter>[cvuHkrdb])\s*\{\s*\\?(?P<c>[A-Za-z])\s*\}|(?P<spaced>[cvHk])\ +(?P<d>[A-Za-z]))\}?"
)
# The blank that ends the name of a letter within a word: "Pe\l czy", "\L uka", but not "for some \l in".
_LETTER = re.compile(r"(?:(?<=[^\W\d_])\\(?P<inner>aa|ae|i|j|l|o|oe|ss)|\\(?P<first>AE|L|O))\ +(?=[a-z])")
SYMBOLS = {
    "AA": "Å", "AE": "Æ", "L": "Ł", "O": "Ø", "aa": "å", "ae": "æ", "approx": "≈", "cdot": "·", "cdots": "…",
    "circ": "°", "degree": "°", "dots": "…", "ell": "ℓ", "ge": "≥", "geq": "≥", "gg": "≫", "i": "i", "in": "∈",
    "infty": "∞", "j": "j", "l": "ł", "ldots": "…", "le": "≤", "leq": "≤", "lesssim": "≲", "ll": "≪", "mapsto": "→",
    "mu": "μ", "ne": "≠", "neq": "≠", "o": "ø", "oe": "œ", "pm": "±", "rightarrow": "→", "sim": "∼", "ss": "ß",
    "textdegree": "°", "times": "×", "to": "→",
}  # fmt: skip
# Commands that say how their argument looks: the argument is the word, the command is not.
STYLES = frozenset({
    "bar", "bf", "bfseries", "big", "bigg", "Big", "Bigg", "bm", "boldsymbol", "boldmath", "cal", "cite",
    "displaystyle", "emph", "ensuremath", "em", "footnotesize", "frac", "dfrac", "tfrac", "hat", "hbox", "href", "it",
    "itshape", "label", "large", "left", "limits", "mathbb", "mathbf", "mathcal", "mathfrak", "mathit", "mathop",
    "mathrm", "mathscr", "mathsf", "mathtt", "mbox", "middle", "nonumber", "normalsize", "operatorname", "overline",
    "pmb", "quad", "qquad", "ref", "right", "rm", "scriptsize", "sc", "scshape", "sf", "small", "sl", "textbf",
    "textit", "textmd", "textnormal", "textrm", "textsc", "textsf", "textsl", "textsubscript", "textsuperscript",
    "texttt", "text", "textup", "tilde", "tt", "ttfamily", "underline", "url", "vec", "widehat", "widetilde",
    "xspace",
})  # fmt: skip
_ESCAPED = re.compile(r"\\([%&_#${}])")
# Signs by name, as programs write them: "x\\textasciicircum{}2".
_NAMED = re.compile(r"\\text(asciicircum|asciitilde|backslash|braceleft|braceright)(?![A-Za-z])(?:\{\}| )?")
_SIGNS = {"asciicircum": chr(8), "asciitilde": chr(11)}  # _HIDDEN; the others have no place in words
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_DEGREE = re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{[^{}]*\}")
# The place between two arguments, where two words would become one: "\href{address}{words}".
_ARGUMENTS = re.compile(r"(\\[A-Za-z]+\*?\s*\{[^{}]*\}|\}\s*\})\s*(?=\{)")
_COMMAND = re.compile(r"(?P<joined>(?<=[A-Za-z0-9]))?\\(?P<name>[A-Za-z]+)\*?(?P<argument>(?=\{\s*[^\s}]))?")
_SPACING = re.compile(r"\\[,;:! />\[\]]")
_UNSEEN = re.compile(r"\\[-@()]|\\")
_MATH = re.compile(r"\$\$([^$]*)\$\$|\$(?:\^\s*\{?\s*)?([^$]*)\$")
_TIE = re.compile(r"(?<=\S)~(?=\S)")
# While LaTeX is taken apart, escaped signs hide behind control characters, which no clean text holds.
_HIDDEN = {character: chr(1 + position) for position, character in enumerate("%&_#${}")}
_LITERAL = str.maketrans({code: character for character, code in _HIDDEN.items()} | {chr(8): "^", chr(11): "~"})


def spelled_out(text: str) -> str:
    """Return `text` with its LaTeX turned into words and signs; blanks may be doubled."""
    text = _NAMED.sub(lambda match: _SIGNS.get(match[1], ""), text.replace("\\\\", " "))
    text = _ESCAPED.sub(lambda match: _HIDDEN[match[1]], text)
    text = _LETTER.sub(lambda match: SYMBOLS[match["inner"] or match["first"]], _ACCENT.sub(_accented, text))
    text = _FRACTION.sub(r" \1/\2", _DEGREE.sub("°", _ENVIRONMENT.sub(" ", text)))
    text = _COMMAND.sub(_command, _ARGUMENTS.sub(r"\1 ", text))
    text = _UNSEEN.sub("", _SPACING.sub(" ", text))
    text = _MATH.sub(lambda match: match[2] if match[1] is None else f" {match[1]} ", text)
    text = _TIE.sub(" ", text).replace("{", "").replace("}", "")
    return text.translate(_LITERAL)


def _accented(match: re.Match[str]) -> str:
    letter = match["a"] or match["dotless"] or match["b"] or match["c"] or match["d"]
    mark = match["mark"] or match["letter"] or match["spaced"]
    accented = unicodedata.normalize("NFC", letter + ACCENTS[mark])
    # "\v x" is more often somebody's own command than an accent that no language has.
    return match[0] if match["spaced"] and len(accented) > 1 else accented


def _command(match: re.Match[str]) -> str:
    name = match["name"]
    if name in STYLES:
        # "{\bf bold}move": the blank that ended the command is still there; "a\textit{b}" stays one word.
        return ""
    sign = SYMBOLS.get(name)
    if sign is not None:
        return sign
    before = "" if match["joined"] is None else " "
    after = "" if match["argument"] is None else " "
    return before + name + after
