"""One run from job to manifest: whatever happens to the submission, a manifest says so."""

import hashlib
import importlib.metadata
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluations.runner import anomalies, constants, outputs, packs, tokenizers
from evaluations.runner.checkpoint_store import CheckpointDamaged, CheckpointForeign, Store
from evaluations.runner.heldout import Heldout
from evaluations.runner.job import Job, StreamSpec
from evaluations.runner.job_identity import identity_of
from evaluations.runner.kept_files import FilesRefused
from evaluations.runner.manifest import RunManifest
from evaluations.runner.orders import CHECKPOINTS
from evaluations.runner.processes import guard_referee
from evaluations.runner.referee import Emit, Referee
from evaluations.runner.resumption import CannotResume
from evaluations.runner.sandbox import removal
from evaluations.runner.stopped import Stopped

PEAK_UNIT_BYTES = 1024  # of ru_maxrss on Linux


class StreamChanged(Exception):
    """The text is not the text that was locked; the host's fault, never the miner's."""

    code = "data_stream_changed"


@dataclass
class Outcome:
    """What a run has come to so far."""

    referee: Referee | None = None
    heldout: dict[str, Any] | None = None
    stopped: Stopped | None = None
    store: Store | None = None
    began_anew: str | None = None  # why a checkpoint was not gone on from, where there was one


def run(job: Job, emit: Emit) -> RunManifest:
    """Carry out a job; manifest, curve and weights go into its folder. Raises only for the host's faults."""
    guard_referee()
    folder, began, started_at = Path(job.output_folder), time.monotonic(), datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    data = verified_text(job.stream)
    val = verified_text(job.heldout) if job.heldout else None
    staged = packs.read_all(job)
    emit({"type": "started", "protocol": constants.PROTOCOL, "mode": job.mode, "seed": job.seed})
    outcome = Outcome()
    outcome.stopped = stopped_by(lambda: _play(job, data, val, staged, emit, outcome))
    facts = _run_section(job, started_at.isoformat(), time.monotonic() - began)
    manifest = _manifest(job, outcome, facts, len(data))
    manifest.write(folder)
    if outcome.store is not None:
        outcome.store.forget()
    emit({"type": "done", "verdict": manifest.verdict, "code": manifest.code})
    return manifest


def verified_text(spec: StreamSpec) -> bytes:
    """The locked text, if it is the one that the job names."""
    data = Path(spec.path).read_bytes()
    if hashlib.sha256(data).hexdigest() != spec.sha256 or not data:
        raise StreamChanged(f"{Path(spec.path).name} is not the stream that was locked")
    return data


def stopped_by(part: Callable[[], None]) -> Stopped | None:
    """Carry out a part of a run; how the submission ended it before its time, or None."""
    try:
        part()
    except Stopped as end:
        return end
    except tokenizers.TokenizerInvalid as error:
        return Stopped("failed", error.code, str(error))
    except tokenizers.TokenizerNotLossless as error:
        return Stopped("rejected", error.code, str(error))
    return None


def _play(
    job: Job, data: bytes, val: bytes | None, staged: list[packs.Pack], emit: Emit, outcome: Outcome
) -> None:
    """The scored run; then, when the learner is dead, the held-out measurement of what it left."""
    referee = _scored(job, data, emit, outcome)
    if val is not None:
        heldout = Heldout(job, referee.encoding, referee.chunks, staged)
        outcome.heldout = heldout.measure(val, referee.commits)
        emit({"type": "heldout", **outcome.heldout})


def _scored(job: Job, data: bytes, emit: Emit, outcome: Outcome) -> Referee:
    """Go on where a checkpoint lies that holds what it promises; else, and where none lies, begin anew."""
    outcome.store = store = Store(job, identity_of(job))
    coder = tokenizers.declared(job)
    try:
        saved = store.find()
        outcome.referee = referee = Referee(job, data, coder, emit, store, saved)
        with _arrays_written(referee):
            _go_on(referee) if saved else referee.play()
    except (CannotResume, CheckpointDamaged, CheckpointForeign, FilesRefused) as error:
        emit({"type": "anew", "code": error.code, "reason": str(error)})
        outcome.began_anew = error.code
        _forget_all(store, Path(job.output_folder))
        outcome.referee = referee = Referee(job, data, coder, emit, store)
        with _arrays_written(referee):
            referee.play()
    return referee


def _go_on(referee: Referee) -> None:
    """What goes wrong before a run has done again what it had done is no fault of the submission."""
    try:
        referee.play()
    except Stopped as end:
        referee.keeper.ended(end.code)
        raise


