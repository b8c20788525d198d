"""What a validator checks before it runs anything, and what it says when it cannot."""

import copy
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from evaluations.enums import AttemptState
from evaluations.models import Attempt, Submission
from evaluations.runner.job import Job
from evaluations.validators.client import validator as client
from evaluations.validators.client.errors import AddressRefused, AnotherValidator, Unable
from evaluations.validators.client.preparation import prepare
from evaluations.validators.client.server import Assigned, check_address
from prism_site.config import override_env
from tests.validators.conftest import STRANGER, VALIDATOR, Validator

A_PACK = {"name": "mmlu", "sha256": "0" * 64, "items": 32}


def as_assigned(answer: dict[str, Any]) -> Assigned:
    return Assigned(answer["id"], answer["specification"], answer["lease_seconds"], answer)


def put(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(answer: dict[str, Any]) -> None:
        place = answer
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value

    return change


# preparation


@pytest.mark.django_db
def test_a_prepared_job_is_the_servers_with_paths_of_this_host(
    validator: Validator, submission: Submission, tmp_path: Path
) -> None:
    answer = validator.next()
    job = prepare(as_assigned(answer), tmp_path / "job")
    specification = answer["specification"]
    assert Job.read(tmp_path / "job" / "JOB.json") == job
    assert (job.run_id, job.seed, job.run_secret) == (
        specification["run_id"],
        specification["seed"],
        answer["run_secret"],
    )
    assert (job.stream.sha256, job.backend) == (specification["stream"]["sha256"], "validator")
    assert Path(job.stream.path).stat().st_size == 16_384
    assert (tmp_path / "job" / "JOB.json").stat().st_mode & 0o077 == 0
    assert job.limits.threads > specification["pids_limit"]


@pytest.mark.django_db
def test_what_does_not_agree_with_this_host_is_not_run(
    validator: Validator, submission: Submission, tmp_path: Path
) -> None:
    answer = validator.next()
    archive = answer["bundle"]["archive"]
    cases = {
        "data_stream_differs": put("specification", "stream", "sha256", value="0" * 64),
        "host_runner_differs": put("specification", "constants_sha256", value="0" * 64),
        "data_benchmarks_differ": put("specification", "packs", value=[A_PACK]),
        "host_gpu_busy": put("specification", "gpu_count", value=8),
        "host_assignment_unreadable": put("specification", "schedule", value=None),
        "bundle_changed": put("bundle", "code_hash", value="0" * 64),
    }
    for number, (code, change) in enumerate(cases.items()):
        changed = copy.deepcopy(answer)
        change(changed)
        with pytest.raises(Unable) as unable:
            prepare(as_assigned(changed), tmp_path / str(number))
        assert unable.value.code == code
        assert not (tmp_path / str(number) / "JOB.json").exists()
    broken = copy.deepcopy(answer)
    broken["bundle"]["archive"] = archive[: len(archive) // 2 // 4 * 4]
    with pytest.raises(Unable, match="cannot be read"):
        prepare(as_assigned(broken), tmp_path / "broken")


@pytest.mark.django_db
def test_a_server_cannot_switch_the_sandbox_of_a_validator_off(
    validator: Validator, submission: Submission, tmp_path: Path
) -> None:
    answer = validator.next()
    answer["specification"]["sandbox"] = "off"
    assert prepare(as_assigned(answer), tmp_path / "one").sandbox == "required"
    with override_env(sandbox="off"):
        assert prepare(as_assigned(answer), tmp_path / "two").sandbox == "off"


# the command


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1:8000", "http://prism.example.org", "ftp://127.0.0.1", "127.0.0.1:8000", "https://"],
)
def test_a_token_never_travels_in_the_clear(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_address(url)
    check_address("https://prism.example.org")
    check_address("http://127.0.0.1:8000")


def test_one_validator_works_in_one_folder(host: Path) -> None:
    with client.workplace() as place:
        (place / "left" / "behind").mkdir(parents=True)
        with pytest.raises(AnotherValidator), client.workplace():
            pass
    with client.workplace() as place:
        assert list(place.iterdir()) == []


@pytest.fixture
def _signals_stay(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("evaluations.management.commands.validate.signal.signal", lambda *_: None)
    monkeypatch.setitem(os.environ, "NO_PROXY", "localhost,127.0.0.1")
    return


def validate(url: str, **options: Any) -> str:
    out = io.StringIO()
    given = {"server": url, "hotkey": VALIDATOR, "once": True, **options}
    call_command("validate", **given, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("_signals_stay")
def test_the_command_says_what_is_wrong(live_server: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("wrong\n")
    cases: list[tuple[str, dict[str, Any]]] = [
        ("internal_auth", {"token_file": wrong}),
        ("token_missing", {"token_file": tmp_path / "none"}),
        ("validator_unknown", {"hotkey": STRANGER}),
        ("hotkey_malformed", {"hotkey": "nobody"}),
        ("server_unreachable", {"server": "http://127.0.0.1:1"}),
        ("address_insecure", {"server": "http://prism.example.org"}),
    ]
    for code, options in cases:
        with pytest.raises(CommandError, match=f"^{code}: ") as error:
            validate(live_server.url, **options)
        assert error.value.returncode == 1
    with override_env(shared_token=None), pytest.raises(CommandError, match=r"^token_missing: "):
        validate(live_server.url)
    assert validate(live_server.url) == "nothing waits\n"


@pytest.mark.usefixtures("_signals_stay")
def test_a_run_that_this_host_cannot_carry_out_is_given_back(
    live_server: Any, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluations.validators.client.preparation.SCHEMA", "prism_assignment.v0")
    with pytest.raises(CommandError, match=r"^host_runner_differs: ") as error:
        validate(live_server.url)
    assert error.value.returncode == 3
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.reason) == (AttemptState.LOST, "validator_rejected")
    event = submission.events.last()
    assert event is not None
    assert event.data["detail"].startswith("host_runner_differs: ")
