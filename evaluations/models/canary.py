"""The stamp that a living queue renews."""

from django.db import models


class Canary(models.Model):
    """When a host's queue cluster last carried out a task: the one reliable sign of a dead pool."""

    cluster = models.CharField(max_length=40)
    host = models.CharField(max_length=255)
    stamped_at = models.DateTimeField()
    secrets = models.CharField(max_length=16, blank=True)  # their fingerprint: `evaluations.shared_secrets`

    class Meta:
        verbose_name_plural = "canaries"
        constraints = [models.UniqueConstraint(fields=["cluster", "host"], name="canary_once_per_host")]
