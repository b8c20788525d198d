"""Health at a glance: what waits, what failed, what runs, and whether the parts of the service work."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone
from django_q.models import OrmQ

from evaluations.api.health import failing_parts
from evaluations.enums import Mode, Stage, Status
from evaluations.models import Attempt, Canary, Event, Submission
from evaluations.models.attempt import LIVE_STATES
from prism_site.config import env
from prism_site.operator.claims import claimed
from prism_site.operator.hosts import Host, hosts
from prism_site.policy.errors import PolicyInvalid
from reviews.models import Hold
from scoring.epochs import Epoch, epoch_at
from scoring.models import WeightSnapshot
from scoring.payout import Payout, payout, weighed_mode

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
ENDED_BADLY = ("fail", "reject", "refuse", "requeue")
WEIGHTS_SHOWN = 10
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class OpenHolds:
    """Open holds of one kind."""

    kind: Hold.Kind
    open: int
    overdue: int
    oldest: datetime
    claimed: int
    under_a_day: int
    under_a_week: int  # and older than a day
    older: int


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How often submissions ended so in the last 24 hours; `requeue` counts lost attempts."""

    verb: str
    reason_code: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Submissions that wait for their turn."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, kw_only=True)
class Disk:
    """The disk that results are written to."""

    free_bytes: int
    total_bytes: int

    @property
    def used_percent(self) -> float:
        """0 to 100."""
        return 100 * (1 - self.free_bytes / self.total_bytes)


@dataclass(frozen=True, kw_only=True)
class Glance:
    """Everything on the page, read in a constant number of queries."""

    failing: dict[str, str]  # part -> what is wrong; empty where all works
    holds: list[OpenHolds]
    endings: list[Ending]
    waiting: Waiting
    running: list[Attempt]
    hosts: list[Host]
    messages: int  # in the queue itself: ticks that nobody has taken yet
    canaries: list[Canary]
    epoch: Epoch
    mode: Mode
    payout: Payout | None
    last: WeightSnapshot | None  # of this mode
    policy_problem: PolicyInvalid | None
    disk: Disk

    @property
    def open(self) -> int:
        """Open holds of every kind."""
        return sum(line.open for line in self.holds)

    @property
    def overdue(self) -> int:
        """Open holds past their time."""
        return sum(line.overdue for line in self.holds)

    @property
    def quarantined(self) -> int:
        """Open holds of suspicion."""
        return sum(line.open for line in self.holds if line.kind == Hold.Kind.QUARANTINE)

    @property
    def ended_badly(self) -> int:
        """Failures, rejections and lost attempts of the last 24 hours."""
        return sum(ending.count for ending in self.endings)

    @property
    def weights(self) -> list["Weight"]:
        """The largest weights, largest first, with what each has gained since the last snapshot."""
        now = self.payout.weights.weights if self.payout else {}
        before = self.last.weights if self.last else None
        largest = sorted(now.items(), key=lambda item: -item[1])[:WEIGHTS_SHOWN]
        return [
            Weight(hotkey, weight, None if before is None else weight - before.get(hotkey, 0.0))
            for hotkey, weight in largest
        ]


@dataclass(frozen=True)
class Weight:
    """What a hotkey earns, and its change since the last snapshot; none where there is no snapshot."""

    hotkey: str
    weight: float
    change: float | None

    @property
    def moved(self) -> bool:
        """Whether it differs by more than rounding."""
        return self.change is not None and abs(self.change) > ROUNDING


def glance() -> Glance:
    """How the service stands at this moment."""
    now, mode = timezone.now(), weighed_mode()
    (paid, problem), running = _payout(mode), _running()
    return Glance(
        failing=failing_parts(),
        holds=open_holds(now),
        endings=endings(now - DAY),
        waiting=_waiting(),
        running=running,
        hosts=hosts(running, now),
        messages=OrmQ.objects.count(),
        canaries=list(Canary.objects.order_by("cluster")),
        epoch=epoch_at(now, env().epoch_seconds),
        mode=mode,
        payout=paid,
        last=WeightSnapshot.objects.filter(mode=mode).only("epoch", "weights").order_by("-epoch").first(),
        policy_problem=problem,
        disk=disk(env().artifact_path),
    )


def open_holds(now: datetime) -> list[OpenHolds]:
    """By kind, the kind with the oldest first; one query."""
    rows = Hold.objects.filter(status=Hold.Status.OPEN).values("kind").order_by()
    late = Count("pk", filter=Q(due_at__lt=now))
    day, week = Q(created_at__gte=now - DAY), Q(created_at__gte=now - WEEK)
    counted = rows.annotate(
        open=Count("pk"),
        overdue=late,
        oldest=Min("created_at"),
        claimed=Count("pk", filter=claimed(now)),
        under_a_day=Count("pk", filter=day),
        under_a_week=Count("pk", filter=week & ~day),
        older=Count("pk", filter=~week),
    ).order_by("oldest")
    return [_line(row) for row in counted]


def _line(row: Mapping[str, Any]) -> OpenHolds:
    return OpenHolds(**{**row, "kind": Hold.Kind(row["kind"])})


def endings(since: datetime) -> list[Ending]:
    """Failures, rejections and lost attempts by reason, the most frequent first; one query."""
    rows = Event.objects.filter(at__gte=since, verb__in=ENDED_BADLY).values("verb", "reason_code")
    counted = rows.order_by().annotate(count=Count("pk")).order_by("-count", "verb", "reason_code")
    return [Ending(**row) for row in counted]


def disk(folder: Path) -> Disk:
    """The folder may not exist yet; the nearest parent that does is on the same disk."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    usage = shutil.disk_usage(place)
    return Disk(free_bytes=usage.free, total_bytes=usage.total)


def _waiting() -> Waiting:
    queued = Submission.objects.filter(status=Status.PENDING, stage=Stage.QUEUED)
    return Waiting(**queued.aggregate(count=Count("pk"), oldest=Min("updated_at")))


def _running() -> list[Attempt]:
    live = Attempt.objects.filter(state__in=LIVE_STATES).select_related("run__submission")
    return list(live.defer("run__manifest").order_by("started_at"))


def _payout(mode: Mode) -> tuple[Payout | None, PolicyInvalid | None]:
    try:
        return payout(mode), None
    except PolicyInvalid as problem:
        return None, problem
