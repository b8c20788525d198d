"""What happened stays: nobody edits or deletes a row of a history through the models."""

import pytest
from django.db import models, transaction

from evaluations.models import Event
from prism_site.insert_only import InsertOnly, RowIsHistory
from prism_site.policy.models import RuntimeConfig
from reviews.models import HoldEvent
from scoring.models import OwnershipEvent, WeightSnapshot
from tests.factories import make_held

pytestmark = pytest.mark.django_db


def test_an_event_is_written_once() -> None:
    event = make_held().events.get(sequence=1)
    for change in (
        event.save,
        event.delete,
        Event.objects.all().delete,
        lambda: Event.objects.update(by="x"),
    ):
        with pytest.raises(RowIsHistory):
            change()
    event.verb = "rewritten"
    with pytest.raises(RowIsHistory), transaction.atomic():
        Event.objects.bulk_update([event], ["verb"])
    assert Event.objects.get(pk=event.pk).verb != "rewritten"


@pytest.mark.parametrize("history", [Event, HoldEvent, OwnershipEvent, WeightSnapshot, RuntimeConfig])
def test_every_history_refuses_changes_in_bulk(history: type[models.Model]) -> None:
    assert issubclass(history, InsertOnly)
    with pytest.raises(history.refusal):
        history._default_manager.all().delete()
    with pytest.raises(history.refusal):
        history._default_manager.update(pk=1)
