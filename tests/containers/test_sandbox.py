"""The walls need no privilege: they stand in a container that has none, as on a bare host."""

import json
from dataclasses import replace

import pytest

from evaluations.runner.manifest import read
from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL, execute, make_job

pytestmark = pytest.mark.long


def test_every_wall_stands_in_a_container_without_capabilities(contained):
    said = contained("manage.py", "sandbox_check", "--json")

    report = json.loads(said.stdout)
    assert said.returncode == 0, said.stderr
    assert report["host"]["user"] == "65534, capabilities 0000000000000000"
    assert report["host"]["missing"] == "nothing"
    assert report["counts"]["blocked"] >= 150
    assert report["breaches"] == 0
    assert {attack["group"] for attack in report["attacks"] if attack["standing"] == "open"} == {"metadata"}


def test_a_run_in_a_container_gives_the_same_bits_as_on_the_bare_host(contained, tmp_path):
    files = {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER}
    job = make_job(tmp_path, files)
    bare = execute(replace(job, output_folder=str(tmp_path / "bare")))
    inside = tmp_path / "inside"
    inside.mkdir(mode=0o777)
    for path in (tmp_path, inside):
        path.chmod(0o777)  # for the container's nobody
    order = tmp_path / "job.json"
    order.write_text(replace(job, output_folder=str(inside)).to_json())

    said = contained("-m", "evaluations.runner", "run", str(order), writable=(str(tmp_path),))

    assert said.returncode == 0, said.stderr
    manifest = read(inside / "prism_run_manifest.v2.json")
    assert manifest.score == bare.score
    assert (
        manifest.integrity["sandbox"]["learner"]["layers"]
        == manifest.integrity["sandbox"]["predictor"]["layers"]
    )
