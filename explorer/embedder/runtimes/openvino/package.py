"""Import OpenVINO without its tools: these report their use over the network to their maker as they are imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any


def is_installed() -> bool:
    """Tell whether the packages of the extra `fast` are there."""
    return all(find_spec(name) is not None for name in ("openvino", "tokenizers"))


def runtime() -> Any:
    """Return the package `openvino`, without conversion tools, which also take longer to import than all the rest."""
    with _hidden("openvino.tools.ovc"):
        import openvino
    return openvino


def converter() -> Any:
    """Return `openvino.convert_model`, which finds nothing that it could report with."""
    runtime()
    with _hidden("openvino_telemetry"):
        from openvino.tools.ovc import convert_model
    return convert_model


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Make importing `name` fail in here, as if it were not installed, unless it is loaded already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # what importlib documents for this
    try:
        yield
    finally:
        del sys.modules[name]
