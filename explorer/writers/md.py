"""A numbered list in Markdown. Texts become text: nothing in them is a link, an image, HTML or a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from explorer.writers.registry import Holdings, Writer, encoded, register
from explorer.writers.text import one_line, web_address

if TYPE_CHECKING:
    from explorer.matches import Match
    from explorer.papers import Paper

# What has a meaning anywhere in a line of CommonMark, GitHub's Markdown or a template; and where GitHub sees addresses.
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>&|~$^#@]|:(?=//)|(?i:(?<=www))\.")
# What has a meaning where a list's item begins: "- ", "1. ", a definition, an underline.
_FIRST = re.compile(r"\A([0-9]+(?=[.)])|(?=[-+=:]))")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def _answers(matches: Iterable[Match]) -> Iterator[str]:
    return (_item(match.rank, match.paper, f" ({match.similarity:.3f})") for match in matches)


def _library(holdings: Holdings) -> Iterator[bytes]:
    return encoded(_item(number, paper) for number, paper in enumerate(holdings.papers(), 1))


def _item(number: int, paper: Paper, measured: str = "") -> str:
    title, address = _text(paper.title) or _text(paper.id), web_address(paper.url)
    named = f"[{title}]({_destination(address)})" if address else _FIRST.sub(r"\1\\", title)
    known = [*map(_text, paper.authors), _text(paper.date)]
    details = "".join(f", {detail}" for detail in known if detail)
    return f"{number}. {named}{measured}{details}\n"


def _text(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", one_line(text))


def _destination(address: str) -> str:
    return _ENTITY.sub("&amp;", address.replace("(", "%28").replace(")", "%29"))


register(
    Writer(
        name="md",
        description="a numbered list in Markdown, with links",
        answers=_answers,
        library=_library,
        suffixes=(".md",),
    )
)
