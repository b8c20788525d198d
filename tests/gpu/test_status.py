"""`/v1/gpu/status`: what there is, who has it, and what waits."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from django.test import Client

from evaluations import gpu_devices, gpu_leases
from evaluations.enums import Mode, Stage
from evaluations.models import GpuDevice, GpuLease
from prism_site.config import override_env
from prism_site.policy.resolve import resolve_policy
from tests import factories

pytestmark = pytest.mark.django_db
GPUS = "GPU-0:NVIDIA H100:80g,GPU-1:NVIDIA H100:80g,GPU-2:NVIDIA H100:80g"


@pytest.fixture(autouse=True)
def house() -> Iterator[None]:
    cache.clear()
    with override_env(host_name="one", gpus=GPUS):
        gpu_devices.report()
        yield
    cache.clear()


def status(client: Client) -> dict[str, Any]:
    answer = client.get("/v1/gpu/status")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_devices_are_free_leased_or_missing(client: Client) -> None:
    attempt = factories.make_evaluating(mode=Mode.GPU_PROXY_EVAL)
    gpu_leases.take(attempt, resolve_policy())
    GpuDevice.objects.filter(uuid="GPU-2").update(seen_at=Now() - timedelta(minutes=5))
    found = status(client)["devices"]
    assert [(device["uuid"], device["state"]) for device in found] == [
        ("GPU-0", "leased"),
        ("GPU-1", "free"),
        ("GPU-2", "missing"),
    ]
    assert found[0]["memory_bytes"] == 80 << 30
    assert found[2]["seen_seconds_ago"] >= 299


def test_a_lease_names_its_run_and_its_ages(client: Client) -> None:
    attempt = factories.make_evaluating(mode=Mode.GPU_PROXY_EVAL)
    gpu_leases.take(attempt, resolve_policy())
    GpuLease.objects.update(taken_at=Now() - timedelta(hours=1), expires_at=Now() - timedelta(seconds=5))
    (lease,) = status(client)["leases"]
    assert (lease["run_id"], lease["submission_id"]) == (
        str(attempt.run_id),
        str(attempt.run.submission_id),
    )
    assert (lease["host"], lease["fencing_token"], lease["overdue"]) == (attempt.host, 1, True)
    assert lease["held_seconds"] >= 3599
    assert lease["renewed_seconds_ago"] < 60


def test_what_waits_is_told_by_mode_with_what_it_takes(client: Client) -> None:
    factories.make_run(factories.make_submission(mode=Mode.GPU_PROXY_EVAL, stage=Stage.QUEUED))
    waiting = {row["mode"]: row for row in status(client)["waiting"]}
    assert waiting.keys() == {"gpu_proxy_eval", "full_scale_eval"}
    proxy = waiting["gpu_proxy_eval"]
    assert (proxy["runs"], proxy["gpus_each"], proxy["gpu_type"]) == (1, 1, None)
    assert proxy["oldest_seconds"] is not None
    assert (waiting["full_scale_eval"]["runs"], waiting["full_scale_eval"]["oldest_at"]) == (0, None)


def test_without_a_gpu_anywhere_the_answer_is_empty(client: Client) -> None:
    GpuDevice.objects.all().delete()
    body = status(client)
    assert (body["devices"], body["leases"]) == ([], [])


def test_the_number_of_queries_does_not_grow_with_gpus(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        gpu_leases.take(factories.make_evaluating(mode=Mode.GPU_PROXY_EVAL), resolve_policy())
    with django_assert_max_num_queries(7):
        assert len(status(client)["leases"]) == 3
