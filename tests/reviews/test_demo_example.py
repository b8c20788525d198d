"""The example that the demo holds: stopped by the real rules, before it costs any queue time."""

from pathlib import Path

import pytest
from django.utils import timezone

from evaluations.enums import Stage, Status
from evaluations.intake.accept import Upload, accept_upload
from evaluations.intake.bundle import pack
from evaluations.models import Run
from prism_site import pipeline
from prism_site.config import ROOT
from reviews.models import Hold, Review
from tests.evaluations import world
from tests.evaluations.conftest import host, text_folder
from tests.reviews.world import decide, state

__all__ = ["host", "text_folder"]

pytestmark = pytest.mark.django_db


def test_the_example_with_a_table_is_quarantined_and_goes_on_when_released(host: Path) -> None:
    files = {
        path.name: path.read_bytes() for path in (ROOT / "examples" / "prior").iterdir() if path.is_file()
    }
    sent = Upload(archive=pack(files), body_sha256="", hotkey=world.ALICE, nonce=None, by="system:test")
    submission = accept_upload(sent, now=timezone.now()).submission
    world.pass_reviews(submission, Review.Reviewer.DESCRIBE)
    while pipeline.advance(str(submission.pk)):
        pass
    hold = Hold.objects.get()
    assert (hold.kind, hold.reason_code) == (Hold.Kind.QUARANTINE, "opaque_constant")
    assert state(hold) == (Status.HELD, Stage.REVIEW)
    assert "architecture.py, line" in hold.summary
    assert hold.evidence["findings"][0]["quote"].startswith("PAIRS")
    assert not Run.objects.exists()
    decide(hold, Hold.Decision.RELEASE, note="a small table, plain to read")
    assert state(hold) == (Status.PENDING, Stage.QUEUED)
