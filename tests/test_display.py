r"""LaTeX for the eye: signs, scripts, accents; prose is left alone, no word is lost, nothing is too broken."""

from __future__ import annotations

import gzip
import json
import re
import string
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.papers import clean
from explorer.papers.display import displayed
from explorer.papers.display.lexemes import lexemes

SHOWN = {
    # what is no LaTeX
    "": "",
    "plain": "plain",
    "snake_case, 2^3, 5% of x<y": "snake_case, 2^3, 5% of x<y",
    "costs $5 and $10": "costs $5 and $10",
    "$5-$10, $5/$10, $5, $10": "$5-$10, $5/$10, $5, $10",
    "from $5 a day to $10 a day": "from $5 a day to $10 a day",
    "US$ and A$ are currencies": "US$ and A$ are currencies",
    "costs $5 alone": "costs $5 alone",
    "labels {0, 1}, a {x_i} of": "labels {0, 1}, a {x_i} of",
    "about ~50, 10~20, N~100": "about ~50, 10~20, N~100",
    "--> and <!-- and -----": "--> and <!-- and -----",
    "https://e.org/a--b_c/~d and www.e.org/~f": "https://e.org/a--b_c/~d and www.e.org/~f",
    "```code``` and ''": "```code``` and ''",
    # prose
    "Kac--Moody --- and so on": "Kac–Moody — and so on",
    "``quotes'' and ``more\"": "“quotes” and “more”",
    "``never closed\n\n5'' apart": "“never closed\n\n5'' apart",
    "Fig.~1, 5~GHz, A.~Author": "Fig. 1, 5 GHz, A. Author",
    r"89\%, A\&B, \#1, snake\_case, \{x\}, \$5": "89%, A&B, #1, snake_case, {x}, $5",
    r"\emph{in vivo}, \textbf{\textit{both}}, {\bf bold} move": "in vivo, both, bold move",
    r"a\textit{b}c, \emph {spaced}, \texttt{code}": "abc, spaced, code",
    r"{B}ayesian, {GAN}s, {deep learning}": "Bayesian, GANs, deep learning",
    r"\cite{smith} and \ref{one}": "smith and one",
    r"\href{https://e.org/~a_b}{words}": "words (https://e.org/~a_b)",
    r"\href{https://e.org}{https://e.org}, \url{http://e.org/a\_b}": "https://e.org, http://e.org/a_b",
    r"\textcolor{red}{words}\label{one}": "words",
    r"word\footnote{Another one.}": "word (Another one.)",
    r"\begin{itemize}\item one\item two\end{itemize}": "• one • two",
    r"line\\break, a\ b\,c\;d, sma\-rt": "line break, a b c d, smart",
    r"\LaTeX{} and \LaTeX": "LaTeX and LaTeX",
    r"\unknown{word}, a\foo b, \4he": "unknown word, a foo b, 4he",
    r"\unicode{x2014}, \unicode{xD800}, \unicode{what}": "—, unicode xD800, unicode what",
    r"\S 3, H\textsubscript{2}O": "§ 3, H₂O",
    "one $x^2$\n\ntwo": "one x²\n\ntwo",
    # accents
    r"Schr\"odinger, Schr\"{o}dinger, Schr{\"o}dinger, Schr{\"{o}}dinger": "Schrödinger, " * 3 + "Schrödinger",
    r"Poincar\'e, \'Etale, \`a la, se\~nor, \=o, \.z, \^ile": "Poincaré, Étale, à la, señor, ō, ż, île",
    r"na\"{\i}ve, na\"\i ve, Garc\'{\i}a, f\'\i sica": "naïve, naïve, García, física",
    r"Erd\H{o}s, Erd\H os, Fran\c cais, \v{C}ech, \u{g}, \k{a}": "Erdős, Erdős, Français, Čech, ğ, ą",
    r"\L{}\'od\'z, Pe\l czy\'nski, S\o rensen, {\AA}ngstr\"om": "Łódź, Pełczyński, Sørensen, Ångström",
    r"\emph{\'etat}, don\'t, the vector \v x, \~{}": "état, don't, the vector v x, ~",
    # mathematics: letters and signs
    r"$\alpha$-decay, H$\alpha$, \omega-categorical": "α-decay, Hα, ω-categorical",
    r"$\alpha x$, $\alpha \beta$, $2\pi r$, $\Delta t$": "αx, αβ, 2πr, Δt",
    r"$x\in X$, $n\to\infty$, $a \leq b$, $f\colon X\to Y$": "x ∈ X, n → ∞, a ≤ b, f: X → Y",
    r"$\leq$5, $\sim 10$, $\pm 1$, $x = \pm 1$": "≤5, ∼10, ±1, x = ±1",
    r"$64\times 64$, $64 \times 64$, $a\cdot b$, 2\times3": "64×64, 64 × 64, a·b, 2×3",
    r"$\forall x \exists y$, $\nabla f$, $\partial_t u$": "∀x ∃y, ∇f, ∂ₜ u",
    r"$\not\in$, $a\not= b$, $x\not\in X$": "∉, a ≠ b, x ∉ X",
    r"$|\psi \rangle$, $\langle x, y \rangle$, $\|x\|$": "|ψ⟩, ⟨x, y⟩, ‖x‖",
    r"$\mathbb{R}$ $\mathbb C$ $\mathbb{NZQPE}$ $\Bbb F_2$ $\R$": "ℝ ℂ ℕℤℚℙ𝔼 𝔽₂ ℝ",
    r"$\mathcal{O}(n)$, $\mathrm{d}x$, $\mathbf x$": "O(n), dx, x",
    r"$n\log n$, $\log_2 n$, $\sin\theta$, $\log\log n$": "n log n, log₂ n, sin θ, log log n",
    r"$\operatorname{Aut}(G)$, $x\operatorname{mod}n$, $\kk$": "Aut(G), x mod n, kk",
    r"$f'(x)$, $f''$, $\bar{x}$, $\hat\theta_n$, $\overline{AB}$": "f′(x), f″, x̄, θ̂ₙ, AB",
    r"$\left(\frac{x}{y}\right)$, $\left. f\right|_0$": "(x/y), f|₀",
    r"$5\,\mu$m, $50\,{\rm\mu m}$": "5 μm, 50 μm",
    # scripts
    r"$x^2$, H$_2$O, $10^{-3}$, $x_i$, $10^10$": "x², H₂O, 10⁻³, xᵢ, 10¹⁰",
    r"$^{138}$Ba$^+$, 24$^{\rm th}$, 3.7$^{\circ}$C": "¹³⁸Ba⁺, 24ᵗʰ, 3.7°C",
    r"$x_{\mathrm{max}}$, $x_\text{max}$, $L^1_{loc}$": "x_max, x_max, L¹_loc",
    r"$e^{i\theta}$, $L^\infty$, $A^{-1/2}$, $x_{i,j}$": "e^(iθ), L^∞, A^(-1/2), x_(i,j)",
    r"$T_{\mu\nu}$, $x_{\alpha}^2$, $k^{\alpha}$": "T_μν, x²_α, k^α",
    r"$\mathbb{R}^{n\times m}$, $\mathbb{R}^n$": "ℝ^(n×m), ℝⁿ",
    r"$C^*$-algebra, $A^\dagger$, $A^\top$, $f^\prime$": "C*-algebra, A†, Aᵀ, f′",
    r"$\sum_{i=1}^n x_i$, $\max_{i \in I} x_i$": "∑ᵢ₌₁ⁿ xᵢ, max_(i∈I) xᵢ",
    r"$x^{y^{2}}$, $x^{}$, $\{a_n\}$": "x^(y²), x, {aₙ}",
    # fractions and roots
    r"$\sqrt\frac12$, $x^\mathrm{ab}$": "√(1/2), xᵃᵇ",
    r"$\frac{a}{b}$, $\frac12$, $\frac{\partial f}{\partial x}$": "a/b, 1/2, ∂f/∂x",
    r"$\frac{a+b}{2\pi}$, $\frac{signal}{noise}$, $\frac{1}{2}x$": "(a+b)/(2π), signal/noise, (1/2)x",
    r"${1 \over 2}$, ${a+b \over c}$, ${n \choose k}$, $\binom{n}{k}$": "1/2, (a+b)/c, (n choose k), (n choose k)",
    r"$\sqrt{2}$, $\sqrt x$, $\sqrt{n+1}$, $\sqrt[3]{x}$, $1/\sqrt{t}$": "√2, √x, √(n+1), ³√x, 1/√t",
    r"$a \equiv b \pmod{n}$": "a ≡ b (mod n)",
    # where mathematics starts and ends
    r"\(x_1\) and \[y^2\] and $$z_3$$": "x₁ and y² and z₃",
    "we write $$x = y$$for, $a$$b$": "we write x = y for, ab",
    r"\begin{equation} x^2 \end{equation}": "x²",
    r"\textbf{the $x_1$ case}": "the x₁ case",
    "$K$-means, $x, y$, $k - 1$, $ x $": "K-means, x, y, k - 1, x",
    r"$5, then $x^2$": "$5, then x²",
    # what is broken
    "$": "$",
    "$$": "$$",
    "{": "{",
    "}": "}",
    "\\": "\\",
    "a $x^2 b": "a $x^2 b",
    "$x\n\ny^2$": "$x\n\ny^2$",
    r"\( x^2": "( x^2",
    "$x^$ and $_$": "x^ and _",
    r"\textbf{never closed": "{never closed",
    r"$\frac{a$ and $\sqrt$": "{a and √",
    "$$x^2$": "$x²",
}


