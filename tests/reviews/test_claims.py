"""Claims: a courtesy between operators that lapses, can be taken over, and blocks nobody's decision."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews import holds
from reviews.claims import CLAIM_TTL
from reviews.holds import ClaimLost, HoldChanged, HoldClaimed
from reviews.models import Hold
from tests.reviews import world
from tests.reviews.world import ADAM, EVE, decide, verbs

pytestmark = pytest.mark.django_db


@pytest.fixture
def hold() -> Hold:
    return world.held_in_review()


def lapse(hold: Hold) -> None:
    Hold.objects.filter(pk=hold.pk).update(claim_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_claim_names_its_operator_and_its_end(hold: Hold) -> None:
    claimed = holds.claim(hold.pk, by=EVE)
    assert (claimed.claimant, claimed.claimed_by, claimed.version) == (EVE, EVE, 1)
    assert claimed.claim_expires_at is not None
    assert claimed.claim_expires_at - timezone.now() <= CLAIM_TTL
    assert verbs(hold) == ["open", "claim"]


def test_another_operator_is_told_who_has_it(hold: Hold) -> None:
    holds.claim(hold.pk, by=EVE)
    with pytest.raises(HoldClaimed, match=EVE) as told:
        holds.claim(hold.pk, by=ADAM)
    assert (told.value.code, told.value.hold.claimed_by) == ("hold_claimed", EVE)


def test_a_claim_is_taken_over_in_sight_of_both(hold: Hold) -> None:
    holds.claim(hold.pk, by=EVE)
    assert holds.claim(hold.pk, by=ADAM, take_over=True).claimant == ADAM
    with pytest.raises(ClaimLost, match=ADAM):
        holds.renew(hold.pk, by=EVE)
    event = hold.events.last()
    assert (event.verb, event.before, event.after) == (
        "take_over", {"claimed_by": EVE}, {"claimed_by": ADAM},
    )  # fmt: skip


def test_a_claim_that_nobody_renews_lapses(hold: Hold) -> None:
    holds.claim(hold.pk, by=EVE)
    lapse(hold)
    hold.refresh_from_db()
    assert hold.claimant == ""
    with pytest.raises(ClaimLost):
        holds.renew(hold.pk, by=EVE)
    assert holds.claim(hold.pk, by=ADAM).claimant == ADAM
    assert verbs(hold) == ["open", "claim", "claim"]


def test_renewing_extends_and_is_no_news(hold: Hold) -> None:
    first = holds.claim(hold.pk, by=EVE)
    for renewed in (holds.renew(hold.pk, by=EVE), holds.claim(hold.pk, by=EVE)):
        assert renewed.claimed_at == first.claimed_at
        assert renewed.claim_expires_at >= first.claim_expires_at  # type: ignore[operator]
    assert verbs(hold) == ["open", "claim"]


def test_a_claim_is_given_back_by_its_operator_alone(hold: Hold) -> None:
    holds.claim(hold.pk, by=EVE)
    assert holds.unclaim(hold.pk, by=ADAM).claimant == EVE
    assert holds.unclaim(hold.pk, by=EVE).claimed_by == ""
    assert verbs(hold) == ["open", "claim", "unclaim"]


def test_a_claim_keeps_nobody_from_deciding_and_ends_with_the_decision(hold: Hold) -> None:
    holds.claim(hold.pk, by=EVE)
    decided = decide(hold, Hold.Decision.RELEASE, by=ADAM)
    assert (decided.decided_by, decided.claimed_by, decided.claim_expires_at) == (ADAM, "", None)


def test_what_is_decided_is_not_claimed(hold: Hold) -> None:
    decide(hold, Hold.Decision.RELEASE)
    for late in (holds.claim, holds.renew):
        with pytest.raises(HoldChanged, match="Release"):
            late(hold.pk, by=ADAM)
