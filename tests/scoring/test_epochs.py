"""Epochs and their bounds."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from evaluations.epochs import epoch_of
from scoring.epochs import epoch_at

moments = st.floats(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, tz=UTC))
lengths = st.integers(60, 31_536_000)


def test_epoch_worked_by_hand():
    assert epoch_of(datetime.fromtimestamp(1_700_000_000.9, tz=UTC), 21_600) == 1_699_984_800


@given(moments, lengths)
def test_an_epoch_holds_its_moment(moment, seconds):
    epoch = epoch_at(moment, seconds)
    assert epoch.epoch_id % seconds == 0
    assert epoch.starts_at <= moment < epoch.ends_at
    assert (epoch.ends_at - epoch.starts_at).total_seconds() == seconds
