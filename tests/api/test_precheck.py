"""Precheck: the findings of a bundle for its owner, a few times a day, with nothing stored but a count."""

from datetime import UTC, datetime
from typing import Any

import pytest

from evaluations.intake.bundle import pack
from evaluations.models import Event, StoredBundle, Submission
from prism_site import pipeline
from prism_site.access.models import Nonce
from prism_site.config import override_env
from reviews.models import PrecheckCount, Review
from reviews.quota import PRECHECKS_A_DAY, QuotaSpent, take
from reviews.static_checks import parse
from tests.api.conftest import assert_problem, bundle_of, signed
from tests.evaluations import world

pytestmark = pytest.mark.django_db
PATH = "/v1/submissions/precheck"


@pytest.fixture
def precheck(client: Any, alice: Any) -> Any:
    def send(body: bytes, keypair: Any = alice, headers: dict[str, str] | None = None) -> Any:
        headers = signed(keypair, body) if headers is None else headers
        return client.post(PATH, body, content_type="application/zip", headers=headers)

    return send


def codes(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.content
    return [(found["reviewer"], found["code"]) for found in answer.json()["findings"]]


def test_a_sound_bundle_passes_and_leaves_nothing_but_a_count(precheck: Any) -> None:
    answer = precheck(bundle_of())
    assert codes(answer) == []
    body = answer.json()
    assert body["outcome"] == "pass"
    assert len(body["code_hash"]) == 64
    assert (body["quota"]["limit"], body["quota"]["used"]) == (PRECHECKS_A_DAY, 1)
    assert PrecheckCount.objects.get().count == 1
    for model in (Submission, StoredBundle, Event, Review, Nonce):
        assert not model.objects.exists()


def test_what_the_reader_refuses_is_a_finding(precheck: Any) -> None:
    answer = precheck(b"PK\x03\x04 not really")
    ((reviewer, code),) = codes(answer)
    assert (reviewer, answer.json()["outcome"], answer.json()["code_hash"]) == ("bundle", "reject", "")
    assert code.startswith("zip_")


def test_contract_and_rules_are_told_with_file_and_line(precheck: Any) -> None:
    found = codes(
        precheck(pack({"architecture.py": b"x = 1\n", "training.py": b"import os\nos.system('ls')\n"}))
    )
    assert ("contract", "contract_missing_build_model") in found
    assert "static" in {reviewer for reviewer, _ in found}


def test_training_alone_is_read_without_the_architecture_that_it_names(precheck: Any) -> None:
    manifest = b"kind: training_for_arch\narchitecture_id: a1\n"
    sound = pack({"training.py": b"def train(ctx):\n    pass\n", "prism.yaml": manifest})
    assert codes(precheck(sound)) == []
    empty = pack({"training.py": b"x = 1\n", "prism.yaml": manifest})
    assert codes(precheck(empty)) == [("contract", "contract_missing_train")]


def test_the_quota_is_counted_per_hotkey_and_says_when_to_come_again(
    precheck: Any, alice: Any, bob: Any
) -> None:
    for _ in range(PRECHECKS_A_DAY):
        assert precheck(bundle_of()).status_code == 200
    answer = precheck(bundle_of())
    assert_problem(answer, 429, "precheck_quota")
    assert 0 < int(answer["Retry-After"]) <= 86_400
    assert precheck(bundle_of(), bob).status_code == 200


def test_a_new_day_has_a_new_quota_and_the_old_count_is_gone() -> None:
    late = datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC)
    for _ in range(PRECHECKS_A_DAY):
        take("5Hot", now=late)
    with pytest.raises(QuotaSpent) as spent:
        take("5Hot", now=late)
    assert spent.value.wait_seconds == 31
    assert take("5Hot", now=datetime(2026, 3, 2, tzinfo=UTC)).used == 1
    assert PrecheckCount.objects.count() == 1


def test_only_the_hotkey_itself_has_a_bundle_prechecked(precheck: Any, alice: Any, bob: Any) -> None:
    forged = {**signed(bob, bundle_of()), "X-Hotkey": alice.ss58_address}
    assert_problem(precheck(bundle_of(), headers=forged), 401, "signature_invalid")
    assert_problem(precheck(bundle_of(), headers={}), 401, "auth_header_missing")
    assert not PrecheckCount.objects.exists()


def test_closed_is_closed(precheck: Any) -> None:
    with override_env(public_submissions_enabled=False):
        assert_problem(precheck(bundle_of()), 404, "public_submissions_disabled")


def test_a_copy_of_earlier_work_of_another_hotkey_is_told(precheck: Any, alice: Any, bob: Any) -> None:
    earlier = world.upload(hotkey=alice.ss58_address)
    world.pass_reviews(earlier, Review.Reviewer.DESCRIBE)
    while pipeline.advance(str(earlier.pk)):
        pass
    body = pack({"architecture.py": world.ARCHITECTURE.encode(), "training.py": world.TRAINING.encode()})
    found = precheck(body, bob)
    assert found.json()["outcome"] == "reject"
    assert {reviewer for reviewer, _ in codes(found)} == {"duplicates"}
    assert precheck(body, alice).json()["outcome"] == "pass"
    assert Submission.objects.count() == 1


def test_a_busy_host_judges_nothing_and_asks_to_come_again_at_no_cost(
    precheck: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(parse.parse, "__kwdefaults__", {"entrypoints": (), "wall_seconds": 1e-3})
        answer = precheck(bundle_of())
    assert_problem(answer, 503, "try_again")
    assert int(answer.headers["Retry-After"]) > 0
    assert precheck(bundle_of()).json()["quota"]["used"] == 1
