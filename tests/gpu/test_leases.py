"""GPUs as rows: lent once at a time, held by the attempt's fence, free again when it is over."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models.functions import Now

from evaluations import claims, gpu_leases, launching, reconcile
from evaluations.attempts import lose, renew
from evaluations.backends import folders, gpu_loans
from evaluations.backends.gpu_loans import GpusBusy
from evaluations.backends.machine import place_of
from evaluations.enums import Mode, RunPurpose, Stage
from evaluations.gpu_profile import profile_of
from evaluations.models import Attempt, GpuLease, Run
from evaluations.tasks import reconcile_tick
from prism_site.config import override_env
from prism_site.policy.resolve import Policy, resolve_policy, set_policy
from tests import factories
from tests.evaluations.conftest import shared_database, text_folder

__all__ = ["shared_database", "text_folder"]
pytestmark = pytest.mark.django_db
SMOKE, PROXY = Mode.LOCAL_CPU_SMOKE, Mode.GPU_PROXY_EVAL


def declared(count: int, model: str = "NVIDIA H100") -> str:
    return ",".join(f"GPU-{number}:{model}:80g" for number in range(count))


@pytest.fixture(autouse=True)
def here(tmp_path: Path) -> Iterator[None]:
    """A host with two GPUs, as a setting declares them."""
    with override_env(
        var_dir=tmp_path, artifact_dir=tmp_path / "artifacts", host_name="one", gpus=declared(2)
    ):
        yield


def policy(gpu: dict[str, Any] | None = None, smoke: int = 0) -> Policy:
    set_policy("gpu_policy", gpu or {}, by="test")
    set_policy("execution_mode_targets", {"local_cpu_smoke": {"gpu_count": smoke}}, by="test")
    return resolve_policy(official=True)


def queued(mode: Mode = PROXY) -> Run:
    return factories.make_run(factories.make_submission(mode=mode, stage=Stage.QUEUED))


def claimed(mode: Mode = PROXY, host: str = "one") -> Attempt:
    return factories.start(queued(mode), host=host)


def live() -> dict[str, str]:
    """Who has which device."""
    found = GpuLease.objects.filter(released_at__isnull=True).select_related("attempt")
    return {lease.uuid: lease.attempt.label for lease in found}


def test_an_attempt_is_lent_its_profile_with_its_fence_and_the_database_s_clock() -> None:
    attempt = claimed()
    assert gpu_leases.take(attempt, policy()) == ("GPU-0",)
    lease = GpuLease.objects.get()
    assert (lease.host, lease.model, lease.fencing_token) == ("one", "NVIDIA H100", attempt.fencing_token)
    assert lease.expires_at - lease.taken_at == claims.LEASE


def test_of_two_runs_and_one_gpu_one_waits_until_the_other_is_over() -> None:
    rules = policy({"actual_gpu_count": 2})
    first, second = claimed(), claimed()
    assert len(gpu_leases.take(first, rules)) == 2
    with pytest.raises(GpusBusy, match="0 GPUs are free"):
        gpu_leases.take(second, rules)
    assert gpu_leases.shortage(PROXY, rules) == "0 GPUs are free on this host; a run takes 2 of one model."
    lose(first, reason="job_died")
    assert gpu_leases.shortage(PROXY, rules) is None
    assert gpu_leases.take(second, rules) == ("GPU-0", "GPU-1")
    assert set(live().values()) == {second.label}


def test_a_dead_host_s_gpu_comes_free_with_its_attempt() -> None:
    attempt = claimed(host="two")
    gpu_leases.take(attempt, policy())
    Attempt.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    assert reconcile.lose_expired() == 1
    assert live() == {}


def test_a_living_job_renews_its_gpus_and_a_lost_one_does_not() -> None:
    attempt = claimed()
    gpu_leases.take(attempt, policy())
    GpuLease.objects.update(expires_at=Now() - timedelta(seconds=1))
    assert renew(attempt, handle={})
    assert GpuLease.objects.filter(expires_at__gt=Now()).exists()
    lose(attempt, reason="job_died")
    GpuLease.objects.update(expires_at=Now() - timedelta(seconds=1))
    assert not renew(attempt, handle={})
    assert not GpuLease.objects.filter(expires_at__gt=Now()).exists()


def test_what_an_attempt_that_is_over_still_holds_is_taken_back_by_the_tick() -> None:
    attempt = claimed(host="two")
    gpu_leases.take(attempt, policy())
    Attempt.objects.update(state="lost", ended_at=Now())  # as where another seed decided
    assert live() != {}
    reconcile_tick()
    assert live() == {}


def test_the_database_lends_a_device_once_whoever_asks() -> None:
    first, second = claimed(), claimed(host="two")
    gpu_leases.take(first, policy())
    row = GpuLease.objects.get()
    row.pk, row.attempt, row.host = None, second, "two"
    with pytest.raises(IntegrityError):
        row.save()


def test_a_job_that_outlives_its_row_keeps_its_gpu_until_its_folder_is_clean() -> None:
    attempt, rules = claimed(), policy()
    folders.mark(attempt.label)
    folder = folders.folder_of(attempt.label)
    folder.mkdir(parents=True)
    (folder / gpu_loans.JOB).write_text('{"gpus": ["GPU-0"]}')
    gpu_leases.take(claimed(), rules)
    assert set(live()) == {"GPU-1"}
    folders.clean(attempt.label)
    assert [device.uuid for device in gpu_leases.free_devices()] == ["GPU-0"]


def test_a_broker_s_gpus_are_not_ours_to_lend() -> None:
    rules, attempt = policy({"actual_gpu_count": 4}), claimed()
    attempt.backend = gpu_leases.BROKER
    assert gpu_leases.take(attempt, rules) == ()
    place = place_of(profile_of(PROXY, rules), ())
    assert (place.device, place.gpus, place.world_size) == ("cuda", (), 4)
    broker = {"docker_broker_url": "http://broker", "docker_broker_token": "token"}
    image = f"evaluator@sha256:{'0' * 64}"
    with override_env(execution_backend="broker", platform_eval_image=image, **broker):
        assert gpu_leases.shortage(PROXY, rules) is None


def test_smoke_runs_split_a_host_s_gpus_among_those_that_wait() -> None:
    rules = policy(smoke=8)
    with override_env(gpus=declared(4)):
        first = claimed(SMOKE)
        queued(SMOKE)
        assert len(gpu_leases.take(first, rules)) == 2
        second = factories.start(Run.objects.get(state="queued"), host="one")
        assert len(gpu_leases.take(second, rules)) == 2
        with pytest.raises(GpusBusy):
            gpu_leases.take(claimed(SMOKE), rules)


def test_a_yardstick_takes_its_whole_profile_or_waits() -> None:
    rules, attempt = policy(smoke=4), claimed(SMOKE)
    Run.objects.update(
        purpose=RunPurpose.REFERENCE, source=attempt.run.submission, submission=None, cache_key="key"
    )
    attempt = Attempt.objects.select_related("run").get()
    with pytest.raises(GpusBusy):
        gpu_leases.take(attempt, rules)
    with override_env(gpus=declared(4)):
        assert len(gpu_leases.take(attempt, rules)) == 4


def test_smoke_runs_leave_alone_what_an_official_run_waits_for() -> None:
    rules = policy({"actual_gpu_count": 2}, smoke=1)
    with override_env(gpus=declared(3)):
        gpu_leases.take(claimed(SMOKE), rules)
        queued(PROXY)
        assert gpu_leases.shortage(SMOKE, rules) is not None
        assert gpu_leases.shortage(PROXY, rules) is None


def test_smoke_runs_do_not_wait_for_an_official_run_that_this_host_can_never_carry_out() -> None:
    queued(PROXY)
    assert gpu_leases.shortage(SMOKE, policy({"actual_gpu_count": 4}, smoke=1)) is None
    assert gpu_leases.shortage(SMOKE, policy({"gpu_type": "B200"}, smoke=1)) is None


@pytest.mark.django_db(transaction=True)
def test_hosts_that_see_the_same_gpu_at_the_same_moment_lend_it_once(shared_database: None) -> None:
    """The check before is no lock: without the constraint both would have it."""
    rules = policy()
    attempts = [claimed(host="one"), claimed(host="two")]
    ready, outcomes = threading.Barrier(2), []

    def host(attempt: Attempt) -> None:
        try:
            ready.wait(10)
            outcomes.append(gpu_leases.take(attempt, rules))
        except GpusBusy:
            outcomes.append(())
        finally:
            connection.close()

    with override_env(gpus=declared(1)):
        threads = [threading.Thread(target=host, args=[attempt]) for attempt in attempts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == [(), ("GPU-0",)]


def test_a_smoke_run_whose_gpu_another_job_has_is_not_claimed_and_says_so(text_folder: Path) -> None:
    policy(smoke=1)
    waiting = queued(SMOKE)
    with override_env(data_dir=text_folder, gpus=""):
        assert not launching.launch_next()
    assert not Attempt.objects.exists()
    said = waiting.submission.events.last() if waiting.submission else None
    assert said is not None
    assert (said.verb, said.reason_code) == ("wait", "host_gpu_busy")
