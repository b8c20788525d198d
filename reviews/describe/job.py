"""The job of a description: a run's bundle, limits and schedule, and no text."""

from pathlib import Path

from evaluations.backends.prepare import BUNDLE, bundle_spec, reference_tokenizers, schedule_of
from evaluations.enums import Mode
from evaluations.intake.manifest import BundleManifest
from evaluations.runner.job import Job, Limits, StreamSpec
from prism_site.config import env
from prism_site.policy.resolve import Policy

NO_STREAM = StreamSpec(path="", sha256="", bytes=0, source="", revision="", manifest_sha256="", order_seed=0)


def job_of(manifest: BundleManifest, folder: Path, *, mode: Mode, policy: Policy) -> Job:
    """The job of a bundle that lies in `folder`/bundle; raises `DataError` for a tokenizer not staged."""
    targets = policy.execution_mode_targets.of(mode)
    return Job(
        submission_id="described",
        run_id="described",
        mode=mode,
        seed=targets.seeds[0],
        bundle=bundle_spec(manifest, folder / BUNDLE),
        stream=NO_STREAM,
        output_folder=str(folder),
        run_secret="",
        schedule=schedule_of(targets),
        graph=True,
        limits=Limits(max_parameters=env().max_parameters, max_layers=env().max_layers),
        reference_tokenizers=reference_tokenizers(manifest.tokenizer),
        sandbox=env().sandbox,
    )
