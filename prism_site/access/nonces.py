"""A nonce is claimed once; the same message again is answered with its first receipt."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from prism_site.access.models import Nonce
from prism_site.access.refusals import NonceReused

KEPT_TTLS = 2


def claim(hotkey: str, nonce: str, body_sha256: str) -> Nonce | None:
    """None where the nonce is fresh and now claimed, the earlier row where the same message came before.

    Call it inside the transaction that stores the submission, so that both exist or neither. Of two
    simultaneous claims the unique constraint lets one pass; the other waits for it to commit or roll back.

    Raises:
        NonceReused: the nonce came before with another body.
    """
    try:
        with transaction.atomic():  # a savepoint: the caller's transaction survives the conflict
            Nonce.objects.create(hotkey=hotkey, nonce=nonce, body_sha256=body_sha256)
    except IntegrityError:
        earlier = Nonce.objects.get(hotkey=hotkey, nonce=nonce)
        if earlier.body_sha256 != body_sha256:
            raise NonceReused from None
        return earlier
    return None


def bind(hotkey: str, nonce: str, submission_id: UUID) -> None:
    """Remember the submission that a claimed nonce brought, for the receipt of a repetition."""
    Nonce.objects.filter(hotkey=hotkey, nonce=nonce).update(submission_id=submission_id)


def purge(*, now: datetime, ttl_seconds: int) -> int:
    """Delete the nonces of messages that are stale by now, whatever the clock of their sender; how many."""
    older_than = now - timedelta(seconds=KEPT_TTLS * ttl_seconds)
    deleted, _ = Nonce.objects.filter(created_at__lt=older_than).delete()
    return deleted
