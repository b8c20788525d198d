"""Valid rows of every state, made by the verbs that make them in production."""

import hashlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import base58
from django.utils import timezone

from evaluations import attempts, transitions
from evaluations.claims import claim
from evaluations.enums import Kind, Mode, Stage
from evaluations.epochs import epoch_of
from evaluations.intake.bundle import pack
from evaluations.models import Attempt, CurvePoint, Identity, Run, StoredBundle, Submission
from evaluations.runner.manifest import RunManifest, validate
from prism_site import pipeline
from scoring.models import Score

BY = "system:pipeline"
BYTE_BUDGET = 524_288
_numbers: Iterator[int] = itertools.count(1)

TRACEBACK = """Traceback (most recent call last):
  File "training.py", line 9, in train
ValueError: <b>hidden</b> sizes differ"""

AUDIT: dict[str, Any] = {
    "fraction": 0.1,
    "tolerance_nats": 0.001,
    "windows": 72,
    "positions": 9_137,
    "boundaries": 36,
    "boundary_bpb": 3.081,
    "boundary_se": 0.22,
    "z": -0.4,
    "max_abs_logp_diff": 0.0,
    "violations": [],
}
WALLS: dict[str, Any] = {
    "mode": "required",
    "layers": ["limits", "landlock", "seccomp"],
    "abi": 7,
    "checks": {"read memory of parent": True, "unix socket": True},
}
INTEGRITY: dict[str, Any] = {
    "tokenizer": "bytes",
    "sandbox": {"learner": WALLS, "predictor": WALLS, "auditor": WALLS},
    "lossless": True,
    "step0": {"bpb": 8.02, "limit": 4.0, "ok": True},
    "early_vs_ppmd": {
        "bytes": 69_041, "bpb": 3.4, "ppmd_bpb": 2.6, "ratio": 1.3077, "limit": 0.7, "ok": True
    },
    "later_vs_ppmd": [
        {
            "start": 69_041, "bytes": 131_072,
            "bpb": 2.9, "ppmd_bpb": 2.3, "ratio": 1.26, "limit": 0.7, "ok": True
        },
    ],
    "seed_invariant": [],
    "permuted": True,
    "anomalies": [],
}  # fmt: skip
HELDOUT: dict[str, Any] = {
    "bpb": 2.91,
    "bpb_init": 8.03,
    "delta": 5.12,
    "train_bpb": 2.44,
    "gap": 0.47,
    "bytes": 65_536,
    "train_bytes": 65_536,
}

FILES: dict[str, bytes] = {
    "architecture.py": b"def build_model(ctx):\n    raise NotImplementedError\n",
    "training.py": b"def train(ctx):\n    pass\n",
}


def make_hotkey(seed: int | str) -> str:
    """A well-formed ss58 address of network 42; the same seed gives the same one."""
    payload = bytes([42]) + hashlib.sha256(str(seed).encode()).digest()
    checksum = hashlib.blake2b(b"SS58PRE" + payload).digest()[:2]
    return base58.b58encode(payload + checksum).decode()


