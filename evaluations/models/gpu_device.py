"""A GPU of some host, as that host last saw it."""

from django.db import models


class GpuDevice(models.Model):
    """Written by the reconcile tick of its host; what is not renewed has gone, or its host has."""

    host = models.CharField(max_length=255)
    uuid = models.CharField(max_length=100)
    model = models.CharField(max_length=120)
    memory_bytes = models.BigIntegerField(null=True, blank=True)
    first_seen_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # by the database's clock

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "uuid"], name="gpu_device_once_per_host")]
        ordering = ["host", "uuid"]
