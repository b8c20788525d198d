"""Evaluating one bundle here and now: runner, policy and text of a submission, and no database row."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evaluations.backends.gpu_loans import borrow
from evaluations.backends.prepare import BUNDLE, JOB, job_of, texts_of, write_private
from evaluations.datasets.plan import python_docs_plan
from evaluations.datasets.prepare import prepare, prepared
from evaluations.enums import Mode
from evaluations.gpu_profile import profile_of
from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import Bundle, read_bundle, read_folder
from evaluations.official import Missing, missing
from evaluations.runner.constants import MANIFEST_NAME
from evaluations.runner.job import Job
from prism_site.config import ROOT, env
from prism_site.policy.resolve import Policy

Say = Callable[[str], None]
HOST_FAULT = 3


class RequirementsMissing(Exception):
    """An official mode was asked for where an official run lacks something; the code is the first's."""

    def __init__(self, lacking: list[Missing]) -> None:
        super().__init__(" ".join(f"{one.code}: {one.sentence}" for one in lacking))
        self.code = lacking[0].code


class HostFault(Exception):
    """The run ended by a fault of this host; nothing is said about the submission."""

    code = "host_error"


@dataclass
class Evaluation:
    """A run under way: iterate `lines` to its end, then read `manifest`."""

    job: Job
    lines: Iterator[dict[str, Any]]
    fault: str = field(default="")

    @property
    def manifest(self) -> dict[str, Any]:
        """The referee's manifest; raise `HostFault` where there is none."""
        path = Path(self.job.output_folder) / MANIFEST_NAME
        if not path.is_file():
            raise HostFault(self.fault or "the run ended without a manifest")
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found


def read_any(path: Path, policy: Policy) -> Bundle:
    """The bundle in a folder or ZIP; raise `BundleRefused` as an upload would."""
    limits = policy.artifact_limits
    archive_limits = ArchiveLimits(limits.max_code_bytes, limits.max_files, limits.max_bytes)
    if path.is_dir():
        return read_folder(path, archive_limits)
    return read_bundle(path.read_bytes(), archive_limits)


def ensure_data(say: Say) -> None:
    """Prepare the embedded default text where no data has been prepared yet."""
    if not env().data_path.exists():
        say("No data yet: preparing the documentation that ships with Python; see prepare_data for more.")
    if prepared(env().data_path, env().val_data_path) is None:
        prepare(python_docs_plan(), env().data_path, env().val_data_path)


def make_job(
    bundle: Bundle,
    folder: Path,
    *,
    mode: Mode,
    seed: int,
    policy: Policy,
    score_fraction: float | None = None,
    world_size: int | None = None,
) -> Job:
    """Write the bundle and its job below `folder`; what is given stands in for the policy's."""
    if mode.is_official:
        check_official(mode, policy)
    bundle.write_to(folder / BUNDLE)
    job = job_of(
        submission_id="local",
        run_id="local",
        mode=mode,
        seed=seed,
        folder=folder,
        manifest=bundle.manifest,
        texts=texts_of(mode, seed, policy),
        policy=policy,
        gpus=borrow(profile_of(mode, policy)),
    )
    if score_fraction is not None:
        job = replace(job, schedule=replace(job.schedule, score_fraction=score_fraction))
    if world_size is not None:
        job = replace(job, world_size=world_size)
    write_private(folder / JOB, job.to_json())
    return job


def check_official(mode: Mode, policy: Policy) -> None:
    """Raise `RequirementsMissing` with all that an official run lacks on this host."""
    if lacking := missing(mode, policy):
        raise RequirementsMissing(lacking)


def describe(job: Job) -> dict[str, Any]:
    """What the model is, from a process of its own; see `evaluations.runner.describe`."""
    done = subprocess.run(_command("describe", job), cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise HostFault(done.stderr[-2000:] or "describe gave no report") from error
    return report


def start(job: Job) -> Evaluation:
    """Begin the scored run."""
    evaluation = Evaluation(job, iter(()))
    evaluation.lines = _progress(evaluation)
    return evaluation


def _progress(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    log = Path(evaluation.job.output_folder) / "referee.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            _command("run", evaluation.job), cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        assert process.stdout is not None
        try:
            for text in process.stdout:
                line = json.loads(text)
                if line["type"] == "error":
                    evaluation.fault = f"{line['code']}: {line['reason']}"
                yield line
            process.wait()
        finally:
            process.kill()  # the children die with their referee
            process.wait()
    if process.returncode not in (0, 1, 2):
        evaluation.fault = evaluation.fault or log.read_text(errors="replace")[-2000:]


def _command(verb: str, job: Job) -> list[str]:
    return [sys.executable, "-m", "evaluations.runner", verb, str(Path(job.output_folder) / JOB)]
