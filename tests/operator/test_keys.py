"""Operators' own keys: what may be a key, what is kept, and what the pages make of it."""

import json
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from prism_site.operator import keymaps, keys
from prism_site.operator.keys import DEFAULTS, Action, KeysRefused
from prism_site.operator.models import KeyMap
from reviews.models import Hold
from tests.operator.conftest import make_operator, make_quarantine

REFUSED = {
    "next": ("", ""),
    "space": (" ", "key_of_browser"),
    "find in page": ("/", "key_of_browser"),
    "tab": ("Tab", "key_of_browser"),
    "escape": ("Escape", "key_of_browser"),
    "function": ("F5", "key_of_browser"),
    "arrow": ("ArrowDown", "key_of_browser"),
    "enter": ("Enter", "key_of_browser"),
    "combination": ("Ctrl+r", "key_of_browser"),
    "two": ("gg", "key_malformed"),
    "unseen": ("\u200b", "key_malformed"),
    "turned around": ("\u202e", "key_malformed"),
    "digit": ("4", "key_reserved"),
    "another's": ("x", "key_taken"),
}


def codes(**asked: str) -> dict[str, str]:
    try:
        keys.checked(asked)
    except KeysRefused as refusal:
        return {str(fault.action): fault.code for fault in refusal.faults}
    return {}


def posted(**asked: str) -> dict[str, str]:
    return {**{str(action): key for action, key in DEFAULTS.items()}, **asked}


def test_every_action_has_a_key_of_its_own_at_first() -> None:
    assert set(DEFAULTS) == set(Action)
    assert len(set(DEFAULTS.values())) == len(Action)
    assert keys.checked({}) == {str(action): key for action, key in DEFAULTS.items()}


def test_decisions_have_actions_of_their_names() -> None:
    assert set(Hold.Decision.values) <= set(Action.values)


@pytest.mark.parametrize("case", REFUSED)
def test_keys_that_cannot_be_are_refused_with_a_code(case: str) -> None:
    key, code = REFUSED[case]
    assert codes(claim=key).get("claim", "") == code


def test_both_actions_of_one_key_are_named() -> None:
    assert codes(claim="x") == {"claim": "key_taken", "confirm": "key_taken"}


@pytest.mark.parametrize("key", ["J", "é", "ж", "ツ", "ñ"])
def test_any_letter_of_any_keyboard_may_be_a_key(key: str) -> None:
    assert keys.checked({"claim": key})["claim"] == key
    assert keys.checked({"claim": "n\u0303"})["claim"] == "ñ"


def test_two_actions_can_swap_their_keys_and_one_can_have_none() -> None:
    found = keys.checked({"next": "k", "previous": "j", "undo": ""})
    assert (found["next"], found["previous"], found["undo"]) == ("k", "j", "")
    assert keys.changes(found) == {"next": "k", "previous": "j", "undo": ""}


def test_what_was_kept_long_ago_is_read_as_far_as_it_can_be() -> None:
    found = keys.effective({"gone": "g", "claim": "Tab", "next": "w"})
    assert (found["claim"], found["next"]) == ("c", "w")
    assert found["siblings"] == ""  # its default was given away before it came
    assert set(found) == set(Action.values)


@pytest.mark.django_db
def test_only_what_differs_is_kept_and_a_reset_forgets_it(eve: Client) -> None:
    user = User.objects.get(username="eve")
    assert eve.post("/operator/keys", posted(claim="m"))["Location"] == "/operator/keys"
    assert KeyMap.objects.get(user=user).changed == {"claim": "m"}
    assert "Your keys are saved." in eve.get("/operator/keys").content.decode()
    eve.post("/operator/keys/reset")
    assert keymaps.keys_of(user)["claim"] == "c"


@pytest.mark.django_db
def test_a_refused_form_keeps_what_was_typed_and_saves_nothing(eve: Client) -> None:
    response = eve.post("/operator/keys", posted(claim="F1", next="<i>"))
    page = response.content.decode()
    assert response.status_code == 422
    for said in ("keys_refused", "key_of_browser", "key_malformed", 'value="F1"', 'value="&lt;i&gt;"'):
        assert said in page
    assert not KeyMap.objects.exists()


@pytest.mark.django_db
def test_keys_follow_their_operator_to_every_page_and_no_other(eve: Client, mallory: Client) -> None:
    hold = make_quarantine()
    eve.post("/operator/keys", posted(claim="m", release='"'))
    for path in ("", "holds", f"holds/{hold.pk}", "audit", "policy", "keys"):
        page = eve.get(f"/operator/{path}").content.decode()
        told = re.search(r'data-keys="([^"]*)"', page)
        assert told is not None, path
        assert json.loads(told[1].replace("&quot;", '"'))["claim"] == "m"
    page = eve.get(f"/operator/holds/{hold.pk}").content.decode()
    assert 'data-key="m"' in page
    assert 'data-key="&quot;"' in page
    assert "<kbd>m</kbd>" in page
    assert 'data-key="m"' not in mallory.get(f"/operator/holds/{hold.pk}").content.decode()


@pytest.mark.django_db
def test_a_form_from_elsewhere_changes_no_key(sign_in: Callable[..., Client]) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_operator("eve"))
    assert strict.post("/operator/keys", posted(claim="m")).status_code == 403
    assert not KeyMap.objects.exists()
