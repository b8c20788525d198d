"""Bodies and answers of the assignment routes."""

import base64
import hashlib
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from evaluations.backends.prepare import run_secret
from evaluations.claims import LEASE
from evaluations.enums import Mode
from evaluations.intake.bundle import Bundle, listing_of, pack
from evaluations.models import Assignment, StoredBundle
from evaluations.run_files import files_of

LINES = 1_000  # of progress in one call


class Body(BaseModel):
    """Strict: what is not named is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NextBody(Body):
    """Which modes the validator can carry out."""

    modes: list[Mode] = Field(default_factory=lambda: list(Mode), min_length=1, max_length=len(Mode))


class AcceptBody(Body):
    """Lines of the referee's progress, verbatim, from line number `first` on."""

    first: int = Field(0, ge=0, lt=2**31, strict=True)
    lines: list[Annotated[str, Field(max_length=4_096)]] = Field([], max_length=LINES)


class RejectBody(Body):
    """Why; what begins with `host_`, `data_`, `tokenizer_`, `bundle_` or `sandbox_` is the host's."""

    reason: str = Field(min_length=1, max_length=1_000)


class ResultBody(Body):
    """`prism_run_manifest.v2.json` as the referee wrote it."""

    manifest: dict[str, Any]


class AssignedBundle(BaseModel):
    """The accepted ZIP; where a run takes files of two or the baseline, a ZIP of exactly those."""

    archive: str  # base64
    sha256: str  # of the archive
    code_hash: str
    files: list[dict[str, Any]]


class AssignmentAnswer(BaseModel):
    """A run to carry out, leased for `lease_seconds`; the id is for its holder alone."""

    id: UUID
    specification: dict[str, Any]
    run_secret: str
    bundle: AssignedBundle
    lease_seconds: float
    lease_expires_at: datetime

    @classmethod
    def of(cls, assignment: Assignment) -> "AssignmentAnswer":
        """Everything that the validator needs to run it."""
        specification, stream = assignment.specification, assignment.specification["stream"]
        secret = run_secret(specification["mode"], stream["manifest_sha256"], stream["order_seed"])
        return cls(
            id=assignment.pk,
            specification=specification,
            run_secret=secret,
            bundle=_bundle(assignment),
            lease_seconds=LEASE.total_seconds(),
            lease_expires_at=assignment.attempt.lease_expires_at,
        )


class LeaseAnswer(BaseModel):
    """The lease stands for `lease_seconds` from now; progress is known up to `lines_known` lines."""

    id: UUID
    lease_seconds: float
    lines_known: int


class TakenAnswer(BaseModel):
    """The result was taken; the score is made of `bits` over `bytes` later."""

    id: UUID
    verdict: str
    code: str


class ExpiredAnswer(BaseModel):
    """How many assignments were given up because their lease had run out."""

    expired: int


def _bundle(assignment: Assignment) -> AssignedBundle:
    run = assignment.attempt.run
    if run.submission is None or run.submission.trains_for_id is not None:
        return _made(files_of(run))
    stored = StoredBundle.objects.select_related("submission").get(pk=run.submission_id)
    archive = bytes(stored.archive)
    return AssignedBundle(
        archive=base64.b64encode(archive).decode(),
        sha256=hashlib.sha256(archive).hexdigest(),
        code_hash=stored.submission.code_hash,
        files=stored.files,
    )


def _made(bundle: Bundle) -> AssignedBundle:
    archive = pack(bundle.files)
    return AssignedBundle(
        archive=base64.b64encode(archive).decode(),
        sha256=hashlib.sha256(archive).hexdigest(),
        code_hash=bundle.code_hash,
        files=listing_of(bundle.files),
    )
