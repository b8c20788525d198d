"""The courier against a broker that works, or fails in some way: a coded outcome, and nothing doubled."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from evaluations.backends import local
from evaluations.backends.broker import courier
from evaluations.backends.broker.backend import COURIER
from evaluations.backends.broker.backoff import Patience
from evaluations.backends.broker.courier import Answer, answer_in
from evaluations.backends.broker.notes import ANSWER, PHASE, read_json
from evaluations.backends.jobs import JobState
from tests.broker.conftest import RunningBroker
from tests.broker.jobs import SLOW_JOB, SLUG, TOKEN, prepared, quick
from tests.evaluations.test_local_backend import wait_for

MANIFEST = "prism_run_manifest.v2.json"
ONE_TRY = Patience(first_seconds=0.01, most_seconds=0.01, total_seconds=0.0)


def carry(folder: Path) -> Answer:
    """What the courier of a folder leaves."""
    courier.carry(folder)
    return answered(folder)


def carry_as_process(folder: Path) -> Answer:
    """The same by a process that says nothing."""
    ended = subprocess.run([*COURIER, str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    return answered(folder)


def answered(folder: Path) -> Answer:
    answer = answer_in(folder)
    assert answer is not None
    return answer


def leader_of(folder: Path) -> int:
    handle = local.read_handle(folder)
    assert handle is not None
    return int(handle["pid"])


def test_the_result_of_a_job_comes_back_into_the_folder(broker: RunningBroker, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "attempt", broker.url, quick())
    assert carry_as_process(folder) == Answer(exit_code=0, container=answered(folder).container)
    assert json.loads((folder / MANIFEST).read_text()) == {"a": 1}
    assert [call["route"] for call in broker.asked() if call["route"] != "list"] == ["run"]


def test_what_the_broker_drains_is_taken_as_well(broker: RunningBroker, tmp_path: Path) -> None:
    broker.engine(drains=True)
    folder = prepared(tmp_path / "attempt", broker.url, quick())
    assert carry(folder).code == ""
    assert json.loads((folder / MANIFEST).read_text()) == {"a": 1}


def test_a_call_that_was_answered_is_not_made_again(broker: RunningBroker, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "attempt", broker.url, quick())
    carry(folder)
    carry(folder)
    assert len(broker.asked("run")) == 1


@pytest.mark.parametrize("fault", ["quota", "status:503", "page", "cut", "status:500"])
def test_a_passing_fault_before_the_job_ran_is_waited_out(
    broker: RunningBroker, tmp_path: Path, fault: str
) -> None:
    broker.let(run=[fault, fault])
    folder = prepared(tmp_path / "attempt", broker.url, quick())
    assert carry(folder).code == ""
    assert len(broker.asked("run")) == 3


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("quota", "broker_quota"),
        ("refuse", "broker_refused"),
        ("status:403", "broker_refused"),
        ("status:413", "broker_refused"),
        ("status:500", "broker_failed"),
        ("page", "broker_failed"),
        ("cut", "broker_failed"),
    ],
)
def test_a_fault_of_the_broker_costs_no_attempt(
    broker: RunningBroker, tmp_path: Path, fault: str, code: str
) -> None:
    broker.let(run=[fault] * 2)
    answer = carry(prepared(tmp_path / "attempt", broker.url, quick(), patience=ONE_TRY))
    assert (answer.code, answer.counted) == (code, False)
    assert len(broker.asked("run")) == 1


def test_a_refused_token_is_the_operators_to_mend(broker: RunningBroker, tmp_path: Path) -> None:
    answer = carry(prepared(tmp_path / "attempt", broker.url, quick(), token="old"))
    assert (answer.code, answer.counted) == ("broker_token", False)
    assert "invalid broker token" in answer.detail


def test_a_token_changed_while_a_courier_waits_is_used(broker: RunningBroker, tmp_path: Path) -> None:
    broker.let(run=["quota"] * 40)
    patience = Patience(first_seconds=0.05, most_seconds=0.05, total_seconds=30.0)
    folder = prepared(tmp_path / "attempt", broker.url, quick(), patience=patience)
    local.launch(folder, [*COURIER, str(folder)], limit_seconds=60)
    wait_for(lambda: len(broker.asked("run")) > 1)
    broker.knows(**{SLUG: "new"})
    (tmp_path / "token").write_text("new")
    broker.let(run=[])
    wait_for(lambda: answer_in(folder) is not None)
    assert answered(folder).code in ("", "broker_token")
    local.stop(folder)


def test_a_broker_that_is_not_there_costs_no_attempt(mortal_broker: RunningBroker, tmp_path: Path) -> None:
    mortal_broker.kill()
    answer = carry(prepared(tmp_path / "attempt", mortal_broker.url, quick(), patience=ONE_TRY))
    assert (answer.code, answer.counted) == ("broker_unreachable", False)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("no_json_after", "job_answer_invalid"),
        ("wrong_types_after", "job_answer_invalid"),
        ("no_end", "job_result_missing"),
        ("truncated", "job_result_missing"),
        ("silent", "job_result_missing"),
    ],
)
def test_an_answer_without_a_result_costs_an_attempt(
    broker: RunningBroker, tmp_path: Path, fault: str, code: str
) -> None:
    broker.let(run=[fault])
    folder = prepared(tmp_path / "attempt", broker.url, quick())
    answer = carry(folder)
    assert (answer.code, answer.counted) == (code, True)
    assert not (folder / MANIFEST).exists()
    assert len(broker.asked("run")) == 1


@pytest.mark.parametrize("fault", ["cut_after", "half_after", "error_after"])
def test_a_call_cut_after_its_job_was_seen_is_not_repeated(
    broker: RunningBroker, tmp_path: Path, fault: str
) -> None:
    broker.let(run=[fault])
    folder = prepared(tmp_path / "attempt", broker.url, "import time; time.sleep(1.2)")
    answer = carry(folder)
    assert (answer.code, answer.counted) == ("job_call_cut", True)
    assert len(broker.asked("run")) == 1
    assert len(broker.asked("cleanup")) >= 1


def test_a_job_beyond_its_limit_is_ended_by_the_broker(broker: RunningBroker, tmp_path: Path) -> None:
    answer = carry(prepared(tmp_path / "attempt", broker.url, SLOW_JOB, timeout_seconds=1))
    assert (answer.code, answer.counted) == ("job_timed_out", True)


def test_a_command_that_cannot_start_is_the_brokers_fault(broker: RunningBroker, tmp_path: Path) -> None:
    answer = carry(prepared(tmp_path / "attempt", broker.url, "raise SystemExit(127)"))
    assert (answer.code, answer.counted) == ("broker_start", False)


def test_a_courier_is_not_ended_by_what_ends_a_deployment(broker: RunningBroker, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "attempt", broker.url, "import time; time.sleep(1)\n" + quick())
    local.launch(folder, [*COURIER, str(folder)], limit_seconds=60)
    wait_for(lambda: broker.asked("run") != [])
    for process in _children(leader_of(folder)):
        os.kill(process, signal.SIGTERM)
    wait_for(lambda: answer_in(folder) is not None)
    assert answered(folder).code == ""


def test_a_killed_courier_leaves_word_that_it_had_called(broker: RunningBroker, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "attempt", broker.url, SLOW_JOB)
    local.launch(folder, [*COURIER, str(folder)], limit_seconds=60)
    wait_for(lambda: broker.asked("run") != [])
    local.stop(folder)
    assert local.poll(folder) is JobState.ENDED
    assert not (folder / ANSWER).exists()
    assert read_json(folder / PHASE) == {"phase": "calling"}


def test_neither_command_nor_environment_of_a_courier_holds_the_token(
    broker: RunningBroker, tmp_path: Path
) -> None:
    folder = prepared(tmp_path / "attempt", broker.url, SLOW_JOB)
    local.launch(folder, [*COURIER, str(folder)], limit_seconds=60)
    wait_for(lambda: broker.asked("run") != [])
    for process in _children(leader_of(folder)):
        for name in ("cmdline", "environ"):
            assert TOKEN.encode() not in Path(f"/proc/{process}/{name}").read_bytes()
    local.stop(folder)
    for path in folder.rglob("*"):
        assert TOKEN.encode() not in path.read_bytes()


def test_a_broker_that_echoes_the_token_does_not_bring_it_into_our_notes(
    broker: RunningBroker, tmp_path: Path
) -> None:
    broker.let(run=["echo"])
    folder = prepared(tmp_path / "attempt", broker.url, quick())
    answer = carry(folder)
    assert answer.code == "broker_refused"
    assert TOKEN not in (folder / ANSWER).read_text()
    assert "***" in answer.detail


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
