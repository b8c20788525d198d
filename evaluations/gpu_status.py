"""Which GPUs there are, who has them, and what waits for one: rows turned into an answer."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone
from pydantic import BaseModel

from evaluations.enums import Mode, RunState, Status
from evaluations.gpu_devices import MISSING
from evaluations.gpu_profile import NONE, Profile, profile_of
from evaluations.models import GpuDevice, GpuLease, Run
from prism_site.policy.resolve import resolve_policy


class GpuRow(BaseModel):
    """A device of some host: `free`, `leased`, or `missing` where its host has not seen it for a minute."""

    host: str
    uuid: str
    model: str
    memory_bytes: int | None
    state: str
    seen_at: datetime
    seen_seconds_ago: float


class LeaseRow(BaseModel):
    """A device that an attempt has to itself; `overdue` once it should have been renewed."""

    host: str
    uuid: str
    model: str
    run_id: UUID
    submission_id: UUID | None
    mode: str
    attempt: int
    fencing_token: int
    taken_at: datetime
    held_seconds: float
    renewed_seconds_ago: float
    expires_at: datetime
    overdue: bool


class WaitingRow(BaseModel):
    """Queued runs of a mode that takes GPUs: how many each takes, of which model, since when they wait."""

    mode: str
    runs: int
    gpus_each: int
    least_gpus: int
    gpu_type: str | None
    oldest_at: datetime | None
    oldest_seconds: float | None


class GpuStatus(BaseModel):
    """Everything about GPUs at one moment, by the database's clock."""

    at: datetime
    devices: list[GpuRow]
    leases: list[LeaseRow]
    waiting: list[WaitingRow]


def gpu_status() -> GpuStatus:
    """How GPUs stand now; the same on every host."""
    now = _database_now()
    leases = GpuLease.objects.filter(released_at__isnull=True).select_related("attempt__run")
    held = list(leases.defer("attempt__run__manifest"))
    uuids = {lease.uuid for lease in held}
    return GpuStatus(
        at=now,
        devices=[_device(device, uuids, now) for device in GpuDevice.objects.all()],
        leases=[_lease(lease, now) for lease in held],
        waiting=_waiting(now),
    )


def _device(device: GpuDevice, leased: set[str], now: datetime) -> GpuRow:
    missing = now - device.seen_at > MISSING
    return GpuRow(
        host=device.host,
        uuid=device.uuid,
        model=device.model,
        memory_bytes=device.memory_bytes,
        state="missing" if missing else "leased" if device.uuid in leased else "free",
        seen_at=device.seen_at,
        seen_seconds_ago=_seconds(device.seen_at, now),
    )


def _lease(lease: GpuLease, now: datetime) -> LeaseRow:
    run = lease.attempt.run
    return LeaseRow(
        host=lease.host,
        uuid=lease.uuid,
        model=lease.model,
        run_id=run.pk,
        submission_id=run.submission_id,
        mode=run.mode,
        attempt=lease.attempt.number,
        fencing_token=lease.fencing_token,
        taken_at=lease.taken_at,
        held_seconds=_seconds(lease.taken_at, now),
        renewed_seconds_ago=_seconds(lease.renewed_at, now),
        expires_at=lease.expires_at,
        overdue=lease.expires_at < now,
    )


def _waiting(now: datetime) -> list[WaitingRow]:
    policy = resolve_policy(official=False)
    profiles = {mode: profile_of(mode, policy) for mode in Mode}
    queued = Run.objects.filter(state=RunState.QUEUED).exclude(submission__status=Status.HELD)
    counted = queued.values("mode").order_by().annotate(runs=Count("pk"), oldest=Min("created_at"))
    found = {row["mode"]: (row["runs"], row["oldest"]) for row in counted}
    return [
        _waiting_row(mode, profile, *found.get(mode.value, (0, None)), now)
        for mode, profile in profiles.items()
        if profile != NONE
    ]


def _waiting_row(
    mode: Mode, profile: Profile, runs: int, oldest: datetime | None, now: datetime
) -> WaitingRow:
    return WaitingRow(
        mode=mode.value,
        runs=runs,
        gpus_each=profile.most,
        least_gpus=profile.least,
        gpu_type=profile.kind,
        oldest_at=oldest,
        oldest_seconds=None if oldest is None else _seconds(oldest, now),
    )


def _database_now() -> datetime:
    """Ages are told by the clock that the rows were written by."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


def _seconds(since: datetime, now: datetime) -> float:
    return round(max((now - since).total_seconds(), 0.0), 1)
