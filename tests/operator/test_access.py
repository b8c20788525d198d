"""Who may enter the operator's pages: every address, as everybody."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from prism_site.operator.urls import urlpatterns
from reviews.models import Hold, HoldEvent
from tests.operator.conftest import make_operator, make_quarantine

pytestmark = pytest.mark.django_db
POSTS = {"bulk", "decide", "undo", "keys-reset", "filters-save", "filter"}
HTMX = {"HX-Request": "true"}
FOR_PROGRAMS = {"overdue-json", "overturns-json"}  # which get problem details, and may bear a token
NAMES = [str(pattern.name) for pattern in urlpatterns if pattern.name not in FOR_PROGRAMS]


def address(name: str, hold: Hold) -> str:
    takes_id = any(pattern.name == name and "<int:" in str(pattern.pattern) for pattern in urlpatterns)
    return reverse(f"operator:{name}", args=[hold.pk] if takes_id else [])


def ask(client: Client, name: str, hold: Hold) -> int:
    path = address(name, hold)
    given = {"decision": "confirm", "note": "no", "version": "1", "hold": f"{hold.pk}:1"}
    return (client.post(path, given) if name in POSTS else client.get(path)).status_code


def test_strangers_are_sent_to_the_login(client: Client) -> None:
    hold = make_quarantine()
    for name in NAMES:
        path = address(name, hold)
        response = client.post(path) if name in POSTS else client.get(path)
        assert response.status_code == 302, name
        assert response["Location"].startswith("/login/?next=/operator/")


def test_an_account_without_the_permission_is_refused(sign_in: Callable[..., Client]) -> None:
    hold, trudy = make_quarantine(), sign_in("trudy", "view_hold", "change_policy", "view_transcript")
    assert {name: ask(trudy, name, hold) for name in NAMES} == dict.fromkeys(NAMES, 403)
    assert Hold.objects.get().status == Hold.Status.OPEN


def test_operators_are_let_in(eve: Client) -> None:
    hold = make_quarantine()
    answers = {name: ask(eve, name, hold) for name in NAMES}
    expected = dict.fromkeys(NAMES, 200)
    assert answers == {
        **expected,
        "bulk": 302,
        "decide": 409,
        "undo": 302,
        "keys-reset": 302,
        "filters-save": 422,
        "filter": 404,
    }


def test_claims_of_others_are_refused_without_the_permission(sign_in: Callable[..., Client]) -> None:
    hold = make_quarantine()
    response = sign_in("trudy", "view_hold").post(f"/operator/holds/{hold.pk}/claim", {"action": "claim"})
    assert response.status_code == 403
    assert not HoldEvent.objects.filter(verb="claim").exists()


def test_a_part_of_a_page_leads_a_signed_out_operator_to_the_login(client: Client) -> None:
    here = {"HX-Current-URL": "http://testserver/operator/holds?kind=quarantine"}
    response = client.get("/operator/holds/live", headers={**HTMX, **here})
    assert response.status_code == 200
    assert response["HX-Redirect"] == "/login/?next=/operator/holds%3Fkind%3Dquarantine"
    elsewhere = client.get("/operator/holds/live", headers=HTMX)
    assert elsewhere["HX-Redirect"] == "/login/?next=/operator/"
    assert response.content == b""


def test_a_form_from_elsewhere_decides_nothing() -> None:
    hold = make_quarantine()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_operator("eve"))
    given = {"decision": "confirm", "note": "no", "version": hold.version}
    assert strict.post(f"/operator/holds/{hold.pk}/decide", given).status_code == 403
    assert Hold.objects.get().status == Hold.Status.OPEN


def test_the_masthead_leads_operators_and_nobody_else(client: Client, eve: Client) -> None:
    assert b'href="/operator/"' in eve.get("/").content
    assert b'href="/operator/"' not in client.get("/").content


def test_reading_never_decides(eve: Client) -> None:
    hold = make_quarantine()
    assert {eve.get(address(name, hold)).status_code for name in POSTS} == {405}


def test_unknown_holds_are_not_found(eve: Client) -> None:
    given = {"decision": "release", "note": "fine", "version": "1"}
    assert eve.get("/operator/holds/999").status_code == 404
    assert eve.get("/operator/holds/999/claim").status_code == 404
    assert eve.post("/operator/holds/999/decide", given).status_code == 404
    assert eve.post("/operator/holds/999/undo", given).status_code == 404