def make_submission(
    *,
    hotkey: str | None = None,
    name: str = "",
    mode: Mode = Mode.LOCAL_CPU_SMOKE,
    stage: Stage = Stage.RECEIVED,
    epoch_seconds: int = 21_600,
) -> Submission:
    """An accepted submission with its bundle, taken on to `received`, `review` or `queued`."""
    number = next(_numbers)
    submission = transitions.receive(
        Submission(
            hotkey=hotkey or make_hotkey(number),
            name=name or f"submission {number}",
            kind=Kind.FULL,
            mode=mode,
            tokenizer="bytes",
            code_hash=hashlib.sha256(f"{number}".encode()).hexdigest(),
            epoch=epoch_of(timezone.now(), epoch_seconds),
        ),
        by=BY,
    )
    listing = [
        {"name": path, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
        for path, raw in sorted(FILES.items())
    ]
    StoredBundle.objects.create(submission=submission, archive=pack(FILES), manifest={}, files=listing)
    if stage != Stage.RECEIVED:
        make_identity(submission)
        submission = transitions.begin_review(submission.pk, by=BY)
    if stage == Stage.QUEUED:
        submission = transitions.enqueue(submission.pk, by=BY)
    return submission


def make_identity(submission: Submission, **hashes: Any) -> Identity:
    """What a submission is made of, like no other unless hashes are given."""
    own = hashlib.sha256(str(submission.pk).encode()).hexdigest()
    values = {"architecture_hash": own, "training_hash": own, "graph_hash": own, "graph_source": "export"}
    values |= {"histogram": {own[:16]: 3, own[16:32]: 2}, "created_at": timezone.now()}
    return Identity.objects.create(submission=submission, **{**values, **hashes})


def make_refused(*, reason_code: str = "zip_malformed", reason: str = "The ZIP ends early.") -> Submission:
    """A submission whose bundle could not be read."""
    number = next(_numbers)
    submission = Submission(
        hotkey=make_hotkey(number),
        kind=Kind.FULL,
        mode=Mode.LOCAL_CPU_SMOKE,
        code_hash=hashlib.sha256(f"refused {number}".encode()).hexdigest(),
        epoch=epoch_of(timezone.now(), 21_600),
    )
    return transitions.refuse(submission, by=BY, reason_code=reason_code, reason=reason)


def make_run(submission: Submission, *, seed: int = 1337) -> Run:
    """The run that a queued submission needs, with its yardsticks."""
    cuts = chunk_ends()
    ppmd = [2.35 * count + 4.2 * 6000 * (1 - math.exp(-count / 6000)) for count in cuts]
    return Run.objects.create(
        submission=submission,
        mode=submission.mode,
        seed=seed,
        yardsticks={"bytes": cuts, "ppmd_bits": ppmd},
        created_at=timezone.now(),
    )


def start(run: Run, *, host: str = "host-1") -> Attempt:
    """Claim the run; raises if another one is older."""
    attempt = claim(host=host, backend="local", modes=[Mode(run.mode)], policy_row_ids={})
    if attempt is None or attempt.run_id != run.pk:
        raise AssertionError("another run was first in the queue")
    attempts.renew(attempt, handle={"pid": 1})
    return attempt


def make_points(attempt: Attempt, count: int, *, ease: float = 1.0, first: int = 0) -> list[CurvePoint]:
    """Chunks `first` to `first + count - 1` of a plausible curve; a larger `ease` learns faster."""
    points = _all_points(attempt, ease)[first : first + count]
    created = CurvePoint.objects.bulk_create(points)
    Attempt.objects.filter(pk=attempt.pk).update(lines_ingested=first + count)
    return created


def make_evaluating(*, points: int = 12, ease: float = 1.0, **submission: Any) -> Attempt:
    """A submission in the middle of its run."""
    attempt = start(make_run(make_submission(stage=Stage.QUEUED, **submission)))
    make_points(attempt, points, ease=ease)
    return attempt


def finish(
    attempt: Attempt, *, verdict: str = "scored", code: str = "", reason: str = "", traceback: str = ""
) -> None:
    """Take a manifest that agrees with the attempt's points."""
    made = manifest_of(attempt, verdict=verdict, code=code, reason=reason, traceback=traceback)
    validate(made)
    if not attempts.finish(attempt, manifest=made, exit_code=0):
        raise AssertionError("the attempt was over already")


def lose(attempt: Attempt) -> None:
    """The infrastructure loses the attempt; its run waits for the next."""
    if not attempts.lose(attempt, reason="job_gone"):
        raise AssertionError("the attempt was over already")


def make_completed(*, ease: float = 1.0, **submission: Any) -> Score:
    """A submission with a score, a manifest and a whole curve."""
    attempt = make_evaluating(points=len(chunk_ends()), ease=ease, **submission)
    finish(attempt)
    pipeline.advance(str(attempt.run.submission_id))
    return Score.objects.get(pk=attempt.run.submission_id)


def make_failed(*, points: int = 7, **submission: Any) -> Submission:
    """A submission whose training code raised."""
    attempt = make_evaluating(points=points, **submission)
    reason = "train() raised ValueError."
    finish(attempt, verdict="failed", code="learner_raised", reason=reason, traceback=TRACEBACK)
    return Submission.objects.get(pk=attempt.run.submission_id)


def make_held(**submission: Any) -> Submission:
    """A submission whose run the infrastructure lost too often."""
    submission_id = make_submission(stage=Stage.QUEUED, **submission).pk
    run = make_run(Submission.objects.get(pk=submission_id))
    for _ in range(attempts.ALLOWED_ATTEMPTS):
        lose(start(run))
    return Submission.objects.get(pk=submission_id)


def chunk_ends() -> list[int]:
    """The smoke mode's schedule: 4 KiB, growing by 1.1 to 64 KiB, until the budget is spent."""
    ends, size = [0], 4096.0
    while ends[-1] < BYTE_BUDGET:
        ends.append(min(BYTE_BUDGET, ends[-1] + int(size)))
        size = min(65_536.0, size * 1.1)
    return ends[1:]


def _all_points(attempt: Attempt, ease: float) -> list[CurvePoint]:
    points, bits, start_byte = [], 0.0, 0
    for index, end in enumerate(chunk_ends()):
        middle = (start_byte + end) / 2
        bpb = 8.02 if index == 0 else 2.1 + 5.9 * (1 + ease * middle / 9000) ** -0.55
        chunk_bits = (bpb + 0.05 * math.sin(7.0 * index)) * (end - start_byte)
        bits += chunk_bits
        points.append(
            CurvePoint(
                attempt=attempt,
                index=index,
                stream_bytes=end,
                bits=bits,
                chunk_bytes=end - start_byte,
                chunk_bits=chunk_bits,
                tokens=end,
                seconds=0.4 + end / 4000,
            )
        )
        start_byte = end
    return points


def manifest_of(
    attempt: Attempt, *, verdict: str = "scored", code: str = "", reason: str = "", traceback: str = ""
) -> dict[str, Any]:
    """What the referee would write about the points of an attempt."""
    points = list(attempt.points.order_by("index"))
    scored = verdict == "scored"
    curve: dict[str, list[float]] = {
        "bytes": [point.stream_bytes for point in points],
        "bits": [point.bits for point in points],
        "bpb": [point.bits / point.stream_bytes for point in points],
    }
    score = {
        "bpb": curve["bpb"][-1] if points else None,
        "bpb_se": 0.0041,
        "bits": curve["bits"][-1] if points else None,
        "bytes": curve["bytes"][-1] if points else None,
        "final_score": None,
        "multiplier": 1.0,
        "step0_bpb": 8.02,
        "score_fraction": 0.25,
    }
    return asdict(
        RunManifest(
            schema_version="prism_run_manifest.v2",
            submission_id=attempt.run.subject,
            run_id=str(attempt.run_id),
            mode=attempt.run.mode,
            verdict=verdict,
            code=code,
            reason=reason,
            traceback=traceback,
            score=score if scored else None,
            curve=curve if points else None,
            audit=AUDIT if points else None,
            integrity=INTEGRITY,
            heldout=HELDOUT if scored else None,
            model={
                "parameters": 1_317_120,
                "body_parameters": 1_185_792,
                "layers": 4,
                "flops_per_token": 2_634_240,
                "graph_hash": None,
                "architecture_hash": "a" * 64,
                "manifest_sha256": "b" * 64,
            },
            training={
                "style": "hooks",
                "hooks": {
                    "configure_optimizer": {"present": True, "calls": 1, "seconds": 0.002},
                    "compute_loss": {"present": True, "calls": 1412, "seconds": 61.3},
                    "infer": {"present": False, "calls": 0, "seconds": 0.0},
                },
                "learner_seconds": 96.2,
                "commits": len(points),
                "stopped_reason": "end_of_stream",
            },
            data={
                "source": "python-docs",
                "revision": "cpython-3.11",
                "manifest_sha256": "c" * 64,
                "stream_sha256": "e" * 64,
                "order_seed": 1337,
                "bytes": BYTE_BUDGET,
            },
            run={
                "seed": attempt.run.seed,
                "device": "cpu",
                "precision": "float32",
                "world_size": 1,
                "torch": "2.13.0",
                "backend": "local",
                "sandbox": "required",
                "started_at": timezone.now().isoformat(),
                "wall_seconds": 131.4,
                "peak_memory_bytes": 612_000_000,
                "constants_sha256": "d" * 64,
            },
        )
    )
