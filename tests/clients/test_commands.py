"""The tool's commands against the site: receipts, refusals with their code, waiting, verdicts, results."""

import json
import socket
from pathlib import Path

import pytest

from clients import prism_submit
from clients.prism_submit import FAILED, HELD, NO_ANSWER, REFUSED, Server, Stopped, key_of
from evaluations.models import Submission
from prism_site.access import throttles
from prism_site.config import override_env
from tests import factories
from tests.clients.conftest import SEED
from tests.reviews.world import held_by_infrastructure


def run(server: str, *arguments: object) -> int:
    return prism_submit.main(["--server", server, *map(str, arguments)])


def test_submit_gives_a_receipt_and_the_same_content_the_same_submission(
    server: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(server, "submit", folder) == 0
    first = capsys.readouterr()
    submission = Submission.objects.get()
    assert f"{submission.pk}  pending\n" in first.out
    assert f"/submissions/{submission.pk}" in first.err
    assert run(server, "submit", folder) == 0
    assert f"{submission.pk}  pending  (known since " in capsys.readouterr().out
    assert Submission.objects.count() == 1


def test_a_refused_bundle_is_told_with_code_advice_and_page(
    server: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "prism.yaml").write_text("name: [\n")
    assert run(server, "submit", folder) == REFUSED
    said = capsys.readouterr().err
    assert "yaml_syntax: " in said
    assert f"{server}/submissions/{Submission.objects.get().pk}" in said
    assert f"{server}/docs/rules/" in said


def test_closed_doors_are_told(server: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with override_env(public_submissions_enabled=False):
        assert run(server, "submit", folder) == REFUSED
    assert "public_submissions_disabled: " in capsys.readouterr().err


def test_a_hotkey_that_may_not_submit_is_told(
    server: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with override_env(validator_hotkeys=key_of(None, {"PRISM_SEED": SEED}).hotkey):
        assert run(server, "submit", folder) == REFUSED
    assert "Use another key" in capsys.readouterr().err


def test_signed_headers_are_good_for_one_body_alone(server: str, folder: Path) -> None:
    class Replayed(prism_submit.Key):
        def headers(self, body: bytes) -> dict[str, str]:
            return super().headers(b"another body")

    key = key_of(None, {"PRISM_SEED": SEED})
    body = prism_submit.bundle_at(folder).archive
    with pytest.raises(Stopped) as stopped:
        Server(server).post("/v1/submissions", body, Replayed(key.public, key.secret))
    assert stopped.value.code == "signature_invalid"
    assert not Submission.objects.exists()


def test_a_server_that_asks_to_wait_is_waited_for(
    server: str, folder: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(seconds: float) -> None:
        pauses.append(seconds)
        throttles.RATES["upload_hotkey"] = 12

    monkeypatch.setitem(throttles.RATES, "upload_hotkey", 0)
    monkeypatch.setattr(prism_submit, "sleep", pause)
    assert run(server, "submit", folder) == 0
    assert len(pauses) == 1
    assert 0 < pauses[0] <= throttles.WINDOW_SECONDS


def test_patience_ends(
    server: str,
    folder: Path,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(throttles.RATES, "upload_hotkey", 0)
    assert run(server, "submit", folder) == NO_ANSWER
    assert len(pauses) == prism_submit.ATTEMPTS - 1
    assert "rate_limited: " in capsys.readouterr().err


def test_nobody_waits_for_tomorrow(
    server: str, folder: Path, pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [run(server, "precheck", folder) for _ in range(4)]
    assert codes == [0, 0, 0, NO_ANSWER]
    assert pauses == []
    assert "precheck_quota: " in capsys.readouterr().err


def test_a_server_that_is_away_is_told(
    folder: Path, pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert run(f"http://127.0.0.1:{closed.getsockname()[1]}", "submit", folder) == NO_ANSWER
    assert pauses == [1, 2, 4, 8, 16]
    assert "server_unreachable: " in capsys.readouterr().err


@pytest.mark.parametrize("address", ["prism.example", "file:///etc", "ftp://prism.example"])
def test_an_address_is_one_of_the_web(address: str) -> None:
    with pytest.raises(Stopped) as stopped:
        Server(address)
    assert stopped.value.code == "server_malformed"


def test_precheck_tells_what_is_found_and_where(
    server: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "training.py").write_text("import os\n\n\ndef train(ctx):\n    os.system('true')\n")
    assert run(server, "precheck", folder) == REFUSED
    said = capsys.readouterr().out
    assert "reject" in said
    assert "training.py:5" in said
    assert "2 of 3 prechecks left today" in said
    assert not Submission.objects.exists()


def test_follow_ends_with_the_verdict(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    score = factories.make_completed()
    endings = {
        score.submission_id: (0, f"{score.final_score:.6f}"),
        factories.make_failed().pk: (FAILED, "learner_raised"),
        factories.make_refused().pk: (REFUSED, "zip_malformed"),
        factories.make_held().pk: (HELD, "held"),
    }
    for submission_id, (status, words) in endings.items():
        assert run(server, "follow", f"{server}/submissions/{submission_id}") == status
        assert words in capsys.readouterr().out


def test_follow_tells_how_far_a_run_is(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attempt = factories.make_evaluating()
    submission = attempt.run.submission
    assert submission is not None

    def pause(seconds: float) -> None:
        Submission.objects.update(
            status="failed", stage="done", reason_code="learner_raised", reason="it did"
        )

    monkeypatch.setattr(prism_submit, "sleep", pause)
    assert run(server, "follow", submission.pk) == FAILED
    said = capsys.readouterr()
    assert "evaluating  [" in said.err
    assert "bits per byte" in said.err
    assert "learner_raised: it did" in said.out


def test_download_writes_what_there_is(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score = factories.make_completed()
    assert run(server, "download", score.submission_id, "--to", tmp_path / "scored") == 0
    assert {path.name for path in (tmp_path / "scored").iterdir()} == {
        "submission.json",
        "curve.csv",
        "manifest.json",
        "learner.log",
    }
    assert json.loads((tmp_path / "scored" / "manifest.json").read_text())["score"]
    assert run(server, "download", factories.make_refused().pk, "--to", tmp_path / "refused") == 0
    assert not (tmp_path / "refused" / "manifest.json").exists()
    assert "no manifest" in capsys.readouterr().err


def test_retry_is_for_the_owner_and_for_what_the_infrastructure_failed(
    server: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(server, "submit", folder) == 0
    submission = Submission.objects.get()
    assert run(server, "retry", submission.pk) == REFUSED
    assert "retry_not_possible: " in capsys.readouterr().err
    monkeypatch.setenv("PRISM_SEED", "22" * 32)
    assert run(server, "retry", submission.pk) == REFUSED
    assert "not_owner: " in capsys.readouterr().err
    monkeypatch.setenv("PRISM_SEED", SEED)
    lost = held_by_infrastructure(hotkey=key_of(None, {"PRISM_SEED": SEED}).hotkey).submission
    assert run(server, "retry", lost.pk) == 0
    assert f"{lost.pk}  pending" in capsys.readouterr().out


def test_what_answers_must_be_a_prism_server(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Stopped) as stopped:
        Server(server).get("/submit/prism_submit.py")
    assert stopped.value.code == "server_unreachable"


def test_an_unknown_submission_is_told(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(server, "follow", "00000000-0000-0000-0000-000000000000") == REFUSED
    assert run(server, "follow", "my-model") == prism_submit.USAGE
    said = capsys.readouterr().err
    assert "not_found: " in said
    assert "submission_id_malformed: " in said
