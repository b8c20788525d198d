"""Callers are counted by an address that they cannot choose, and by a hotkey that they have proved."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from prism_site.access import throttles
from prism_site.access.client_address import client_address
from prism_site.access.throttles import AddressThrottle, UploadAddressThrottle, limit_hotkey
from prism_site.config import override_env

WINDOW_START = 1_900_000_020.0


class Clock:
    """The time as the throttles see it."""

    seconds = WINDOW_START

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    cache.clear()
    told = Clock()
    monkeypatch.setattr(throttles, "_unix_seconds", told)
    monkeypatch.setattr(throttles, "RATES", {"read": 3, "upload_address": 2, "upload_hotkey": 1})
    yield told
    cache.clear()


class ReadView(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (AddressThrottle,)

    def get(self, request: Request) -> Response:
        return Response({})


class UploadView(ReadView):
    throttle_classes = (UploadAddressThrottle,)


def get(view: type[APIView] = ReadView, address: str = "192.0.2.1", forwarded: str | None = None) -> Response:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory(headers=headers).get("/", REMOTE_ADDR=address)
    response = view.as_view()(request)
    assert isinstance(response, Response)
    return response


def test_caller_over_the_rate_waits_for_the_next_window(clock: Clock) -> None:
    clock.seconds = WINDOW_START + 18
    assert [get().status_code for _ in range(4)] == [200, 200, 200, 429]
    assert get()["Retry-After"] == "42"
    clock.seconds = WINDOW_START + 60
    assert get().status_code == 200


def test_one_caller_does_not_slow_another(clock: Clock) -> None:
    for _ in range(5):
        get(address="192.0.2.1")
    assert get(address="192.0.2.2").status_code == 200


def test_reading_and_uploading_are_counted_apart(clock: Clock) -> None:
    assert [get(UploadView).status_code for _ in range(3)] == [200, 200, 429]
    assert get(ReadView).status_code == 200


def test_made_up_forwarding_does_not_help(clock: Clock) -> None:
    statuses = [get(forwarded=f"198.51.100.{number}").status_code for number in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_clients_behind_a_trusted_proxy_are_told_apart(clock: Clock) -> None:
    with override_env(trusted_proxies=1):
        statuses = [get(forwarded=f"9.9.9.9, 198.51.100.{number}").status_code for number in range(5)]
        assert statuses == [200] * 5
        statuses = [get(forwarded=f"9.9.9.{number}, 198.51.100.77").status_code for number in range(4)]
        assert statuses == [200, 200, 200, 429]


def test_hotkey_is_limited_wherever_it_comes_from(clock: Clock) -> None:
    view = ReadView()
    first, second = (Request(RequestFactory().get("/", REMOTE_ADDR=f"192.0.2.{n}")) for n in (1, 2))
    limit_hotkey("5Alice", first, view)
    limit_hotkey("5Bob", first, view)
    with pytest.raises(Throttled) as refused:
        limit_hotkey("5Alice", second, view)
    assert refused.value.wait == 60


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "counted"),
    [
        ("192.0.2.1", None, 0, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.1", 0, "192.0.2.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", 1, "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", 2, "198.51.100.1"),
        ("192.0.2.1", "198.51.100.1", 2, "192.0.2.1"),
        ("192.0.2.1", "", 1, "192.0.2.1"),
        ("10.0.0.1", "not an address", 1, "unknown"),
        ("", None, 0, "unknown"),
        ("2001:db8:1:2:aaaa::1", None, 0, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", None, 0, "192.0.2.1"),
    ],
)
def test_counted_address(remote: str, forwarded: str | None, proxies: int, counted: str) -> None:
    assert client_address(remote, forwarded, proxies) == counted
