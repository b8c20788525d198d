"""What a scored manifest claims about its integrity, against its own figures and the assignment. Pure."""

from collections.abc import Mapping
from typing import Any

from evaluations.runner import anomalies
from evaluations.runner.constants import CHANCE_BITS_PER_BYTE
from evaluations.validators.curves import TOLERANCE, close, inconsistent, number
from evaluations.validators.refusals import ResultRefused

Section = Mapping[str, Any]
BYTES = "bytes"  # the tokenizer without a file: one token a byte


def check_scored(manifest: Section, specification: Section) -> None:
    """Refuse a scored manifest that lacks a proof, hides an anomaly, or contradicts itself."""
    _check_model(manifest["model"], specification["limits"])
    _check_audit(manifest["audit"], specification["schedule"])
    integrity = manifest["integrity"]
    _check_walls(integrity, specification)
    _check_anomalies(integrity, manifest["curve"], specification["early_reference"])
    tokenizer = specification["bundle"]["tokenizer"]
    _check_limit(integrity["step0"], tokenizer)
    _check_heldout(manifest["heldout"], specification["heldout"], tokenizer)


def _check_model(model: Section, limits: Section) -> None:
    for name in ("parameters", "layers"):
        if number(model.get(name), name) > limits[f"max_{name}"]:
            raise inconsistent(f"a model with more {name} than allowed was scored")


def _check_audit(audit: Section | None, schedule: Section) -> None:
    if not schedule["audit_fraction"]:
        return
    if not audit or audit.get("violations") != [] or number(audit.get("positions"), "positions") == 0:
        raise inconsistent("scored without an audit that found nothing")
    if audit.get("tolerance_nats") != schedule["audit_tolerance_nats"]:
        raise ResultRefused("manifest_foreign", "the audit's tolerance is not that of the assignment")


def _check_walls(integrity: Section, specification: Section) -> None:
    if integrity.get("tokenizer") != specification["bundle"]["tokenizer"]:
        raise ResultRefused("manifest_foreign", "the tokenizer is not that of the assignment")
    if integrity.get("lossless") is not True or integrity.get("permuted") is not True:
        raise inconsistent("scored, though not lossless or not relabelled")
    children = integrity.get("sandbox")
    if specification["sandbox"] != "required":
        return
    if not isinstance(children, dict) or not {"learner", "predictor", "auditor"} <= set(children):
        raise inconsistent("a process of the run has no attested sandbox")
    if not all(isinstance(child, dict) and child.get("mode") == "required" for child in children.values()):
        raise inconsistent("a process of the run had no sandbox")


def _check_anomalies(integrity: Section, curve: Section, reference: Section) -> None:
    """What the figures make suspicious is listed, and nothing else: the score's multiplier hangs on it."""
    found = [
        (anomalies.STEP0, _step0_is_anomalous(integrity.get("step0"), curve)),
        (anomalies.EARLY, _early_is_anomalous(integrity.get("early_vs_ppmd"), curve, reference)),
        (anomalies.SEED_INVARIANT, bool(integrity.get("seed_invariant"))),
    ]
    listed = integrity.get("anomalies")
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise inconsistent("anomalies is no list of objects")
    if [item.get("code") for item in listed] != [code for code, is_anomalous in found if is_anomalous]:
        raise inconsistent("the anomalies listed are not those that the figures show")


def _step0_is_anomalous(found: Any, curve: Section) -> bool:
    step0 = _section(found, "step0")
    bpb, limit = number(step0.get("bpb"), "step0.bpb"), number(step0.get("limit"), "step0.limit")
    if not close(bpb, curve["bits"][0] / curve["bytes"][0]):
        raise inconsistent("step0 is not the curve's first chunk")
    return _agrees(step0, bpb >= limit)


def _check_limit(step0: Section, tokenizer: str) -> None:
    """Of bytes it is known what a coder that knows nothing needs; of other tokens only the referee knows."""
    if tokenizer == BYTES and not close(step0["limit"], anomalies.STEP0_SHARE * CHANCE_BITS_PER_BYTE):
        raise inconsistent("step0.limit is not that of bytes")


def _early_is_anomalous(found: Any, curve: Section, reference: Section) -> bool:
    """Everything but the model's bits is our own: PPMd's code length and where the comparison ends."""
    early = _section(found, "early_vs_ppmd")
    if reference["bytes"] not in curve["bytes"] or reference["bits"] <= 0:
        raise inconsistent("the early text ends nowhere on the curve")
    bits = curve["bits"][curve["bytes"].index(reference["bytes"])]
    if not close(number(early.get("ratio"), "early ratio"), bits / reference["bits"]):
        raise inconsistent("the early code length is not the curve's")
    return _agrees(early, bits / reference["bits"] >= anomalies.EARLY_SHARE)


def _section(found: Any, name: str) -> Section:
    if not isinstance(found, dict):
        raise inconsistent(f"{name} was not measured")
    return found


def _agrees(section: Section, is_ok: bool) -> bool:
    """Whether it is anomalous; refuses where the section's own word is another."""
    if section.get("ok") is not is_ok:
        raise inconsistent("a verdict on an anomaly does not follow from its figures")
    return not is_ok


def _check_heldout(heldout: Section | None, wanted: Section | None, tokenizer: str) -> None:
    if (heldout is None) != (wanted is None):
        raise ResultRefused("manifest_foreign", "the held-out text is not that of the assignment")
    if heldout is None or wanted is None:
        return
    if heldout.get("bytes") != wanted["bytes"]:
        raise ResultRefused("manifest_foreign", "the held-out text is not that of the assignment")
    bpb, initial = number(heldout.get("bpb"), "heldout.bpb"), number(heldout.get("bpb_init"), "bpb_init")
    _check_delta(_difference(heldout.get("delta"), "heldout.delta"), bpb, initial, tokenizer)
    train, gap = heldout.get("train_bpb"), heldout.get("gap")
    if train is None and gap is None:
        return
    if not close(_difference(gap, "heldout.gap"), bpb - number(train, "heldout.train_bpb")):
        raise inconsistent("heldout.gap does not follow from its parts")


def _check_delta(delta: float, bpb: float, initial: float, tokenizer: str) -> None:
    """The gain counts from knowing nothing at worst: exact for bytes, elsewhere at most the difference."""
    if tokenizer == BYTES:
        gain = min(initial, CHANCE_BITS_PER_BYTE) - min(bpb, CHANCE_BITS_PER_BYTE)
        follows = close(delta, gain)
    else:
        least, most = sorted((0.0, initial - bpb))
        follows = least - TOLERANCE <= delta <= most + TOLERANCE
    if not follows:
        raise inconsistent("heldout.delta does not follow from its parts")


def _difference(said: Any, name: str) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise inconsistent(f"{name} is no number")
    return said
