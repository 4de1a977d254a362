"""How a library becomes its next state. Composes the store, the parts and what a build is made of.

    adding      new papers, and papers that are known better now
    removing    papers that go, and duplicates that become one paper
    refitting   the picture, drawn anew and laid on the old one
    repairing   everything derived, made anew from papers and vectors
    verifying   what is wrong with a library, if anything is
    succession  what follows from a change: words, lists, places, topics, and the commit
    change      how rows go with those before;  words, lists: of a library that changes

Every state is complete before it is committed, so a process that is killed leaves the one before.
"""

from explorer.growth.adding import add
from explorer.growth.options import AddOptions, GrowthReport
from explorer.growth.refitting import refit
from explorer.growth.removing import merge_duplicates, remove
from explorer.growth.repairing import repair
from explorer.growth.verifying import Check, Verification, verify

__all__ = [
    "AddOptions", "Check", "GrowthReport", "Verification", "add", "merge_duplicates", "refit", "remove", "repair",
    "verify",
]  # fmt: skip
