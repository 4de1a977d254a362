"""The names of arXiv's categories: https://arxiv.org/category_taxonomy."""

from __future__ import annotations

from explorer.errors import InvalidInput

_PARTS = {
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "cs": (
        "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO SC "
        "SD SE SI SY"
    ),
    "econ": "EM GN TH",
    "eess": "AS IV SP SY",
    "gr-qc": "",
    "hep-ex": "",
    "hep-lat": "",
    "hep-ph": "",
    "hep-th": "",
    "math": ("AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST"),
    "math-ph": "",
    "nlin": "AO CD CG PS SI",
    "nucl-ex": "",
    "nucl-th": "",
    "physics": (
        "acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn gen-ph geo-ph "
        "hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph"
    ),
    "q-bio": "BM CB GN MN NC OT PE QM SC TO",
    "q-fin": "CP EC GN MF PM PR RM ST TR",
    "quant-ph": "",
    "stat": "AP CO ME ML OT TH",
}
_OLD = (
    "acc-phys adap-org alg-geom ao-sci atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas dg-ga funct-an mtrl-th "
    "patt-sol plasm-ph q-alg solv-int supr-con"
)
_ALSO_BARE = {"astro-ph", "cond-mat"}  # they had no parts once


def category(written: str) -> str:
    """Return the name of a category, or of a whole archive ("cs"), as arXiv spells it: "cs.cv" is cs.CV.

    Raises InvalidInput, with the nearest names, when arXiv has no such category.
    """
    known = {name.lower(): name for name in _names()}
    found = known.get(written.strip().lower())
    if found is not None:
        return found
    from difflib import get_close_matches

    asked_for = written.strip().lower()[:50]
    near = get_close_matches(asked_for, known, 20, 0.6)
    near.sort(key=lambda name: not name.startswith(asked_for[:-1]))
    meant = (
        f"did you mean {', '.join(known[name] for name in near[:3])}?"
        if near
        else "they are listed at https://arxiv.org/category_taxonomy"
    )
    raise InvalidInput(f"arXiv has no category {written[:100]!r}: {meant}")


def asked(name: str) -> str:
    """Return what asks for a category, or for all of an archive, in arXiv's query language."""
    if not _PARTS.get(name):
        return f"cat:{name}"
    return f"cat:{name} OR cat:{name}.*" if name in _ALSO_BARE else f"cat:{name}.*"


def _names() -> list[str]:
    named = [f"{archive}.{part}" for archive, parts in _PARTS.items() for part in parts.split()]
    return [*_PARTS, *_OLD.split(), *named]
