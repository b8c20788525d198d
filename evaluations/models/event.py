"""The append-only history of a submission."""

from django.db import models

from evaluations.enums import Stage, Status
from evaluations.models.submission import Submission
from prism_site.insert_only import InsertOnly, InsertOnlyManager


class Event(InsertOnly):
    """One thing that happened; never changed, never deleted."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="events")
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=120)  # miner:<hotkey>, system:<part> or operator:<user>
    verb = models.CharField(max_length=32)
    status = models.CharField(max_length=10, choices=Status)  # after it
    stage = models.CharField(max_length=12, choices=Stage)  # after it
    reason_code = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict)
    # `evaluations.event_chain`; the database gives the default to a writer that does not know of it yet.
    previous_hash = models.CharField(max_length=64, blank=True, db_default="")
    hash = models.CharField(max_length=64, blank=True, db_default="")

    objects = InsertOnlyManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "sequence"], name="event_sequence_once"),
        ]
        ordering = ["sequence"]
        indexes = [models.Index(fields=["verb", "at"], name="event_by_verb")]  # what ended when, over all
