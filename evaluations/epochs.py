"""Epochs: the periods that weights are computed for, named by the unix time at which they begin."""

from datetime import datetime


def epoch_of(now: datetime, epoch_seconds: int) -> int:
    """The unix time (seconds) at which the epoch that holds `now` began."""
    moment = int(now.timestamp())
    return moment - moment % epoch_seconds
