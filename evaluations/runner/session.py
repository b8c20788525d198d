"""One run from job to manifest: whatever happens to the submission, a manifest says so."""

import hashlib
import importlib.metadata
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluations.runner import constants, outputs, tokenizers
from evaluations.runner.job import Job
from evaluations.runner.manifest import RunManifest
from evaluations.runner.processes import guard_referee
from evaluations.runner.referee import Emit, Referee
from evaluations.runner.stopped import Stopped

PEAK_UNIT_BYTES = 1024  # of ru_maxrss on Linux


class StreamChanged(Exception):
    """The text is not the text that was locked; the host's fault, never the miner's."""

    code = "data_stream_changed"


def run(job: Job, emit: Emit) -> RunManifest:
    """Carry out a job; manifest, curve and weights go into its folder. Raises only for the host's faults."""
    guard_referee()
    folder, began, started_at = Path(job.output_folder), time.monotonic(), datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    data = verified_text(job)
    emit({"type": "started", "protocol": constants.PROTOCOL, "mode": job.mode, "seed": job.seed})
    referee, stopped = None, None
    try:
        referee = Referee(job, data, tokenizers.declared(job), emit)
        referee.play()
    except Stopped as end:
        stopped = end
    except tokenizers.TokenizerInvalid as error:
        stopped = Stopped("failed", error.code, str(error))
    except tokenizers.TokenizerNotLossless as error:
        stopped = Stopped("rejected", error.code, str(error))
    if referee is not None:
        _write_arrays(folder, referee)
    facts = _run_section(job, started_at.isoformat(), time.monotonic() - began)
    manifest = _manifest(job, referee, stopped, facts, len(data))
    manifest.write(folder)
    emit({"type": "done", "verdict": manifest.verdict, "code": manifest.code})
    return manifest


def verified_text(job: Job) -> bytes:
    """The locked text, if it is the one that the job names."""
    data = Path(job.stream.path).read_bytes()
    if hashlib.sha256(data).hexdigest() != job.stream.sha256 or not data:
        raise StreamChanged(f"{Path(job.stream.path).name} is not the stream that was locked")
    return data


def _write_arrays(folder: Path, referee: Referee) -> None:
    if referee.ledger.lines:
        outputs.write_curve(folder, referee.ledger)
    if referee.weights is not None and referee.commits:
        outputs.write_weights(folder, *referee.weights)


def _manifest(
    job: Job, referee: Referee | None, stopped: Stopped | None, facts: dict[str, Any], data_bytes: int
) -> RunManifest:
    scored = referee is not None and stopped is None
    begun = referee is not None and bool(referee.ledger.lines)
    return RunManifest(
        schema_version=constants.MANIFEST_SCHEMA,
        submission_id=job.submission_id,
        run_id=job.run_id,
        mode=job.mode,
        verdict="scored" if stopped is None else stopped.verdict,
        code="scored" if stopped is None else stopped.code,
        reason="" if stopped is None else stopped.reason,
        traceback="" if stopped is None else stopped.traceback,
        score=referee.ledger.score(job.schedule.score_fraction) if referee and scored else None,
        curve=referee.ledger.curve() if referee and begun else None,
        audit=None,
        integrity=_integrity(job, referee, stopped),
        heldout=None,
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
        run=facts,
    )


def _integrity(job: Job, referee: Referee | None, stopped: Stopped | None) -> dict[str, Any]:
    """The claims that this run proved: every scored chunk was encoded and decoded to the same bytes."""
    lossless = None if referee is None else stopped is None
    if stopped is not None and stopped.code == tokenizers.TokenizerNotLossless.code:
        lossless = False
    first = referee.ledger.lines[0] if referee and referee.ledger.lines else None
    return {
        "tokenizer": job.bundle.tokenizer,
        "sandbox": referee.sandbox if referee else None,
        "lossless": lossless,
        "step0": {"bpb": first.bits / first.stream_bytes} if first else None,
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
