"""The describe review: the model is built and questioned behind the walls of a run, before it may queue."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluations.backends.prepare import BUNDLE, JOB, write_private
from evaluations.backends.processes import end_session
from evaluations.datasets.errors import DataError
from evaluations.enums import Mode
from evaluations.intake.bundle import Bundle
from evaluations.runner.graph.identity import UNKNOWN
from evaluations.runner.patience import BUSY
from prism_site.config import ROOT
from prism_site.policy.resolve import Policy
from reviews.describe.job import job_of
from reviews.describe.judge import findings_of
from reviews.ladder import Finding

HOST_FAULT = 3  # the runner's exit status where it could not do its part
WALL_SECONDS = 150.0  # after which the whole ends: torch read from a cold disk, and the model's own time
REPORT_CAP_BYTES = 1 << 20
FACTS = ("model", "step0_bpb", "step0", "causality", "seed_invariant", "anomalies", "sandbox")


class DescribeUnavailable(Exception):
    """This host could not describe the model; nothing is said about the submission, which waits."""

    code = "describe_unavailable"


@dataclass(frozen=True)
class Described:
    """What the description comes to; `facts` are null as far as it did not get."""

    findings: list[Finding]
    facts: dict[str, Any]
    identity: dict[str, Any]  # graph_hash, graph_source, graph, histogram
    verdict: str  # described, rejected or failed
    code: str
    traceback: str  # the submission's own, where its code raised
    seconds: float


def describe(bundle: Bundle, *, mode: Mode, policy: Policy) -> Described:
    """Build and question a bundle's model on the CPU within seconds.

    Raises:
        DescribeUnavailable: no walls, no tokenizer, no time: the host's fault.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="prism-describe-") as temporary:
        report = _report(bundle, Path(temporary), mode, policy)
    return Described(
        findings=findings_of(report),
        facts={name: report.get(name) for name in FACTS},
        identity=report.get("identity") or dict(UNKNOWN),
        verdict=str(report["verdict"]),
        code=str(report["code"]),
        traceback=str(report["traceback"]),
        seconds=round(time.monotonic() - began, 3),
    )


def _report(bundle: Bundle, folder: Path, mode: Mode, policy: Policy) -> dict[str, Any]:
    try:
        bundle.write_to(folder / BUNDLE)
        write_private(folder / JOB, job_of(bundle.manifest, folder, mode=mode, policy=policy).to_json())
    except (OSError, DataError) as error:
        raise DescribeUnavailable(f"{getattr(error, 'code', 'host_error')}: {error}") from error
    status, output = _run(folder)
    if status == HOST_FAULT:
        raise DescribeUnavailable(output[-2000:].decode(errors="replace"))
    try:
        report: dict[str, Any] = json.loads(output)
    except ValueError as error:
        raise DescribeUnavailable(f"the description ended with {status} and no report") from error
    if report["code"] == BUSY:
        raise DescribeUnavailable(report["reason"])
    return report


def _run(folder: Path) -> tuple[int, bytes]:
    """Exit status and output of the runner's description, in a session that ends with it."""
    command = [sys.executable, "-m", "evaluations.runner", "describe", str(folder / JOB)]
    with (folder / "report.json").open("w+b") as report, (folder / "describe.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=report, stderr=log, start_new_session=True)
        try:
            status = process.wait(WALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise DescribeUnavailable(f"no report within {WALL_SECONDS:g} s") from error
        finally:
            end_session(process.pid)
            process.wait()
        report.seek(0)
        return status, report.read(REPORT_CAP_BYTES)
