"""An attempt that was handed to a validator."""

import uuid

from django.db import models

from evaluations.models.attempt import Attempt


class Assignment(models.Model):
    """What a validator was asked to run. Where it stands is its attempt's state, and nowhere else.

    The id is told to the lease's holder alone, and is needed for every further call.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, related_name="assignment")
    validator = models.CharField(max_length=64)  # hotkey
    specification = models.JSONField()  # frozen: a later change of policy changes nothing under way
    result_sha256 = models.CharField(max_length=64, blank=True)  # of the body that was taken
