"""Which column of a table is which field.

Names are those that programs give their columns: Scopus, Web of Science, PubMed, Zotero, IEEE Xplore, Dimensions, Lens,
EBSCO, Rayyan, ASReview, CORD-19 and Kaggle's files among them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from explorer.errors import InvalidInput
from explorer.papers import shortened

# Of each field, the likeliest name first; case, blanks and punctuation aside.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    field: tuple(names.split())
    for field, names in {
        "title": "title articletitle documenttitle papertitle itemtitle primarytitle titleenglish titleen titles ti t1 "
        "displayname originaltitle",
        "abstract": "abstract abstractnote abstracttext abstractsummary paperabstract abstractenglish abstracten "
        "abstracts summary summaries ab n2 description",
        "authors": "authorfullnames af authors author authornames authorname names authorsnames au creator creators "
        "authorlist authorshipsauthordisplayname authorshipsrawauthorname",
        "date": "publicationdate date published publisheddate datepublished publishtime publishdate pubdate coverdate "
        "submitted submitteddate datesubmitted created pd da issued updatedate updateddate",
        "year": "year publicationyear pubyear publishedyear py yearpublished yearofpublication y1",
        "categories": "categories category terms subjects primarycategory categorycode arxivprimarycategory "
        "arxivcategories primarysubject",
        "listed_in": "listedin",
        "doi": "doi itemdoi di doilink doiurl digitalobjectidentifier externalidsdoi",
        "arxiv": "arxivid arxiv arxivnumber eprint arxivurl externalidsarxiv entryid absurl",
        "pmid": "pmid pubmedid medlinepmid pubmed pm idspmid externalidspubmed",
        "pmcid": "pmcid pmc pmcreferencenumber idspmcid externalidspubmedcentral",
        "openalex": "openalexid openalex idsopenalex",
        "s2": "corpusid s2corpusid s2id externalidscorpusid",
        "mag": "magid mag microsoftacademicid idsmag",
        "eid": "eid scopuseid",
        "wos": "ut utuniquewosid uniquewosid wosid",
        "id": "id paperid uid corduid citekey citationkey bibtexkey key identifier lensid publicationid "
        "accessionnumber an recordid documentid articleid",
        "url": "url link articleurl pdflink landingpageurl paperurl externalurl dimensionsurl plink sourceurls "
        "sourceurl urls pdfurl ur",
        "links": "links",
        "also": "also",
        "version": "version",
        "extra": "extra",
    }.items()
}
# What tables have that this program wrote, of libraries and of answers.
_OURS = (
    frozenset({"id", "title", "abstract", "authors", "date", "categories", "listed_in", "url", "doi", "links", "also"}),
    frozenset({"rank", "similarity", "score", "id", "title", "authors", "date", "categories", "url", "doi"}),
)
_TEXTS = ("title", "abstract")
_SHOWN = 300  # characters of a list of names


def key(name: str) -> str:
    """Return what spellings of one name of a column have in common."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", name[:200]).casefold() if sign.isalnum())


def choose(names: Sequence[str], asked: Mapping[str, str]) -> dict[str, list[int]]:
    """Return, by field, the numbers of its columns in the order in which they are asked for a value.

    `asked` are the columns that the user named, field to column: each is then the only one of its field. Raises
    InvalidInput when there is no such field or column, and when no column is a title or an abstract.
    """
    keys = [key(name) for name in names]
    chosen = {field: [_asked(field, name, names, keys)] for field, name in asked.items()}
    taken = {position for positions in chosen.values() for position in positions}
    for field, known in COLUMNS.items():
        if field not in chosen:
            free = {position: known.index(name) for position, name in enumerate(keys) if name in known}
            positions = sorted((position for position in free if position not in taken), key=lambda at: free[at])
            if positions:
                chosen[field] = positions
    if not any(field in chosen for field in _TEXTS):
        raise InvalidInput(
            f"no column is a title or an abstract: say which with --columns title=... There are {_listed(names)}"
        )
    return chosen


def fields_known(names: Sequence[str]) -> int:
    """Return how many fields a header with these columns has; 0 when neither title nor abstract is one of them."""
    keys = set(map(key, names))
    known = {field for field, known in COLUMNS.items() if not keys.isdisjoint(known)}
    return len(known) if known.intersection(_TEXTS) else 0


def are_ours(names: Sequence[str]) -> bool:
    """Tell whether this program wrote the table with these columns: its ids are to stay as they are."""
    return any(ours.issubset(names) for ours in _OURS)


def _asked(field: str, name: str, names: Sequence[str], keys: Sequence[str]) -> int:
    if field not in COLUMNS:
        raise InvalidInput(f"--columns: there is no field {shortened(field)!r}; there are {', '.join(COLUMNS)}")
    if name in names:
        return list(names).index(name)
    if key(name) and key(name) in keys:
        return keys.index(key(name))
    raise InvalidInput(f"--columns: there is no column {shortened(name)!r}; there are {_listed(names)}")


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(repr(shortened(name)) for name in names[:50])
    return listed if len(listed) <= _SHOWN and len(names) <= 50 else listed[:_SHOWN] + "..."
