"""The docker backend on a real engine; what runs in the containers is this installation, mounted."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from evaluations.backends.container_limits import container_limits
from evaluations.backends.docker import backend as module
from evaluations.backends.docker.backend import DockerBackend
from evaluations.backends.docker.engine import Engine
from evaluations.backends.docker.errors import ImageMissing
from evaluations.backends.docker.rendering import LOG_BYTES, SHM_BYTES, render
from evaluations.backends.jobs import Ending, JobSpec, JobState
from evaluations.runner.job import Job
from prism_site.config import override_env
from prism_site.policy.schemas.limits import SandboxLimits
from tests.containers.conftest import PYTHON, image_id
from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL, execute, make_job

DEADLINE_SECONDS = 120
SLEEP = "import time; print('up', flush=True); time.sleep(100)"
LABELS = "prism.attempt", "prism.fence"

Launch = Callable[..., JobSpec]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return make_job(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER})


@pytest.fixture
def backend(bare_image: str, installed_inside: None, tmp_path: Path) -> Iterator[DockerBackend]:
    allowed = image_id(bare_image)
    with override_env(var_dir=tmp_path / "var", artifact_dir=tmp_path, docker_allowed_images=allowed):
        yield DockerBackend()
        for label in DockerBackend().strays():
            DockerBackend().clean(label)


@pytest.fixture
def launch(backend: DockerBackend, bare_image: str, job: Job, monkeypatch: pytest.MonkeyPatch) -> Launch:
    """Start a program in place of the referee's; the changes are of its limits."""

    def start(body: str | None, *, limit_seconds: float = 100, **changes: Any) -> JobSpec:
        if body is not None:
            monkeypatch.setattr(module, "COMMAND", [PYTHON, "-c", body])
        spec = spec_of(job, image_id(bare_image), limit_seconds=limit_seconds, **changes)
        backend.prepare(spec)
        backend.launch(spec)
        return spec

    return start


def spec_of(job: Job, image: str, *, limit_seconds: float = 100, **changes: Any) -> JobSpec:
    label = f"{uuid4()}.1"
    folder = Path(job.output_folder).parent / label
    folder.mkdir()
    (folder / "JOB.json").write_text(replace(job, output_folder=str(folder)).to_json())
    limits = replace(container_limits(job, SandboxLimits(cpus=2.0)), **changes)
    return JobSpec(label=label, folder=folder, limit_seconds=limit_seconds, limits=limits, image=image)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ending(backend: DockerBackend, spec: JobSpec) -> Ending:
    wait_until(lambda: backend.poll(spec.label).state is JobState.ENDED)
    return backend.collect(spec.label)


