"""Starting the next queued run on this host, and saying why none is started."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog
from django.db.models.functions import Now

from evaluations import claims, gpu_leases, host_budget, official, schema_version
from evaluations.attempts import lose
from evaluations.backends import local, registry
from evaluations.backends.container_limits import container_limits
from evaluations.backends.gpu_loans import GpusBusy
from evaluations.backends.jobs import Backend, BackendFault, BackendUnavailable, JobSpec
from evaluations.backends.prepare import JOB, prepare
from evaluations.baseline import BaselineChanged
from evaluations.bundles import BundleChanged
from evaluations.datasets.errors import DataError
from evaluations.datasets.manifest import load_manifest
from evaluations.enums import AttemptState, Mode, RunState, Stage, Status
from evaluations.host_lock import launch_lock
from evaluations.models import Attempt, Run, Submission
from evaluations.runner.job import Job
from evaluations.shared_secrets import strangers
from evaluations.waiting import note_waiting
from prism_site.config import env
from prism_site.policy.resolve import Policy, resolve_policy

UNOFFICIAL = [mode for mode in Mode if not mode.is_official]
OFFICIAL = [mode for mode in Mode if mode.is_official]
STORAGE = "host_storage"
CONTAINERS_DISABLED = "containers_disabled"
SECRETS_DIFFER = "host_secrets_differ"
HOST_FAULTS = (
    "data_",
    "tokenizer_",
    "host_",
    "bundle_",
    "baseline_",
    "sandbox_",
    "image_",
    "broker_",
)  # beginnings of reasons that no submission causes
PAUSE = timedelta(seconds=120)  # after such a fault, before this host tries again
HARD_LIMIT_FACTOR, HARD_LIMIT_GRACE_SECONDS = 3.0, 600.0  # scoring goes on after the learner's wall clock
log = structlog.get_logger(__name__)


def launch_next() -> bool:
    """Start one queued run if a slot is free and nothing forbids it; return whether one was claimed."""
    with launch_lock() as mine:
        if not mine or free_slots() < 1:
            return False
        policy, backend = resolve_policy(official=False), registry.configured()
        modes = [*_ready_smoke_modes(policy), *_ready_official_modes(policy)]
        if _host_is_unfit(policy):
            return False
        attempt = claims.claim(
            host=local.this_host(), backend=backend.name, modes=modes, policy_row_ids=policy.row_ids
        )
        if attempt is not None:
            _start(backend, attempt, policy)
        return attempt is not None


def free_slots() -> int:
    """Runs that this host may start now."""
    return env().local_slots - claims.live_on(local.this_host())


def _start(backend: Backend, attempt: Attempt, policy: Policy) -> None:
    """Prepare and launch; what fails before the job ran is nobody's allowance."""
    try:
        spec = _spec(attempt, prepare(attempt, policy), policy)
        backend.prepare(spec)
        Attempt.objects.filter(pk=attempt.pk).update(image=spec.image)
        backend.launch(spec)
    except (DataError, BundleChanged, BaselineChanged, GpusBusy, BackendFault) as error:
        _give_up(backend, attempt, error.code, str(error))
    except OSError as error:
        _give_up(backend, attempt, STORAGE, str(error))


def _spec(attempt: Attempt, folder: Path, policy: Policy) -> JobSpec:
    return JobSpec(
        label=attempt.label,
        folder=folder,
        limit_seconds=_hard_limit(attempt, policy),
        limits=container_limits(Job.read(folder / JOB), policy.sandbox_limits),
        image="" if attempt.backend == local.NAME else env().platform_eval_image,
    )


def _give_up(backend: Backend, attempt: Attempt, code: str, detail: str) -> None:
    """What cannot be stopped or removed now keeps its mark: sweeping comes back to it."""
    with suppress(BackendUnavailable):
        backend.stop(attempt.label)
    lose(attempt, reason=code, detail=detail, counted=False)
    with suppress(BackendUnavailable):
        backend.clean(attempt.label)


def _hard_limit(attempt: Attempt, policy: Policy) -> float:
    wall_seconds = policy.execution_mode_targets.of(attempt.run.mode).wall_seconds
    limit_seconds = wall_seconds * HARD_LIMIT_FACTOR + HARD_LIMIT_GRACE_SECONDS
    if attempt.backend == local.NAME:
        return limit_seconds
    return max(limit_seconds, policy.sandbox_limits.timeout_seconds)  # which cuts no run short of its mode


def _host_is_unfit(policy: Policy) -> bool:
    """Without data nothing is claimed; after a fault of this host it rests before it claims again."""
    if env().execution_backend != local.NAME and not policy.sandbox_limits.docker_enabled:
        _say_next_waits(list(Mode), CONTAINERS_DISABLED, "Policy gives no run to a container engine.")
        return True
    if others := strangers():
        detail = f"{', '.join(others)} and {env().host} have different run secrets or secret keys."
        _say_next_waits(list(Mode), SECRETS_DIFFER, detail)
        return True
    try:
        load_manifest(env().data_path)
    except DataError as error:
        _say_next_waits(UNOFFICIAL, error.code, str(error))
        return True
    if differs := schema_version.difference():
        _say_next_waits(list(Mode), schema_version.CODE, differs)
        return True
    if host_budget.is_spent(local.this_host()):
        _say_next_waits(list(Mode), host_budget.CODE, f"Nothing ends any more on {local.this_host()}.")
        return True
    recent = Attempt.objects.filter(
        host=local.this_host(), state=AttemptState.LOST, ended_at__gt=Now() - PAUSE
    )
    return any(reason.startswith(HOST_FAULTS) for reason in recent.values_list("reason", flat=True))


def _ready_smoke_modes(policy: Policy) -> list[Mode]:
    """Those that need no GPU, or for which one is free here."""
    short = {mode: gpu_leases.shortage(mode, policy) for mode in UNOFFICIAL}
    for mode, lacking in short.items():
        if lacking is not None:
            _say_next_waits([mode], GpusBusy.code, lacking)
    return [mode for mode, lacking in short.items() if lacking is None]


def _ready_official_modes(policy: Policy) -> list[Mode]:
    """Official modes for which somebody waits and nothing is missing here; of the others, say what is."""
    ready = []
    for mode in OFFICIAL:
        if not Run.objects.filter(mode=mode, state=RunState.QUEUED).exists():
            continue
        if lacking := official.missing(mode, policy):
            _say_next_waits([mode], lacking[0].code, lacking[0].sentence)
        else:
            ready.append(mode)
    return ready


def _say_next_waits(modes: list[Mode], code: str, detail: str) -> None:
    waiting = Submission.objects.filter(mode__in=modes, status=Status.PENDING, stage=Stage.QUEUED)
    first = waiting.order_by("created_at").first()
    if first is not None and note_waiting(first.pk, by=claims.BY, code=code, detail=detail):
        log.warning("launch_waits", submission=str(first.pk), code=code, detail=detail)
