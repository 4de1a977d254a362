"""What this machine can do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_CPU = Path("/proc/cpuinfo")
_GPU = Path("/proc/driver/nvidia/version")


@cache
def has_bfloat16() -> bool:
    """Tell whether the processor multiplies bfloat16 matrices itself; emulated ones are slower than float32.

    Runtimes claim support where they emulate, so the processor is asked, which Linux tells. Elsewhere: no.
    """
    try:
        lines = _CPU.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags)


def has_gpu() -> bool:
    """Tell whether there is a GPU that torch most likely uses, without asking torch, which takes seconds to import."""
    return _GPU.exists()
