"""What the routes about submissions give, field by field."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from evaluations.api.quality_answers import QualityAccount
from evaluations.api.queue_answers import QueuePlace
from evaluations.checklist.claim import Claim, State, count, number, section
from evaluations.holding import Held
from evaluations.models import Event, Run, Submission


class SubmissionReceipt(BaseModel):
    """The answer to an upload; a repetition gets the receipt of the first."""

    id: UUID
    hotkey: str
    epoch: int
    status: str
    code_hash: str
    created_at: datetime

    @classmethod
    def of(cls, submission: Submission) -> Self:
        """The receipt of a stored submission."""
        return cls(
            id=submission.pk,
            hotkey=submission.hotkey,
            epoch=submission.epoch,
            status=submission.status,
            code_hash=submission.code_hash,
            created_at=submission.created_at,
        )


class Scores(BaseModel):
    """Every number of a score; null where this version does not measure it."""

    final_score: float | None = None
    bpb: float | None = None
    bpb_se: float | None = None
    bpb_sd: float | None = None
    seeds: list[int] = []
    heldout_delta: float | None = None
    q_arch: float | None = None
    q_recipe: float | None = None
    blend_score: float | None = None
    multiplier: float | None = None
    penalty: float | None = None

    @classmethod
    def of(cls, submission: Submission) -> Self | None:
        """The stored score of a submission read with score and quality; None before there is one."""
        score, quality = getattr(submission, "score", None), getattr(submission, "quality", None)
        if score is None:
            return None
        return cls(
            final_score=score.final_score,
            bpb=score.bpb,
            bpb_se=score.bpb_se,
            bpb_sd=score.bpb_sd,
            seeds=score.seeds,
            heldout_delta=score.heldout_delta,
            q_arch=quality.q_arch if quality else None,
            q_recipe=quality.q_recipe if quality else None,
            blend_score=score.blend_score,
            multiplier=score.multiplier,
            penalty=score.penalty,
        )


class SubmissionRow(BaseModel):
    """A submission in a list."""

    id: UUID
    hotkey: str
    name: str
    kind: str
    mode: str
    epoch: int
    status: str
    stage: str
    reason_code: str
    code_hash: str
    created_at: datetime
    updated_at: datetime
    scores: Scores | None

    @classmethod
    def of(cls, submission: Submission, **more: Any) -> Self:
        """A row read with its score; `more` for the fields that a subclass adds."""
        own = {name: getattr(submission, name) for name in SubmissionRow.model_fields if name != "scores"}
        return cls(**own, scores=Scores.of(submission), **more)


class SubmissionPage(BaseModel):
    """A page of submissions, newest first."""

    items: list[SubmissionRow]
    next_cursor: str | None


class StoppedBecause(BaseModel):
    """Why a submission has no score: `code` for machines, `reason` for people."""

    code: str
    reason: str


class HoldNotice(BaseModel):
    """Why a submission is held, by when an operator should have looked, and what each ending means."""

    kind: str
    summary: str
    due_at: datetime
    expires_at: datetime
    next: str

    @classmethod
    def of(cls, held: Held | None) -> Self | None:
        """The notice of what stops a submission, if anything does."""
        return cls(**vars(held), next=held.next) if held else None


class HookUse(BaseModel):
    """Whether a hook was there, how often it was called, and how long it took in all."""

    present: bool
    calls: int
    seconds: float


class ClaimRow(BaseModel):
    """What is claimed of a run, whether it holds, is suspicious, broken or unmeasured, and the figures."""

    key: str
    title: str
    state: State
    words: str
    figures: dict[str, Any]

    @classmethod
    def of(cls, claim: Claim) -> Self:
        """A line of the checklist."""
        return cls(**vars(claim))


class PackRow(BaseModel):
    """Bits per byte of a benchmark pack's gold answers, trained and untrained; `accuracy` is not scored."""

    pack: str
    bpb: float | None
    bpb_init: float | None
    accuracy: float | None
    items: int

    @classmethod
    def of(cls, pack: str, found: Mapping[str, Any]) -> Self:
        """One entry of a manifest's `heldout.benchmarks`."""
        numbers = {name: number(found.get(name)) for name in ("bpb", "bpb_init", "accuracy")}
        return cls(pack=pack, items=count(found.get("items")), **numbers)


