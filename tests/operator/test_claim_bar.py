"""The bar that says who is looking: claims, renewed, lapsed and taken over, as other screens see them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from reviews import claims
from reviews.models import Hold
from tests.operator.conftest import make_anomaly

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def act(client: Client, hold: Hold, action: str) -> str:
    response = client.post(f"/operator/holds/{hold.pk}/claim", {"action": action}, headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


def look(client: Client, hold: Hold) -> str:
    return client.get(f"/operator/holds/{hold.pk}/claim").content.decode()


def test_a_claim_shows_on_both_screens(eve: Client, mallory: Client) -> None:
    hold = make_anomaly()
    assert "Claim it" in look(eve, hold)
    assert "You are looking at it" in act(eve, hold, "claim")
    assert "<strong>eve</strong> is looking at it" in look(mallory, hold)
    assert 'value="take_over"' in look(mallory, hold)


def test_a_claim_is_renewed_only_by_its_holder(eve: Client, mallory: Client) -> None:
    hold = make_anomaly()
    act(eve, hold, "claim")
    soon = timezone.now() + timedelta(seconds=5)
    Hold.objects.filter(pk=hold.pk).update(claim_expires_at=soon)
    act(mallory, hold, "renew")
    assert Hold.objects.get().claim_expires_at == soon
    act(eve, hold, "renew")
    renewed = Hold.objects.get().claim_expires_at
    assert renewed is not None
    assert renewed > soon


def test_a_claim_of_another_is_taken_over_only_by_name(eve: Client, mallory: Client) -> None:
    hold = make_anomaly()
    act(eve, hold, "claim")
    assert "<strong>eve</strong>" in act(mallory, hold, "claim")
    assert "You are looking at it" in act(mallory, hold, "take_over")
    assert "<strong>mallory</strong>" in look(eve, hold)
    assert list(hold.events.values_list("verb", flat=True)) == ["open", "claim", "take_over"]


def test_a_lapsed_claim_is_nobodys(eve: Client, mallory: Client) -> None:
    hold = make_anomaly()
    act(eve, hold, "claim")
    Hold.objects.filter(pk=hold.pk).update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    assert "Nobody is looking at it" in look(mallory, hold)


def test_giving_back_leaves_it_to_others(eve: Client) -> None:
    hold = make_anomaly()
    act(eve, hold, "claim")
    assert "Nobody is looking at it" in act(eve, hold, "unclaim")


def test_the_bar_tells_what_another_decided(eve: Client, mallory: Client) -> None:
    hold = make_anomaly()
    said = {"decision": "confirm", "note": "a copy", "version": hold.version}
    mallory.post(f"/operator/holds/{hold.pk}/decide", said)
    assert "<strong>Confirm</strong> by operator:mallory" in look(eve, hold)
    assert "a copy" in act(eve, hold, "renew")


def test_the_bar_costs_no_body_while_nothing_changes(eve: Client) -> None:
    hold = make_anomaly()
    path = f"/operator/holds/{hold.pk}/claim"
    etag = eve.get(path)["ETag"]
    assert eve.get(path, headers={"If-None-Match": etag}).status_code == 304
    claims.claim(hold.pk, by="operator:mallory")
    assert eve.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_without_scripts_the_form_leads_back_to_the_hold(eve: Client) -> None:
    hold = make_anomaly()
    response = eve.post(f"/operator/holds/{hold.pk}/claim", {"action": "claim"})
    assert response["Location"] == f"/operator/holds/{hold.pk}"


def test_reading_claims_nothing(eve: Client) -> None:
    hold = make_anomaly()
    eve.get(f"/operator/holds/{hold.pk}")
    look(eve, hold)
    assert Hold.objects.get().claimed_by == ""
