"""The compressor on every curve: PPMd, a strong byte model that learns on line without any training."""

from collections.abc import Sequence

import pyppmd

ORDER = 6
MEMORY_BYTES = 16 * 2**20


def ppmd_bits(stream: bytes, cuts: Sequence[int]) -> list[float]:
    """Cumulative code length in bits of PPMd (variant I, order 6, 16 MiB) after each byte offset in `cuts`.

    The stream is encoded once, so each value is prequential: earlier text is the only help. The coder
    holds back up to about eight bytes, so a value may lag by that much; the last one includes the
    flush and is the size of a file that decodes to `stream[:cuts[-1]]`.
    Shkarin, "PPM: one step to practicality", DCC 2002. Raises ValueError for cuts that do not ascend
    inside the stream.
    """
    _check_cuts(stream, cuts)
    encoder = pyppmd.Ppmd8Encoder(ORDER, MEMORY_BYTES)
    start, coded_bytes = 0, 0
    bits: list[float] = []
    for end in cuts:
        coded_bytes += len(encoder.encode(stream[start:end]))
        bits.append(coded_bytes * 8.0)
        start = end
    if bits:
        bits[-1] += len(encoder.flush()) * 8.0
    return bits


def _check_cuts(stream: bytes, cuts: Sequence[int]) -> None:
    previous = 0
    for end in cuts:
        if not previous < end <= len(stream):
            raise ValueError(f"cut {end} must lie above {previous} and within {len(stream)} bytes")
        previous = end
