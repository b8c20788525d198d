"""What a container is told, as values: no engine is asked."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from evaluations.backends.container_limits import ContainerLimits, container_limits
from evaluations.backends.docker.errors import ImageNotAllowed
from evaluations.backends.docker.images import allowed
from evaluations.backends.docker.inside import Inside, inside
from evaluations.runner.job import Job, Limits, PackSpec
from prism_site.config import override_env
from prism_site.policy.schemas.limits import SandboxLimits
from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL, make_job

DIGEST = "sha256:" + "5e" * 32


@pytest.fixture
def job(tmp_path: Path) -> Job:
    job = make_job(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER})
    pack = PackSpec(name="one", path=str(tmp_path / "one.json"), sha256="", items=1)
    tokenizers = {"gpt2": str(tmp_path / "gpt2.json")}
    return replace(job, heldout=job.stream, packs=(pack,), reference_tokenizers=tokenizers)


def seen(job: Job, tmp_path: Path) -> Inside:
    return inside(job, backend="docker", job_file=tmp_path / "inside.json", output=tmp_path / "output")


def test_a_container_learns_no_path_of_its_host(job: Job, tmp_path: Path) -> None:
    assert str(tmp_path) not in seen(job, tmp_path).job.to_json()


def test_every_path_that_a_job_names_is_mounted_where_it_says(job: Job, tmp_path: Path) -> None:
    there = seen(job, tmp_path)
    sources = {mount.target: str(mount.source) for mount in there.mounts}
    assert sources[there.job.bundle.folder] == job.bundle.folder
    assert sources[there.job.stream.path] == job.stream.path
    assert there.job.heldout is not None
    assert sources[there.job.heldout.path] == job.stream.path
    assert sources[there.job.packs[0].path] == job.packs[0].path
    assert sources[there.job.reference_tokenizers["gpt2"]] == job.reference_tokenizers["gpt2"]
    assert sources["/prism/JOB.json"] == str(tmp_path / "inside.json")


def test_the_output_alone_can_be_written(job: Job, tmp_path: Path) -> None:
    there = seen(job, tmp_path)
    assert [mount.target for mount in there.mounts if not mount.read_only] == [there.job.output_folder]


def test_nothing_else_of_a_job_changes(job: Job, tmp_path: Path) -> None:
    there = seen(job, tmp_path).job
    moved = {"bundle", "stream", "heldout", "packs", "reference_tokenizers", "output_folder", "backend"}
    for field in fields(Job):
        assert (getattr(there, field.name) == getattr(job, field.name)) is (field.name not in moved)


def test_a_container_has_room_for_every_process_of_its_run(job: Job) -> None:
    limits = Limits(memory_bytes=1 << 30, threads=100, max_parameters=1_000, artifacts_quota_bytes=1 << 20)
    one = container_limits(replace(job, limits=limits), SandboxLimits())
    four = container_limits(replace(job, limits=limits, world_size=4), SandboxLimits())
    assert one.memory_bytes >= 4 * limits.memory_bytes + one.tmp_bytes
    assert four.memory_bytes - one.memory_bytes == 3 * limits.memory_bytes
    assert four.pids - one.pids == 3 * limits.threads
    assert one.output_bytes > limits.artifacts_quota_bytes


def test_policy_says_processors_network_and_root(job: Job) -> None:
    limits: ContainerLimits = container_limits(job, SandboxLimits(cpus=1.5, read_only=True))
    assert (limits.cpus, limits.network, limits.read_only) == (1.5, "none", True)


@pytest.mark.parametrize(
    "image", ["", "evaluator", "evaluator:latest", "evaluator@sha256:5e", DIGEST.upper()]
)
def test_an_image_without_a_digest_is_not_allowed(image: str) -> None:
    with override_env(docker_allowed_images=image), pytest.raises(ImageNotAllowed) as refused:
        allowed(image)
    assert refused.value.code == "image_not_allowed"


def test_an_image_is_allowed_by_the_list_alone() -> None:
    with override_env(docker_allowed_images=f"{DIGEST}, evaluator@{DIGEST}"):
        assert allowed(DIGEST) == DIGEST
        assert allowed(f"evaluator@{DIGEST}") == f"evaluator@{DIGEST}"
        with pytest.raises(ImageNotAllowed):
            allowed(f"other@{DIGEST}")
    with override_env(docker_allowed_images=""), pytest.raises(ImageNotAllowed):
        allowed(DIGEST)
