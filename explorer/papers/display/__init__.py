r"""LaTeX as Unicode that people read on a screen: `$x_i \leq 10^{-3}$` is xᵢ ≤ 10⁻³.

`readable` in `text` is for the embedding, which knows words better than signs; this is for the eye. A text becomes
lexemes, each known to be mathematics or prose, which are rendered from left to right; a command takes the groups that
follow it. What is broken is shown as it was written. Imports `explorer.papers.latex` only.
"""

from __future__ import annotations

import re

from explorer.papers.display.lexemes import ADDRESS
from explorer.papers.display.reader import Reader

_TO_DO = re.compile(r"[\\$~{^]|``|--")
# "Fig.~1", "5~GHz"; but "about ~50", "10~20" and "N~100" say how much.
_TIE = re.compile(
    rf"(?P<address>{ADDRESS})"
    r"|(?<=[\w.,;:)\]}$%'])(?:(?<!\d)(?<!\b[A-Za-z])~(?=\d)|~(?=[^\W\d]|[\\$({\[`]))"
)


def displayed(text: str) -> str:
    r"""Return `text` with its LaTeX as Unicode: `H$_2$O`, `$\mathbb{R}^n$` and `\emph{in vivo}` are H₂O, ℝⁿ, in vivo.

    Sub- and superscripts are those of mathematics only. No word is lost: commands that are not known stay as their
    names, braces and dollars without partners stay. Paragraphs stay. Takes time in the order of the text's length.
    """
    if not _TO_DO.search(text):
        return text
    shown = Reader(_TIE.sub(lambda match: match["address"] or " ", text)).rendered()
    return re.sub(r" ?\n\n ?", "\n\n", re.sub(r"[^\S\n]{2,}", " ", shown)).strip()
