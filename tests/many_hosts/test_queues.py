"""Who hears which message, when several hosts work on one database."""

import os
import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from evaluations import bell, queues
from evaluations.backends.processes import session_members
from evaluations.models import Canary
from evaluations.queue_broker import HostBroker
from evaluations.tasks import canary_tick
from prism_site.config import override_env
from prism_site.supervisor import Supervisor

pytestmark = pytest.mark.django_db
TICK = "evaluations.tasks.canary_tick"
# A cluster that never stamps a canary, with a worker of its own.
SILENT = [
    sys.executable, "-c",
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])",
]  # fmt: skip


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "POLL", 0)


def heard(cluster: str, host: str, *, slots: int = 1) -> list[str]:
    """The queues that messages come from when such a cluster takes all it hears."""
    with override_env(host_name=host, local_slots=slots):
        broker, taken = HostBroker(cluster), []
        while found := broker.dequeue():
            taken += [OrmQ.objects.get(pk=pk).key for pk, _ in found]
    return taken


def ring_everybody() -> None:
    for host in ("one", "two"):
        with override_env(host_name=host):
            bell.ring(TICK, queue=queues.of_host("gpu"))
            bell.ring(TICK, queue=queues.of_host("default"))
    bell.ring(TICK, queue=queues.LAUNCHES)
    bell.ring(TICK)


def test_what_is_for_a_host_is_heard_by_that_host_alone() -> None:
    ring_everybody()
    assert heard("gpu", "one") == ["gpu@one", "gpu"]
    assert heard("default", "two") == ["default@two", "default"]
    assert set(OrmQ.objects.filter(lock__lt=timezone.now()).values_list("key", flat=True)) == {
        "default@one",
        "gpu@two",
    }


def test_a_host_without_slots_leaves_launches_to_others() -> None:
    ring_everybody()
    assert heard("default", "one", slots=0) == ["default@one", "default"]
    assert heard("default", "one", slots=1) == ["gpu"]


def test_a_message_is_taken_once() -> None:
    bell.ring(TICK)
    assert heard("default", "one") == ["default"]
    assert heard("default", "two") == []


def test_a_call_that_waits_for_one_host_does_not_keep_another_from_being_rung() -> None:
    for host in ("one", "two", "two"):
        with override_env(host_name=host):
            bell.ring(TICK, once=True, queue=queues.of_host("default"))
    assert sorted(OrmQ.objects.values_list("key", flat=True)) == ["default@one", "default@two"]


def test_what_nobody_hears_is_forgotten_and_what_is_for_anybody_is_not() -> None:
    ring_everybody()
    OrmQ.objects.update(lock=timezone.now() - timedelta(hours=1))
    bell.ring(TICK, queue="default@three")
    bell.forget_unheard()
    assert sorted(OrmQ.objects.values_list("key", flat=True)) == ["default", "default@three", "gpu"]


def test_every_host_has_a_canary_of_its_own() -> None:
    for host in ("one", "two", "one"):
        with override_env(host_name=host):
            canary_tick()
    assert sorted(Canary.objects.values_list("cluster", "host")) == [("default", "one"), ("default", "two")]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with override_env(host_name="one"):
        supervisor = Supervisor("gpu", command=SILENT, stale_seconds=5)
        yield supervisor
        supervisor.drain()


def test_a_stale_cluster_is_replaced_with_all_its_processes_and_a_living_one_is_not(
    supervisor: Supervisor,
) -> None:
    supervisor.look_after()
    first = supervisor.cluster
    assert first is not None
    while len(session_members(first.pid)) < 2:
        os.sched_yield()
    Canary.objects.create(cluster="gpu", host="one", stamped_at=timezone.now())
    supervisor.started_at -= 60
    supervisor.look_after()
    assert supervisor.cluster is first
    # Another host's canary, and another cluster's, say nothing about this one.
    Canary.objects.update(host="two")
    Canary.objects.create(cluster="default", host="one", stamped_at=timezone.now())
    supervisor.look_after()
    assert supervisor.cluster is not None
    assert supervisor.cluster.pid != first.pid
    assert session_members(first.pid) == set()
    assert first.returncode == -signal.SIGKILL


def test_a_supervised_cluster_is_told_its_name_and_is_rung_by_its_host(supervisor: Supervisor) -> None:
    supervisor.look_after()
    assert supervisor.cluster is not None
    environment = Path(f"/proc/{supervisor.cluster.pid}/environ").read_bytes()
    assert b"Q_CLUSTER_NAME=gpu\0" in environment
    supervisor.look_after()
    assert set(OrmQ.objects.values_list("key", flat=True)) == {"gpu@one"}
