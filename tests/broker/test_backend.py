"""The six verbs against a broker process: what they leave, what they ask, and what a dead courier left."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evaluations.backends import folders, local, registry
from evaluations.backends.broker.backend import BrokerBackend
from evaluations.backends.broker.notes import ANSWER, PHASE, REQUEST
from evaluations.backends.broker.orders import seal_key
from evaluations.backends.container_limits import ContainerLimits
from evaluations.backends.jobs import BackendFault, BackendUnavailable, Fault, JobSpec, JobState
from evaluations.runner.job import Job
from prism_site.config import env, override_env
from tests.broker.conftest import RunningBroker
from tests.broker.jobs import IMAGE, LABEL, QUICK, SLOW_JOB, SLUG, TOKEN, quick, request_of
from tests.evaluations.test_local_backend import wait_for
from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL, make_job

NOBODY_THERE = "http://127.0.0.1:1"
LIMITS = ContainerLimits(
    cpus=1.0,
    memory_bytes=4 << 30,
    pids=512,
    tmp_bytes=1 << 28,
    output_bytes=1 << 30,
    output_files=100,
    open_files=1024,
    gpus=(),
    network="none",
    read_only=True,
)


@pytest.fixture
def settings(host: Path, broker: RunningBroker) -> Iterator[RunningBroker]:
    """An installation whose runs go to the broker."""
    with override_env(
        execution_backend="broker",
        docker_broker_url=broker.url,
        docker_broker_token=TOKEN,
        docker_broker_slug=SLUG,
        platform_eval_image=IMAGE,
    ):
        yield broker
        for label in folders.marked():
            local.stop(folders.folder_of(label))


@pytest.fixture
def spec(settings: RunningBroker) -> JobSpec:
    """A prepared folder of an attempt."""
    folder = folders.folder_of(LABEL)
    folder.mkdir(parents=True)
    folders.mark(LABEL)
    job = make_job(folder, {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER})
    (folder / "JOB.json").write_text(job.to_json())
    return JobSpec(label=LABEL, folder=folder, limit_seconds=60, limits=LIMITS, image=IMAGE)


def launched(spec: JobSpec, program: str) -> BrokerBackend:
    """The backend that has launched a job of the test's own in the place of the run."""
    backend = BrokerBackend(QUICK)
    backend.prepare(spec)
    (spec.folder / REQUEST).write_bytes(request_of(program, label=spec.label))
    backend.launch(spec)
    return backend


def quick_job() -> str:
    return quick(LABEL, seal_key(LABEL))


def ended(backend: BrokerBackend) -> bool:
    return backend.poll(LABEL).state is JobState.ENDED


def test_the_backend_is_there_by_its_name(settings: RunningBroker) -> None:
    assert isinstance(registry.configured(), BrokerBackend)


def test_a_job_that_was_never_launched_is_absent(spec: JobSpec) -> None:
    backend = BrokerBackend()
    assert backend.poll(LABEL).state is JobState.ABSENT
    backend.prepare(spec)
    assert backend.poll(LABEL).state is JobState.ABSENT


def test_a_launched_job_runs_once_and_is_found_by_its_label(spec: JobSpec, settings: RunningBroker) -> None:
    backend = launched(spec, SLOW_JOB)
    backend.launch(spec)
    wait_for(lambda: backend.strays() == [LABEL])
    look = backend.poll(LABEL)
    assert look.state is JobState.RUNNING
    assert (look.handle["job_id"], look.handle["phase"]) == (LABEL, "calling")
    assert len(settings.asked("run")) == 1
    backend.stop(LABEL)
    wait_for(lambda: backend.strays() == [])
    assert ended(backend)


def test_what_is_no_manifest_is_refused_with_a_code(spec: JobSpec) -> None:
    """The quick job's manifest bears its seal, and is none all the same."""
    backend = launched(spec, quick_job())
    wait_for(lambda: ended(backend))
    ending = backend.collect(LABEL)
    assert ending.manifest is None
    assert ending.fault is not None
    assert ending.fault.code == "manifest_invalid"


def test_an_answered_job_is_not_stopped_over_the_network(spec: JobSpec, settings: RunningBroker) -> None:
    """So that a broker that is down now cannot cost a result that is here."""
    backend = launched(spec, quick_job())
    wait_for(lambda: ended(backend))
    with override_env(docker_broker_url=NOBODY_THERE):
        backend.stop(LABEL)
    assert backend.collect(LABEL).exit_code == 0


