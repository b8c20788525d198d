"""Several workers at once, on a database that lets two write at once."""

import pytest
from django.db import connection

from reviews.duplicates import keys, store
from reviews.models import SourceKey, SourceSignature
from tests.duplicates.programs import profile_of, program
from tests.duplicates.test_review import ALICE, accepted
from tests.scoring.test_races import TOGETHER, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_workers_that_remember_the_same_submission_write_one_signature() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time, so nothing can race")
    submission, bundle = accepted(program("tutorial"), ALICE)
    rows = at_once([lambda: store.remember(submission, bundle).pk] * TOGETHER)
    assert len(set(rows)) == 1
    assert SourceSignature.objects.count() == 1
    stored = SourceKey.objects.values_list("key", flat=True)
    expected = [*keys.stored_keys(profile_of("tutorial")), keys.code_key(bundle.code_hash)]
    assert sorted(stored) == sorted(expected)
