"""A real server and real validators: one is killed in the middle of a run, two race for what it left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluations.backends import local
from evaluations.backends.jobs import JobState
from tests.validators.conftest import SECOND, VALIDATOR
from tests.validators.installation import DEADLINE_SECONDS, UPLOAD, Installation

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path, text_folder: Path) -> Iterator[Installation]:
    place = Installation(tmp_path, text_folder)
    place.python("-c", UPLOAD)
    process = place.serve()
    yield place
    process.terminate()
    process.wait(60)
    place.log.close()


@pytest.fixture(autouse=True)
def doors() -> None:
    """Processes have settings of their own."""


def test_a_killed_validator_loses_its_run_to_one_of_two_that_race_for_it(server: Installation) -> None:
    first = server.validate("one", VALIDATOR)
    server.wait(lambda: server.rows("SELECT state FROM evaluations_attempt") == [("running",)])
    left = next((server.folder / "one" / "validator").iterdir())
    server.wait(lambda: local.poll(left) is JobState.RUNNING)
    first.kill()
    first.communicate()
    assert server.expire_now() == {"expired": 1}
    assert server.rows("SELECT status, stage FROM evaluations_submission") == [("pending", "queued")]

    # The killed one's pause has passed; it comes again with its folder as it was left.
    server.execute("UPDATE evaluations_attempt SET ended_at = '2020-01-01 00:00:00'")
    racers = [server.validate("one", VALIDATOR), server.validate("two", SECOND)]
    said = [racer.communicate(timeout=DEADLINE_SECONDS)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], said
    assert sorted("scored scored" in text for text in said) == [False, True], said
    assert sorted("nothing waits" in text for text in said) == [False, True], said

    assert local.poll(left) is not JobState.RUNNING
    assert not any((server.folder / name / "validator" / left.name).exists() for name in ("one", "two"))
    attempts = server.rows("SELECT number, state, reason FROM evaluations_attempt ORDER BY number")
    assert attempts == [(1, "lost", "lease_expired"), (2, "finished", "")]
    assert server.post("/internal/v1/worker/process-next")["advanced"] == 1
    assert server.rows("SELECT status FROM evaluations_submission") == [("completed",)]
    ((bits, stream_bytes),) = server.rows(
        "SELECT bits, stream_bytes FROM evaluations_curvepoint"
        " ORDER BY attempt_id DESC, stream_bytes DESC LIMIT 1"
    )
    assert stream_bytes == 32_768
    assert server.rows("SELECT bpb FROM scoring_score") == [(bits / stream_bytes,)]
