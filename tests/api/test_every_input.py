"""Every numbered bad input through the public door: its status and code, and nothing of it kept."""

import time

import pytest
from django.db import OperationalError

from evaluations.enums import Status
from evaluations.intake.bundle import pack
from evaluations.models import StoredBundle, Submission
from prism_site.access import nonces, throttles, tokens
from prism_site.config import override_env
from prism_site.policy.resolve import set_policy
from tests.access.test_hotkeys import MALFORMED
from tests.api.conftest import assert_problem, bundle_of, platform, signed
from tests.api.test_upload import JSON_CASES
from tests.intake import test_archive_refusals as archives
from tests.intake.crafted import CONTRACT, LIMITS
from tests.intake.test_manifest import CASES as MANIFESTS
from tests.intake.test_text import CASES as TEXTS
from tests.intake.test_wire import CASES as WIRE
from tests.reviews.test_contract import SOURCE_CASES

pytestmark = pytest.mark.django_db

BUNDLES = {
    **archives.CASES,
    **{key: (archives.named(name.encode()), code) for key, (name, code) in archives.NAME_CASES.items()},
    **{key: (pack({**CONTRACT, "a.py": text}), code) for key, (text, code, _) in TEXTS.items()},
    **{key: (pack({**CONTRACT, "prism.yaml": text}), code) for key, (text, code) in MANIFESTS.items()},
    "94 no architecture.py": (pack({"training.py": b""}), "contract_missing_file"),
    "94 no training.py": (pack({"architecture.py": b""}), "contract_missing_file"),
}
NUMBERED = {key: case for key, case in BUNDLES.items() if key[0].isdigit() and case[0]}
# name, value, status, code
HEADERS = {
    **{
        f"13 without {name}": (name, None, 401, "auth_header_missing")
        for name in ("X-Hotkey", "X-Signature", "X-Nonce", "X-Timestamp")
    },
    **{
        f"14 {name}": ("X-Hotkey", hotkey, 401, "hotkey_malformed")
        for name, hotkey in MALFORMED.items()
        if hotkey.isascii() and hotkey.strip() == hotkey != ""
    },
    "15 odd": ("X-Signature", "0" * 127, 401, "signature_malformed"),
    "15 prefix 0X": ("X-Signature", "0X" + "0" * 126, 401, "signature_malformed"),
    "15 blanks": ("X-Signature", "00 " * 42 + "00", 401, "signature_malformed"),
    "17 zeros": ("X-Signature", "0" * 128, 401, "signature_invalid"),
    **{
        f"20 {value!r}": ("X-Timestamp", value, 401, "timestamp_malformed")
        for value in ("1_700_000_0", "+170000000", "1e9", "-170000000", "9" * 5000, "1700000000.0", "NaN")
    },
    "23 blank": ("X-Nonce", "a b", 401, "nonce_malformed"),
    "23 long": ("X-Nonce", "n" * 65, 401, "nonce_malformed"),
    "23 other letters": ("X-Nonce", "n;", 401, "nonce_malformed"),
    "35 path": ("X-Submission-Filename", "../../x", 201, ""),
    "35 long": ("X-Submission-Filename", "x" * 5000, 201, ""),
}
# numbers whose input is more than one request or one header: each has its own test below
TOLD = {16, 18, 19, 21, 22, 24, 25, 26, 33, 34}


def test_every_input_has_a_case() -> None:
    tables = (WIRE, HEADERS, NUMBERED, JSON_CASES, SOURCE_CASES)
    numbers = {int(key.split()[0]) for table in tables for key in table}
    assert numbers | TOLD == set(range(1, 136))
    assert not numbers & TOLD


@pytest.mark.parametrize("key", NUMBERED)
def test_a_bad_bundle_is_recorded_as_rejected_with_its_code(upload, key: str) -> None:
    raw, code = NUMBERED[key]
    sizes = {
        "max_code_bytes": LIMITS.max_zip_bytes,
        "max_files": LIMITS.max_files,
        "max_bytes": LIMITS.max_total_bytes,
    }
    set_policy("artifact_limits", sizes, by="operator:test")
    problem = assert_problem(upload(raw), 422, code)
    submission = Submission.objects.get(pk=problem["submission_id"])
    assert (submission.status, submission.reason_code) == (Status.REJECTED, code)
    assert not StoredBundle.objects.exists()


@pytest.mark.parametrize("key", HEADERS)
def test_a_bad_header_has_its_answer(upload, alice, key: str) -> None:
    name, value, status, code = HEADERS[key]
    body = bundle_of()
    headers = {**signed(alice, body), name: value}
    response = upload(body, {key: value for key, value in headers.items() if value is not None})
    if status == 201:
        assert response.status_code == status
        return
    assert_problem(response, status, code)
    assert not Submission.objects.exists()


def test_16_a_signature_over_something_else_is_invalid(upload, alice) -> None:
    body = bundle_of()
    for headers in (
        signed(alice, b"another body"),
        {**signed(alice, body), "X-Nonce": "another"},
        {**signed(alice, body), "X-Timestamp": str(int(time.time()) - 1)},
    ):
        assert_problem(upload(body, headers), 401, "signature_invalid")


@pytest.mark.parametrize(("shift", "code"), [(-400, "timestamp_stale"), (90, "timestamp_future")])
def test_18_19_a_clock_that_is_off_is_refused(upload, alice, shift: int, code: str) -> None:
    body = bundle_of()
    headers = signed(alice, body, timestamp=int(time.time()) + shift)
    assert_problem(upload(body, headers), 401, code)


def test_21_22_a_nonce_is_for_one_body(upload, alice) -> None:
    body, other = bundle_of(), bundle_of("x = 1\n")
    headers = signed(alice, body, nonce="once")
    first, again = upload(body, headers), upload(body, headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert_problem(upload(other, signed(alice, other, nonce="once")), 409, "nonce_reused")


def test_24_a_database_that_fails_is_asked_again_later(upload, monkeypatch) -> None:
    def locked(*_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(nonces, "claim", locked)
    response = upload()
    assert_problem(response, 503, "try_again")
    assert int(response["Retry-After"]) > 0


def test_25_26_who_may_not_and_who_comes_too_often(upload, alice, monkeypatch) -> None:
    with override_env(validator_hotkeys=alice.ss58_address):
        assert_problem(upload(), 403, "hotkey_not_allowed")
    monkeypatch.setattr(throttles, "RATES", {**throttles.RATES, "upload_hotkey": 1})
    upload()
    response = upload()
    assert_problem(response, 429, "rate_limited")
    assert int(response["Retry-After"]) > 0


def test_33_a_wrong_token_is_compared_whole_with_every_token(client, monkeypatch) -> None:
    compared: list[tuple[int, int]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(tokens.hmac, "compare_digest", compare)
    right = platform()["Authorization"].removeprefix("Bearer ")
    for wrong in ("x", right[:-1], right + "x"):
        response = client.post("/internal/v1/worker/poll", headers={"Authorization": f"Bearer {wrong}"})
        assert_problem(response, 401, "internal_auth")
    assert compared == [(32, 32)] * 3


def test_34_a_made_up_forwarder_changes_no_address(upload, alice, monkeypatch) -> None:
    monkeypatch.setattr(throttles, "RATES", {**throttles.RATES, "upload_address": 1})
    body = bundle_of()
    answers = [
        upload(body, {**signed(alice, body), "X-Forwarded-For": f"198.51.100.{n}"}).status_code
        for n in range(2)
    ]
    assert answers == [201, 429]