class Heldout(BaseModel):
    """Bits per byte on secret text: trained, untrained, and on the text trained on last."""

    bpb: float
    bpb_init: float | None
    delta: float | None
    train_bpb: float | None
    gap: float | None
    bytes: int
    benchmarks: list[PackRow]

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Self | None:
        """The held-out figures of a manifest; None where there are none."""
        found = section(manifest.get("heldout"))
        numbers = {name: number(found.get(name)) for name in ("bpb_init", "delta", "train_bpb", "gap")}
        bpb, packs = number(found.get("bpb")), section(found.get("benchmarks"))
        rows = [PackRow.of(name, section(pack)) for name, pack in sorted(packs.items())]
        if bpb is None:
            return None
        return cls(bpb=bpb, bytes=count(found.get("bytes")), benchmarks=rows, **numbers)


class RunRow(BaseModel):
    """One run of a submission, that of one seed; `bpb` is null before it is scored."""

    id: UUID
    seed: int
    state: str
    verdict: str
    code: str
    bpb: float | None
    bpb_se: float | None
    finished_at: datetime | None

    @classmethod
    def of(cls, run: Run) -> Self:
        """A run as its manifest tells."""
        score = section((run.manifest or {}).get("score"))
        own = {name: getattr(run, name) for name in ("id", "seed", "state", "verdict", "code", "finished_at")}
        return cls(**own, bpb=number(score.get("bpb")), bpb_se=number(score.get("bpb_se")))


class LookRow(BaseModel):
    """What a look inside the model found after `stream_bytes` of text; `error` where it failed instead.

    Figures of the submitted code's own process, null where they could not be taken.
    """

    stream_bytes: int
    error: str | None = None
    loss: float | None = None
    gradient_norm: float | None = None
    gradient_noise: float | None = None
    activation_rms: float | None = None
    activation_max: float | None = None
    representation_rank: float | None = None
    representation_directions: float | None = None
    dead_units: float | None = None
    nonfinite_activations: float | None = None
    nonfinite_gradients: float | None = None

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """One look of a manifest; its modules are in the manifest alone."""
        error = found.get("error")
        named = set(cls.model_fields) - {"stream_bytes", "error"}
        return cls(
            stream_bytes=count(found.get("stream_bytes")),
            error=error if isinstance(error, str) else None,
            **{name: number(found.get(name)) for name in named},
        )


class SubmissionDetail(SubmissionRow):
    """Everything public about one submission; `family` is the architecture that it stands in, if any.

    `queue` is its place while it waits for its turn or is being evaluated.
    """

    tokenizer: str
    family: str | None
    variant: str | None
    runs: list[RunRow]
    hooks: dict[str, HookUse]
    claims: list[ClaimRow]
    heldout: Heldout | None
    diagnostics: list[LookRow]
    quality: QualityAccount | None
    error: StoppedBecause | None
    hold: HoldNotice | None
    queue: QueuePlace | None


class EventRow(BaseModel):
    """One line of the append-only history."""

    sequence: int
    at: datetime
    by: str
    verb: str
    status: str
    stage: str
    reason_code: str
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> Self:
        """One event."""
        return cls(**{name: getattr(event, name) for name in cls.model_fields})


class EventPage(BaseModel):
    """A page of events, oldest first."""

    items: list[EventRow]
    next_cursor: str | None


class DayCount(BaseModel):
    """How many submissions of one UTC day there are by now in each status."""

    day: date
    total: int
    by_status: dict[str, int]


class History(BaseModel):
    """Counts per UTC day, oldest first, days without a submission included."""

    days: list[DayCount]
