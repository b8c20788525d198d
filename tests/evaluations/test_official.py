"""What an official run needs of a host: each thing is missed by its own code, and all together suffice."""

import importlib.metadata
import json
from dataclasses import replace
from pathlib import Path

import pytest

from evaluations import gpu_inventory, official
from evaluations.backends import folders, gpu_loans
from evaluations.backends.machine import GPU_HOST_MEMORY_BYTES, bytes_of, limits_of, place_of
from evaluations.backends.prepare import schedule_of
from evaluations.datasets.manifest import DataManifest, load_manifest
from evaluations.enums import Mode
from evaluations.gpu_profile import NONE, Profile, profile_of
from evaluations.runner.devices import Gpu
from evaluations.runner.sandbox import landlock, support
from prism_site.config import env, override_env
from prism_site.policy.resolve import Policy, resolve_policy, set_policy

pytestmark = pytest.mark.django_db

PROXY = Mode.GPU_PROXY_EVAL
GPUS = [Gpu("GPU-a", "NVIDIA H100 80GB HBM3", 0), Gpu("GPU-b", "NVIDIA A100-SXM4-80GB", 1)]


def staged(folder: Path) -> DataManifest:
    """The manifest of a folder as if its text were the subset and revision that policy asks for."""
    return replace(load_manifest(folder), subset="local", revision="frozen")


@pytest.fixture
def fit(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that has it all: policy asks for the text that is staged, and GPUs stand in its list."""
    set_policy("dataset_configs", {"frozen_revision": "frozen"}, by="test")
    targets = {"byte_budget": 4_096, "dataset_subset": "local"}
    set_policy("execution_mode_targets", {"gpu_proxy_eval": targets}, by="test")
    monkeypatch.setattr(official, "load_manifest", staged)
    monkeypatch.setattr(official, "HELDOUT_BYTES", {PROXY: 1_000})
    monkeypatch.setattr(gpu_inventory, "gpus", lambda: GPUS)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.13.0+cu126")


def codes(policy: Policy | None = None) -> list[str]:
    return [one.code for one in official.missing(PROXY, policy or resolve_policy(official=False))]


def test_a_host_that_has_it_all_lacks_nothing(fit: None) -> None:
    assert codes() == []


def test_every_requirement_is_missed_by_its_own_code(
    fit: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    policy = resolve_policy(official=False)
    with override_env(sandbox="off"):
        assert codes() == ["sandbox_incomplete"]
    with override_env(val_data_dir=tmp_path / "nothing"):
        assert codes() == ["heldout_missing"]
    with override_env(data_dir=tmp_path / "nothing", val_data_dir=env().val_data_path):
        assert codes() == ["data_missing"]
    assert codes(replace(policy, fallbacks=("a row is wrong",))) == ["policy_invalid"]
    with monkeypatch.context() as patch:
        patch.setattr(gpu_inventory, "gpus", list)
        assert codes() == ["gpu_unavailable"]
    with monkeypatch.context() as patch:
        patch.setattr(importlib.metadata, "version", lambda name: "2.13.0+cpu")
        assert codes() == ["gpu_unavailable"]
    with monkeypatch.context() as patch:
        patch.setattr(official, "HELDOUT_BYTES", {PROXY: 10**9})
        assert codes() == ["heldout_missing"]


@pytest.mark.parametrize("abi", [0, 5])
def test_a_kernel_with_fewer_walls_is_not_official(
    fit: None, monkeypatch: pytest.MonkeyPatch, abi: int
) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: abi)
    assert codes() == ["sandbox_incomplete"]
    assert bool(support.missing()) is (abi == 0)


def test_the_text_must_be_the_one_that_policy_froze(fit: None) -> None:
    set_policy("dataset_configs", {"frozen_revision": "another"}, by="test")
    assert codes() == ["dataset_revision_differs"]


def test_the_text_must_be_the_subset_and_as_long_as_the_mode_reads(fit: None) -> None:
    targets = {"byte_budget": 10**12, "dataset_subset": "sample-10BT"}
    set_policy("execution_mode_targets", {"gpu_proxy_eval": targets}, by="test")
    assert set(codes()) >= {"dataset_too_small", "dataset_subset_differs"}


def test_a_mode_that_policy_does_not_count_is_not_run_as_official(fit: None) -> None:
    targets = {"byte_budget": 4_096, "dataset_subset": "local", "official_score": False}
    set_policy("execution_mode_targets", {"gpu_proxy_eval": targets}, by="test")
    assert codes() == ["mode_not_official"]


def test_gpus_of_the_wanted_kind_that_no_job_has_are_free(fit: None) -> None:
    assert [gpu.uuid for gpu in gpu_loans.free_gpus("H100")] == ["GPU-a"]
    assert [gpu.uuid for gpu in gpu_loans.free_gpus("a100-sxm4")] == ["GPU-b"]
    folder = folders.folder_of("run.1")
    folder.mkdir(parents=True)
    (folder / gpu_loans.JOB).write_text(json.dumps({"gpus": ["GPU-a"]}))
    folders.mark("run.1")
    assert gpu_loans.borrow(Profile(1, 1)) == ("GPU-b",)
    with pytest.raises(gpu_loans.GpusBusy):
        gpu_loans.borrow(Profile(2, 2))
    folders.clean("run.1")
    assert len(gpu_loans.free_gpus(None)) == 2


def test_a_run_on_gpus_is_in_bf16_and_audited_at_its_tolerance(fit: None) -> None:
    policy = resolve_policy(official=False)
    targets = policy.execution_mode_targets.of(PROXY)
    profile = profile_of(PROXY, policy)
    place = place_of(profile, gpu_loans.borrow(profile))
    assert (place.device, place.precision, place.gpus, place.world_size) == ("cuda", "bf16", ("GPU-a",), 1)
    assert schedule_of(targets).audit_tolerance_nats == 2e-2
    smoke = policy.execution_mode_targets.of(Mode.LOCAL_CPU_SMOKE)
    on_cpu = place_of(NONE, gpu_loans.borrow(NONE))
    assert (on_cpu.device, on_cpu.precision) == ("cpu", "float32")
    assert schedule_of(smoke).audit_tolerance_nats == 1e-3


def test_memory_threads_and_quota_of_a_run_are_those_of_policy(host: Path) -> None:
    wanted = {"memory": "3g", "pids_limit": 99, "artifacts_quota_bytes": 2**21}
    set_policy("sandbox_limits", wanted, by="test")
    policy = resolve_policy(official=False)
    smoke = limits_of(policy.execution_mode_targets.of(Mode.LOCAL_CPU_SMOKE), policy)
    assert (smoke.memory_bytes, smoke.artifacts_quota_bytes) == (3 << 30, 2**21)
    assert smoke.threads > 99
    on_gpus = limits_of(policy.execution_mode_targets.of(PROXY), policy)
    assert on_gpus.memory_bytes == GPU_HOST_MEMORY_BYTES


@pytest.mark.parametrize(("size", "count"), [("512k", 524_288), ("64m", 1 << 26), ("2g", 1 << 31)])
def test_sizes_are_read_as_binary(size: str, count: int) -> None:
    assert bytes_of(size) == count


def test_a_mode_that_takes_more_gpus_than_any_run_may_is_not_run(fit: None) -> None:
    set_policy("gpu_policy", {"official_fixed_profile": False, "max_gpu_count": 1}, by="test")
    targets = {"byte_budget": 4_096, "dataset_subset": "local", "gpu_count": 2}
    set_policy("execution_mode_targets", {"gpu_proxy_eval": targets}, by="test")
    assert codes() == ["gpu_profile_refused", "gpu_unavailable"]
