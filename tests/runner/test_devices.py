"""Which GPUs there are and who sees which, read from a driver's files as they look on a GPU host."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evaluations.runner import devices, walls
from evaluations.runner.devices import Gpu
from evaluations.runner.job import Job
from evaluations.runner.processes import environment
from evaluations.runner.sandbox.limits import ResourceLimits
from evaluations.runner.sandbox.policy import Policy, policy
from tests.runner.harness import ROOT, make_job

INFORMATION = """Model: \t\t NVIDIA H100 80GB HBM3
IRQ:   \t\t {irq}
GPU UUID: \t {uuid}
Video BIOS: \t 96.00.89.00.01
Bus Type: \t PCIe
DMA Size: \t 52 bits
Bus Location: \t 0000:{bus}:00.0
Device Minor: \t {minor}
GPU Firmware: \t 550.90.07
GPU Excluded:\t {excluded}
"""


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    """Three GPUs, listed by bus; the last is excluded, and the second has no device here."""
    cards = [
        ("1b", "GPU-b", 1, "No"),
        ("43", "GPU-a", 0, "No"),
        ("52", "GPU-c", 2, "Yes"),
        ("61", "?", 3, "No"),
    ]
    (tmp_path / "dev").mkdir()
    for bus, uuid, minor, excluded in cards:
        folder = tmp_path / "gpus" / f"0000:{bus}:00.0"
        folder.mkdir(parents=True)
        said = INFORMATION.format(irq=7, uuid=uuid, bus=bus, minor=minor, excluded=excluded)
        (folder / "information").write_text(said)
        (tmp_path / "dev" / f"nvidia{minor}").touch()
    return tmp_path


def test_gpus_are_those_that_can_be_opened_and_used(driver: Path) -> None:
    found = devices.gpus(driver, driver / "dev")
    model = "NVIDIA H100 80GB HBM3"
    assert found == [Gpu("GPU-a", model, 0), Gpu("GPU-b", model, 1)]
    (driver / "dev" / "nvidia0").unlink()
    assert [gpu.uuid for gpu in devices.gpus(driver, driver / "dev")] == ["GPU-b"]


def test_a_host_without_a_driver_has_no_gpu(tmp_path: Path) -> None:
    assert devices.gpus(tmp_path) == []


def test_ranks_train_on_what_was_lent_and_scoring_takes_what_is_left() -> None:
    assert devices.of_learner(("a", "b", "c"), 2) == ("a", "b")
    assert devices.of_predictors(("a", "b", "c"), 2) == ("c",)
    assert devices.of_predictors(("a", "b"), 2) == ("a",)
    assert devices.of_predictors((), 1) == ()


def test_only_the_nodes_of_the_visible_gpus_are_opened(driver: Path) -> None:
    there = driver / "dev"
    found = list(devices.nodes(("GPU-b",), driver, there))
    assert str(there / "nvidia1") in found
    assert str(there / "nvidia0") not in found
    assert {str(there / "nvidiactl"), str(there / "nvidia-uvm")} <= set(found)
    assert str(there / "nvidia0") in devices.nodes(None, driver, there)


def job_on(folder: Path, **changes: Any) -> Job:
    return make_job(folder, {"architecture.py": "", "training.py": ""}, **changes)


def test_a_run_on_the_cpu_sees_no_gpu_at_all(tmp_path: Path) -> None:
    job = job_on(tmp_path)
    place = walls.learner_place(tmp_path)
    made = walls.policy_of(job, place)
    assert made is not None
    assert made.gpus == ()
    assert environment(place, 1)["CUDA_VISIBLE_DEVICES"] == ""
    assert made.limits.memory_bytes == job.limits.memory_bytes


def test_on_gpus_no_limit_of_address_space_stands_and_the_watch_does(tmp_path: Path) -> None:
    job = job_on(tmp_path, device="cuda", gpus=("GPU-a", "GPU-b"))
    place = walls.predictor_place(tmp_path)
    made = walls.policy_of(job, place)
    assert made is not None
    assert made.limits.memory_bytes is None
    assert walls.caps_of(job, place).memory_bytes == job.limits.memory_bytes
    assert {"/dev/nvidiactl", "/proc/self/task"} <= set(made.gpus)
    assert Policy.from_json(made.to_json()) == made
    assert "CUDA_VISIBLE_DEVICES" not in environment(replace(place, gpus=None), 1)
    assert environment(replace(place, gpus=("GPU-b",)), 1)["CUDA_VISIBLE_DEVICES"] == "GPU-b"


IOCTL = r"""
import errno, fcntl, json, os, sys
from evaluations.runner.sandbox.enter import enter
from evaluations.runner.sandbox.policy import Policy
attestation = enter(Policy.from_json(sys.argv[1]))
def asked(path, request):
    fd = os.open(path, os.O_RDWR)
    try:
        fcntl.ioctl(fd, request, b"\0" * 64)
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        os.close(fd)
    return "done"
said = {
    f"{path} {request:#x}": asked(path, request)
    for path in ("/dev/null", "/dev/zero")
    for request in (0xC020462A, 37)
}
said["memory file"] = os.memfd_create("x") > 0
print(json.dumps([attestation["mode"], said]))
"""


def test_the_drivers_requests_pass_and_reach_only_the_devices_that_were_given(tmp_path: Path) -> None:
    """/dev/zero stands for a card: what it does not know is ENOTTY from the device, EACCES from the wall."""
    made = policy(read=(), write=(tmp_path,), limits=ResourceLimits(), gpus=("/dev/zero",))
    command = [sys.executable, "-P", "-c", IOCTL, made.to_json()]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    mode, said = json.loads(done.stdout)
    assert mode == "required"
    for request in ("0xc020462a", "0x25"):
        assert said[f"/dev/zero {request}"] == "ENOTTY"
        assert said[f"/dev/null {request}"] == "EACCES"
    assert said["memory file"] is True
