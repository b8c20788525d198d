"""What the newest attempts tell: which hosts take runs of a mode, what goes on, how long runs took."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from evaluations.backends.local import this_host
from evaluations.enums import AttemptState, RunPurpose
from evaluations.models import Attempt, Canary
from evaluations.models.attempt import LIVE_STATES
from prism_site.config import env

RECENT = 400  # attempts that are looked at
MEASURED = 100  # runs of a mode that are enough to judge by
PRESENT = timedelta(hours=1)  # since its last report, as long as a host counts as one that takes runs


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The newest attempts of all runs, the newest first, and when the workers reported last."""

    now: datetime
    attempts: Sequence[Attempt]
    reported_at: datetime | None

    @property
    def live(self) -> list[Attempt]:
        """Those that hold a slot."""
        return [attempt for attempt in self.attempts if attempt.state in LIVE_STATES]

    def live_of(self, submission_id: UUID) -> list[Attempt]:
        """Those of them that are a submission's own."""
        return [attempt for attempt in self.live if attempt.run.submission_id == submission_id]

    def seconds(self) -> dict[str, list[float]]:
        """How long runs of submissions took, by mode, the newest first."""
        found: dict[str, list[float]] = defaultdict(list)
        for attempt in self.attempts:
            if attempt.state == AttemptState.FINISHED and attempt.run.purpose == RunPurpose.SUBMISSION:
                assert attempt.ended_at is not None
                found[attempt.run.mode].append((attempt.ended_at - attempt.started_at).total_seconds())
        return {mode: taken[:MEASURED] for mode, taken in found.items()}

    def slots(self, mode: str) -> Mapping[str, int]:
        """Host -> runs that it takes at a time, of the hosts that took runs of the mode lately.

        Where none did, this one is expected to. Of another host only what it shows at present is known.
        """
        hosts = Counter[str]()
        for attempt in self.attempts:
            is_live = attempt.state in LIVE_STATES
            if attempt.run.mode == mode and (is_live or attempt.heartbeat_at > self.now - PRESENT):
                hosts[attempt.host] += is_live
        return {host: self._slots_of(host, live) for host, live in hosts.items()} or self._ours()

    def last_sign_at(self) -> datetime | None:
        """When anybody who carries out runs reported last."""
        signs = [attempt.heartbeat_at for attempt in self.live]
        return max([*signs, self.reported_at] if self.reported_at else signs, default=None)

    def _ours(self) -> dict[str, int]:
        return {this_host(): env().local_slots} if env().local_slots else {}

    def _slots_of(self, host: str, live: int) -> int:
        return max(env().local_slots if host == this_host() else 1, live)


def surroundings() -> Surroundings:
    """How things stand now; two queries."""
    newest = Attempt.objects.select_related("run").only(
        "host",
        "state",
        "started_at",
        "ended_at",
        "heartbeat_at",
        "run__mode",
        "run__purpose",
        "run__submission_id",
    )
    return Surroundings(
        now=timezone.now(),
        attempts=list(newest.order_by("-pk")[:RECENT]),
        reported_at=Canary.objects.order_by("-stamped_at").values_list("stamped_at", flat=True).first(),
    )