def test_cleaning_removes_the_job_everywhere_and_keeps_results(
    spec: JobSpec, settings: RunningBroker
) -> None:
    backend = launched(spec, quick_job())
    wait_for(lambda: ended(backend))
    backend.clean(LABEL)
    assert settings.asked("cleanup")[-1]["job_id"] == LABEL
    assert folders.marked() == []
    left = {path.name for path in spec.folder.iterdir()}
    assert left >= {"prism_run_manifest.v2.json", "progress.jsonl"}
    assert left <= folders.KEPT
    calls = len(settings.asked())
    backend.clean(LABEL)
    assert len(settings.asked()) == calls


def test_cleaning_waits_for_a_broker_that_is_down(spec: JobSpec, settings: RunningBroker) -> None:
    backend = launched(spec, quick_job())
    wait_for(lambda: ended(backend))
    for _ in range(2):
        with (
            override_env(docker_broker_url=NOBODY_THERE),
            pytest.raises(BackendUnavailable, match="broker"),
        ):
            backend.clean(LABEL)
    assert folders.marked() == [LABEL]
    assert (spec.folder / PHASE).exists()


def test_what_a_killed_courier_left_is_ended_and_counted(spec: JobSpec, settings: RunningBroker) -> None:
    backend = launched(spec, SLOW_JOB)
    wait_for(lambda: backend.strays() == [LABEL])
    local.stop(spec.folder)
    assert ended(backend)
    backend.stop(LABEL)
    wait_for(lambda: backend.strays() == [])
    fault = backend.collect(LABEL).fault
    assert fault is not None
    assert (fault.code, fault.counted) == ("job_courier_lost", True)


def test_a_courier_that_died_while_it_waited_costs_nothing(spec: JobSpec, settings: RunningBroker) -> None:
    settings.let(run=["quota"] * 1000)
    backend = launched(spec, quick_job())
    wait_for(lambda: backend.poll(LABEL).handle.get("phase") == "waiting")
    handle = local.read_handle(spec.folder)
    assert handle is not None
    os.kill(handle["pid"], signal.SIGSTOP)
    local.stop(spec.folder)
    (spec.folder / PHASE).write_text('{"phase": "waiting", "code": "broker_quota"}')
    assert not (spec.folder / ANSWER).exists()
    assert backend.collect(LABEL).fault == Fault(
        "broker_courier", "the courier died before it called", counted=False
    )


def test_a_job_of_nobody_here_can_be_ended(settings: RunningBroker) -> None:
    BrokerBackend().stop(LABEL)
    assert [call["job_id"] for call in settings.asked("cleanup")] == [LABEL]


def test_a_job_that_never_called_is_cleaned_without_a_call(spec: JobSpec, settings: RunningBroker) -> None:
    backend = BrokerBackend()
    backend.prepare(spec)
    backend.stop(LABEL)
    backend.clean(LABEL)
    assert settings.asked() == []


def test_a_refused_token_is_said_by_the_verbs(settings: RunningBroker) -> None:
    settings.knows(**{SLUG: "another"})
    with pytest.raises(BackendUnavailable, match="broker_token"):
        BrokerBackend().strays()


def test_without_an_image_nothing_is_launched(spec: JobSpec) -> None:
    backend = BrokerBackend()
    backend.prepare(spec)
    with pytest.raises(BackendFault) as caught:
        backend.launch(replace(spec, image=""))
    assert caught.value.code == "broker_image"


def test_texts_that_are_too_large_are_refused_before_they_are_read(spec: JobSpec) -> None:
    job = Job.read(spec.folder / "JOB.json")
    huge = spec.folder / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(1 << 30)
    (spec.folder / "JOB.json").write_text(replace(job, stream=replace(job.stream, path=str(huge))).to_json())
    with pytest.raises(BackendFault) as caught:
        BrokerBackend().prepare(spec)
    assert caught.value.code == "broker_job_too_large"
    with override_env(docker_broker_texts_dir="/prism"):
        BrokerBackend().prepare(spec)
    assert len((spec.folder / REQUEST).read_bytes()) < 1 << 20


def test_no_file_of_a_job_but_its_own_order_holds_a_secret(spec: JobSpec, settings: RunningBroker) -> None:
    backend = BrokerBackend(QUICK)
    backend.prepare(spec)
    for path in (spec.folder / REQUEST, spec.folder / "courier.json"):
        assert TOKEN not in path.read_text()
        assert path.stat().st_mode & 0o077 == 0
    order = json.loads((spec.folder / "courier.json").read_text())
    assert Path(order["token_file"]).is_relative_to(env().var_dir)
    assert order["key"] == seal_key(LABEL).hex() != seal_key(LABEL + "1").hex()
