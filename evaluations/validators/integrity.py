"""What a scored manifest claims about its integrity, against its own figures and the assignment. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from evaluations.runner import anomalies
from evaluations.runner.codelength import bits_per_byte
from evaluations.runner.constants import CHANCE_BITS_PER_BYTE
from evaluations.runner.job import EarlyReference
from evaluations.runner.ledger import Line
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
    _check_anomalies(integrity, manifest["curve"], specification)
    _check_heldout(manifest["heldout"], specification["heldout"], specification["bundle"]["tokenizer"])
    if manifest["heldout"]:
        _check_benchmarks(manifest["heldout"].get("benchmarks", {}), specification.get("packs", []))


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


def _check_anomalies(integrity: Section, curve: Section, specification: Section) -> None:
    """What the figures make suspicious is listed, and nothing else: the score's multiplier hangs on it.

    All but the model's bits is our own: PPMd's code lengths and where the comparisons end.
    """
    lines = _lines_of(curve)
    reference = EarlyReference(**specification["early_reference"])
    references = tuple(EarlyReference(**one) for one in specification["later_references"])
    step0 = _step0(integrity.get("step0"), lines[0], specification["bundle"]["tokenizer"])
    early = anomalies.early_vs_ppmd(lines, reference)
    later = anomalies.later_vs_ppmd(lines, reference, references)
    for name, figures in (("step0", step0), ("early_vs_ppmd", early), ("later_vs_ppmd", later)):
        if not _alike(integrity.get(name), figures):
            raise inconsistent(f"{name} does not follow from the curve")
    shown = anomalies.found(step0, early, later, _of_kind(str, integrity, "seed_invariant"))
    listed = _of_kind(dict, integrity, "anomalies")
    if [item.get("code") for item in listed] != [anomaly["code"] for anomaly in shown]:
        raise inconsistent("the anomalies listed are not those that the figures show")


def _lines_of(curve: Section) -> list[Line]:
    """The curve as the referee's ledger has it, as far as comparisons with it go."""
    unused: dict[str, Any] = {
        "chunk_bytes": 0,
        "chunk_bits": 0.0,
        "tokens": 0,
        "seconds": 0.0,
        "nonfinite": 0,
    }
    columns = zip(curve["bytes"], curve["bits"], strict=True)
    return [
        Line(index=index, stream_bytes=end, bits=bits, **unused) for index, (end, bits) in enumerate(columns)
    ]


def _step0(found: Any, first: Line, tokenizer: str) -> dict[str, Any]:
    """Of bytes it is known what a coder that knows nothing needs; of other tokens only the referee knows."""
    if not isinstance(found, dict):
        raise inconsistent("step0 was not measured")
    limit, bpb = number(found.get("limit"), "step0.limit"), bits_per_byte(first.bits, first.stream_bytes)
    if tokenizer == BYTES and not close(limit, anomalies.STEP0_SHARE * CHANCE_BITS_PER_BYTE):
        raise inconsistent("step0.limit is not that of bytes")
    return {"bpb": bpb, "limit": limit, "ok": bpb >= limit}


def _alike(found: Any, own: Any) -> bool:
    """Whether a value is ours but for rounding."""
    if isinstance(own, dict):
        return isinstance(found, dict) and found.keys() == own.keys() and _all_alike(found, own, own)
    if isinstance(own, list):
        return isinstance(found, list) and len(found) == len(own) and _all_alike(found, own, range(len(own)))
    if isinstance(own, float):
        return isinstance(found, int | float) and not isinstance(found, bool) and close(found, own)
    return type(found) is type(own) and bool(found == own)


def _all_alike(found: Any, own: Any, keys: Iterable[Any]) -> bool:
    return all(_alike(found[key], own[key]) for key in keys)


def _of_kind(kind: type, integrity: Section, name: str) -> list[Any]:
    found = integrity.get(name)
    if not isinstance(found, list) or not all(isinstance(item, kind) for item in found):
        raise inconsistent(f"{name} is no list of its kind")
    return found


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


def _check_benchmarks(benchmarks: Any, packs: list[Section]) -> None:
    """Of packs of the assignment alone, with the very items; none where no item fits."""
    if not isinstance(benchmarks, dict) or not all(isinstance(pack, dict) for pack in benchmarks.values()):
        raise inconsistent("heldout.benchmarks is no object of objects")
    wanted = {pack["name"]: pack["sha256"] for pack in packs}
    for name, pack in benchmarks.items():
        if pack.get("sha256") != wanted.get(name, ""):
            raise ResultRefused("manifest_foreign", "a benchmark pack is not one of the assignment")
        for figure in ("bpb", "bpb_init"):
            number(pack.get(figure), f"benchmarks.{figure}")


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
