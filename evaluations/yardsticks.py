"""Asking for the runs that a submission is measured by: its architecture and the baseline under one recipe.

Each is carried out once for all that it is the same for. What makes two runs the same is hashed into a key:
architecture and tokenizer, recipe, mode and seed, the texts, how they are cut, the referee's own constants.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluations.backends.machine import precision_of
from evaluations.backends.packs import packs_of, without_path
from evaluations.backends.prepare import HELDOUT_BYTES, schedule_of
from evaluations.baseline import CODE_HASH
from evaluations.bundles import stored_bundle
from evaluations.datasets.errors import DataError
from evaluations.datasets.manifest import load_manifest
from evaluations.enums import Kind, Mode, RunPurpose, RunState, Verdict
from evaluations.gpu_profile import profile_of
from evaluations.intake.manifest import STAGED_TOKENIZERS
from evaluations.models import Identity, Run, StoredBundle, Submission
from evaluations.run_files import architecture_alone
from evaluations.runner import constants, reference_recipe
from prism_site.config import env
from prism_site.policy.resolve import Policy

BASELINE_TOKENIZER = "bytes"


@dataclass(frozen=True, kw_only=True)
class Yardsticks:
    """The runs that a submission is measured by, in the order of its own runs' seeds."""

    reference: tuple[Run, ...]
    baseline: tuple[Run, ...]


def request_yardsticks(submission: Submission, policy: Policy) -> Yardsticks:
    """Find or ask for the yardsticks of a submission that has runs.

    An architecture alone was run under the reference recipe: its own runs are its reference.
    Raises `DataError` where no text is ready on this host, `BundleChanged` for damaged rows.
    """
    source = submission.trains_for or submission
    own = list(submission.runs.order_by("created_at", "seed"))
    architecture, mode = architecture_of(source), Mode(submission.mode)
    with transaction.atomic():
        reference = (
            own
            if submission.kind == Kind.ARCHITECTURE_ONLY
            else [
                _find_or_ask(key_of(architecture, mode, run.seed, policy), run, policy, source=source)
                for run in own
            ]
        )
        key = {"code_hash": CODE_HASH, "tokenizer": BASELINE_TOKENIZER}
        baseline = [
            _find_or_ask(key_of(key, mode, run.seed, policy), run, policy, source=None) for run in own
        ]
    return Yardsticks(reference=tuple(reference), baseline=tuple(baseline))


def cache_key_of_own(submission: Submission, seed: int, policy: Policy) -> str:
    """The key under which others find a submission's own run: only where that is a reference run."""
    if submission.kind != Kind.ARCHITECTURE_ONLY:
        return ""
    return key_of(architecture_of(submission), Mode(submission.mode), seed, policy)


def architecture_of(source: Submission) -> dict[str, str]:
    """What is the same for two submissions of one architecture; raises `BundleChanged`.

    A submission from before source was hashed is known by its files.
    """
    known = Identity.objects.filter(pk=source.pk).values_list("architecture_hash", flat=True).first()
    identity = (
        {"code_hash": architecture_alone(stored_bundle(source.pk)).code_hash}
        if known is None
        else {"architecture_hash": known}
    )
    return {**identity, "tokenizer": _tokenizer(source)}


def key_of(architecture: dict[str, str], mode: Mode, seed: int, policy: Policy) -> str:
    """SHA-256 (hex) over all that a run under the reference recipe depends on.

    Raises:
        DataError: no text is ready on this host.
    """
    targets = policy.execution_mode_targets.of(mode)
    parts: dict[str, Any] = {
        **architecture,
        "recipe": reference_recipe.sha256(),
        "mode": mode.value,
        "seed": seed,
        "data": load_manifest(env().data_path).sha256,
        "heldout": _heldout(),
        "heldout_bytes": HELDOUT_BYTES[mode],
        "packs": [without_path(pack) for pack in packs_of(mode, policy)],
        "schedule": asdict(schedule_of(targets)),
        "caps": [env().max_parameters, env().max_layers],
        "precision": precision_of(targets),
        "ranks": profile_of(mode, policy).most or 1,
        "constants": constants.fingerprint(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _find_or_ask(key: str, own: Run, policy: Policy, *, source: Submission | None) -> Run:
    """The run of that key that was scored first, or the one that is to be carried out.

    One that the infrastructure lost is tried again for whoever needs it next.
    """
    scored = Run.objects.filter(cache_key=key, state=RunState.FINISHED, verdict=Verdict.SCORED)
    found = scored.exclude(manifest__score__multiplier=0).order_by("finished_at", "pk").first()
    if found is not None:
        return found
    run, _ = Run.objects.exclude(purpose=RunPurpose.SUBMISSION).get_or_create(
        cache_key=key,
        defaults={
            "purpose": RunPurpose.BASELINE if source is None else RunPurpose.REFERENCE,
            "source": source,
            "mode": own.mode,
            "seed": own.seed,
            "policy_row_ids": policy.row_ids,
            "created_at": timezone.now(),
        },
    )
    abandoned = Run.objects.filter(pk=run.pk, state=RunState.ABANDONED)
    if abandoned.update(state=RunState.QUEUED, attempts_made=0):
        run.refresh_from_db()
    return run


def _tokenizer(source: Submission) -> str:
    """Its name, or the hash of its file."""
    if source.tokenizer in STAGED_TOKENIZERS:
        return source.tokenizer
    listed: list[dict[str, str]] = StoredBundle.objects.values_list("files", flat=True).get(pk=source.pk)
    return next(file["sha256"] for file in listed if file["name"] == source.tokenizer)


def _heldout() -> str | None:
    try:
        return load_manifest(env().val_data_path).sha256
    except DataError:
        return None
