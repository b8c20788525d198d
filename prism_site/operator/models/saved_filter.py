"""A filter of the queue that an operator has given a name."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class SavedFilter(models.Model):
    """The query of `/operator/holds` under a name; `prism_site.operator.saved_filters` is its one writer."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=40)
    query = models.TextField()  # as it stood in the URL; what it asks for may be unknown by now
    is_shared = models.BooleanField(default=False)  # all operators see it, its owner alone changes it
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_filter_name_once"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(query=""), name="saved_filter_says_what"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"
