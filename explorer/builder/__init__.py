"""How a library is made. Composes the store and the parts.

    options    what is asked for, what is reported
    intake     what the user named: files, folders, packed files, standard input
    recording  records as they are read, and those that cannot become papers
    plan       what decides the content of a library; whether it is there already
    stages     papers, vectors, what is derived of them, commit
    embedding  texts to vectors in shards, here or by workers; ready: vectors that the user has
    derived    words, neighbor graph, related papers, near-duplicates, topics, layout
    neighbors  how neighbors are looked for; lists: the lists of all papers, at once or in shards
    unitvectors  stored vectors as unit rows, a block at a time, for what need not have them all in memory
    forecast   disk, memory and time that a build will need; limits: what there is; room: whether that will do
    calibration  the forecast of a build that has not begun, from two seconds of trying
    workers    what an engine's workers are asked, and have made
    state      the next state of a library, file by file

Stages are resumable: what costs most, embedding, is done in shards, and a build that was cut off finds them again.
"""

from __future__ import annotations

from pathlib import Path

from explorer.builder.intake import Inputs
from explorer.builder.options import BuildOptions, BuildReport, InputOptions, ReadReport, Rejection
from explorer.builder.plan import NEIGHBORS, found_complete, model_of, plan_of
from explorer.builder.stages import Build
from explorer.layout import LayoutProcess
from explorer.store import Workshop, is_library, tidy

__all__ = [
    "NEIGHBORS", "BuildOptions", "BuildReport", "InputOptions", "ReadReport", "Rejection", "build",
]  # fmt: skip


def build(path: Path, options: BuildOptions) -> BuildReport:
    """Make the library at `path`, or find it made already of the same inputs with the same parameters.

    Raises ModelNotAvailable before anything is read; InvalidInput, LibraryExists, LibraryLocked.
    """
    with LayoutProcess() as layout:
        if options.replace or not is_library(path):
            layout.start()  # first of all: it compiles while the model is looked for
        model = model_of(options)
        with Inputs(options.inputs, options.reading) as inputs:
            plan = plan_of(options, model, inputs.described())
            if (found := found_complete(path, plan, options)) is not None:
                tidy(path)
                return found  # without the lock, so in a folder that is for reading only too
            with Workshop(path) as workshop:
                # Another process may have made it in the meantime.
                return found_complete(path, plan, options) or Build(workshop, options, model, plan, inputs).run(layout)
