from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from evaluations.api.log import SLICE_BYTES
from evaluations.backends.folders import folder_of
from evaluations.models import Attempt
from prism_site.config import override_env
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(tmp_path: Path) -> Iterator[Attempt]:
    """An attempt whose folder exists, under a root of its own."""
    with override_env(artifact_dir=tmp_path):
        made = factories.make_evaluating()
        folder_of(made.label).mkdir(parents=True)
        yield made


def shown(client: Client, attempt: Attempt) -> str:
    return client.get(f"/submissions/{attempt.run.submission_id}/log").content.decode()


def test_end_of_a_long_log_is_shown_escaped(client: Client, attempt: Attempt) -> None:
    log = folder_of(attempt.label) / "learner.log"
    log.write_bytes(b"the beginning" + b"\n" * SLICE_BYTES + b"<the end> \xff\n")
    page = shown(client, attempt)
    assert "&lt;the end&gt; \ufffd" in page
    assert "the beginning" not in page


def test_a_link_out_of_the_folder_is_not_followed(client: Client, attempt: Attempt, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (folder_of(attempt.label) / "learner.log").symlink_to(tmp_path / "secret")
    assert "It has printed nothing." in shown(client, attempt)


def test_no_log_yet_is_said_so(client: Client, attempt: Attempt) -> None:
    assert "It has printed nothing." in shown(client, attempt)
    assert "It has printed nothing." in shown(client, factories.make_evaluating())
