"""Everything that the page of one submission shows, read in a constant number of queries."""

from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from django.http import Http404

from evaluations.checklist.claim import Claim, number, section
from evaluations.checklist.listing import checklist
from evaluations.enums import Mode, Stage, Status
from evaluations.holding import held
from evaluations.models import Attempt, CurvePoint, Run, StoredBundle, Submission
from evaluations.queue_place import Place, place_of
from evaluations.runner.codelength import bits_per_byte
from evaluations.views import facts
from evaluations.views.advice import Advice, advice_on
from evaluations.views.looks import Looks, looks
from evaluations.views.words import Line, Words, describe, timeline
from prism_site.policy.resolve import resolve_policy


@dataclass(frozen=True)
class Progress:
    """How far the newest attempt has come."""

    stream_bytes: int
    bpb: float
    total_bytes: int | None

    @property
    def percent(self) -> float | None:
        """How much of the text has been read, 0 to 100."""
        return 100 * self.stream_bytes / self.total_bytes if self.total_bytes else None


@dataclass(frozen=True)
class RunLine:
    """One run, that of one seed, as far as it has come."""

    run: Run
    bpb: float | None
    bpb_se: float | None

    @classmethod
    def of(cls, run: Run) -> Self:
        """A run as its manifest tells."""
        score = section((run.manifest or {}).get("score"))
        return cls(run, number(score.get("bpb")), number(score.get("bpb_se")))


@dataclass(frozen=True)
class Moving:
    """What changes while a submission is on its way."""

    submission: Submission
    words: Words
    timeline: list[Line]
    run: Run | None
    runs: list[RunLine]  # one per seed
    attempt: Attempt | None
    progress: Progress | None
    traceback: str  # of the submitted code, where it raised
    place: Place | None = None  # in the queue; none once it has left it
    score: Any = None  # a `scoring.models.Score`; this room only shows it
    fact_groups: list[facts.Group] = field(default_factory=list)
    hooks: list[dict[str, Any]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    looks: Looks | None = None

    @property
    def mode(self) -> Mode:
        """How large a run this is."""
        return Mode(self.submission.mode)

    @property
    def ppmd_bpb(self) -> float | None:
        """What PPMd needs for the same text, in bits per byte."""
        known = self.run.yardsticks if self.run else {}
        if not known.get("ppmd_bits"):
            return None
        return bits_per_byte(known["ppmd_bits"][-1], known["bytes"][-1])

    @property
    def broken(self) -> list[Claim]:
        """What its run was found not to keep: the evidence of a rejection."""
        return [claim for claim in self.claims if claim.state == "broken"]

    @property
    def advice(self) -> Advice | None:
        """What its owner can do, where it was stopped for good."""
        if self.submission.status not in {Status.REJECTED, Status.FAILED}:
            return None
        verbs = {line.event.verb for line in self.timeline}
        came = {"was_read": "begin_review" in verbs, "was_run": "begin_evaluation" in verbs}
        return advice_on(self.submission.reason_code, **came)

    @property
    def may_have_run(self) -> bool:
        """Whether there is, or may come, a curve and what the training code printed."""
        return self.attempt is not None or not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether nothing further happens by itself."""
        return self.submission.stage == Stage.DONE


def moving(submission_id: UUID) -> Moving:
    """The moving parts of a submission; raises `Http404` for an unknown one."""
    submission = (
        Submission.objects.select_related("score", "identity", "attribution__family")
        .filter(pk=submission_id)
        .first()
    )
    if submission is None:
        raise Http404("no such submission")
    attempt = newest_attempt(submission_id)
    run = attempt.run if attempt else None
    manifest = (run.manifest if run else None) or {}
    place = place_of(submission)
    return Moving(
        submission=submission,
        words=describe(submission, place=place, held=held(submission)),
        place=place,
        timeline=timeline(list(submission.events.all())),
        run=run,
        runs=[RunLine.of(each) for each in submission.runs.order_by("created_at", "seed")],
        attempt=attempt,
        progress=_progress(attempt),
        traceback=manifest.get("traceback", ""),
        score=getattr(submission, "score", None),
        fact_groups=facts.groups(manifest),
        hooks=facts.hooks(manifest),
        claims=checklist(manifest),
        looks=_looks(manifest),
    )


def _looks(manifest: dict[str, Any]) -> Looks | None:
    if not manifest.get("diagnostics"):
        return None
    return looks(manifest, resolve_policy(official=False).diagnostics_thresholds)


def newest_attempt(submission_id: UUID) -> Attempt | None:
    """The last try at evaluating a submission, with its run."""
    attempts = Attempt.objects.select_related("run").filter(run__submission_id=submission_id)
    return attempts.order_by("-started_at", "-pk").first()


def bundle_files(submission_id: UUID) -> list[dict[str, Any]]:
    """`[{"name", "bytes", "sha256"}]`; empty where the bundle could not be read."""
    rows = StoredBundle.objects.filter(pk=submission_id).values_list("files", flat=True)
    files = rows.first()
    return list(files) if files else []


def _progress(attempt: Attempt | None) -> Progress | None:
    if attempt is None:
        return None
    last = CurvePoint.objects.filter(attempt=attempt).order_by("-index").first()
    if last is None:
        return None
    cuts = attempt.run.yardsticks.get("bytes") or [None]
    return Progress(last.stream_bytes, bits_per_byte(last.bits, last.stream_bytes), cuts[-1])
