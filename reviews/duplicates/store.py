"""Signatures in the database: writing them, reading them, finding those that may resemble a bundle."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from evaluations.bundles import stored_bundle
from evaluations.enums import Stage
from evaluations.intake.bundle import Bundle
from evaluations.models import Submission
from reviews.duplicates import keys
from reviews.duplicates.boilerplate import boilerplate
from reviews.duplicates.normalise import SourceUnreadable, normalise
from reviews.duplicates.profile import Profile, UnitSet
from reviews.models import SourceKey, SourceSignature

VERSION = 1  # of the normal form: raise it with every change there, then `manage.py remember_sources`
EACH_KEY = 256  # signatures of one key, the oldest: where many share a function, the first counts
MAX_CANDIDATES = 64


@dataclass(frozen=True)
class Known:
    """An earlier submission that shares keys, with its profile."""

    submission_id: UUID
    hotkey: str
    created_at: datetime
    code_hash: str
    profile: Profile

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it stands in the order of acceptance."""
        return self.created_at, self.submission_id


def profile_of(bundle: Bundle) -> Profile:
    """What of a bundle is its own; raises `SourceUnreadable`."""
    return Profile(normalise(bundle.files)).without(boilerplate())


def remember(submission: Submission, bundle: Bundle) -> SourceSignature:
    """Store a submission's signature, once; a source that cannot be read leaves an empty one."""
    SourceSignature.objects.filter(submission=submission).exclude(version=VERSION).delete()
    try:
        return _write(submission, profile_of(bundle), readable=True)
    except SourceUnreadable:
        return _write(submission, Profile(()), readable=False)


def remember_earlier(submission: Submission) -> None:
    """Store the signatures of all that was accepted before and has not come to be compared yet.

    Of two copies accepted at once the first one counts, whichever is reviewed first.
    """
    waiting = Submission.objects.filter(
        stage__in=[Stage.RECEIVED, Stage.REVIEW],
        created_at__lte=submission.created_at,
        signature__isnull=True,
        bundle__isnull=False,
    ).exclude(pk=submission.pk)
    for earlier in waiting.order_by("created_at", "pk"):
        remember(earlier, stored_bundle(earlier.pk))


def earlier_than(submission: Submission, profile: Profile) -> list[Known]:
    """Signatures of earlier submissions that share keys with a profile, those with the most first."""
    wanted = [*keys.asked_keys(profile), keys.code_key(submission.code_hash)]
    found = candidates(wanted, MAX_CANDIDATES)
    rows = SourceSignature.objects.filter(pk__in=found, version=VERSION).select_related("submission")
    order = {pk: number for number, pk in enumerate(found)}
    known = [_known(row) for row in sorted(rows, key=lambda row: order[row.pk])]
    place = (submission.created_at, submission.pk)
    return [one for one in known if one.place < place]


def candidates(wanted: list[int], limit: int) -> list[int]:
    """Primary keys of the signatures that share the most keys; of those that share as many the oldest.

    One statement of index lookups, each bounded: its time does not grow with what is stored.
    """
    one = (
        "SELECT signature_id FROM (SELECT signature_id FROM reviews_sourcekey"
        " WHERE key = %s ORDER BY signature_id LIMIT %s) AS of_one_key"
    )
    query = (
        f"SELECT signature_id FROM ({' UNION ALL '.join([one] * len(wanted))}) AS of_all_keys"  # noqa: S608 (only `one`)
        " GROUP BY signature_id ORDER BY COUNT(*) DESC, signature_id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [value for key in wanted for value in (key, EACH_KEY)] + [limit])
        return [int(row[0]) for row in cursor.fetchall()]


def profile_in(row: SourceSignature) -> Profile:
    """The profile that a row holds."""
    return Profile(tuple(_units(row.units, np.frombuffer(bytes(row.shingles), dtype="<u4"))))


def _units(listed: list[list[Any]], shingles: Any) -> Iterator[UnitSet]:
    at = 0
    for file, line, live, whole, count in listed:
        yield UnitSet(file, line, live, int(whole), shingles[at : at + count].astype(np.uint32))
        at += count


def _known(row: SourceSignature) -> Known:
    submission = row.submission
    return Known(
        submission_id=submission.pk,
        hotkey=submission.hotkey,
        created_at=submission.created_at,
        code_hash=submission.code_hash,
        profile=profile_in(row),
    )


def found_by(submission: Submission, profile: Profile) -> list[int]:
    """Every key under which a submission is found."""
    return [*keys.stored_keys(profile), keys.code_key(submission.code_hash)]


def columns(profile: Profile, *, readable: bool) -> dict[str, Any]:
    """A profile as the columns of its row."""
    return {
        "units": [
            [unit.file, unit.line, unit.live, str(unit.whole), len(unit.shingles)] for unit in profile.units
        ],
        "shingles": b"".join(unit.shingles.astype("<u4").tobytes() for unit in profile.units),
        "readable": readable,
        "version": VERSION,
        "created_at": timezone.now(),
    }


def _write(submission: Submission, profile: Profile, *, readable: bool) -> SourceSignature:
    with transaction.atomic():
        row, created = SourceSignature.objects.get_or_create(
            submission=submission, defaults=columns(profile, readable=readable)
        )
        if created:
            wanted = found_by(submission, profile)
            SourceKey.objects.bulk_create(SourceKey(key=key, signature=row) for key in wanted)
    return row
