"""The names of arXiv's categories: https://arxiv.org/category_taxonomy."""

from __future__ import annotations

from explorer.errors import InvalidInput

_PARTS = {
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "cs": (
        "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO SC SD "
        "SE SI SY"
    ),
    "econ": "EM GN TH",
    "eess": "AS IV SP SY",
    "gr-qc": "",
    "hep-ex": "",
    "hep-lat": "",
    "hep-ph": "",
    "hep-th": "",
    "math": (
        "AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST"
    ),
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
}  # fmt: skip


def category(written: str) -> str:
    """Return the name of a category, or of a whole archive ("cs"), as arXiv spells it: "cs.cv" is cs.CV.

    Raises InvalidInput, with the nearest names, when arXiv has no such category.
    """
    known = {name.lower(): name for name in _names()}
    found = known.get(written.strip().lower())
    if found is not None:
        return found
    from difflib import get_close_matches

    near = [known[name] for name in get_close_matches(written.strip().lower()[:50], known, 3, 0.6)]
    meant = f"did you mean {', '.join(near)}?" if near else "they are listed at https://arxiv.org/category_taxonomy"
    raise InvalidInput(f"arXiv has no category {written[:100]!r}: {meant}")


def _names() -> list[str]:
    return [
        name
        for archive, parts in _PARTS.items()
        for name in (archive, *(f"{archive}.{part}" for part in parts.split()))
    ]
