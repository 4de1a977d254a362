"""The names that LaTeX gives to letters and signs. Imports `explorer.papers.latex` only."""

from __future__ import annotations

from explorer.papers.latex import STYLES, SYMBOLS


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _table(names: str, signs: str) -> dict[str, str]:
    return dict(zip(names.split(), signs, strict=True))


LETTERS = _table(
    "alpha beta gamma delta epsilon varepsilon eps zeta eta theta vartheta iota kappa varkappa lambda mu nu xi "
    "omicron pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega digamma Gamma Delta Theta "
    "Lambda Xi Pi Sigma Upsilon Phi Psi Omega OE partial nabla hbar infty aleph beth emptyset varnothing wp imath "
    "jmath Bbbk R C N Z Q RR CC NN ZZ QQ",
    "αβγδϵεεζηθϑικϰλμνξοπϖρϱσςτυϕφχψωϝΓΔΘΛΞΠΣΥΦΨΩŒ∂∇ℏ∞ℵℶ∅∅℘ij𝕜ℝℂℕℤℚℝℂℕℤℚ",
) | {name: SYMBOLS[name] for name in _names("AA AE L O aa ae ell i j l o oe ss")}
# What stands between two things is typeset with blanks around it.
RELATIONS = _table(
    "approx ge geq geqslant gg gtrsim in ni notin le leq leqslant lesssim ll ne neq sim simeq cong equiv propto "
    "asymp doteq subset supset subseteq supseteq subsetneq sqsubseteq prec succ preceq succeq to rightarrow "
    "longrightarrow leftarrow gets longleftarrow leftrightarrow mapsto longmapsto Rightarrow Leftarrow "
    "Leftrightarrow Longrightarrow implies iff Longleftrightarrow hookrightarrow twoheadrightarrow rightharpoonup "
    "rightsquigarrow leadsto mid nmid parallel vdash models ltimes rtimes coloneqq",
    "≈≥≥≥≫≳∈∋∉≤≤≤≲≪≠≠∼≃≅≡∝≍≐⊂⊃⊆⊇⊊⊑≺≻⪯⪰→→⟶←←⟵↔↦⟼⇒⇐⇔⟹⟹⟺⟺↪↠⇀⇝⇝|∤∥⊢⊨⋉⋊≔",
)
OPERATORS = _table(
    "times cdot pm mp div ast star circ bullet otimes oplus ominus odot boxtimes boxplus cap cup sqcup sqcap uplus "
    "setminus smallsetminus wedge land vee lor wr amalg diamond",
    "×·±∓÷∗⋆∘•⊗⊕⊖⊙⊠⊞∩∪⊔⊓⊎∖∖∧∧∨∨≀⨿⋄",
)
SIGNS = _table(
    "cdots dotsb dots ldots dotsc textellipsis vdots degree textdegree sum prod coprod int iint oint bigcup bigcap "
    "bigoplus bigotimes bigsqcup bigwedge bigvee forall exists nexists neg lnot top bot perp angle triangle square "
    "Box blacksquare dagger dag ddagger prime sharp flat natural checkmark langle rangle lfloor rfloor lceil rceil "
    "vert lvert rvert Vert lVert rVert lbrace rbrace lbrack rbrack backslash textbackslash textasciitilde "
    "textasciicircum textunderscore textendash textemdash textregistered texttrademark copyright pounds euro "
    "uparrow downarrow updownarrow nearrow searrow quad qquad newline par noindent lq rq",
    "⋯⋯…………⋮°°∑∏∐∫∬∮⋃⋂⨁⨂⨆⋀⋁∀∃∄¬¬⊤⊥⊥∠△□□■††‡′♯♭♮✓⟨⟩⌊⌋⌈⌉|||‖‖‖{}[]\\\\~^_–—®™©£€↑↓↕↗↘     ‘’",
) | {"item": " • ", "colon": ": ", "bmod": " mod ", "Re": "Re ", "Im": "Im "}
MARKS = _table(
    "hat widehat bar overline tilde widetilde vec dot ddot check breve acute grave mathring",
    "\u0302\u0302\u0304\u0304\u0303\u0303\u20d7\u0307\u0308\u030c\u0306\u0301\u0300\u030a",
)
BLACKBOARD = frozenset(["mathbb", "Bbb", "mathds", "mathbbm"])
# Commands whose first argument goes with them; and those that go alone, as they say how something looks.
SKIPPING = frozenset(["label", "color", "textcolor", "vspace", "hspace", "begin", "end", "phantom", "vphantom"])
DROPPED = (
    STYLES
    | _names(
        "bigl bigr bigm Bigl Bigr biggl biggr Biggl Biggr frak Cal bold rmfamily sffamily textstyle scriptstyle "
        "scriptscriptstyle nolimits nobreak protect centering citet citep citealp eqref cref autoref mathnormal "
        "upshape tiny LARGE Large huge strut allowbreak medskip bigskip smallskip displaylimits boldmath unboldmath"
    )
) - _names("frac dfrac tfrac operatorname textsuperscript textsubscript href url").union(
    BLACKBOARD, SKIPPING, SIGNS, MARKS
)
SCRIPTS = {
    "^": dict(
        zip(
            "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW∘°∗*†‡′⊤",
            "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ°°**†‡′ᵀ",
            strict=True,
        )
    ),
    "_": dict(zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)),
}
DOUBLED = (
    {chr(65 + place): chr(0x1D538 + place) for place in range(26)}
    | dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))
    | {"1": "𝟙"}
)
# Left of these nothing is related; behind "OPENERS" and before "CLOSERS" no blank is shown.
NOTHING_ON_THE_LEFT = ("", "{", "(", "[", ",", ";", "&", "^", "_", "|")
OPENERS = _names("forall exists nexists neg lnot int oint langle lfloor lceil triangle lvert lVert")
CLOSERS = _names("rangle rfloor rceil rvert rVert")
DELIMITING = _names("left right middle big bigg Big Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr")
WITHIN = _names("aa ae i j l o oe ss AE L O")  # letters that stand within words
SPACING = dict.fromkeys(",;: >\\\n\t", " ") | dict.fromkeys("!/-@", "") | {"|": "‖"}
PRIMES = {"'": "′", "''": "″", "'" * 3: "‴"}
