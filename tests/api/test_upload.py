"""The public door: real signatures through the whole path."""

import base64
import hashlib
import io
import json
import time

import pytest
from bittensor_wallet import Keypair

from evaluations.enums import Stage, Status
from evaluations.models import Event, StoredBundle, Submission
from prism_site.access.models import Nonce
from prism_site.config import env, override_env
from prism_site.policy.resolve import set_policy
from tests.api.conftest import assert_problem, break_policy, bundle_of, signed

pytestmark = pytest.mark.django_db


def as_json(archive: bytes, **more: object) -> bytes:
    return json.dumps({"filename": "a.zip", "code": base64.b64encode(archive).decode(), **more}).encode()


def test_a_signed_zip_becomes_a_submission(upload, alice):
    body = bundle_of()
    response = upload(body)
    assert response.status_code == 201
    receipt = response.json()
    submission = Submission.objects.get(pk=receipt["id"])
    assert (submission.status, submission.stage) == (Status.PENDING, Stage.RECEIVED)
    assert receipt["hotkey"] == submission.hotkey == alice.ss58_address
    assert receipt["code_hash"] == submission.code_hash
    assert receipt["epoch"] == submission.epoch
    assert submission.epoch % env().epoch_seconds == 0
    assert bytes(StoredBundle.objects.get(pk=submission.pk).archive) == body
    assert Event.objects.get(submission=submission).by == f"miner:{alice.ss58_address}"
    assert Nonce.objects.get().submission_id == submission.pk


def test_the_stored_listing_names_every_file(upload):
    submission_id = upload().json()["id"]
    listing = StoredBundle.objects.get(pk=submission_id).files
    assert [file["name"] for file in listing] == ["architecture.py", "training.py"]
    assert listing[1]["sha256"] == hashlib.sha256(b"def train(ctx):\n    pass\n").hexdigest()


def test_the_json_form_gives_the_same_submission(upload, alice):
    first = upload(bundle_of()).json()
    body = as_json(bundle_of(), metadata={"note": "mine"})
    response = upload(body, content_type="application/json")
    assert response.status_code == 200
    assert response.json() == first


