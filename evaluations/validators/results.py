"""Taking a validator's manifest as the result of its run: once, from the lease's holder, if it holds."""

import hashlib
import json
from typing import Any

import structlog
from django.db import transaction

from evaluations.attempts import finish
from evaluations.enums import AttemptState
from evaluations.models import Assignment, CurvePoint
from evaluations.validators.leases import check_live
from evaluations.validators.manifests import sound
from evaluations.validators.refusals import AssignmentOver, ResultRefused

log = structlog.get_logger(__name__)


def take_result(assignment: Assignment, manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest as it was stored. The same body sent again is answered the same and changes nothing.

    Raises:
        AssignmentOver: too late, or there is another result.
        ResultRefused: the manifest is not of this run, or contradicts itself or the progress reported.
    """
    digest = _digest(manifest)
    if assignment.result_sha256 == digest:
        return assignment.attempt.run.manifest or {}
    check_live(assignment)
    if assignment.attempt.state != AttemptState.RUNNING:
        raise AssignmentOver("Accept the assignment before you send its result.")
    try:
        taken = sound(manifest, assignment.specification, assignment.attempt.run.yardsticks)
        _check_progress(assignment, taken)
    except ResultRefused as refused:
        log.warning("result_refused", attempt=assignment.attempt.label, code=refused.code, why=str(refused))
        raise
    _finish(assignment, taken, digest)
    return taken


def _finish(assignment: Assignment, manifest: dict[str, Any], digest: str) -> None:
    with transaction.atomic():
        if not finish(assignment.attempt, manifest=manifest, exit_code=None):
            raise AssignmentOver("The lease has been given up.")
        Assignment.objects.filter(pk=assignment.pk).update(result_sha256=digest)


def _check_progress(assignment: Assignment, manifest: dict[str, Any]) -> None:
    """The curve that was shown while the run went on must be the curve of its result."""
    curve = manifest["curve"] or {"bytes": [], "bits": []}
    told = CurvePoint.objects.filter(attempt=assignment.attempt).values_list("index", "bits")
    final = dict(enumerate(curve["bits"]))
    if any(final.get(index) != bits for index, bits in told):
        raise ResultRefused("manifest_inconsistent", "The curve is not the one that was reported before.")


def _digest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
