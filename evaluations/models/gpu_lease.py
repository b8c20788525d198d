"""A GPU that an attempt has to itself."""

from django.db import models
from django.db.models import Q

from evaluations.models.attempt import Attempt


class GpuLease(models.Model):
    """One device of one attempt. The database decides that a device is lent once at a time.

    Told apart by uuid alone, so that two hosts which see the same device cannot both lend it.
    """

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="gpu_leases")
    fencing_token = models.PositiveIntegerField()  # the attempt's
    host = models.CharField(max_length=255)
    uuid = models.CharField(max_length=100)
    model = models.CharField(max_length=120)
    taken_at = models.DateTimeField()
    renewed_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # by the database's clock; renewed with the attempt's own lease
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["uuid"], condition=Q(released_at__isnull=True), name="gpu_lease_one_live_per_device"
            ),
        ]
        indexes = [
            models.Index(fields=["attempt"], condition=Q(released_at__isnull=True), name="gpu_lease_live")
        ]
        ordering = ["host", "uuid"]
