"""Health at a glance: holds by age, hosts with their leases, and weights against the last snapshot."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from evaluations.models import Attempt, GpuLease, Submission
from evaluations.models.gpu_device import GpuDevice
from prism_site.operator.glance import Glance, glance
from prism_site.operator.hosts import hosts
from reviews import claims
from reviews.models import Hold
from scoring.models import Attribution, Score
from scoring.snapshots import snapshot_epochs
from tests import factories
from tests.operator.conftest import make_anomaly, make_quarantine

pytestmark = pytest.mark.django_db


def aged(hold: Hold, days: float) -> Hold:
    Hold.objects.filter(pk=hold.pk).update(created_at=timezone.now() - timedelta(days=days))
    return hold


def make_gpu(number: int, *, attempt: Attempt | None = None, minutes_left: float = 5) -> None:
    now = timezone.now()
    uuid = f"GPU-{number}"
    GpuDevice.objects.create(host="gpu-host", uuid=uuid, model="H200", first_seen_at=now, seen_at=now)
    if attempt:
        GpuLease.objects.create(
            attempt=attempt,
            fencing_token=attempt.fencing_token,
            host="gpu-host",
            uuid=uuid,
            model="H200",
            taken_at=now,
            renewed_at=now,
            expires_at=now + timedelta(minutes=minutes_left),
        )


def test_holds_are_counted_by_kind_age_and_claim() -> None:
    for days in (0.5, 3, 6, 8):
        aged(make_quarantine(), days)
    claims.claim(aged(make_anomaly(), 2).pk, by="operator:eve")
    lines = {line.kind: line for line in glance().holds}
    quarantine, anomaly = lines[Hold.Kind.QUARANTINE], lines[Hold.Kind.INTEGRITY_ANOMALY]
    assert (quarantine.under_a_day, quarantine.under_a_week, quarantine.older, quarantine.claimed) == (
        1,
        2,
        1,
        0,
    )
    assert (anomaly.open, anomaly.under_a_week, anomaly.claimed) == (1, 1, 1)
    assert (glance().open, glance().quarantined) == (5, 4)


def test_hosts_tell_their_attempts_gpus_and_leases() -> None:
    attempt = factories.make_evaluating()
    attempt.refresh_from_db()
    make_gpu(1, attempt=attempt)
    make_gpu(2)
    now = timezone.now()
    by_name = {host.name: host for host in hosts(Attempt.objects.all(), now)}
    host, gpus = by_name[attempt.host], by_name["gpu-host"]
    assert (host.attempts, host.gpus, host.heartbeat_at) == (1, 0, attempt.heartbeat_at)
    assert (gpus.attempts, gpus.lent, gpus.gpus, gpus.is_silent) == (0, 1, 2, False)
    late = hosts([], now + timedelta(minutes=6))
    assert [(host.name, host.is_silent) for host in late] == [("gpu-host", True)]


def test_an_attempt_beyond_its_lease_is_marked(eve: Client) -> None:
    attempt = factories.make_evaluating()
    Attempt.objects.filter(pk=attempt.pk).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    assert '<td class="right late"><time' in eve.get("/operator/").content.decode()


def weights_of(found: Glance) -> dict[str, float | None]:
    return {line.hotkey: line.change for line in found.weights}


def test_weights_stand_beside_those_of_the_last_snapshot() -> None:
    first = factories.make_completed(ease=1.0)
    assert weights_of(glance()) == {first.hotkey: None}
    past = timezone.now() - timedelta(days=1)
    Submission.objects.update(created_at=past)
    Score.objects.update(computed_at=past)
    Attribution.objects.update(scored_at=past)
    snapshot_epochs()
    assert weights_of(glance()) == {first.hotkey: 0.0}
    second = factories.make_completed(ease=2.0)
    found = glance()
    changes = {line.hotkey: (line.weight, line.change) for line in found.weights}
    assert changes[second.hotkey][0] == changes[second.hotkey][1]
    assert changes[first.hotkey][1] == pytest.approx(changes[first.hotkey][0] - 1.0)


def test_the_page_tells_of_the_queue_the_epoch_and_the_disk(eve: Client) -> None:
    OrmQ.objects.create(key="default", payload="x")
    make_quarantine()
    page = eve.get("/operator/").content.decode()
    for said in (
        '<dt>messages in the queue</dt><dd class="num">1</dd>',
        "<progress data-clock",
        "&nbsp;%&nbsp;used",
        "In quarantine",
        'href="/operator/holds/overdue"',
        "No host has an attempt or a GPU.",
    ):
        assert said in page
