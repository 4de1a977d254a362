"""Which commands of LaTeX are harmless, in text and in formulas, and how signs are spelled that are not."""

from __future__ import annotations

from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Symbols of formulas without arguments; in text they are put into a formula of their own.
SYMBOLS = _words(
    # letters
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho "
    "sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega "
    "ell hbar imath jmath Re Im aleph nabla partial infty emptyset varnothing prime "
    # operators and relations
    "pm mp times div cdot ast star circ bullet cap cup vee wedge oplus otimes odot setminus in notin ni subset "
    "subseteq supset supseteq le leq ge geq ll gg ne neq equiv sim simeq approx cong propto lesssim gtrsim parallel "
    "perp mid forall exists neg lnot land lor sum prod int oint "
    # arrows, dots, brackets
    "to gets mapsto leftarrow rightarrow leftrightarrow Leftarrow Rightarrow Leftrightarrow longrightarrow uparrow "
    "downarrow cdots vdots ddots dots ldots langle rangle lfloor rfloor lceil rceil lbrace rbrace vert Vert backslash "
    # functions
    "arg cos cosh cot deg det dim exp gcd inf ker lim liminf limsup ln log max min Pr sin sinh sup tan tanh"
)


@dataclass(frozen=True, slots=True)
class Mode:
    """Hold what is kept: commands, and others if an argument follows; and how else signs are spelled."""

    commands: frozenset[str]
    with_argument: frozenset[str]
    spelled: dict[str, str]


TEXT = Mode(
    frozenset("%&#_$, /-")
    | _words(
        "AA AE L LaTeX O OE P S TeX aa ae bf bfseries copyright dag ddag dots em i it itshape j l ldots o oe pounds "
        "quad rm sc scshape sf sl small ss textasciicircum textasciitilde textbackslash textbraceleft "
        "textbraceright textdegree textgreater textless textmu texttimes tt"
    ),
    frozenset("\"'`^~=.Hbcdkrtuv")
    | _words(
        "emph ensuremath mbox textbf textit textmd textnormal textrm textsc textsf textsl textsubscript "
        "textsuperscript texttt textup underline"
    ),
    {
        "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}", "$": r"\$", "%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_",
    },
)  # fmt: skip
FORMULA = Mode(
    frozenset("%&#_$, ;:!>|")
    | SYMBOLS
    | _words(
        "Big Bigg big bigg bf cal displaystyle it left limits nolimits middle qquad quad right rm scriptstyle "
        "textstyle tt"
    ),
    _words(
        "acute bar binom bm boldsymbol breve check ddot dfrac dot emph frac grave hat mathbb mathbf mathcal mathfrak "
        "mathit mathop mathrm mathscr mathsf mathtt mbox operatorname overline overset pmb sqrt stackrel text textbf "
        "textit textrm textsc textsf texttt tfrac tilde underline underset vec widehat widetilde"
    ),
    {"\\": r"\backslash ", "{": r"\lbrace ", "}": r"\rbrace ", "%": r"\%", "&": r"\&", "#": r"\#"},
)
