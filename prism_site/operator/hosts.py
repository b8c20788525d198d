"""The hosts that carry out runs: what each has, when it was last heard of, and which of its GPUs are lent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from evaluations.models import Attempt, GpuLease
from evaluations.models.gpu_device import GpuDevice


@dataclass(frozen=True, kw_only=True)
class Host:
    """One host, or one validator; times are none where it has nothing of the sort."""

    name: str
    backends: str
    attempts: int
    heartbeat_at: datetime | None  # the newest of its attempts
    lease_expires_at: datetime | None  # of attempts and GPUs, the first to end
    gpus: int  # that it saw last
    lent: int
    seen_at: datetime | None  # when it last looked at its GPUs
    is_silent: bool  # something is held beyond its lease


def hosts(running: Iterable[Attempt], now: datetime) -> list[Host]:
    """Every host with a live attempt, a known GPU or a lent one, by name; two queries."""
    live = list(running)
    devices = list(GpuDevice.objects.all())
    leases = list(GpuLease.objects.filter(released_at__isnull=True))
    names = {
        *(attempt.host for attempt in live),
        *(device.host for device in devices),
        *(lease.host for lease in leases),
    }
    return [_host(name, live, devices, leases, now) for name in sorted(names)]


def _host(
    name: str, live: list[Attempt], devices: list[GpuDevice], leases: list[GpuLease], now: datetime
) -> Host:
    attempts = [attempt for attempt in live if attempt.host == name]
    known = [device for device in devices if device.host == name]
    lent = [lease for lease in leases if lease.host == name]
    ends = [*(attempt.lease_expires_at for attempt in attempts), *(lease.expires_at for lease in lent)]
    return Host(
        name=name,
        backends=", ".join(sorted({attempt.backend for attempt in attempts})),
        attempts=len(attempts),
        heartbeat_at=max((attempt.heartbeat_at for attempt in attempts), default=None),
        lease_expires_at=min(ends, default=None),
        gpus=len(known),
        lent=len(lent),
        seen_at=max((device.seen_at for device in known), default=None),
        is_silent=any(end < now for end in ends),
    )