@pytest.mark.parametrize(("written", "expected"), SHOWN.items(), ids=SHOWN)
def test_values(written: str, expected: str) -> None:
    assert displayed(written) == expected


PROSE = st.text(st.characters(exclude_characters="\\$~{^`-", exclude_categories=["Cs"]))
PARTS = [*"\\{}$^_~%&#'\"`= \n[]", "\\(", "\\)", "\\[", "\\]", "$$", "\\c", "\\frac", "\\sqrt"]
PARTS += [
    "\\not",
    "\\left",
    "\\over",
    "\\rm",
    "--",
    "``",
    "\\textbf{",
    "\\begin{equation}",
    "\\end{equation}",
    "\\href{",
    "\\in",
    "\n\n",
    *"aAi1é²\u0301",
]
BROKEN = st.lists(st.sampled_from(PARTS), max_size=40).map("".join) | st.text(st.characters(), max_size=80)
WORD = st.text(string.ascii_letters, min_size=3, max_size=9)
PATTERNS = [
    "{0}", "\\textbf{{{0}}}", "\\emph{{{0} {1}}}", "{{\\it {0}}} {1}", "{0}~{1}", "{0}\\\\{1}", "{0}\\%", "\\cite{{{0}}}",
    "\\href{{{0}}}{{{1}}}", "\\unknown{{{0}}}{{{1}}}", "\\frac{{{0}}}{{{1}}}", "{0}\\footnote{{{1}}}", "$\\alpha$ {0}",
    "$\\mathrm{{{0}}}_{{{1}}}$", "$x^{{{0}}}_{{{1}}}$", "\\({0}\\)", "$${0}$$ {1}", "``{0}'' {1}", "$\\sqrt{{{0}}}$",
    "\\{{{0}\\}}", "${0} {1}", "{{{0}", "{0}}}", "$\\{0} \\in {1}$", "{0}--{1}", "${0}\\log {1}$", "$\\hat{{{0}}}$",
]  # fmt: skip
PIECES = st.tuples(st.sampled_from(PATTERNS), WORD, WORD)


