"""Paper identifiers in every form in which people paste them."""

from __future__ import annotations

import re
from functools import lru_cache

# Forms since 2007 and before: https://info.arxiv.org/help/arxiv_identifier.html
# The archives are named one by one: "report/1234567" is somebody else's number.
_ARCHIVE = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga|funct-an|"
    "gr-qc|hep-(?:ex|lat|ph|th)|math-ph|math|mtrl-th|nlin|nucl-(?:ex|th)|patt-sol|physics|plasm-ph|q-alg|q-bio|quant-ph|"
    "solv-int|supr-con"
)
_ARXIV = rf"(?P<id>\d{{4}}\.\d{{4,5}}|(?:{_ARCHIVE})(?:\.[a-z-]+)?/\d{{7}})(?:v(?P<version>[1-9]\d{{0,3}}))?"
# The patterns are compiled when they are first used: a look-up by the very id uses none.
_WRITTEN = rf"(?ia)(?:arxiv\s*:\s*|(?:doi:\s*)?10\.48550/arxiv\.)?{_ARXIV}(?:\.pdf)?(?:\s*\[[\w.-]+(?:\].*)?)?"
# Other publishers' DOIs may end like an arXiv id: 10.1098/rspa.2010.0123.
_ADDRESS = (
    r"(?ia)(?!(?:.*[/:])?10\.(?!48550/)\d{4,9}/)"
    rf"(?:https?://)?[\w-]+(?:\.[\w-]+)+(?::\d+)?/(?:[^\s?#]*?[/.])?{_ARXIV}(?:\.\w+)?/?(?:[?#]\S*)?"
)
_DOI = r"(?i)(?:doi:?\s*|(?:https?://)?(?:dx\.|www\.)?doi\.org/)?(10\.[0-9]{4,9}/\S+)"
_URL = r"(?i)https?://\S+"
_ALMOST_ARXIV = r"(?i)(?:arxiv\s*:\s*\S+|\d{4}[.:,]\d{3,6}(?:v\d*)?|[a-z-]+(?:\.[a-z]{2})?/\d{5,8})"

_LONGEST = 500  # characters; what is longer is prose


@lru_cache(maxsize=1024)
def arxiv_identifier(text: str) -> tuple[str, int | None] | None:
    """Return the arXiv id in `text` and its version, or None when the whole of `text` is not one.

    Understood are `2010.02893`, `2010.02893v2`, `arXiv:2010.02893`, the stamp `arXiv:2010.02893v1 [cs.CV] 6 Oct 2020`,
    old ids such as `astro-ph/0601001` and `math.GT/0309136` (the subject class is not part of the id), the DOI
    `10.48550/arXiv.2010.02893`, and any address whose path ends in an id.
    """
    text = text.strip().strip("<>()[]{}\"'`,;. ")
    if len(text) > _LONGEST:
        return None
    match = re.fullmatch(_WRITTEN, text) or re.fullmatch(_ADDRESS, text)
    if match is None:
        return None
    archive, slash, number = match["id"].lower().rpartition("/")
    version = match["version"]
    return archive.partition(".")[0] + slash + number, int(version) if version else None


def doi_in(text: str) -> str | None:
    """Return the DOI that `text` is, without "doi:" or the address of the resolver, or None when it is none."""
    match = re.fullmatch(_DOI, text.strip()) if len(text) <= _LONGEST else None
    return match[1] if match else None


def identity(name: str) -> str:
    """Return what two spellings of one id have in common: arXiv ids without version, DOIs in lower case."""
    found = arxiv_identifier(name)
    if found is not None:
        return found[0]
    doi = doi_in(name)
    return name.strip() if doi is None else doi.lower()


def looks_like_identifier(text: str) -> bool:
    """Tell whether a person who typed `text` meant one paper rather than a topic.

    That is an address, a DOI, anything close to an arXiv id, or a single word with five digits or more ("W2741809807").
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return False
    if doi_in(text) or re.fullmatch(_URL, text) or re.fullmatch(_ALMOST_ARXIV, text) or arxiv_identifier(text):
        return True
    return " " not in text and sum(character.isdigit() for character in text) >= 5
