from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.test import override_settings
from django_q.models import Schedule

from evaluations.runner.sandbox import support
from prism_site import checks
from prism_site.config import override_env
from prism_site.schedules import EVERY_MINUTE, ensure_schedules

Check = Callable[[Any], list[Any]]
BROKER = {"execution_backend": "broker", "docker_broker_token": "x", "platform_eval_image": "e@sha256:0"}


def ids(check: Check) -> list[str]:
    return [message.id for message in check(None)]


@pytest.mark.parametrize(
    ("check", "settings", "identity"),
    [
        (checks.mode_is_available, {"execution_mode": "gpu_proxy_eval"}, "prism.E002"),
        (checks.backend_is_available, {"execution_backend": "docker"}, "prism.E003"),
        (checks.code_runs_behind_a_wall, {"sandbox": "off"}, "prism.W001"),
        (
            checks.strangers_meet_a_sandbox,
            {"sandbox": "off", "public_submissions_enabled": True},
            "prism.W002",
        ),
        (checks.platform_has_a_token, {"shared_token": None}, "prism.W004"),
        (checks.signatures_are_real, {"allow_insecure_signatures": True}, "prism.W005"),
        (checks.brokers_token_is_kept, {**BROKER, "docker_broker_url": "http://b.example"}, "prism.W007"),
    ],
)
def test_each_danger_is_named(check: Check, settings: dict[str, Any], identity: str) -> None:
    with override_env(**settings):
        assert ids(check) == [identity]
        assert all(message.hint for message in check(None))


@pytest.mark.parametrize(
    ("check", "settings"),
    [
        (checks.mode_is_available, {"execution_mode": "local_cpu_smoke"}),
        (checks.backend_is_available, {"execution_backend": "local"}),
        (checks.sandbox_is_available, {"sandbox": "off"}),
        (checks.code_runs_behind_a_wall, {"sandbox": "required"}),
        (checks.strangers_meet_a_sandbox, {"public_submissions_enabled": False}),
        (checks.platform_has_a_token, {"shared_token": "secret"}),
        (checks.signatures_are_real, {"allow_insecure_signatures": False}),
        (checks.brokers_token_is_kept, {**BROKER, "docker_broker_url": "https://b.example"}),
        (checks.brokers_token_is_kept, {**BROKER, "docker_broker_url": "http://base-docker-broker:8082"}),
        (checks.backend_is_available, {**BROKER, "docker_broker_url": "http://localhost:1"}),
        (checks.queue_outlives_its_ticks, {}),
    ],
)
def test_what_is_in_order_is_not_mentioned(check: Check, settings: dict[str, Any]) -> None:
    with override_env(**settings):
        assert ids(check) == []


def test_a_sandbox_that_this_host_cannot_have_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "missing", lambda: "the kernel has no Landlock")
    with override_env(sandbox="required"):
        assert ids(checks.sandbox_is_available) == ["prism.E004"]
    with override_env(sandbox="off"):
        assert ids(checks.sandbox_is_available) == []


def test_a_queue_that_repeats_running_ticks_is_an_error() -> None:
    with override_settings(Q_CLUSTER={"timeout": 60, "retry": 90}):
        assert ids(checks.queue_outlives_its_ticks) == ["prism.E001"]


def test_missing_data_is_named_with_the_command_that_helps(tmp_path: Path, text_folder: Path) -> None:
    with override_env(data_dir=tmp_path / "nothing"):
        (warning,) = checks.data_is_there(None)
        assert warning.id == "prism.W003"
        assert "prepare_data" in warning.hint
    with override_env(data_dir=text_folder):
        assert checks.data_is_there(None) == []


def test_the_checks_are_wired_into_django(host: Path) -> None:
    with override_env(execution_mode="full_scale_eval", sandbox="off"):
        assert "prism.E002" in [message.id for message in run_checks(tags=["prism"])]
        deploy = run_checks(tags=["prism"], include_deployment_checks=True)
        assert "prism.W001" in [message.id for message in deploy]


@pytest.mark.parametrize("settings", [{"local_slots": 0}, {"gpus": "GPU-1f:NVIDIA H100:80g"}])
def test_a_host_that_starts_no_official_run_or_declares_its_gpus_needs_none_to_be_seen(
    settings: dict[str, Any],
) -> None:
    with override_env(execution_mode="gpu_proxy_eval", **settings):
        assert checks.mode_is_available(None) == []


@pytest.mark.django_db
def test_schedules_are_written_once_and_repaired() -> None:
    assert ensure_schedules() == list(EVERY_MINUTE)
    assert ensure_schedules() == []
    Schedule.objects.filter(name="canary").update(minutes=7)
    assert ensure_schedules() == ["canary"]
    assert Schedule.objects.count() == len(EVERY_MINUTE)


@pytest.mark.django_db
def test_every_scheduled_tick_can_be_carried_out(host: Path) -> None:
    from django.utils.module_loading import import_string

    for tick in EVERY_MINUTE.values():
        import_string(tick)()


@pytest.mark.parametrize("pause", ["0", "nan", "-1", "4000"])
def test_a_senseless_pause_is_refused(pause: str) -> None:
    with pytest.raises(CommandError):
        call_command("reconcile", "--loop", pause)