@given(PROSE)
def test_prose_stays_as_it_is(text: str) -> None:
    assert displayed(text) == text


@given(st.lists(WORD, min_size=1), st.sampled_from([" -- ", " $ ", "{, ", " ^ ", "~50 ", " $5 and "]))
def test_prose_with_signs_is_the_same_shown_twice(words: list[str], sign: str) -> None:
    shown = displayed(sign.join(words))
    assert displayed(shown) == shown
    assert re.findall("[A-Za-z]+", shown) == re.findall("[A-Za-z]+", sign.join(words))


# A link shows its address only where that is not in its words already.
@given(st.lists(PIECES.filter(lambda piece: piece[1] not in piece[2] and piece[2] not in piece[1]), max_size=8))
def test_no_word_is_lost(pieces: list[tuple[str, str, str]]) -> None:
    text = "\n\n".join(pattern.format(*words) for pattern, *words in pieces)
    expected = Counter(
        word for pattern, *words in pieces for place, word in enumerate(words) if f"{{{place}}}" in pattern
    )
    # A word may be the name of a sign.
    known = {word for word in expected if displayed(f"\\{word}") != word}
    shown = Counter(re.findall(r"[A-Za-z]+", displayed(text)))
    assert {word for word in expected - shown if word not in known} == set()


