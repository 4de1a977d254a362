"""OpenVINO (extra `fast`): starts in a quarter of a second, without torch, and multiplies bfloat16 where the CPU does.

A model is prepared once: exported by torch, checked against it, and kept in the user's cache by its identity.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from explorer.embedder.contract import CannotPrepare, Runtime
from explorer.embedder.hardware import has_bfloat16
from explorer.embedder.models import ModelFiles, ModelIdentity
from explorer.embedder.prepared import PreparedModel, discard_prepared, find_prepared, keep_prepared
from explorer.embedder.runtimes.openvino.package import is_installed
from explorer.embedder.runtimes.registry import register

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger("explorer")


class OpenVino:
    """Run models that were prepared, and prepare those that were not."""

    rank = 1
    uses_gpu = False

    def prepared(self, identity: ModelIdentity) -> Runtime | None:
        """Return the prepared model, running, if there is one and it is whole."""
        kept = find_prepared(identity.fingerprint) if is_installed() else None
        if kept is None or "refused" in kept.settings:
            return None
        started = _started(kept)
        if started is None:
            discard_prepared(identity.fingerprint)
        return started

    def load(self, files: ModelFiles) -> Runtime:
        """Run the model, prepared before or now. Raises CannotPrepare when it cannot be, or not be kept."""
        if not is_installed():
            raise CannotPrepare("OpenVINO is not installed: pip install 'paper-explorer[fast]'", is_news=False)
        kept = find_prepared(files.identity.fingerprint)
        if kept is not None and "refused" in kept.settings and kept.settings.get("by") == _versions():
            raise CannotPrepare(kept.settings["refused"], is_news=False)
        try:
            kept = keep_prepared(files.identity.fingerprint, lambda folder: _prepare(files, folder))
        except OSError as error:
            raise CannotPrepare(f"what is prepared cannot be kept: {error}") from error
        if kept is None or (started := _started(kept)) is None:
            raise CannotPrepare("what was prepared was lost")
        return started

    def facts(self, identity: ModelIdentity) -> dict[str, Any]:
        """Return where the prepared model is and how near its vectors are to the model's own, or why there is none."""
        kept = find_prepared(identity.fingerprint) if is_installed() else None
        if kept is None:
            return {"prepared": None if is_installed() else "the extra 'fast' is not installed"}
        if "refused" in kept.settings:
            return {"prepared": None, "refused": kept.settings["refused"]}
        return {"prepared": str(kept.folder), "precision": _precision(kept), "cosines": kept.settings["cosines"]}


def _started(kept: PreparedModel) -> Runtime | None:
    """Return the runtime of a prepared model; None when its files are not what was written or are not understood."""
    if "refused" in kept.settings:
        raise CannotPrepare(kept.settings["refused"])
    from explorer.embedder.runtimes.openvino.inference import GRAPH, TOKENIZER, WEIGHTS, OpenVinoRuntime

    with ThreadPoolExecutor(1) as reading:
        weights = reading.submit(kept.is_whole, WEIGHTS)  # takes about as long as what follows
        try:
            if not (kept.is_whole(GRAPH) and kept.is_whole(TOKENIZER)):
                return None
            started = OpenVinoRuntime(kept.folder, kept.settings, _precision(kept))
        except Exception as error:  # the runtime's own, without a common type: files of another version, most likely
            _log.warning("the prepared model in %s is made anew: %s", kept.folder, error)
            return None
        return started if weights.result() else None


def _precision(kept: PreparedModel) -> str:
    return "bfloat16" if has_bfloat16() and "bfloat16" in kept.settings["cosines"] else "float32"


def _prepare(files: ModelFiles, folder: Path) -> dict[str, Any]:
    """Fill `folder` with the exported model; return its settings, or the reason why there are none."""
    from explorer.embedder.runtimes.openvino.export import export
    from explorer.embedder.runtimes.torch import load_model

    settings: dict[str, Any]
    try:
        settings = export(load_model(files), folder)
    except CannotPrepare as error:
        for file in folder.iterdir():
            file.unlink()
        settings = {"refused": str(error)}
    return {**settings, "name": files.name, "by": _versions()}


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("openvino", "sentence-transformers", "transformers", "torch")}


register(OpenVino())