def test_the_same_message_again_gets_the_first_receipt(upload, alice):
    body = bundle_of()
    headers = signed(alice, body)
    first, second = upload(body, headers), upload(body, headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Submission.objects.count() == Nonce.objects.count() == 1


def test_a_nonce_with_another_body_is_refused(upload, alice):
    upload(bundle_of(), signed(alice, bundle_of(), nonce="once"))
    other = bundle_of("def train(ctx):\n    return 1\n")
    assert_problem(upload(other, signed(alice, other, nonce="once")), 409, "nonce_reused")
    assert Submission.objects.count() == 1


def test_the_same_content_of_another_hotkey_is_another_submission(upload, alice, bob):
    body = bundle_of()
    assert upload(body, signed(alice, body)).status_code == 201
    assert upload(body, signed(bob, body)).status_code == 201


def test_a_signature_over_another_body_is_refused(upload, alice):
    assert_problem(upload(bundle_of(), signed(alice, bundle_of("x = 1\n"))), 401, "signature_invalid")
    assert not Submission.objects.exists()
    assert not Nonce.objects.exists()


def test_a_signature_of_another_hotkey_is_refused(upload, alice, bob):
    body = bundle_of()
    headers = signed(alice, body) | {"X-Hotkey": bob.ss58_address}
    assert_problem(upload(body, headers), 401, "signature_invalid")


@pytest.mark.parametrize(
    ("shift", "code"), [(-301, "timestamp_stale"), (-100_000, "timestamp_stale"), (60, "timestamp_future")]
)
def test_a_timestamp_outside_the_window_is_refused(upload, alice, shift, code):
    body = bundle_of()
    headers = signed(alice, body, timestamp=int(time.time()) + shift)
    assert_problem(upload(body, headers), 401, code)


@pytest.mark.parametrize(
    ("name", "value", "status", "code"),
    [
        ("X-Hotkey", "", 401, "auth_header_missing"),
        ("X-Hotkey", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ", 401, "hotkey_malformed"),
        ("X-Signature", "0x zz", 401, "signature_malformed"),
        ("X-Signature", "00" * 64, 401, "signature_invalid"),
        ("X-Nonce", "a b", 401, "nonce_malformed"),
        ("X-Nonce", "n" * 65, 401, "nonce_malformed"),
        ("X-Timestamp", "1_700_000_0", 401, "timestamp_malformed"),
        ("X-Hotkey", "one,two", 400, "duplicate_header"),
        ("X-Signature-Scheme", "ed25519", 401, "signature_scheme_unknown"),
        ("X-Padding", "p" * 9000, 431, "headers_too_large"),
    ],
)
def test_a_bad_header_is_refused_with_its_code(upload, alice, name, value, status, code):
    body = bundle_of()
    assert_problem(upload(body, signed(alice, body) | {name: value}), status, code)
    assert not Submission.objects.exists()


class Unreadable:
    """A body that must not be touched."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("the body was read")

    readline = read


@pytest.mark.parametrize(
    ("length", "status", "code"), [("100", 401, "auth_header_missing"), ("99999999", 413, "body_too_large")]
)
def test_what_is_refused_by_its_headers_is_never_read(upload, length, status, code):
    response = upload(headers={}, CONTENT_LENGTH=length, **{"wsgi.input": Unreadable()})
    assert_problem(response, status, code)


def test_the_limit_is_that_of_the_policy(upload):
    set_policy("artifact_limits", {"max_code_bytes": 100}, by="operator:test")
    assert_problem(upload(), 413, "body_too_large")


def test_a_body_shorter_than_announced_is_refused(upload, alice):
    body = bundle_of()
    cut = {"CONTENT_LENGTH": str(len(body) + 10), "wsgi.input": io.BytesIO(body)}
    response = upload(body, signed(alice, body), **cut)
    assert_problem(response, 400, "body_length_mismatch")


@pytest.mark.parametrize(
    ("extra", "status", "code"),
    [
        ({"CONTENT_LENGTH": ""}, 411, "length_required"),
        ({"CONTENT_LENGTH": "0"}, 400, "body_empty"),
        ({"CONTENT_LENGTH": "10,11"}, 400, "duplicate_header"),
        ({"CONTENT_LENGTH": "-1"}, 400, "header_malformed"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 400, "smuggling_suspected"),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, 415, "content_encoding_not_supported"),
        ({"content_type": "multipart/form-data; boundary=x"}, 415, "content_type"),
        ({"content_type": "text/plain"}, 415, "content_type"),
    ],
)
def test_bad_framing_is_refused_with_its_code(upload, extra, status, code):
    assert_problem(upload(**extra), status, code)
    assert not Submission.objects.exists()


def test_a_bundle_that_breaks_a_rule_is_recorded_as_rejected(upload, alice):
    body = b"not a zip at all"
    headers = signed(alice, body)
    problem = assert_problem(upload(body, headers), 422, "zip_not_zip")
    submission = Submission.objects.get(pk=problem["submission_id"])
    assert (submission.status, submission.reason_code) == (Status.REJECTED, "zip_not_zip")
    assert not StoredBundle.objects.exists()
    assert assert_problem(upload(body, headers), 422, "zip_not_zip") == problem
    assert assert_problem(upload(body), 422, "zip_not_zip") == problem
    assert Submission.objects.count() == 1


def test_training_for_a_family_is_taken_and_names_it(upload):
    from evaluations.intake.bundle import pack

    manifest = b'kind: training_for_arch\narchitecture_id: "a-family"\n'
    body = pack({"training.py": b"def train(ctx):\n    pass\n", "prism.yaml": manifest})
    assert upload(body).status_code == 201
    submission = Submission.objects.get()
    assert (submission.kind, submission.architecture_id) == ("training_for_arch", "a-family")


def test_a_closed_house_takes_nothing(upload):
    with override_env(public_submissions_enabled=False):
        assert_problem(upload(), 404, "public_submissions_disabled")


def test_a_validator_may_not_submit(upload, alice):
    with override_env(validator_hotkeys=alice.ss58_address):
        assert_problem(upload(), 403, "hotkey_not_allowed")


def test_a_hotkey_that_comes_too_often_waits(upload):
    from prism_site.access.throttles import RATES

    answers = [upload() for _ in range(RATES["upload_hotkey"] + 1)]
    assert [answer.status_code for answer in answers[:-1]] == [201] + [200] * (RATES["upload_hotkey"] - 1)
    assert_problem(answers[-1], 429, "rate_limited")
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60


def test_the_platforms_hmac_counts_only_where_it_was_allowed(upload, alice):
    from prism_site.access.signatures import canonical_message, hmac_signature
    from tests.api.conftest import TOKEN

    body, now = bundle_of(), int(time.time())
    message = canonical_message(alice.ss58_address, "n", now, hashlib.sha256(body).hexdigest())
    headers = signed(alice, body, nonce="n", timestamp=now) | {"X-Signature": hmac_signature(TOKEN, message)}
    assert_problem(upload(body, headers), 401, "signature_malformed")
    with override_env(allow_insecure_signatures=True):
        assert upload(body, headers).status_code == 201


def test_an_invalid_policy_does_not_turn_an_official_upload_away(upload):
    break_policy()
    with override_env(execution_mode="gpu_proxy_eval"):
        assert upload().status_code == 201
    assert Submission.objects.get().mode == "gpu_proxy_eval"


JSON_CASES = {
    "132 byte order mark": (b"\xef\xbb\xbf{}", "json_encoding"),
    "132 UTF-16": ('{"code": "x"}'.encode("utf-16"), "json_encoding"),
    "132 not UTF-8": (b'{"code": "\xff"}', "json_encoding"),
    "133 cut": (b"{", "json_malformed"),
    "133 trailing data": (b'{"code": "x"} x', "json_malformed"),
    "126 depth 100 000": (b"[" * 100_000, "json_too_deep"),
    "126 depth 17": (b"[" * 17 + b"]" * 17, "json_too_deep"),
    "127 NaN": (b'{"code": NaN}', "json_number"),
    "127 beyond a float": (b'{"code": 1e999}', "json_number"),
    "129 5000 digits": (b'{"code": ' + b"9" * 5000 + b"}", "json_number"),
    "128 duplicate key": (b'{"code": "x", "code": "y"}', "json_duplicate_key"),
    "130 half of a surrogate pair": (b'{"code": "\\ud800"}', "json_string"),
    "131 NUL": (b'{"code": "\\u0000"}', "json_string"),
    "134 float for text": (b'{"code": 1.0}', "json_type"),
    "134 bool for text": (b'{"code": true}', "json_type"),
    "134 list for an object": (b"[]", "json_type"),
    "135 missing member": (b"{}", "json_schema"),
    "135 unknown member": (b'{"code": "eA==", "more": "x"}', "json_schema"),
    "93 padding cut": (b'{"code": "eA="}', "base64_malformed"),
    "93 bits in the padding": (b'{"code": "eB=="}', "base64_malformed"),
    "93 garbage": (b'{"code": " eA=="}', "base64_malformed"),
    "93 nothing": (b'{"code": ""}', "base64_malformed"),
}


@pytest.mark.parametrize(("body", "code"), JSON_CASES.values(), ids=JSON_CASES.keys())
def test_a_bad_json_body_is_refused_with_its_code(upload, body, code):
    assert_problem(upload(body, content_type="application/json"), 400, code)
    assert not Submission.objects.exists()


def test_problems_of_json_fields_point_at_them_without_repeating_names(upload):
    problem = assert_problem(
        upload(b'{"code": 1, "<script>": 2}', content_type="application/json"), 400, "json_type"
    )
    assert sorted(error["pointer"] for error in problem["errors"]) == ["/?", "/code"]


def test_the_signature_is_checked_before_the_json_is_parsed(upload, alice):
    headers = signed(alice, b"another body")
    assert_problem(upload(b"{", headers, content_type="application/json"), 401, "signature_invalid")


def test_every_keypair_of_the_wallet_is_understood(upload):
    keypair = Keypair.create_from_mnemonic(Keypair.generate_mnemonic())
    body = bundle_of()
    assert upload(body, signed(keypair, body)).status_code == 201
