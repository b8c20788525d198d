"""Two at once: what the database decides, on a database that lets two write at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from bittensor_wallet import Keypair
from django.db import connection, connections
from django.utils import timezone

from evaluations.enums import Status
from evaluations.intake.accept import Upload, accept_upload
from evaluations.intake.bundle import pack
from evaluations.models import Submission
from prism_site.access.models import Nonce
from scoring.actions import record_score
from scoring.models import Score
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

TOGETHER = 4


@pytest.fixture(autouse=True)
def real_concurrency() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time, so nothing can race")


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """The results of calls that start together, each on a connection of its own."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.parametrize("repeat", range(5))
def test_first_scores_of_one_hotkey_leave_one_best(repeat):
    hotkey = factories.make_hotkey(f"racer {repeat}")
    ids = []
    for number in range(TOGETHER):
        attempt = factories.make_evaluating(
            points=len(factories.chunk_ends()), ease=1.0 + number, hotkey=hotkey
        )
        factories.finish(attempt)
        ids.append(attempt.run.submission_id)
    at_once([lambda pk=pk: record_score(submission_id=pk, by="system:pipeline") for pk in ids])
    assert set(Submission.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    assert Score.objects.get(best_in_mode=True).submission_id == ids[-1]


def test_one_submission_scored_by_several_workers_is_scored_once():
    attempt = factories.make_evaluating(points=len(factories.chunk_ends()))
    factories.finish(attempt)
    submission_id = attempt.run.submission_id
    scores = at_once([lambda: record_score(submission_id=submission_id, by="system:pipeline")] * TOGETHER)
    assert {score.pk for score in scores} == {submission_id}
    assert Submission.objects.get().events.filter(verb="complete").count() == 1


@pytest.mark.parametrize("nonces", [["same"] * TOGETHER, [str(number) for number in range(TOGETHER)]])
def test_one_upload_sent_several_times_is_one_submission(nonces):
    hotkey = Keypair.create_from_uri("//Alice").ss58_address
    archive = pack({"architecture.py": b"build_model = None\n", "training.py": b"train = None\n"})

    def send(nonce: str) -> Any:
        upload = Upload(
            archive=archive, body_sha256="0" * 64, hotkey=hotkey, nonce=nonce, by=f"miner:{hotkey}"
        )
        return accept_upload(upload, now=timezone.now())

    receipts = at_once([lambda nonce=nonce: send(nonce) for nonce in nonces])
    assert len({receipt.submission.pk for receipt in receipts}) == 1
    assert [receipt.created for receipt in receipts].count(True) == 1
    assert set(Nonce.objects.values_list("submission_id", flat=True)) == {receipts[0].submission.pk}
