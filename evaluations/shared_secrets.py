"""Whether the hosts at work share their secrets: with another run secret a run is scored on other windows."""

import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from evaluations.models import Canary
from prism_site.config import env, persistent_secret

ALIVE = timedelta(minutes=3)  # a canary is stamped every few seconds
PURPOSE = b"which secrets a host has"


def fingerprint() -> str:
    """16 hex characters that tell hosts with the same secrets from others, and nothing of the secrets.

    Of the run secret, which draws what is scored, and of the key that messages in the queue are signed with.
    """
    key = f"{persistent_secret('run_secret')}\0{settings.SECRET_KEY}".encode()
    return hmac.new(key, PURPOSE, hashlib.sha256).hexdigest()[:16]


def strangers() -> list[str]:
    """Other hosts at work on this database that have other secrets."""
    alive = Canary.objects.filter(stamped_at__gt=Now() - ALIVE).exclude(host=env().host)
    return sorted(set(alive.exclude(secrets=fingerprint()).values_list("host", flat=True)))
