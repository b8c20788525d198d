"""The append-only history of a hold: the audit trail of what operators did."""

from django.db import models

from prism_site.insert_only import InsertOnly, InsertOnlyManager
from reviews.models.hold import Hold


class HoldEvent(InsertOnly):
    """One thing that happened to a hold; never changed, never deleted; written by `reviews.holds` alone."""

    class Verb(models.TextChoices):
        """What happened."""

        OPEN = "open", "Opened"
        CLAIM = "claim", "Claimed"
        TAKE_OVER = "take_over", "Taken over"
        UNCLAIM = "unclaim", "Given back"
        DECIDE = "decide", "Decided"
        CLOSE = "close", "Closed with another"
        UNDO = "undo", "Undone"
        ESCALATE = "escalate", "Escalated"
        EXPIRE = "expire", "Expired"

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    by = models.CharField(max_length=120)  # operator:<user>, miner:<hotkey> or system:<part>
    verb = models.CharField(max_length=12, choices=Verb)
    before = models.JSONField(default=dict)  # what the verb changed, as it was
    after = models.JSONField(default=dict)  # and as it is
    note = models.TextField(blank=True)

    objects = InsertOnlyManager()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["-at", "-id"], name="hold_event_newest")]

    def __str__(self) -> str:
        return f"{self.verb} by {self.by}"
