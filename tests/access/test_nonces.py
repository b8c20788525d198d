"""A nonce counts once; its repetition is answered, its reuse refused."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from prism_site.access import nonces
from prism_site.access.models import Nonce
from prism_site.access.refusals import NonceReused

HOTKEY, OTHER = "5Alice", "5Bob"
BODY, ANOTHER_BODY = "a" * 64, "b" * 64

pytestmark = pytest.mark.django_db


def test_fresh_nonce_is_claimed() -> None:
    assert nonces.claim(HOTKEY, "n", BODY) is None
    assert Nonce.objects.get(hotkey=HOTKEY, nonce="n").body_sha256 == BODY


def test_repetition_finds_the_first_submission() -> None:
    submission_id = uuid4()
    nonces.claim(HOTKEY, "n", BODY)
    nonces.bind(HOTKEY, "n", submission_id)
    earlier = nonces.claim(HOTKEY, "n", BODY)
    assert earlier is not None
    assert earlier.submission_id == submission_id
    assert Nonce.objects.count() == 1


def test_another_body_under_one_nonce_is_refused() -> None:
    nonces.claim(HOTKEY, "n", BODY)
    with pytest.raises(NonceReused) as refused:
        nonces.claim(HOTKEY, "n", ANOTHER_BODY)
    assert (refused.value.code, refused.value.status) == ("nonce_reused", 409)


def test_nonces_of_two_hotkeys_are_apart() -> None:
    assert nonces.claim(HOTKEY, "n", BODY) is None
    assert nonces.claim(OTHER, "n", ANOTHER_BODY) is None


def test_transaction_of_the_caller_survives_a_repetition() -> None:
    nonces.claim(HOTKEY, "n", BODY)
    with transaction.atomic():
        nonces.claim(HOTKEY, "n", BODY)
        nonces.claim(HOTKEY, "m", BODY)
    assert set(Nonce.objects.values_list("nonce", flat=True)) == {"n", "m"}


def test_nonce_vanishes_with_the_transaction_that_failed() -> None:
    with transaction.atomic():
        nonces.claim(HOTKEY, "n", BODY)
        transaction.set_rollback(True)
    assert nonces.claim(HOTKEY, "n", ANOTHER_BODY) is None


def test_purge_keeps_twice_the_ttl() -> None:
    now = timezone.now()
    for age_seconds in (0, 300, 599, 601, 9000):
        nonces.claim(HOTKEY, str(age_seconds), BODY)
        created_at = now - timedelta(seconds=age_seconds)
        Nonce.objects.filter(nonce=str(age_seconds)).update(created_at=created_at)
    assert nonces.purge(now=now, ttl_seconds=300) == 2
    assert set(Nonce.objects.values_list("nonce", flat=True)) == {"0", "300", "599"}


def test_database_itself_holds_a_nonce_to_one_body() -> None:
    constraints = [constraint.name for constraint in Nonce._meta.constraints]
    with connection.cursor() as cursor:
        stored = connection.introspection.get_constraints(cursor, Nonce._meta.db_table)
    assert [stored[name]["unique"] for name in constraints] == [True]
