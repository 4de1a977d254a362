"""The ACL Anthology's XML: a `<paper>` is a paper, its volume's `<meta>` says when and where it appeared.

https://github.com/acl-org/acl-anthology/blob/master/data/xml/schema.rnc
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from explorer.papers import Paper
from explorer.readers.containers.arxiv import names
from explorer.readers.containers.dates import iso_date
from explorer.readers.containers.elements import Found, child, children, papers, root_of, words_of
from explorer.readers.containers.people import named
from explorer.readers.containers.prose import prose
from explorer.readers.registry import Reader, Record, register
from explorer.readers.source import Source

_OLD = re.compile(r"[A-Z][0-9]{2}")  # P19: the letter is the venue
_ID = re.compile(
    r"(?:https?://\S*?/)?((?:[A-Z][0-9]{2}-[0-9]{4})|(?:[0-9]{4}\.[a-z0-9_]+-[a-z0-9_]+\.[0-9]+))(?:\.pdf|/)?"
)


def _recognizes(head: str) -> bool:
    plain = head.replace("\0", "")
    return root_of(plain) in {"collection", "volume"} and re.search(r"<paper\s[^<>]{0,200}\bid\s*=", plain) is not None


def _read(source: Source) -> Iterator[Record]:
    return papers(source, frozenset({"paper"}), _Volume().paper, frozenset({"meta"}))


@dataclass(slots=True)
class _Volume:
    """Remember what was said of the volume whose papers are being read."""

    place: tuple[str, str] = ("", "")
    date: str = ""
    venues: list[str] = field(default_factory=list)

    def paper(self, found: Found) -> Paper | None:
        """Return the paper of an element; nothing for the volume's own data and for its front matter."""
        collection, volume = _place(found)
        if self.place != (collection, volume):
            self.place, self.date, self.venues = (collection, volume), "", []
        element = found.element
        if found.name == "meta":
            self.date = iso_date(words_of(child(element, "year")), words_of(child(element, "month")))
            self.venues = [words_of(venue) for venue in children(element, "venue")]
            return None
        number = element.get("id", "")
        anthology_id = _written_id(words_of(child(element, "url"))) or _made_id(collection, volume, number)
        if _is_front_matter(anthology_id, number):
            return None
        year = iso_date(words_of(child(element, "year")), words_of(child(element, "month")))
        return Paper.from_record({
            **names([words_of(child(element, "doi"))], [anthology_id]),
            "title": prose(child(element, "title")),
            "abstract": prose(child(element, "abstract")),
            "authors": [
                named(words_of(child(author, "first")), words_of(child(author, "last"))) or words_of(author)
                for author in children(element, "author")
            ],
            "date": year or self.date or _year_of(collection or volume),
            "listed_in": self.venues,
            "url": f"https://aclanthology.org/{anthology_id}/" if anthology_id else "",
        })  # fmt: skip


def _place(found: Found) -> tuple[str, str]:
    """Return the ids of the collection and the volume around an element."""
    ids = {tag.name: tag.attributes.get("id", "") for tag in found.ancestors}
    return ids.get("collection", ""), ids.get("volume", "")


def _written_id(address: str) -> str:
    """Return the anthology id that an address is or ends in; older addresses lead elsewhere."""
    found = _ID.fullmatch(address)
    return found[1] if found else ""


def _made_id(collection: str, volume: str, paper: str) -> str:
    """Return the anthology id of a paper: "2020.acl-main.1", "P19-1001", of workshops "W19-0101"."""
    if not collection and _OLD.fullmatch(volume) and paper:  # before 2019 a file was a volume
        return f"{volume}-{paper:0>4}"
    if not (collection and volume and paper):
        return ""
    if not _OLD.fullmatch(collection):
        return f"{collection}-{volume}.{paper}"
    many_volumes = collection[0] == "W" or collection == "C69" or (collection == "D19" and not volume < "5")
    return f"{collection}-{volume:0>2}{paper:0>2}" if many_volumes else f"{collection}-{volume}{paper:0>3}"


def _is_front_matter(anthology_id: str, number: str) -> bool:
    old = re.fullmatch(r"([A-Z])[0-9]{2}-[0-9]{4}", anthology_id)
    ending = "00" if old and old[1] == "W" else "000"
    return number == "0" or (old is not None and len(number) == 4 and anthology_id.endswith(ending))


def _year_of(collection: str) -> str:
    """Return the year in the id of a collection: "2020.acl", "P19", "W98"."""
    if found := re.match(r"(?:[A-Z])([0-9]{2})(?![0-9])", collection):
        return f"{'19' if found[1] >= '60' else '20'}{found[1]}"
    return collection[:4] if re.match(r"[0-9]{4}\.", collection) else ""


register(
    Reader(
        name="acl",
        description='the ACL Anthology\'s XML: \'<collection id="2020.acl"><volume id="main"><paper id="1"><title>\'',
        suffixes=(".xml",),
        recognizes=_recognizes,
        read=_read,
    )
)
