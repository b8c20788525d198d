"""What is remembered of callers: nonces, so that no signed message counts twice, and tries to sign in."""

from typing import ClassVar

from django.db import models


class Nonce(models.Model):
    """One accepted message of a hotkey; written in the transaction that stores what the message brought."""

    hotkey = models.CharField(max_length=64)
    nonce = models.CharField(max_length=64)
    body_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    # Not a foreign key: access is the ground floor and knows no submissions.
    submission_id = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hotkey", "nonce"], name="access_nonce_once_per_hotkey"),
        ]

    def __str__(self) -> str:
        return f"{self.hotkey} {self.nonce}"


class SignInCount(models.Model):
    """Tries of one window; in the database, where parallel tries are counted one after another."""

    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=64)
    window = models.BigIntegerField()
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["window", "kind", "name"], name="access_sign_in_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.tries}"
