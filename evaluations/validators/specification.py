"""What a validator is told about a run: a `Job` without what only its own host can know.

No path, no GPU's name, no count of threads; the run secret is not kept with it, but derived for each answer.
"""

from dataclasses import asdict
from typing import Any

from evaluations.backends.machine import limits_of, precision_of
from evaluations.backends.packs import packs_of, without_path
from evaluations.backends.prepare import DIAGNOSTIC_LOOKS, HELDOUT_BYTES, Texts, bundle_spec, schedule_of
from evaluations.backends.streams import early_reference, later_references
from evaluations.datasets.errors import DataError
from evaluations.datasets.stream import StreamFile
from evaluations.enums import Mode
from evaluations.gpu_profile import profile_of
from evaluations.intake.manifest import BundleManifest
from evaluations.launching import HARD_LIMIT_FACTOR, HARD_LIMIT_GRACE_SECONDS
from evaluations.models import Run
from evaluations.runner import constants, reference_recipe
from evaluations.runner.devices import CPU, CUDA
from evaluations.validators.refusals import AssignmentsUnavailable
from prism_site.config import ROOT, env
from prism_site.policy.resolve import Policy

SCHEMA = "prism_assignment.v1"

Specification = dict[str, Any]


def specification_of(run: Run, manifest: BundleManifest, texts: Texts, policy: Policy) -> Specification:
    """The frozen specification of a run, as JSON; a broken pack raises `AssignmentsUnavailable`."""
    targets, gpus = policy.execution_mode_targets.of(run.mode), profile_of(Mode(run.mode), policy)
    return {
        "schema_version": SCHEMA,
        "submission_id": run.subject,
        "run_id": str(run.pk),
        "mode": run.mode,
        "seed": run.seed,
        "bundle": _without(asdict(bundle_spec(manifest, ROOT)), "folder"),
        "stream": _named(texts.stream),
        "heldout": _named(texts.heldout) if texts.heldout else None,
        "heldout_budget": HELDOUT_BYTES[Mode(run.mode)],
        "packs": _packs(Mode(run.mode), policy) if texts.heldout else [],
        "early_reference": asdict(early_reference(texts.yardsticks)),
        "later_references": [asdict(one) for one in later_references(texts.yardsticks)],
        "schedule": asdict(schedule_of(targets)),
        "limits": _without(asdict(limits_of(targets, policy)), "threads"),
        "pids_limit": policy.sandbox_limits.pids_limit,
        "hard_limit_seconds": targets.wall_seconds * HARD_LIMIT_FACTOR + HARD_LIMIT_GRACE_SECONDS,
        "device": CUDA if gpus.most else CPU,
        "precision": precision_of(targets),
        "gpu_count": gpus.most,
        "gpu_type": gpus.kind,
        "world_size": gpus.most or 1,
        "diagnostics": DIAGNOSTIC_LOOKS,
        "sandbox": env().sandbox,
        "protocol": constants.PROTOCOL,
        "constants_sha256": constants.fingerprint(),
        "recipe": reference_recipe.statement(),
    }


def _named(stream: StreamFile) -> dict[str, Any]:
    """A text by its hash and provenance; `order_seed` and the data's own hash are enough to lay it out."""
    return _without({**asdict(stream)}, "path")


def _packs(mode: Mode, policy: Policy) -> list[dict[str, Any]]:
    try:
        return [without_path(pack) for pack in packs_of(mode, policy)]
    except DataError as error:
        raise AssignmentsUnavailable(error.code, str(error)) from error


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}
