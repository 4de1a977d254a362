"""A hundredth of the campaigns against libraries, and that they can fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from faulting import disk, kill, links, readers
from faulting.answers import VERIFY, Asker, make_library
from faulting.content import commit_copy, content_of, differences, leftovers
from faulting.damage import Damage, Finding, cuts, finding_of, flips, judged
from faulting.papers import paper_id, write_papers
from faulting.permissions import permissions
from faulting.steps import Steps, find_no_room
from faulting.world import Campaign, Operation, World, operations

from explorer.errors import LibraryInaccessible
from explorer.store import Workshop, read_manifest, tidy, write_array

pytestmark = [pytest.mark.skipif(os.name != "posix", reason="POSIX only"), pytest.mark.xdist_group("faults")]

PAPERS = 24


@pytest.fixture
def campaign() -> Iterator[Campaign]:
    """A hundredth of each, in a folder with a short path."""
    folder = Path(mkdtemp(prefix="faults-"))
    yield Campaign(folder / "campaign", share=0.01)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library, for copying."""
    folder = tmp_path_factory.mktemp("damaged")
    make_library(write_papers(folder / "papers.jsonl", range(PAPERS), 0), folder / "library")
    return folder / "library"


# --- the campaigns


def test_killed_builds_go_on(campaign: Campaign) -> None:
    world = World(campaign.folder / "build", operations()["build"], 700, campaign.seed)  # two shards
    needed = world.begun(world.undisturbed and world.after)
    assert needed == 2
    seconds, steps = world.undisturbed.seconds, world.undisturbed.said["steps"]
    assert kill.one_kill(campaign, "moment", world, needed, moment=seconds / 2)[0] in {"before", "after"}
    assert kill.one_kill(campaign, "last step", world, needed, step=steps)[0] == "after"
    assert campaign.failures == []
