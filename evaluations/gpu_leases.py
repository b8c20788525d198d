"""Lending this host's GPUs to attempts: rows that the database keeps apart, released with the attempt.

Two things have to agree before a device is lent: no live row names it, which is what other hosts and people
see; and no job in a folder here was given it, which is what the machine itself knows. So a job that outlived
its row keeps its device until it has been ended.
"""

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from evaluations.backends.gpu_loans import GpusBusy, free_here
from evaluations.claims import LEASE
from evaluations.enums import Mode, RunPurpose, RunState, Status
from evaluations.gpu_inventory import Device, inventory
from evaluations.gpu_profile import NONE, Profile, choose, of_kind, profile_of
from evaluations.models import Attempt, GpuLease, Run
from evaluations.models.attempt import LIVE_STATES
from prism_site.config import env
from prism_site.policy.resolve import Policy

BROKER = "broker"  # places runs on its own GPUs, of which this host knows nothing


def take(attempt: Attempt, policy: Policy) -> tuple[str, ...]:
    """Lend an attempt the GPUs of its run's profile; their uuids, none for a run on the CPU.

    For the holder of the launch lock. Raises `GpusBusy`, also where another host took the same device first.
    """
    mode, run = Mode(attempt.run.mode), attempt.run
    profile = profile_of(mode, policy)
    if run.purpose != RunPurpose.SUBMISSION:
        profile = Profile(profile.most, profile.most, profile.kind)  # a yardstick is the same each time
    if profile == NONE or attempt.backend == BROKER:
        return ()
    chosen = choose(_free_for(mode, policy), profile, contenders=1 + _waiting(mode))
    if not chosen:
        raise GpusBusy(_too_few(mode, profile, policy))
    try:
        with transaction.atomic():
            GpuLease.objects.bulk_create([_lease(attempt, device) for device in chosen])
    except IntegrityError as error:
        raise GpusBusy("another host lent the same GPU at this moment") from error
    return tuple(device.uuid for device in chosen)


def shortage(mode: Mode, policy: Policy) -> str | None:
    """Why no run of `mode` can be given its GPUs here now, in a sentence; None: it can."""
    profile = profile_of(mode, policy)
    if profile == NONE or env().execution_backend == BROKER or choose(_free_for(mode, policy), profile):
        return None
    return _too_few(mode, profile, policy)


def renew(attempt: Attempt) -> None:
    """The attempt's job was seen alive."""
    live = GpuLease.objects.filter(attempt=attempt, released_at__isnull=True)
    live.update(renewed_at=Now(), expires_at=Now() + LEASE)


def release(attempt: Attempt) -> None:
    """The attempt has ended: what it held is free for the next, here as soon as its folder is clean."""
    GpuLease.objects.filter(attempt=attempt, released_at__isnull=True).update(released_at=Now())


def release_over() -> int:
    """Take back what attempts that are over still hold; how many devices that were."""
    live = GpuLease.objects.filter(released_at__isnull=True)
    return live.exclude(attempt__state__in=LIVE_STATES).update(released_at=Now())


def free_devices() -> list[Device]:
    """This host's GPUs that nobody has."""
    lent = set(GpuLease.objects.filter(released_at__isnull=True).values_list("uuid", flat=True))
    return [device for device in free_here() if device.uuid not in lent]


def _free_for(mode: Mode, policy: Policy) -> list[Device]:
    """What is free; to a smoke run, less what an official run that waits needs, or it might wait for ever."""
    free = free_devices()
    if mode.is_official:
        return free
    for official in (one for one in Mode if one.is_official and _waiting(one)):
        profile = profile_of(official, policy)
        fitting = of_kind(inventory(), profile.kind)
        if len(fitting) >= profile.most:
            kept = of_kind(free, profile.kind)[: profile.most]
            free = [device for device in free if device not in kept]
    return free


def _waiting(mode: Mode) -> int:
    queued = Run.objects.filter(mode=mode, state=RunState.QUEUED)
    return queued.exclude(submission__status=Status.HELD).count()


def _too_few(mode: Mode, profile: Profile, policy: Policy) -> str:
    kind = f" {profile.kind}" if profile.kind else ""
    free = len(of_kind(_free_for(mode, policy), profile.kind))
    return f"{free}{kind} GPUs are free on this host; a run takes {profile.least} of one model."


def _lease(attempt: Attempt, device: Device) -> GpuLease:
    return GpuLease(
        attempt=attempt,
        fencing_token=attempt.fencing_token,
        host=attempt.host,
        uuid=device.uuid,
        model=device.model,
        taken_at=Now(),
        renewed_at=Now(),
        expires_at=Now() + LEASE,
    )
