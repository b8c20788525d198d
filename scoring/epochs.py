"""An epoch with its bounds, as pages and platforms read it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evaluations.epochs import epoch_of


@dataclass(frozen=True)
class Epoch:
    """`epoch_id` is the unix time in seconds of `starts_at`; `ends_at` belongs to the next epoch."""

    epoch_id: int
    epoch_seconds: int
    starts_at: datetime
    ends_at: datetime


def epoch_at(now: datetime, epoch_seconds: int) -> Epoch:
    """The epoch that holds `now`."""
    return epoch_from(epoch_of(now, epoch_seconds), epoch_seconds)


def epoch_from(epoch_id: int, epoch_seconds: int) -> Epoch:
    """The epoch of that name."""
    starts_at = datetime.fromtimestamp(epoch_id, tz=UTC)
    return Epoch(epoch_id, epoch_seconds, starts_at, starts_at + timedelta(seconds=epoch_seconds))


def epoch_after(moment: datetime, epoch_seconds: int) -> Epoch:
    """The first epoch that begins at `moment` or later."""
    epoch = epoch_at(moment, epoch_seconds)
    return epoch if epoch.starts_at == moment else epoch_from(epoch.epoch_id + epoch_seconds, epoch_seconds)