def inspected(name: str) -> dict[str, Any]:
    said = subprocess.run(["docker", "inspect", name], capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(said)[0]
    return found


def test_the_engine_reports_every_limit_that_was_rendered(backend: DockerBackend, launch: Launch) -> None:
    spec = launch(SLEEP)
    found = inspected(f"prism-{spec.label}")
    host, limits = found["HostConfig"], spec.limits
    reported = {
        "network_mode": host["NetworkMode"] == "none"
        and list(found["NetworkSettings"]["Networks"]) == ["none"],
        "read_only": host["ReadonlyRootfs"] is True,
        "tmpfs": host["Tmpfs"] == {"/tmp": f"rw,noexec,nosuid,nodev,size={limits.tmp_bytes}"},
        "user": found["Config"]["User"].split(":")[0] not in {"", "0", "root"},
        "cap_drop": host["CapDrop"] == ["ALL"] and not host["CapAdd"],
        "security_opt": host["SecurityOpt"] == ["no-new-privileges"],
        "privileged": host["Privileged"] is False,
        "ipc_mode": host["IpcMode"] == "private",
        "shm_size": host["ShmSize"] == SHM_BYTES,
        "pids_limit": host["PidsLimit"] == limits.pids,
        "mem_limit": host["Memory"] == limits.memory_bytes,
        "memswap_limit": host["MemorySwap"] == limits.memory_bytes,
        "nano_cpus": host["NanoCpus"] == 2_000_000_000,
        "ulimits": {one["Name"]: (one["Soft"], one["Hard"]) for one in host["Ulimits"]}
        == {
            "nofile": (limits.open_files,) * 2,
            "fsize": (limits.output_bytes,) * 2,
            "core": (1, 1),
        },
        "init": host["Init"] is True,
        "device_requests": not host["DeviceRequests"],
        "mounts": [mount["Target"] for mount in host["Mounts"] if not mount.get("ReadOnly")]
        == ["/prism/output"],
        "log_config": host["LogConfig"]["Config"] == {"max-file": "1", "max-size": str(LOG_BYTES)},
        "restart_policy": host["RestartPolicy"]["Name"] == "no",
    }
    assert set(reported) == set(render(limits, user="1:1", mounts=()))
    assert [name for name, holds in reported.items() if not holds] == []
    assert [found["Config"]["Labels"][name] for name in LABELS] == [spec.label, "1"]
    assert found["Image"] == spec.image


def test_gpus_are_asked_for_by_uuid(backend: DockerBackend, job: Job, bare_image: str) -> None:
    spec = spec_of(job, image_id(bare_image), gpus=("GPU-1f", "GPU-2f"))
    settings = render(spec.limits, user="1:1", mounts=())
    with Engine() as engine:
        engine.create(f"prism-{spec.label}", spec.image, ["true"], labels={}, **settings)
        (request,) = inspected(f"prism-{spec.label}")["HostConfig"]["DeviceRequests"]
        engine.remove(f"prism-{spec.label}")
    assert (request["DeviceIDs"], request["Capabilities"]) == (["GPU-1f", "GPU-2f"], [["gpu"]])


def test_the_walls_stand_where_the_program_runs(backend: DockerBackend, launch: Launch) -> None:
    spec = launch(
        "import os, socket, json\n"
        "def refused(attempt):\n"
        "    try: attempt()\n"
        "    except OSError: return True\n"
        "status = open('/proc/self/status').read()\n"
        "print(json.dumps({\n"
        "  'root': refused(lambda: open('/escaped', 'w')),\n"
        "  'bundle': refused(lambda: open('/prism/bundle/more.py', 'w')),\n"
        "  'job': refused(lambda: open('/prism/JOB.json', 'a')),\n"
        "  'network': refused(lambda: socket.create_connection(('192.0.2.1', 80), 1)),\n"
        "  'capabilities': 'CapEff:\\t0000000000000000' in status,\n"
        "  'privileges': 'NoNewPrivs:\\t1' in status, 'seccomp': 'Seccomp:\\t2' in status,\n"
        "  'user': os.getuid() != 0, 'output': bool(open('/prism/output/x', 'w')),\n"
        "  'interfaces': os.listdir('/sys/class/net') == ['lo'],\n"
        "}))"
    )
    assert ending(backend, spec).exit_code == 0
    said = json.loads((spec.folder / "progress.jsonl").read_text())
    assert [wall for wall, stands in said.items() if not stands] == []


def test_launching_twice_starts_one_container(backend: DockerBackend, launch: Launch) -> None:
    spec = launch("print('once')")
    backend.launch(spec)
    ending(backend, spec)
    backend.launch(spec)
    assert backend.poll(spec.label).state is JobState.ENDED
    assert (spec.folder / "progress.jsonl").read_text() == "once\n"
    assert backend.strays() == [spec.label]


def test_a_container_that_is_killed_says_so(backend: DockerBackend, launch: Launch) -> None:
    spec = launch(SLEEP)
    wait_until(lambda: backend.poll(spec.label).state is JobState.RUNNING)
    backend.stop(spec.label)
    ended = ending(backend, spec)
    assert ended.fault is not None
    assert (ended.exit_code, ended.fault.code, ended.fault.counted) == (-9, "container_killed", True)
    for _ in range(2):
        backend.stop(spec.label)
        backend.clean(spec.label)
    assert backend.strays() == []


def test_memory_that_is_used_up_is_named(backend: DockerBackend, launch: Launch) -> None:
    spec = launch("x = bytearray(512 << 20)", memory_bytes=64 << 20)
    ended = ending(backend, spec)
    assert ended.fault is not None
    assert ended.fault.code == "container_out_of_memory"


def test_a_run_that_takes_too_long_is_ended_by_whoever_looks(backend: DockerBackend, launch: Launch) -> None:
    spec = launch(SLEEP, limit_seconds=0.5)
    ended = ending(backend, spec)
    assert ended.fault is not None
    assert ended.fault.code == "limit_passed"
    assert json.loads((spec.folder / "exit.json").read_text()) == {"exit_code": -9, "limit_passed": True}


def test_output_over_its_quota_ends_the_run(backend: DockerBackend, launch: Launch) -> None:
    body = (
        "import time\nfor n in range(9): open(f'/prism/output/{n}', 'wb').write(b'x' * (1 << 20))\n" + SLEEP
    )
    spec = launch(body, output_bytes=4 << 20)
    ended = ending(backend, spec)
    assert ended.fault is not None
    assert ended.fault.code == "output_quota"


def test_links_in_the_output_are_not_taken(backend: DockerBackend, launch: Launch) -> None:
    spec = launch(
        "import os; os.chdir('/prism/output'); os.symlink('/etc/passwd', 'learner.log');"
        " open('curve.npz', 'w').write('x'); os.link('curve.npz', 'final.safetensors');"
        " open('predictor.log', 'w').write('kept'); os.mkdir('prism_run_manifest.v2.json')"
    )
    ended = ending(backend, spec)
    assert (ended.manifest, ended.exit_code, ended.fault) == (None, 0, None)
    kept = {path.name for path in spec.folder.iterdir()}
    assert "predictor.log" in kept
    assert not kept & {"learner.log", "curve.npz", "final.safetensors", "prism_run_manifest.v2.json"}


def test_an_image_that_the_engine_lacks_is_missing(backend: DockerBackend, job: Job) -> None:
    absent = "sha256:" + "0" * 64
    with override_env(docker_allowed_images=absent), pytest.raises(ImageMissing) as missing:
        backend.prepare(spec_of(job, absent))
    assert missing.value.code == "image_missing"


@pytest.mark.long
def test_a_run_in_a_container_is_scored_to_the_bit_as_on_the_bare_host(
    backend: DockerBackend, launch: Launch, job: Job
) -> None:
    bare = execute(job)
    spec = launch(None)
    ended = ending(backend, spec)
    assert ended.manifest is not None, (spec.folder / "progress.jsonl").read_text()
    assert ended.manifest["score"] == bare.score
    assert ended.manifest["run"]["backend"] == "docker"
    assert ended.manifest["integrity"]["sandbox"]["learner"]["layers"]
    assert (spec.folder / "final.safetensors").is_file()
