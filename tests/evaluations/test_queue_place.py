"""Where a submission stands in the queue: the order of claims, the hosts there are, what is not known."""

from datetime import timedelta

import pytest
from django.utils import timezone

from evaluations.claims import claim
from evaluations.enums import Mode, Stage
from evaluations.estimates import Span
from evaluations.models import Attempt, Canary, Submission
from evaluations.queue_place import Place, place_of
from evaluations.waiting import note_waiting
from prism_site.config import override_env
from tests import factories

pytestmark = pytest.mark.django_db


def report(*, minutes_ago: float = 0.0) -> None:
    stamped = timezone.now() - timedelta(minutes=minutes_ago)
    Canary.objects.update_or_create(cluster="default", defaults={"host": "host-1", "stamped_at": stamped})


def measure(seconds: float, *, runs: int = 1) -> None:
    """So many runs that took so long, ended long ago as far as hosts are concerned."""
    for _ in range(runs):
        score = factories.make_completed()
        ended = timezone.now() - timedelta(days=1)
        attempts = Attempt.objects.filter(run__submission_id=score.pk)
        attempts.update(started_at=ended - timedelta(seconds=seconds), ended_at=ended, heartbeat_at=ended)


def queued(*, runs: int = 1, mode: Mode = Mode.LOCAL_CPU_SMOKE) -> Submission:
    submission = factories.make_submission(stage=Stage.QUEUED, mode=mode)
    for seed in range(runs):
        factories.make_run(submission, seed=seed)
    return submission


def known(submission: Submission) -> Place:
    place = place_of(Submission.objects.get(pk=submission.pk))
    assert place is not None
    return place


def code_of(submission: Submission) -> str:
    place = known(submission)
    assert place.unknown is not None
    assert place.starts is place.ends is None
    return place.unknown.code


def test_the_order_is_that_of_claims() -> None:
    line = [queued(runs=count) for count in (2, 1, 1)]
    assert [known(each).runs_ahead for each in line] == [0, 2, 3]
    assert [known(each).submissions_ahead for each in line] == [0, 1, 2]
    claimed = []
    while attempt := claim(host="h", backend="local", modes=list(Mode), policy_row_ids={}):
        claimed.append(attempt.run.submission_id)
    assert claimed == [line[0].pk, line[0].pk, line[1].pk, line[2].pk]


def test_only_what_waits_or_runs_has_a_place() -> None:
    for other in (factories.make_submission(), factories.make_held(), factories.make_failed()):
        assert place_of(other) is None


def test_without_a_worker_no_time_is_told() -> None:
    waiting = queued()
    assert code_of(waiting) == "no_worker"
    report(minutes_ago=5.5)
    place = known(waiting)
    assert place.unknown is not None
    assert place.unknown.code == "worker_silent"
    assert place.unknown.sentence == "No worker has reported for 5 min."


def test_without_a_run_that_ended_no_time_is_told() -> None:
    report()
    measure(60.0)
    waiting = queued(mode=Mode.GPU_PROXY_EVAL)
    assert code_of(waiting) == "no_run_ended"


def test_what_keeps_the_first_from_starting_is_told_to_all() -> None:
    measure(60.0)
    report()
    first, second = queued(), queued()
    note_waiting(first.pk, by="system:launch", code="data_missing", detail="No text is staged.")
    for each in (first, second):
        assert code_of(each) == "data_missing"
    place = known(second)
    assert place.unknown is not None
    assert "No text is staged." in place.unknown.sentence


def test_no_slot_anywhere_is_told() -> None:
    measure(60.0)
    report()
    with override_env(local_slots=0):
        assert code_of(queued()) == "no_slot"


def test_a_turn_is_as_long_as_the_measured_runs_ahead() -> None:
    measure(100.0, runs=3)
    report()
    queued(runs=2)
    with override_env(local_slots=1):
        one = known(queued())
    with override_env(local_slots=2):
        two = known(Submission.objects.latest("created_at"))
    assert (one.slots, one.measured_runs, one.runs_ahead) == (1, 3, 2)
    assert one.starts is not None
    assert one.ends is not None
    assert (one.starts.median, one.ends.median) == pytest.approx((200.0, 300.0))
    assert two.starts is not None
    assert two.starts.median == pytest.approx(100.0)


def test_what_goes_on_counts_with_what_is_left_of_it() -> None:
    measure(100.0, runs=3)
    attempt = factories.make_evaluating()
    Attempt.objects.filter(pk=attempt.pk).update(started_at=timezone.now() - timedelta(seconds=60))
    place = known(queued())
    assert place.starts is not None
    assert place.starts.median == pytest.approx(40.0, abs=8)
    own = known(attempt.run.submission)  # type: ignore[arg-type]
    assert own.starts is None
    assert own.ends is not None
    assert own.ends.median == pytest.approx(40.0, abs=8)
    assert own.last_sign_at == Attempt.objects.get(pk=attempt.pk).heartbeat_at


def test_hosts_elsewhere_are_slots_as_long_as_they_report() -> None:
    measure(100.0)
    report()
    running = queued()
    claim(host="validator:5F", backend="validator", modes=list(Mode), policy_row_ids={})
    with override_env(local_slots=0):
        assert known(running).slots == 1
        assert known(queued()).unknown is None
        Attempt.objects.filter(host="validator:5F").update(
            state="finished", ended_at=timezone.now(), heartbeat_at=timezone.now() - timedelta(hours=2)
        )
        assert code_of(queued()) == "no_slot"


def test_the_silence_of_its_own_run_is_told_though_workers_report() -> None:
    measure(100.0)
    report()
    attempt = factories.make_evaluating()
    Attempt.objects.filter(pk=attempt.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=9))
    assert attempt.run.submission is not None
    assert code_of(attempt.run.submission) == "run_silent"


def test_the_middle_is_told_with_its_error() -> None:
    measure(100.0)
    report()
    starts = known(queued()).ends
    assert isinstance(starts, Span)
    assert starts.low < 60 < 100 == pytest.approx(starts.median)
    assert starts.high > 160
