"""The vectors alone, as NumPy's .npy: `numpy.load` gives (n, d) float32 unit rows, in the order of `ids`."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.writers.registry import Holdings, Writer, register


def _library(holdings: Holdings) -> Iterator[bytes]:
    import io

    import numpy as np
    from numpy.lib import format as npy

    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": holdings.shape})
    yield header.getvalue()
    for rows in holdings.vectors():
        yield np.ascontiguousarray(rows, dtype="<f4").tobytes()


register(
    Writer(
        name="npy",
        description="the unit vectors, float32, for NumPy; 'ids' has the ids in the same order",
        library=_library,
        suffixes=(".npy",),
        is_binary=True,
    )
)