@given(BROKEN)
def test_nothing_is_too_broken(text: str) -> None:
    shown = displayed(text)
    assert shown == text or len(shown) <= 3 * len(text) + 20
    assert "".join(lexeme for lexeme, _ in lexemes(text)).count("é") == text.count("é") == shown.count("é") or (
        "\u0301" in text or "\\" in text
    )


@pytest.mark.parametrize(
    "piece",
    ["$", "{", "}", "\\", "^", "_", "$^", "~", "-", "`", "\\(", "\\[", "\\frac", "\\sqrt ", "{x", "$\\hat", "\\'", "\\not",
     "\\rm", "\\ ", "^\\rm", "\\href{", "\\url{", "\\begin{equation}", "$1", "$a b", "\\left.", "www.", "a~", "\n \n"],
)  # fmt: skip
def test_endless_text_comes_to_an_end(piece: str) -> None:
    for text in (piece * (100_000 // len(piece)), "$x" + piece * (100_000 // len(piece)) + "$"):
        assert isinstance(displayed(text), str)


@pytest.mark.parametrize("opening", ["{", "^{", "\\sqrt{", "\\frac{", "\\textbf{", "\\href{", "\\hat{", "\\over{"])
def test_groups_in_groups_come_to_an_end(opening: str) -> None:
    inside = "word" * 5_000
    for text in ("{0}{1}{2}", "${0}{1}{2}$"):
        assert inside in displayed(text.format(opening * 10_000, inside, "}" * 10_000))


def test_arguments_of_a_command_that_nobody_knows_are_words_apart() -> None:
    assert displayed(r"\unknown{one}{two}{three}{four}") == "unknown one two three four"
    assert displayed(r"{\it one}{two}") == "onetwo"


def test_looking_up_a_paper_does_not_load_it() -> None:
    program = "import sys, explorer.papers; print([name for name in sys.modules if 'papers.display' in name])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_no_word_of_real_abstracts_is_lost(shared_data: Path) -> None:
    changed = 0
    with gzip.open(shared_data / "corpora" / "arxiv-100k.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in islice(lines, 20_000):
            record = json.loads(line)
            for written in (clean(record["title"]), clean(record["abstract"])):
                shown = displayed(written)
                changed += shown != written
                assert shown.count("\n\n") == written.count("\n\n")
                # What stands alone between blanks, outside of mathematics, and is not what a command before it takes.
                prose = re.sub(r"\\(?:[A-Za-z]+|.) \S*", "$", re.sub(r"\$[^$]*\$", "$", written))
                words = set(re.findall(r"(?<!\S)[a-z]{4,}(?!\S)", prose))
                assert words <= set(re.findall(r"[a-z]+", shown)), written
    assert changed > 7_000
