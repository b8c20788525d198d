"""Where a wall cannot be put up, no submitted line runs and no manifest is written: the host's fault."""

import errno
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from evaluations.runner.sandbox.enter import enter
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.limits import ResourceLimits
from evaluations.runner.sandbox.policy import Policy, policy
from tests.runner.harness import IDLE_TRAINER, ROOT, TABLE_MODEL, make_job

TELLING = "print('A SUBMITTED LINE RAN', flush=True)\n" + IDLE_TRAINER


def run_without(job, error, *calls):
    """The referee, on a kernel that answers `error` to `calls`."""
    path = Path(job.output_folder).with_suffix(".json")
    path.write_text(job.to_json())
    command = [sys.executable, "-m", "evaluations.runner", "run", str(path)]
    return subprocess.run(
        [sys.executable, "-m", "tests.sandbox.under", str(error), *calls, "--", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize(
    ("error", "call", "says"),
    [
        (errno.ENOSYS, "landlock_create_ruleset", "no Landlock"),
        (errno.EOPNOTSUPP, "landlock_create_ruleset", "no Landlock"),
        (errno.EPERM, "landlock_create_ruleset", "no Landlock"),
        (errno.EPERM, "landlock_restrict_self", "could not be put up"),
        (errno.EPERM, "landlock_add_rule", "could not be put up"),
        (errno.EPERM, "seccomp", "could not be put up"),
        (errno.EPERM, "capset", "could not be put up"),
    ],
)
def test_a_kernel_without(tmp_path, error, call, says):
    job = make_job(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": TELLING}, sandbox="required")
    done = run_without(job, error, call)
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 3, done.stderr
    assert (last["type"], last["code"]) == ("error", "sandbox_unavailable")
    assert says in last["reason"]
    assert not (Path(job.output_folder) / "prism_run_manifest.v2.json").exists()
    assert "A SUBMITTED LINE RAN" not in (Path(job.output_folder) / "learner.log").read_text()


def test_the_operators_own_code_runs_without_any_wall(tmp_path):
    job = make_job(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": TELLING}, sandbox="off")
    done = run_without(job, errno.ENOSYS, "landlock_create_ruleset")
    assert done.returncode == 0, done.stderr
    assert "A SUBMITTED LINE RAN" in (Path(job.output_folder) / "learner.log").read_text()


def closing_in(wanted, *, before=""):
    """Standard output of a process that closes itself in under `wanted`."""
    source = (
        "import sys\nfrom evaluations.runner.sandbox.enter import enter\n"
        "from evaluations.runner.sandbox.errors import SandboxUnavailable\n"
        "from evaluations.runner.sandbox.policy import Policy\n"
        f"{before}\n"
        "try:\n    print(enter(Policy.from_json(sys.argv[1])))\n"
        "except SandboxUnavailable as error:\n    print('REFUSED', error)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", source, wanted.to_json()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def usual(tmp_path, **changes):
    own = tmp_path / "own"
    own.mkdir()
    made = policy(read=(), write=(own,), limits=ResourceLimits())
    return Policy(**{"read": made.read, "write": made.write, "limits": made.limits, **changes})


def test_a_usual_policy_passes_its_self_test(tmp_path):
    assert "'list /': True" in closing_in(usual(tmp_path))


def test_a_policy_that_opens_the_root_fails_its_self_test(tmp_path):
    said = closing_in(usual(tmp_path, read=("/",)))
    assert "REFUSED the self-test failed" in said
    assert "list /" in said
    assert "read /etc/passwd" in said


def test_a_policy_that_lets_everything_be_written_fails_its_self_test(tmp_path):
    own = tmp_path / "own"
    said = closing_in(usual(tmp_path, write=(str(own), str(tmp_path))))
    assert "REFUSED the self-test failed: create beside" in said


def test_a_folder_that_cannot_be_written_fails_the_self_test(tmp_path):
    said = closing_in(usual(tmp_path, write=(str(tmp_path / "absent"),)))
    assert "REFUSED the self-test failed: reach absent" in said


def test_a_process_with_threads_is_refused(tmp_path):
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        with pytest.raises(SandboxUnavailable, match="before it starts a thread"):
            enter(usual(tmp_path))
    finally:
        over.set()
        thread.join()
