"""`python -m evaluations.runner describe BUNDLE`, `run JOB.json` and `heldout JOB.json`.

Exit status: 0 scored, described or measured, 1 rejected, 2 failed, 3 the host's own fault (no manifest).
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from evaluations.runner import describe, remeasure, session
from evaluations.runner.job import BundleSpec, Job, JobInvalid, StreamSpec
from evaluations.runner.packs import PackChanged
from evaluations.runner.sandbox.errors import SandboxUnavailable

EXIT_STATUS = {"scored": 0, "described": 0, "measured": 0, "rejected": 1, "failed": 2}
HOST_FAULT = 3
HOST_FAULTS = (
    JobInvalid,
    remeasure.NotFinished,
    session.StreamChanged,
    PackChanged,
    SandboxUnavailable,
    OSError,
)
NO_STREAM = StreamSpec(path="", sha256="", bytes=0, source="", revision="", manifest_sha256="", order_seed=0)


def main(argv: list[str]) -> int:
    """Parse the command line and carry it out; one JSON line of progress per chunk goes to stdout."""
    options = _parser().parse_args(argv)
    try:
        return int(options.command(options))
    except HOST_FAULTS as error:
        _emit({"type": "error", "code": getattr(error, "code", "host_error"), "reason": str(error)})
        return HOST_FAULT


def _run(options: argparse.Namespace) -> int:
    manifest = session.run(Job.read(options.job), _emit)
    return EXIT_STATUS[manifest.verdict]


def _heldout(options: argparse.Namespace) -> int:
    report = remeasure.measure_again(Job.read(options.job))
    print(json.dumps(report, indent=1))
    return EXIT_STATUS[report["verdict"]]


def _describe(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="prism-describe-") as folder:
        report = describe.describe(_described_job(options, folder))
    print(json.dumps(report, indent=1))
    return EXIT_STATUS[report["verdict"]]


def _described_job(options: argparse.Namespace, output: str) -> Job:
    if options.bundle.is_file():
        return Job.read(options.bundle)
    bundle = BundleSpec(
        folder=str(options.bundle.resolve()),
        architecture=options.architecture,
        training=options.training if (options.bundle / options.training).is_file() else None,
        tokenizer=options.tokenizer,
    )
    return Job(
        submission_id="",
        run_id="",
        mode="local_cpu_smoke",
        seed=options.seed,
        bundle=bundle,
        stream=NO_STREAM,
        output_folder=output,
        run_secret="",
        sandbox=options.sandbox,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evaluations.runner", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="one scored run")
    run.add_argument("job", type=Path, help="JOB.json")
    run.set_defaults(command=_run)
    heldout = commands.add_parser("heldout", help="measure a finished run on held-out text again")
    heldout.add_argument("job", type=Path, help="JOB.json, its folder as the run left it")
    heldout.set_defaults(command=_heldout)
    desc = commands.add_parser("describe", help="build, weigh and question a model without training it")
    desc.add_argument("bundle", type=Path, help="a bundle's folder, or the JOB.json of a run")
    desc.add_argument("--architecture", default="architecture.py", help="entrypoint in the folder")
    desc.add_argument("--training", default="training.py", help="entrypoint in the folder, if it exists")
    desc.add_argument("--tokenizer", default="bytes", help="bytes, or a tokenizer.json in the folder")
    desc.add_argument("--seed", type=int, default=1337)
    desc.add_argument("--sandbox", choices=("required", "off"), default="required")
    desc.set_defaults(command=_describe)
    return parser


def _emit(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
