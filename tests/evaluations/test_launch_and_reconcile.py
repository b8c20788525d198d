"""Launching and reconciling with real detached processes in place of the runner, killed at every turn."""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import QuerySet
from django.db.models.functions import Now
from django_q.models import OrmQ

from evaluations import bell, claims, launching, reconcile
from evaluations.backends import folders, local, prepare
from evaluations.backends.jobs import JobState
from evaluations.backends.processes import look
from evaluations.enums import AttemptState, Mode, RunState, Stage, Status
from evaluations.host_lock import launch_lock
from evaluations.models import Attempt, Run, Submission
from evaluations.runner.job import Job
from evaluations.tasks import LAUNCH, canary_tick, launch_tick, reconcile_tick
from prism_site.config import env, override_env
from prism_site.policy.resolve import resolve_policy, set_policy
from tests.evaluations import world
from tests.evaluations.test_local_backend import wait_for

pytestmark = pytest.mark.django_db

SLEEP = "import time; time.sleep(60)"
# Writes what a referee writes when the model's answer has the wrong shape.
REFUSE = """
import json, sys
job = json.load(open(sys.argv[1]))
texts = dict(schema_version="prism_run_manifest.v2", submission_id=job["submission_id"], run_id=job["run_id"],
             mode=job["mode"], verdict="failed", code="logits_shape", reason="Wrong shape.", traceback="")
nulls = dict.fromkeys(["score", "curve", "audit", "heldout", "model", "training"])
manifest = {**texts, **nulls, "integrity": {}, "data": {}, "run": {}}
open("prism_run_manifest.v2.json", "w").write(json.dumps(manifest))
print(json.dumps({"type": "done"}))
"""


