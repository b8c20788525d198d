"""From a verified upload to a submission: stored once, with its nonce and its bytes, in one transaction."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from evaluations import transitions
from evaluations.enums import Kind
from evaluations.epochs import epoch_of
from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import Bundle, listing_of, read_bundle
from evaluations.intake.refusals import BundleRefused
from evaluations.models import StoredBundle, Submission
from prism_site.access import nonces
from prism_site.config import env
from prism_site.policy.resolve import resolve_policy


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The bytes that a hotkey stands for. `nonce` is None where the platform has verified the sender.

    `body_sha256` is the digest of what was signed, which in the JSON form is not the archive.
    """

    archive: bytes
    body_sha256: str
    hotkey: str
    nonce: str | None
    by: str


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the sender is told. `created` is False for a repetition; `refused` for a bundle not kept."""

    submission: Submission
    created: bool
    refused: bool


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    code: str
    reason: str


def accept_upload(upload: Upload, *, now: datetime) -> Receipt:
    """Store an upload whose sender is known, once for every hotkey and content.

    A bundle that breaks a rule is stored as rejected, without its bytes, so that a repetition is answered
    the same. Raises `NonceReused` where the nonce came before with another body.
    """
    reading = _read(upload.archive, upload_limits())
    with transaction.atomic():
        earlier_id = _claim(upload)
        if earlier_id is not None:
            return _receipt(Submission.objects.get(pk=earlier_id), created=False)
        submission, created = _store_once(_submission(upload, reading, now), upload, reading)
        if upload.nonce is not None:
            nonces.bind(upload.hotkey, upload.nonce, submission.pk)
        return _receipt(submission, created=created)


def upload_limits() -> ArchiveLimits:
    """The sizes of the policy in force; an invalid row never turns an upload away, it only stops its run."""
    limits = resolve_policy(official=False).artifact_limits
    return ArchiveLimits(
        max_zip_bytes=limits.max_code_bytes, max_files=limits.max_files, max_total_bytes=limits.max_bytes
    )


def _read(archive: bytes, limits: ArchiveLimits) -> Bundle | _Refusal:
    try:
        bundle = read_bundle(archive, limits)
    except BundleRefused as refused:
        return _Refusal(code=refused.code, reason=_sentence(refused))
    return bundle


def _sentence(refused: BundleRefused) -> str:
    if refused.file is None:
        return refused.message
    line = f", line {refused.line}" if refused.line is not None else ""
    return f"{refused.message} ({refused.file}{line})"


def _claim(upload: Upload) -> UUID | None:
    """The submission of the same message sent before, or None once the nonce is ours."""
    if upload.nonce is None:
        return None
    earlier = nonces.claim(upload.hotkey, upload.nonce, upload.body_sha256)
    return earlier.submission_id if earlier else None


def _submission(upload: Upload, reading: Bundle | _Refusal, now: datetime) -> Submission:
    """The row to be; a bundle that was not taken is known by the hash of the archive as it came."""
    submission = Submission(
        hotkey=upload.hotkey, mode=env().execution_mode, epoch=epoch_of(now, env().epoch_seconds)
    )
    if isinstance(reading, _Refusal):
        submission.kind, submission.code_hash = Kind.FULL, hashlib.sha256(upload.archive).hexdigest()
        return submission
    manifest = reading.manifest
    submission.name, submission.kind, submission.tokenizer = manifest.name, manifest.kind, manifest.tokenizer
    submission.architecture_id = manifest.architecture_id or ""
    submission.code_hash = reading.code_hash
    return submission


def _store_once(
    submission: Submission, upload: Upload, reading: Bundle | _Refusal
) -> tuple[Submission, bool]:
    """Insert, or find what the same hotkey sent before: the unique constraint decides between two at once."""
    same = Submission.objects.filter(hotkey=submission.hotkey, code_hash=submission.code_hash)
    existing = same.first()
    if existing is not None:
        return existing, False
    try:
        with transaction.atomic():
            return _store(submission, upload, reading), True
    except IntegrityError:
        return same.get(), False


def _store(submission: Submission, upload: Upload, reading: Bundle | _Refusal) -> Submission:
    if isinstance(reading, _Refusal):
        return transitions.refuse(submission, by=upload.by, reason_code=reading.code, reason=reading.reason)
    transitions.receive(submission, by=upload.by)
    StoredBundle.objects.create(
        submission=submission,
        archive=upload.archive,
        manifest=reading.manifest.model_dump(mode="json"),
        files=listing_of(reading.files),
    )
    return submission


def _receipt(submission: Submission, *, created: bool) -> Receipt:
    kept = StoredBundle.objects.filter(pk=submission.pk).exists()
    return Receipt(submission=submission, created=created, refused=not kept)
