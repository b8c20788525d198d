"""The local backend with real, tiny processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluations.backends import local
from evaluations.backends.hostile_files import FileRefused, read_capped
from evaluations.backends.jobs import JobState, LaunchFailed
from evaluations.backends.processes import descendants, look, session_members
from evaluations.backends.results import manifest_in
from evaluations.runner.manifest import ManifestInvalid

DEADLINE_SECONDS = 30


def job(body: str) -> list[str]:
    return [sys.executable, "-c", body]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(folder: Path) -> bool:
    return local.poll(folder) is JobState.ENDED


def leader(folder: Path) -> int:
    handle = local.read_handle(folder)
    assert handle is not None
    return int(handle["pid"])


def test_what_was_never_launched_is_absent(tmp_path: Path) -> None:
    assert local.poll(tmp_path) is JobState.ABSENT
    assert local.exit_code(tmp_path) is None
    local.stop(tmp_path)


def test_a_job_runs_and_ends_with_its_streams_and_exit_code_kept(tmp_path: Path) -> None:
    body = (
        "import sys; print('line'); print('trouble', file=sys.stderr); input_ = sys.stdin.read(); sys.exit(7)"
    )
    local.launch(tmp_path, job(body), limit_seconds=20)
    wait_for(lambda: ended(tmp_path))
    assert local.exit_code(tmp_path) == 7
    assert (tmp_path / "progress.jsonl").read_text() == "line\n"
    assert (tmp_path / "referee.log").read_text() == "trouble\n"


def test_launching_twice_starts_one_job(tmp_path: Path) -> None:
    for _ in range(2):
        local.launch(tmp_path, job("print('once')"), limit_seconds=20)
    wait_for(lambda: ended(tmp_path))
    assert (tmp_path / "progress.jsonl").read_text() == "once\n"


def test_a_job_is_nobodys_child_and_leads_a_session(tmp_path: Path) -> None:
    local.launch(tmp_path, job("import time; time.sleep(60)"), limit_seconds=60)
    process = look(leader(tmp_path))
    assert process is not None
    assert process.session == process.pid
    assert process.pid not in descendants([os.getpid()])
    local.stop(tmp_path)


def test_a_job_survives_the_death_of_whoever_launched_it(tmp_path: Path) -> None:
    launcher = (
        "import sys; from pathlib import Path; from evaluations.backends import local;"
        f"local.launch(Path({str(tmp_path)!r}), [sys.executable, '-c', 'import time; time.sleep(60)'],"
        " limit_seconds=60); print('up', flush=True); import time; time.sleep(60)"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", launcher], stdout=subprocess.PIPE, start_new_session=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"up\n"
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert local.poll(tmp_path) is JobState.RUNNING
    local.stop(tmp_path)


def test_stopping_ends_every_process_of_a_job_wherever_it_hides(tmp_path: Path) -> None:
    body = (
        "import subprocess, sys, time\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "children = [subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)]\n"
        "print(*[child.pid for child in children], flush=True)\n"
        "time.sleep(60)\n"
    )
    local.launch(tmp_path, job(body), limit_seconds=60)
    progress = tmp_path / "progress.jsonl"
    wait_for(lambda: progress.read_text().endswith("\n"))
    pids = [leader(tmp_path), *map(int, progress.read_text().split())]
    local.stop(tmp_path)
    assert [look(pid) for pid in pids] == [None] * 3
    assert ended(tmp_path)
    local.stop(tmp_path)


def test_a_job_that_ends_leaves_no_orphan(tmp_path: Path) -> None:
    body = (
        "import subprocess, sys\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "print(subprocess.Popen(sleep, start_new_session=True).pid, flush=True)\n"
    )
    local.launch(tmp_path, job(body), limit_seconds=60)
    wait_for(lambda: ended(tmp_path))
    assert look(int((tmp_path / "progress.jsonl").read_text())) is None


def test_what_outlives_its_leader_is_found_and_ended(tmp_path: Path) -> None:
    local.launch(tmp_path, job("import time; time.sleep(60)"), limit_seconds=60)
    session = leader(tmp_path)
    wait_for(lambda: len(session_members(session)) == 2)
    os.kill(session, signal.SIGKILL)
    wait_for(lambda: ended(tmp_path))
    assert len(session_members(session)) == 1
    local.stop(tmp_path)
    assert session_members(session) == set()


def test_the_hard_limit_ends_a_job(tmp_path: Path) -> None:
    local.launch(tmp_path, job("import time; time.sleep(60)"), limit_seconds=0.2)
    wait_for(lambda: ended(tmp_path))
    assert json.loads((tmp_path / "exit.json").read_text()) == {"exit_code": -9, "limit_passed": True}


def test_another_process_under_the_number_of_an_old_job_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(job("import time; time.sleep(60)"), start_new_session=True)
    local.launch(tmp_path, job("pass"), limit_seconds=20)
    wait_for(lambda: ended(tmp_path))
    handle = local.read_handle(tmp_path)
    assert handle is not None
    (tmp_path / "handle.json").write_text(json.dumps({**handle, "pid": stranger.pid}))
    assert local.poll(tmp_path) is JobState.ENDED
    local.stop(tmp_path)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_job_of_another_boot_has_ended(tmp_path: Path) -> None:
    local.launch(tmp_path, job("import time; time.sleep(60)"), limit_seconds=60)
    handle = local.read_handle(tmp_path)
    assert handle is not None
    (tmp_path / "handle.json").write_text(json.dumps({**handle, "boot": "another"}))
    assert local.poll(tmp_path) is JobState.ENDED
    (tmp_path / "handle.json").write_text(json.dumps(handle))
    local.stop(tmp_path)


def test_a_folder_that_is_not_there_is_a_launch_that_failed(tmp_path: Path) -> None:
    with pytest.raises(LaunchFailed) as failed:
        local.launch(tmp_path / "absent", job("pass"), limit_seconds=5)
    assert failed.value.code == "host_launch_failed"


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"verdict": NaN}',
        b"[" * 100_000,
        b'{"code": "UPPER"}',
        b'{"code": "' + b"a" * 65 + b'"}',
        b'{"code": "ok", "deep": ["\\u0000"]}',
        b'{"code": "ok", "deep": {"\\ud800": 1}}',
        b"\xff\xfe",
    ],
    ids=range(10),
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "prism_run_manifest.v2.json").write_bytes(content)
    with pytest.raises(ManifestInvalid):
        manifest_in(tmp_path)


def test_no_manifest_is_none(tmp_path: Path) -> None:
    assert manifest_in(tmp_path) is None


def test_links_pipes_folders_and_giants_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "hard").hardlink_to(tmp_path / "secret")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "giant").write_bytes(b"x" * 101)
    for name in ("link", "hard", "folder", "pipe", "giant"):
        with pytest.raises(FileRefused):
            read_capped(tmp_path / name, 100)
    assert read_capped(tmp_path / "absent", 100) == b""