@pytest.fixture
def referee(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets a test say which program stands in for the runner."""

    def use(body: str) -> None:
        monkeypatch.setattr(local, "referee_command", lambda job: [sys.executable, "-c", body, str(job)])

    return use


@pytest.fixture(autouse=True)
def nothing_outlives_a_test(host: Path) -> Any:
    yield
    for label in folders.marked():
        local.stop(folders.folder_of(label))


@pytest.fixture
def submission(host: Path) -> Submission:
    world.small_runs()
    return world.queued()


def the_attempt() -> Attempt:
    return Attempt.objects.get()


def folder(attempt: Attempt) -> Path:
    return folders.folder_of(attempt.label)


def waiting_ticks() -> list[str]:
    return [message.func() for message in OrmQ.objects.order_by("id")]


def state(submission: Submission) -> tuple[str, str, str]:
    submission.refresh_from_db()
    return submission.status, submission.stage, submission.reason_code


# launching


def test_a_launch_writes_the_job_and_starts_it(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(SLEEP)
    assert launch_tick()
    attempt = the_attempt()
    job = Job.read(folder(attempt) / "JOB.json")
    assert (job.submission_id, job.run_id, job.seed) == (str(submission.pk), str(attempt.run_id), 1337)
    assert job.schedule.byte_budget == job.stream.bytes == 16_384
    assert (Path(job.bundle.folder) / "training.py").read_text() == world.TRAINING
    assert (folder(attempt) / "JOB.json").stat().st_mode & 0o077 == 0
    assert local.poll(folder(attempt)) is JobState.RUNNING
    run = Run.objects.get()
    assert run.yardsticks["bytes"][-1] == 16_384
    assert len(run.yardsticks["ppmd_bits"]) == len(run.yardsticks["bytes"])


def test_without_a_free_slot_nothing_is_claimed(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(SLEEP)
    second = world.queued(training=world.TRAINING + "#2\n")
    assert launch_tick()
    assert not launch_tick()
    assert state(second)[1] == Stage.QUEUED


def test_more_slots_take_more_runs(submission: Submission, referee: Callable[[str], None]) -> None:
    referee(SLEEP)
    world.queued(training=world.TRAINING + "#2\n")
    with override_env(local_slots=2):
        assert launch_tick()
        assert launch_tick()
        assert Attempt.objects.count() == 2


def test_one_launch_at_a_time_on_a_host(submission: Submission) -> None:
    with launch_lock() as mine:
        assert mine
        assert not launch_tick()
    assert Attempt.objects.count() == 0


def test_every_submission_of_a_mode_is_scored_on_the_same_secret_windows(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(SLEEP)
    world.queued(training=world.TRAINING + "#2\n")
    with override_env(local_slots=2):
        launch_tick()
        launch_tick()
        jobs = [Job.read(folder(attempt) / "JOB.json") for attempt in Attempt.objects.all()]
    assert jobs[0].run_secret == jobs[1].run_secret
    assert jobs[0].stream == jobs[1].stream
    other = prepare.run_secret(Mode.LOCAL_CPU_SMOKE, "another text", 1337)
    assert other != jobs[0].run_secret


def test_without_data_nothing_is_claimed_and_history_says_so_once(
    submission: Submission, tmp_path: Path
) -> None:
    with override_env(data_dir=tmp_path / "nothing"):
        for _ in range(3):
            assert not launch_tick()
    assert state(submission) == (Status.PENDING, Stage.QUEUED, "")
    waits = submission.events.filter(verb="wait")
    assert [event.reason_code for event in waits] == ["data_missing"]
    assert Attempt.objects.count() == 0


def test_a_changed_shard_stops_the_run_before_it_starts(
    submission: Submission, tmp_path: Path, text_folder: Path
) -> None:
    import shutil

    shutil.copytree(text_folder, tmp_path / "changed")
    shard = next((tmp_path / "changed" / "train").glob("*.parquet"))
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    with override_env(data_dir=tmp_path / "changed"):
        assert launch_tick()
        assert not launch_tick()  # this host rests before it tries again
    attempt = the_attempt()
    assert (attempt.state, attempt.reason) == (AttemptState.LOST, "data_shard_changed")
    assert state(submission) == (Status.PENDING, Stage.QUEUED, "")
    event = submission.events.last()
    assert event is not None
    assert shard.name in event.data["detail"]
    assert Run.objects.get().attempts_made == 0
    assert folders.marked() == []


def test_a_host_that_rested_tries_again(submission: Submission, referee: Callable[[str], None]) -> None:
    referee(SLEEP)
    attempt = claims.claim(
        host=local.this_host(), backend="local", modes=launching.UNOFFICIAL, policy_row_ids={}
    )
    assert attempt is not None
    launching.lose(attempt, reason="host_storage", counted=False)
    assert not launch_tick()
    Attempt.objects.update(ended_at=Now() - launching.PAUSE - timedelta(seconds=1))
    assert launch_tick()


def test_a_disk_that_refuses_burns_no_allowance(submission: Submission, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with override_env(artifact_dir=tmp_path / "file"):
        assert launch_tick()
    assert (the_attempt().reason, Run.objects.get().attempts_made) == ("host_storage", 0)
    assert state(submission)[1] == Stage.QUEUED


def test_official_work_waits_for_what_this_host_lacks_and_says_so(host: Path) -> None:
    with override_env(execution_mode="gpu_proxy_eval"):
        submission = world.queued()
        for _ in range(2):
            assert not launch_tick()
    assert state(submission) == (Status.PENDING, Stage.QUEUED, "")
    waits = submission.events.filter(verb="wait")
    assert [event.reason_code for event in waits] == ["dataset_revision_differs"]


# reconciling


def test_a_running_job_is_adopted_and_its_lease_extended(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(SLEEP)
    launch_tick()
    Attempt.objects.update(lease_expires_at=Now() - timedelta(hours=1))  # as after a long pause
    reconcile_tick()
    attempt = the_attempt()
    assert attempt.state == AttemptState.RUNNING
    assert attempt.handle["pid"] == (local.read_handle(folder(attempt)) or {})["pid"]
    assert Attempt.objects.filter(lease_expires_at__gt=Now()).exists()


def test_a_finished_job_is_finalised_once(submission: Submission, referee: Callable[[str], None]) -> None:
    referee(REFUSE)
    launch_tick()
    wait_for(lambda: local.poll(folder(the_attempt())) is JobState.ENDED)
    for _ in range(3):
        reconcile_tick()
    assert state(submission) == (Status.FAILED, Stage.DONE, "logits_shape")
    assert submission.events.filter(verb="fail").count() == 1
    assert Run.objects.get().state == RunState.FINISHED
    assert not (folder(the_attempt()) / "JOB.json").exists()


def test_a_worker_killed_between_claim_and_launch_loses_an_attempt_only(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(SLEEP)
    claims.claim(host=local.this_host(), backend="local", modes=launching.UNOFFICIAL, policy_row_ids={})
    reconcile_tick()
    assert the_attempt().reason == "never_started"
    assert state(submission)[1] == Stage.QUEUED
    assert launch_tick()
    assert Attempt.objects.filter(state=AttemptState.LEASED, number=2).exists()


def test_a_launch_that_is_going_on_is_not_given_up(submission: Submission) -> None:
    claims.claim(host=local.this_host(), backend="local", modes=launching.UNOFFICIAL, policy_row_ids={})
    with launch_lock():
        reconcile_tick()
    assert the_attempt().state == AttemptState.LEASED


def test_a_worker_killed_between_launch_and_commit_has_its_job_adopted(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    """The row knows nothing of the job; its folder does."""
    attempt = claims.claim(
        host=local.this_host(), backend="local", modes=launching.UNOFFICIAL, policy_row_ids={}
    )
    assert attempt is not None
    job = prepare.prepare(attempt, resolve_policy(official=False))
    local.launch(job, [sys.executable, "-c", SLEEP], limit_seconds=60)
    reconcile_tick()
    assert the_attempt().state == AttemptState.RUNNING


def test_a_job_that_dies_thrice_holds_its_submission(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee("import os; os.kill(os.getpid(), 9)")
    for number in (1, 2, 3):
        assert launch_tick()
        attempt = Attempt.objects.get(number=number)
        wait_for(lambda attempt=attempt: local.poll(folder(attempt)) is JobState.ENDED)
        reconcile_tick()
        attempt.refresh_from_db()
        assert (attempt.reason, attempt.exit_code) == ("job_died", -9)
    assert state(submission) == (Status.HELD, Stage.QUEUED, "infrastructure")
    assert not launch_tick()


def test_a_fault_of_the_host_is_named_and_burns_no_allowance(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(
        "import json, sys; print(json.dumps({'type': 'error', 'code': 'sandbox_unavailable',"
        " 'reason': 'no Landlock'})); sys.exit(3)"
    )
    launch_tick()
    attempt = Attempt.objects.get()
    wait_for(lambda: local.poll(folders.folder_of(attempt.label)) is JobState.ENDED)
    reconcile_tick()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.reason) == (AttemptState.LOST, "sandbox_unavailable")
    assert Run.objects.get().attempts_made == 0
    assert not launch_tick()  # the host rests


def test_a_manifest_of_another_run_is_not_taken(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(REFUSE.replace('job["run_id"]', '"another"'))
    launch_tick()
    wait_for(lambda: local.poll(folder(the_attempt())) is JobState.ENDED)
    reconcile_tick()
    assert the_attempt().reason == "manifest_foreign"
    assert state(submission)[1] == Stage.QUEUED


def test_a_manifest_that_is_none_is_not_taken(submission: Submission, referee: Callable[[str], None]) -> None:
    referee("open('prism_run_manifest.v2.json', 'w').write('{}')")
    launch_tick()
    wait_for(lambda: local.poll(folder(the_attempt())) is JobState.ENDED)
    reconcile_tick()
    assert the_attempt().reason == "manifest_invalid"


def test_progress_that_is_a_trap_does_not_cost_the_result(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(REFUSE + "import os; os.remove('progress.jsonl'); os.symlink('/dev/zero', 'progress.jsonl')")
    launch_tick()
    wait_for(lambda: local.poll(folder(the_attempt())) is JobState.ENDED)
    reconcile_tick()
    assert state(submission)[2] == "logits_shape"


def test_a_host_that_is_gone_loses_its_lease(submission: Submission) -> None:
    claims.claim(host="elsewhere", backend="local", modes=launching.UNOFFICIAL, policy_row_ids={})
    reconcile_tick()
    assert the_attempt().state == AttemptState.LEASED
    Attempt.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    reconcile_tick()
    assert the_attempt().reason == "lease_expired"
    assert state(submission)[1] == Stage.QUEUED


def test_a_job_whose_attempt_was_given_up_is_killed_and_cleaned_up(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(SLEEP)
    launch_tick()
    attempt = the_attempt()
    pid = (local.read_handle(folder(attempt)) or {})["pid"]
    launching.lose(attempt, reason="lease_expired")
    reconcile_tick()
    assert look(pid) is None
    assert not (folder(attempt) / "bundle").exists()
    assert folders.marked() == []


def test_reconciling_rings_the_launch_once_when_a_slot_is_free(submission: Submission) -> None:
    OrmQ.objects.all().delete()
    for _ in range(3):
        reconcile_tick()
    assert waiting_ticks().count(LAUNCH) == 1


def test_submissions_whose_message_was_lost_are_rung_again(
    host: Path, django_capture_on_commit_callbacks: Any
) -> None:
    submission = world.upload()
    OrmQ.objects.all().delete()
    reconcile_tick()
    assert waiting_ticks() == []
    Submission.objects.update(updated_at=Now() - reconcile.STALE - timedelta(seconds=1))
    for _ in range(3):
        reconcile_tick()
    (message,) = OrmQ.objects.all()
    assert (message.func(), message.args()) == ("prism_site.pipeline.advance", (str(submission.pk),))


def test_a_full_queue_is_not_filled_further(host: Path) -> None:
    world.upload()
    OrmQ.objects.all().delete()
    for number in range(reconcile.RUNG_AT_ONCE):
        bell.ring("evaluations.tasks.canary_tick", str(number))
    Submission.objects.update(updated_at=Now() - timedelta(hours=1))
    reconcile_tick()
    assert len(waiting_ticks()) == reconcile.RUNG_AT_ONCE


def test_the_canary_leaves_one_row(host: Path) -> None:
    from evaluations.models import Canary

    canary_tick()
    Canary.objects.update(stamped_at=Now() - timedelta(hours=1))
    first = Canary.objects.get().stamped_at
    canary_tick()
    assert Canary.objects.get().stamped_at > first


def test_the_stream_is_made_once_and_made_again_when_it_was_touched(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(REFUSE)
    launch_tick()
    (stream,) = (env().var_dir / "streams").glob("*.txt")
    content, made = stream.read_bytes(), stream.stat().st_mtime_ns
    wait_for(lambda: local.poll(folder(the_attempt())) is JobState.ENDED)
    reconcile_tick()

    world.queued(training=world.TRAINING + "#2\n")
    launch_tick()
    assert stream.stat().st_mtime_ns == made
    wait_for(lambda: local.poll(folder(Attempt.objects.latest("pk"))) is JobState.ENDED)
    reconcile_tick()

    stream.write_bytes(b"tampered")
    world.queued(training=world.TRAINING + "#3\n")
    launch_tick()
    assert stream.read_bytes() == content


def test_a_tokenizer_that_is_not_staged_makes_only_its_submission_wait(host: Path) -> None:
    world.small_runs()
    submission = world.queued(manifest='tokenizer: "gpt2"\n')
    assert state(submission) == (Status.PENDING, Stage.QUEUED, "")
    assert not Run.objects.exists()
    event = submission.events.last()
    assert event is not None
    assert (event.verb, event.reason_code) == ("wait", "tokenizer_missing")


def test_invalid_policy_makes_official_work_wait_and_smoke_runs_go_on(host: Path) -> None:
    row = set_policy("gpu_policy", {"max_gpu_count": 4}, by="test")
    QuerySet(type(row)).filter(pk=row.pk).update(value_json={"max_gpu_count": 99})  # around the model
    with override_env(execution_mode="gpu_proxy_eval"):
        official = world.queued()
    smoke = world.queued(training=world.TRAINING + "#2\n")
    event = official.events.last()
    assert event is not None
    assert (event.verb, event.reason_code) == ("wait", "policy_invalid")
    assert [run.submission for run in Run.objects.all()] == [smoke]


def test_the_job_file_holds_the_limits_in_force(
    submission: Submission, referee: Callable[[str], None]
) -> None:
    referee(SLEEP)
    with override_env(max_parameters=12_345):
        launch_tick()
    limits = json.loads((folder(the_attempt()) / "JOB.json").read_text())["limits"]
    assert limits["max_parameters"] == 12_345
    assert limits["wall_seconds"] == 60
