"""Guessing passwords is slow for strangers, and keeps no owner out."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from prism_site.access import sign_in
from prism_site.access.models import SignInCount
from prism_site.config import override_env

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"
START = 1_900_000_800.0  # a window begins


class Clock:
    seconds = START

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    told = Clock()
    monkeypatch.setattr(sign_in, "_unix_seconds", told)
    monkeypatch.setattr(sign_in, "TRIES", {"address": 3, "strangers": 5, "device": 2})
    return told


@pytest.fixture(autouse=True)
def owner(settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_user("owner", password=PASSWORD)


def attempt(client: Client | None = None, password: str = "guess", name: str = "owner", n: int = 1) -> Any:
    client = client or Client()
    address = f"192.0.2.{n}"
    return client.post("/login/", {"username": name, "password": password}, REMOTE_ADDR=address)


def test_an_address_has_so_many_tries_and_then_waits(clock: Clock) -> None:
    clock.seconds = START + 300
    assert [attempt(name=f"account {n}").status_code for n in range(3)] == [200, 200, 200]
    refused = attempt(password=PASSWORD)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "601"
    assert b"too_many_sign_ins" in refused.content
    clock.seconds = START + 900
    assert attempt(password=PASSWORD).status_code == 302


def test_an_account_is_guarded_against_many_addresses() -> None:
    assert {attempt(n=n).status_code for n in range(5)} == {200}
    assert attempt(n=99, password=PASSWORD).status_code == 429
    assert attempt(n=99, name="somebody else").status_code == 200


@pytest.mark.parametrize("name", ["OWNER", "ｏｗｎｅｒ", "Owner"])
def test_another_spelling_is_the_same_account(name: str) -> None:
    for n in range(5):
        attempt(n=n, name=name)
    assert attempt(n=99, password=PASSWORD).status_code == 429


def test_an_attacker_does_not_lock_the_owner_out() -> None:
    browser = Client()
    assert attempt(browser, PASSWORD).status_code == 302
    browser.post("/logout/")
    for n in range(20):
        attempt(n=n)
    assert attempt(n=1, password=PASSWORD).status_code == 429  # a stranger, even with the password
    assert attempt(browser, PASSWORD, n=1).status_code == 302


def test_a_device_that_was_stolen_has_few_tries_too() -> None:
    browser = Client()
    attempt(browser, PASSWORD)
    browser.post("/logout/")
    assert [attempt(browser).status_code for _ in range(3)] == [200, 200, 429]


def test_the_device_of_one_account_is_a_stranger_to_another(owner: User) -> None:
    User.objects.create_user("other", password=PASSWORD)
    browser = Client()
    attempt(browser, PASSWORD, name="other", n=50)
    browser.post("/logout/")
    for n in range(5):
        attempt(n=n)
    assert attempt(browser, PASSWORD, n=60).status_code == 429


def test_a_made_up_device_is_a_stranger() -> None:
    for n in range(5):
        attempt(n=n)
    browser = Client()
    browser.cookies[sign_in.DEVICE_COOKIE] = f"{sign_in._account('owner')}.x:1abc:forged"
    assert attempt(browser, PASSWORD, n=99).status_code == 429


def test_forwarding_headers_are_believed_from_trusted_proxies_alone() -> None:
    def post(number: int) -> int:
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        data = {"username": f"account {number}", "password": "x"}
        return Client().post("/login/", data, headers=headers, REMOTE_ADDR="192.0.2.1").status_code

    assert [post(n) for n in range(4)] == [200, 200, 200, 429]
    with override_env(trusted_proxies=1):
        assert [post(n) for n in range(10, 15)] == [200] * 5


def test_who_is_over_with_their_address_makes_no_rows(clock: Clock) -> None:
    for n in range(10):
        attempt(name=f"account {n}")
    assert SignInCount.objects.filter(kind="strangers").count() == 3
    clock.seconds += 900
    attempt(n=7)
    assert SignInCount.objects.count() == 2


def test_the_admin_has_no_door_of_its_own(owner: User) -> None:
    asked = Client().post("/admin/login/?next=/admin/auth/", {"username": "owner", "password": PASSWORD})
    assert (asked.status_code, asked["Location"]) == (302, "/login/?next=/admin/auth/")
    browser = Client()
    browser.force_login(owner)
    assert browser.get("/admin/", follow=True).status_code == 403


def test_the_device_cookie_is_for_the_server_alone() -> None:
    browser = Client()
    attempt(browser, PASSWORD)
    cookie = browser.cookies[sign_in.DEVICE_COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert PASSWORD not in cookie.value


def test_sign_in_needs_its_token_against_forgery() -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post("/login/", {"username": "owner", "password": PASSWORD}).status_code == 403
