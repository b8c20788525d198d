"""The PPMd baseline: prequential, decodable, and as strong as PPMd is."""

import numpy as np
import pyppmd
import pytest

from evaluations.datasets.baselines import MEMORY_BYTES, ORDER, ppmd_bits


@pytest.fixture(scope="module")
def stream(texts: list[str]) -> bytes:
    return "\n\n".join(texts).encode()


def test_the_last_value_is_the_size_of_a_decodable_file(stream: bytes) -> None:
    packed = pyppmd.compress(stream, max_order=ORDER, mem_size=MEMORY_BYTES)
    assert ppmd_bits(stream, [len(stream)]) == [8.0 * len(packed)]
    assert pyppmd.decompress(packed, max_order=ORDER, mem_size=MEMORY_BYTES) == stream


def test_cuts_do_not_change_the_code(stream: bytes) -> None:
    cuts = [1000, 1001, 5000, 20_000, len(stream)]
    bits = ppmd_bits(stream, cuts)
    assert bits[-1] == ppmd_bits(stream, [len(stream)])[0]
    assert bits == sorted(bits)
    for cut, value in zip(cuts, bits, strict=True):
        assert abs(value - ppmd_bits(stream, [cut])[0]) <= 8 * 8


def test_later_text_does_not_reach_back(stream: bytes) -> None:
    other = stream[:5000] + bytes(reversed(stream[5000:]))
    assert ppmd_bits(other, [2000, 5000, 9000])[:2] == ppmd_bits(stream, [2000, 5000, 9000])[:2]


def test_noise_costs_eight_bits_a_byte() -> None:
    noise = np.random.default_rng(0).bytes(100_000)
    assert 8.0 <= ppmd_bits(noise, [len(noise)])[0] / len(noise) < 8.3


def test_repetition_costs_almost_nothing() -> None:
    stream = b"all work and no play makes jack a dull boy\n" * 2000
    assert ppmd_bits(stream, [len(stream)])[0] / len(stream) < 0.05


@pytest.mark.parametrize("cuts", [[0], [-1], [5, 5], [6, 5], [11]])
def test_cuts_must_ascend_inside_the_stream(cuts: list[int]) -> None:
    with pytest.raises(ValueError, match="cut"):
        ppmd_bits(b"0123456789", cuts)


def test_no_cuts_give_no_values() -> None:
    assert ppmd_bits(b"text", []) == []
