"""Signs that a model knew something before it learned: suspicion, which an operator looks at. Pure."""

from itertools import pairwise
from typing import Any

from evaluations.runner.codelength import bits_per_byte, first_token_bits
from evaluations.runner.job import EarlyReference
from evaluations.runner.ledger import Line

Section = dict[str, Any]
STEP0_SHARE = 0.5  # of the uniform code length: below it, an untrained model knows the text
EARLY_SHARE = 0.7  # of PPMd's code length over the first text: below it, no learner from scratch was seen
STEP0, EARLY, SEED_INVARIANT = "step0_anomaly", "early_compression_anomaly", "seed_invariant_parameters"
NAMED_PARAMETERS = 5  # in a sentence; the manifest has them all


def step0(first: Line, vocab_size: int) -> Section:
    """{bpb, limit, ok}: chunk 0 under W_0 against half of what a coder that knows nothing needs."""
    uniform_bits = first.tokens * first_token_bits(vocab_size)
    bpb = bits_per_byte(first.bits, first.stream_bytes)
    limit = bits_per_byte(STEP0_SHARE * uniform_bits, first.stream_bytes)
    return {"bpb": bpb, "limit": limit, "ok": bpb >= limit}


def early_vs_ppmd(lines: list[Line], reference: EarlyReference | None) -> Section | None:
    """{bytes, bpb, ppmd_bpb, ratio, limit, ok} over the first text; None where the two cannot be compared.

    The reference stands at a chunk's end, so both code lengths are of the same bytes.
    """
    if reference is None or reference.bits <= 0:
        return None
    line = next((line for line in lines if line.stream_bytes == reference.bytes), None)
    if line is None:
        return None
    ratio = line.bits / reference.bits
    return {
        "bytes": line.stream_bytes,
        "bpb": bits_per_byte(line.bits, line.stream_bytes),
        "ppmd_bpb": bits_per_byte(reference.bits, reference.bytes),
        "ratio": ratio,
        "limit": EARLY_SHARE,
        "ok": ratio >= EARLY_SHARE,
    }


def later_vs_ppmd(
    lines: list[Line], early: EarlyReference | None, later: tuple[EarlyReference, ...]
) -> list[Section]:
    """The same for each stretch of text after the early one: knowledge that was held back shows there."""
    bits_at = {line.stream_bytes: line.bits for line in lines}
    points = [point for point in (early, *later) if point is not None and point.bytes in bits_at]
    return [
        _stretch(one, other, bits_at[other.bytes] - bits_at[one.bytes]) for one, other in pairwise(points)
    ]


def _stretch(start: EarlyReference, end: EarlyReference, bits: float) -> Section:
    size, reference = end.bytes - start.bytes, max(end.bits - start.bits, 1e-9)
    return {
        "start": start.bytes,
        "bytes": end.bytes,
        "bpb": bits_per_byte(bits, size),
        "ppmd_bpb": bits_per_byte(reference, size),
        "ratio": bits / reference,
        "limit": EARLY_SHARE,
        "ok": bits >= EARLY_SHARE * reference,
    }


def found(
    step0: Section | None, early: Section | None, later: list[Section], seed_invariant: list[str]
) -> list[dict[str, str]]:
    """[{code, detail}] of what these figures make suspicious; `detail` is a sentence for people."""
    anomalies = []
    if step0 is not None and not step0["ok"]:
        anomalies.append({"code": STEP0, "detail": _step0_sentence(step0)})
    if early is not None and not early["ok"]:
        anomalies.append({"code": EARLY, "detail": _early_sentence(early)})
    elif knowing := [stretch for stretch in later if not stretch["ok"]]:
        anomalies.append({"code": EARLY, "detail": _early_sentence(knowing[0])})
    if seed_invariant:
        anomalies.append({"code": SEED_INVARIANT, "detail": _seed_sentence(seed_invariant)})
    return anomalies


def _step0_sentence(figures: Section) -> str:
    return (
        f"Before any training the model predicts the first text with {figures['bpb']:.3f} bits per byte;"
        f" a random initialisation stays above {figures['limit']:.3f}."
    )


def _early_sentence(figures: Section) -> str:
    start, end = figures.get("start"), figures["bytes"]
    where = f"Over the first {end:,} bytes" if start is None else f"From byte {start:,} to {end:,}"
    return (
        f"{where} the model needs {figures['bpb']:.3f} bits per byte,"
        f" {100 * (1 - figures['ratio']):.0f} % fewer than PPMd ({figures['ppmd_bpb']:.3f}); at most"
        f" {100 * (1 - figures['limit']):.0f} % fewer is expected of a model that starts from scratch."
    )


def _seed_sentence(names: list[str]) -> str:
    shown = ", ".join(names[:NAMED_PARAMETERS])
    more = f" and {len(names) - NAMED_PARAMETERS} more" if len(names) > NAMED_PARAMETERS else ""
    return f"Built under two seeds, these parameters are the same: {shown}{more}."
