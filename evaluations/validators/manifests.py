"""Whether a manifest that came over the network can be the outcome of the run that was assigned. Pure.

Whoever runs the referee can write any code length: that is why validators are named by the operator. What
is checked here is all that can be known without running the model: that the manifest is of this run, this
text and this schedule, and that every figure which follows from others does follow. The score is computed
anew from the curve.
"""

from collections.abc import Mapping
from typing import Any

from evaluations.backends.hostile_files import CODE
from evaluations.enums import Verdict
from evaluations.runner.manifest import ManifestInvalid, validate
from evaluations.validators.curves import check_curve, recomputed_score
from evaluations.validators.integrity import check_scored
from evaluations.validators.refusals import ResultRefused

Manifest = dict[str, Any]
Specification = Mapping[str, Any]


def sound(found: Any, specification: Specification, yardsticks: Mapping[str, list[float]]) -> Manifest:
    """The manifest with its score computed anew.

    Raises `ResultRefused`: `manifest_invalid`, `manifest_foreign` (another run, text, schedule or runner),
    `manifest_inconsistent` (its own figures contradict each other).
    """
    try:
        validate(found)
    except (ManifestInvalid, TypeError) as error:
        raise ResultRefused("manifest_invalid", str(error)) from error
    if not CODE.fullmatch(found["code"]) or (found["code"] == "scored") != _is_scored(found):
        raise ResultRefused("manifest_invalid", "the code does not go with the verdict")
    _check_identity(found, specification)
    _check_text(found, specification["stream"])
    check_curve(found["curve"], yardsticks["bytes"], whole=_is_scored(found))
    if not _is_scored(found):
        return _unscored(found)
    check_scored(found, specification)
    _check_recipe(found["training"], specification)
    return {**found, "score": recomputed_score(found, specification)}


def _is_scored(manifest: Manifest) -> bool:
    return bool(manifest["verdict"] == Verdict.SCORED)


def _unscored(manifest: Manifest) -> Manifest:
    if manifest["score"] is not None:
        raise ResultRefused("manifest_inconsistent", "a run that was not scored has a score")
    return manifest


def _check_identity(manifest: Manifest, specification: Specification) -> None:
    _check_same(manifest, specification, ("submission_id", "run_id", "mode"))
    names = ("seed", "device", "precision", "world_size", "protocol", "constants_sha256")
    _check_same(manifest["run"], specification, names)
    if specification["sandbox"] == "required" and manifest["run"].get("sandbox") != "required":
        raise ResultRefused("manifest_foreign", "the run had no sandbox")


def _check_recipe(training: Mapping[str, Any], specification: Specification) -> None:
    """Without training of its own it was trained by the recipe of the assignment."""
    trained_by_it = specification["bundle"]["training"] is None
    if trained_by_it and training.get("recipe") != specification["recipe"]:
        raise ResultRefused("manifest_foreign", "the recipe is not that of the assignment")


def _check_text(manifest: Manifest, stream: Mapping[str, Any]) -> None:
    """Every fact about the text, and the text's own hash."""
    data = {**manifest["data"], "sha256": manifest["data"].get("stream_sha256")}
    _check_same(data, stream, tuple(stream))


def _check_same(found: Mapping[str, Any], wanted: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if type(found.get(name)) is not type(wanted[name]) or found[name] != wanted[name]:
            raise ResultRefused("manifest_foreign", f"{name} is not that of the assignment")