def _forget_all(store: Store, output: Path) -> None:
    """Nothing of a learner that had seen text is left for the one that begins anew."""
    store.forget()
    for folder in (output / "artifacts", output / CHECKPOINTS):
        removal.empty(folder)


@contextmanager
def _arrays_written(referee: Referee) -> Iterator[None]:
    """However the block ends, its curve and weights are written, where they count."""
    try:
        yield
    finally:
        if not referee.keeper.unproved:
            _write_arrays(Path(referee.job.output_folder), referee)


def _write_arrays(folder: Path, referee: Referee) -> None:
    if referee.ledger.lines:
        outputs.write_curve(folder, referee.ledger)
    if referee.weights is not None and referee.commits:
        outputs.write_weights(folder, *referee.weights)


def _manifest(job: Job, outcome: Outcome, facts: dict[str, Any], data_bytes: int) -> RunManifest:
    referee, stopped = outcome.referee, outcome.stopped
    begun = referee is not None and bool(referee.ledger.lines)
    integrity = _integrity(job, referee, stopped)
    return RunManifest(
        schema_version=constants.MANIFEST_SCHEMA,
        submission_id=job.submission_id,
        run_id=job.run_id,
        mode=job.mode,
        verdict="scored" if stopped is None else stopped.verdict,
        code="scored" if stopped is None else stopped.code,
        reason="" if stopped is None else stopped.reason,
        traceback="" if stopped is None else stopped.traceback,
        score=_score(job, referee, integrity) if referee and stopped is None else None,
        curve=referee.ledger.curve() if referee and begun else None,
        audit=referee.audit if referee else None,
        integrity=integrity,
        heldout=outcome.heldout,
        model=referee.model if referee else None,
        training=referee.training if referee else None,
        data={
            "source": job.stream.source,
            "revision": job.stream.revision,
            "manifest_sha256": job.stream.manifest_sha256,
            "stream_sha256": job.stream.sha256,
            "order_seed": job.stream.order_seed,
            "bytes": data_bytes,
        },
        run=facts
        | {
            "memory": referee.memory if referee else {},
            "checkpoints": referee.keeper.section() if referee else None,
            "resumed": referee.keeper.resumed() if referee else None,
            "began_anew": outcome.began_anew,
            "artifacts": [constants.MANIFEST_NAME, *outputs.present(Path(job.output_folder))],
        },
        diagnostics=referee.diagnostics if referee else [],
    )


def _score(job: Job, referee: Referee, integrity: dict[str, Any]) -> dict[str, Any]:
    """The `score` section; an anomaly makes it worth nothing until an operator has looked at it."""
    multiplier = 0.0 if integrity["anomalies"] else 1.0
    return {**referee.ledger.score(job.schedule.score_fraction), "multiplier": multiplier}


def _integrity(job: Job, referee: Referee | None, stopped: Stopped | None) -> dict[str, Any]:
    """The claims that this run proved, each with its figures."""
    lossy = stopped is not None and stopped.code == tokenizers.TokenizerNotLossless.code
    lossless = True if stopped is None else False if lossy else None
    lines = referee.ledger.lines if referee else []
    step0 = anomalies.step0(lines[0], referee.encoding.vocab_size) if referee and lines else None
    early = anomalies.early_vs_ppmd(lines, job.early_reference)
    later = anomalies.later_vs_ppmd(lines, job.early_reference, job.later_references)
    seed_invariant = referee.seed_invariant if referee else None
    return {
        "tokenizer": job.bundle.tokenizer,
        "sandbox": referee.sandbox if referee else None,
        "lossless": lossless,
        "step0": step0,
        "early_vs_ppmd": early,
        "later_vs_ppmd": later,
        "seed_invariant": seed_invariant,
        "permuted": referee is not None,
        "anomalies": anomalies.found(step0, early, later, seed_invariant or []),
    }


def _run_section(job: Job, started_at: str, wall_seconds: float) -> dict[str, Any]:
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "seed": job.seed,
        "device": job.device,
        "precision": job.precision,
        "world_size": job.world_size,
        "torch": importlib.metadata.version("torch"),
        "backend": job.backend,
        "sandbox": job.sandbox,
        "protocol": constants.PROTOCOL,
        "constants_sha256": constants.fingerprint(),
        "started_at": started_at,
        "wall_seconds": round(wall_seconds, 3),
        "peak_memory_bytes": peak * PEAK_UNIT_BYTES,
    }
