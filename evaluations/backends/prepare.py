"""Building the folder of an attempt: the bundle's files, the text, the frozen job."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from evaluations import gpu_leases
from evaluations.backends.folders import folder_of, mark
from evaluations.backends.kept_checkpoints import hand_over
from evaluations.backends.machine import limits_of, place_of, precision_of
from evaluations.backends.packs import packs_of
from evaluations.backends.streams import (
    early_reference,
    later_references,
    shared_heldout,
    shared_stream,
    yardsticks,
)
from evaluations.datasets.reference_tokenizers import NAMES, staged_tokenizer
from evaluations.datasets.stream import StreamFile
from evaluations.enums import Mode
from evaluations.gpu_profile import profile_of
from evaluations.intake.manifest import BundleManifest
from evaluations.models import Attempt, Run
from evaluations.run_files import files_of
from evaluations.runner.constants import TOLERANCE_NATS
from evaluations.runner.job import BundleSpec, Job, Schedule, StreamSpec
from prism_site.config import env, persistent_secret
from prism_site.policy.resolve import Policy
from prism_site.policy.schemas.modes import ModeTargets

JOB = "JOB.json"
BUNDLE = "bundle"
# Secret text that a run is measured on besides; a held-out figure only orders near-ties.
HELDOUT_BYTES = {Mode.LOCAL_CPU_SMOKE: 65_536, Mode.GPU_PROXY_EVAL: 4 << 20, Mode.FULL_SCALE_EVAL: 16 << 20}
DIAGNOSTIC_LOOKS = 8  # into the model, spread over the text of a run


@dataclass(frozen=True)
class Texts:
    """What a run reads, what it is measured on besides, and PPMd's code length at the chunk cuts."""

    stream: StreamFile
    heldout: StreamFile | None
    yardsticks: dict[str, list[float]]


def prepare(attempt: Attempt, policy: Policy) -> Path:
    """Make an attempt's folder ready to launch, store the run's yardsticks, return the folder.

    Raises:
        DataError: no data, a changed shard, a tokenizer that is not staged.
        BundleChanged, BaselineChanged: the files are not the accepted ones.
        GpusBusy: too few GPUs are free.
        OSError: the disk.
    """
    mark(attempt.label)
    run = attempt.run
    texts = texts_of(Mode(run.mode), run.seed, policy)
    Run.objects.filter(pk=run.pk).update(yardsticks=texts.yardsticks)
    folder = folder_of(attempt.label)
    folder.mkdir(parents=True)
    bundle = files_of(run)
    bundle.write_to(folder / BUNDLE)
    job = job_of(
        submission_id=run.subject,
        run_id=str(run.pk),
        mode=run.mode,
        seed=run.seed,
        folder=folder,
        manifest=bundle.manifest,
        texts=texts,
        policy=policy,
        gpus=gpu_leases.take(attempt, policy),
    )
    write_private(folder / JOB, job.to_json())
    if job.checkpoints:
        hand_over(attempt, folder)
    return folder


def texts_of(mode: Mode, seed: int, policy: Policy) -> Texts:
    """The texts of every run of a mode and seed, verified; an official run needs all of them whole."""
    targets = policy.execution_mode_targets.of(mode)
    stream = shared_stream(
        env().data_path,
        env().var_dir / "streams",
        order_seed=seed,
        byte_budget=targets.byte_budget,
        allow_short=not mode.is_official,
    )
    heldout = shared_heldout(
        env().val_data_path,
        env().var_dir / "heldout",
        order_seed=seed,
        byte_budget=HELDOUT_BYTES[mode],
        required=mode.is_official,
    )
    return Texts(stream, heldout, yardsticks(stream, schedule_of(targets)))


def schedule_of(targets: ModeTargets) -> Schedule:
    """How a mode cuts, shows and scores the text."""
    return Schedule(
        byte_budget=targets.byte_budget,
        chunk_first_bytes=targets.chunk_first_bytes,
        chunk_growth=targets.chunk_growth,
        chunk_max_bytes=targets.chunk_max_bytes,
        sequence_length=targets.sequence_length,
        score_fraction=targets.score_fraction,
        audit_fraction=targets.audit_fraction,
        audit_tolerance_nats=TOLERANCE_NATS[precision_of(targets)],
    )


def run_secret(mode: str, manifest_sha256: str, order_seed: int) -> str:
    """Hex key of a run's secret draws: the same for every submission of a mode on the same text.

    Nothing of the submission goes in, so that all are scored on the same windows.
    """
    message = f"run:{mode}:{manifest_sha256}:{order_seed}".encode()
    return hmac.new(persistent_secret("run_secret").encode(), message, hashlib.sha256).hexdigest()


def job_of(
    *,
    submission_id: str,
    run_id: str,
    mode: str,
    seed: int,
    folder: Path,
    manifest: BundleManifest,
    texts: Texts,
    policy: Policy,
    gpus: tuple[str, ...],
) -> Job:
    """The frozen specification of one run whose bundle lies in `folder`/bundle, on GPUs that it was lent."""
    targets, stream = policy.execution_mode_targets.of(mode), texts.stream
    place = place_of(profile_of(Mode(mode), policy), gpus)
    return Job(
        submission_id=submission_id,
        run_id=run_id,
        mode=mode,
        seed=seed,
        bundle=bundle_spec(manifest, folder / BUNDLE),
        stream=_stream_spec(stream),
        heldout=_stream_spec(texts.heldout) if texts.heldout else None,
        packs=packs_of(Mode(mode), policy) if texts.heldout else (),
        early_reference=early_reference(texts.yardsticks),
        later_references=later_references(texts.yardsticks),
        output_folder=str(folder),
        run_secret=run_secret(mode, stream.manifest_sha256, stream.order_seed),
        schedule=schedule_of(targets),
        limits=limits_of(targets, policy),
        device=place.device,
        precision=place.precision,
        gpus=place.gpus,
        world_size=place.world_size,
        checkpoints=targets.checkpoints,
        diagnostics=DIAGNOSTIC_LOOKS,
        graph=Mode(mode).is_official,
        reference_tokenizers=reference_tokenizers(manifest.tokenizer),
        sandbox=env().sandbox,
    )


def bundle_spec(manifest: BundleManifest, folder: Path) -> BundleSpec:
    """Where a bundle's files lie, and which of them play which part."""
    return BundleSpec(
        folder=str(folder),
        architecture=manifest.architecture.entrypoint,
        training=None if manifest.kind == "architecture_only" else manifest.training.entrypoint,
        tokenizer=manifest.tokenizer,
    )


def _stream_spec(stream: StreamFile) -> StreamSpec:
    return StreamSpec(
        path=str(stream.path),
        sha256=stream.sha256,
        bytes=stream.bytes,
        source=stream.source,
        revision=stream.revision,
        manifest_sha256=stream.manifest_sha256,
        order_seed=stream.order_seed,
    )


def reference_tokenizers(declared: str) -> dict[str, str]:
    """The verified file of a staged tokenizer by its name; raises `DataError`."""
    return {declared: str(staged_tokenizer(declared, env().data_path))} if declared in NAMES else {}


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read: a job holds the run secret."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
