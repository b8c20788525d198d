"""A run in a container of the real engine, started by a broker that is asked over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evaluations.backends import folders
from evaluations.backends.broker.backend import BrokerBackend
from evaluations.backends.jobs import JobSpec, JobState
from evaluations.runner.manifest import RunManifest
from prism_site.config import override_env
from tests.broker.conftest import RunningBroker
from tests.broker.jobs import LABEL, SLUG, TOKEN
from tests.broker.test_backend import LIMITS
from tests.broker.test_flow import wait_for
from tests.containers.conftest import engine, evaluator_image
from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL, execute, make_job

__all__ = ["engine", "evaluator_image"]
pytestmark = pytest.mark.long


@pytest.fixture
def container_broker(
    evaluator_image: str, host: Path, mortal_broker: RunningBroker
) -> Iterator[RunningBroker]:
    """A broker that has an engine, and an installation that speaks to it."""
    mortal_broker.engine(image=True, options=[])
    with override_env(
        execution_backend="broker",
        docker_broker_url=mortal_broker.url,
        docker_broker_token=TOKEN,
        docker_broker_slug=SLUG,
        platform_eval_image=evaluator_image,
    ):
        yield mortal_broker


@pytest.mark.parametrize("drains", [False, True], ids=["prints", "drains"])
def test_a_run_in_a_brokers_container_gives_the_bits_of_a_run_here(
    evaluator_image: str, container_broker: RunningBroker, tmp_path: Path, drains: bool
) -> None:
    container_broker.engine(image=True, options=[], drains=drains)
    folder = folders.folder_of(LABEL)
    folder.mkdir(parents=True)
    job = make_job(folder, {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER})
    (folder / "JOB.json").write_text(job.to_json())
    spec = JobSpec(label=LABEL, folder=folder, limit_seconds=300, limits=LIMITS, image=evaluator_image)
    backend = BrokerBackend()

    backend.prepare(spec)
    backend.launch(spec)
    wait_for(lambda: backend.poll(LABEL).state is JobState.ENDED, seconds=300)
    ending = backend.collect(LABEL)

    assert ending.fault is None, ending.fault
    assert ending.manifest is not None
    here = execute(replace(job, output_folder=str(tmp_path / "here"))).manifest
    assert isinstance(here, RunManifest)
    assert ending.manifest["score"] == here.score
    assert ending.manifest["verdict"] == "scored"
    assert (folder / "final.safetensors").exists()
    backend.clean(LABEL)
    assert backend.strays() == []
