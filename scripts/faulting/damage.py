"""Flipped bits and cut files: what a damaged library says, against what it said when it was whole."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.store import read_manifest
from faulting.answers import ERROR, VERIFY, Asker, make_library
from faulting.papers import write_papers
from faulting.world import Campaign

PAPERS, FLIPS, CUTS = 160, 1000, 200
DETECTING = ("LibraryDamaged", "ForeignLibrary", "LibraryNotFound", "LibraryInaccessible")


@dataclass(frozen=True)
class Damage:
    """Say what is done to a file: one bit of a byte flipped, or cut, or grown, to a length."""

    name: str
    offset: int = 0
    bit: int = 0
    length: int | None = None

    def do(self, library: Path) -> None:
        """Do it."""
        path = library / self.name
        if self.length is not None:
            os.truncate(path, self.length)
            return
        with path.open("rb+") as file:
            file.seek(self.offset)
            (byte,) = file.read(1)
            file.seek(self.offset)
            file.write(bytes([byte ^ (1 << self.bit)]))


@dataclass(frozen=True)
class Finding:
    """Hold where damage was found: "opening", "reading", "verify" or "" for nowhere; and which answers were wrong."""

    where: str
    wrong: tuple[str, ...] = ()
    error: str = ""


def flips(campaign: Campaign, papers: int = PAPERS) -> dict[str, Any]:
    """Flip single bits, as many in each file, evenly over its length."""
    return _campaign(campaign, "flips", papers, _flips)


def cuts(campaign: Campaign, papers: int = PAPERS) -> dict[str, Any]:
    """Cut files, to nothing too, and let some grow by a byte."""
    return _campaign(campaign, "cuts", papers, _cuts)


def _flips(campaign: Campaign, sizes: dict[str, int]) -> Iterator[Damage]:
    dice, names = campaign.dice("flips"), sorted(name for name, size in sizes.items() if size)
    if (count := campaign.number(FLIPS)) < len(names):
        names = dice.sample(names, count)
    each = -(-count // len(names))
    for name in names:
        for number in range(each):
            yield Damage(
                name, min(sizes[name] - 1, int((number + dice.random()) / each * sizes[name])), dice.randrange(8)
            )


def _cuts(campaign: Campaign, sizes: dict[str, int]) -> Iterator[Damage]:
    dice = campaign.dice("cuts")
    names = sorted(sizes)
    for number in range(campaign.number(CUTS)):
        name = names[number % len(names)] if campaign.share >= 1 else dice.choice(names)
        size = sizes[name]
        lengths = [
            length for length in (0, size - 1, size // 2, size + 1, dice.randrange(size + 1)) if 0 <= length != size
        ]
        yield Damage(
            name, length=lengths[number // len(names) % len(lengths)] if campaign.share >= 1 else dice.choice(lengths)
        )


def _campaign(campaign: Campaign, name: str, papers: int, damages: Any) -> dict[str, Any]:
    folder = campaign.folder / name
    folder.mkdir(parents=True)
    library = folder / "library"
    make_library(write_papers(folder / "papers.jsonl", range(papers), campaign.seed), library)
    sizes = {entry.name: entry.size for entry in read_manifest(library).files.values()}
    sizes["manifest.json"] = (library / "manifest.json").stat().st_size
    found: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    count = 0
    with Asker() as asker:
        whole = asker.ask(library)
        if any(answer.startswith(ERROR) for answer in whole.values()) or whole[VERIFY]:
            raise RuntimeError(f"the whole library does not answer: {whole}")
        for damage in damages(campaign, sizes):
            finding = judged(campaign, damage, library, whole, asker)
            count += 1
            found[finding.where or "nowhere: harmless"] += 1
            for question in finding.wrong:
                wrong[f"{damage.name.partition('-')[0]}: {question}"] += 1
    return {
        "papers": papers, name: count, "files": len(sizes), "bytes": sum(sizes.values()), "found when": dict(found),
        "answers that were wrong until verified": dict(wrong),
    }  # fmt: skip


def judged(campaign: Campaign, damage: Damage, library: Path, whole: dict[str, str], asker: Asker) -> Finding:
    """Do one damage to a library, ask it everything, and undo it."""
    path = library / damage.name
    content = path.read_bytes()
    try:
        damage.do(library)
        finding = finding_of(asker.ask(library), whole)
    except RuntimeError as error:
        finding = Finding("a crash", error=str(error))
    finally:
        path.write_bytes(content)
    if finding.error:
        campaign.fail(f"{damage}: {finding.error}")
    return finding


def finding_of(answers: dict[str, str], whole: dict[str, str]) -> Finding:
    """Judge answers by those of the whole library."""
    verified = answers[VERIFY]
    if "open" in answers:
        is_told = _detects(answers["open"]) and bool(verified)
        return Finding("opening", error="" if is_told else f"{answers['open']}; verifying: {verified!r}")
    differing = {name: answer for name, answer in answers.items() if answer != whole[name] and name != VERIFY}
    wrong = tuple(name for name, answer in differing.items() if not _detects(answer))
    if differing and not verified:
        return Finding("never", wrong, f"verifying finds nothing wrong, but these answers are not right: {differing}")
    if len(wrong) == len(differing):
        return Finding("verifying" if verified else "", wrong)
    return Finding("reading", wrong)


def _detects(answer: str) -> bool:
    return answer.startswith(tuple(f"{ERROR}{name}:" for name in DETECTING))
