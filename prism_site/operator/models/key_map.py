"""The keys that an operator has changed."""

from django.conf import settings
from django.db import models


class KeyMap(models.Model):
    """One row per operator, replaced as a whole; `prism_site.operator.keymaps` is its one writer."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="key_map"
    )
    changed = models.JSONField(
        default=dict
    )  # action -> key, or "" for none; only what differs from the default
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"keys of {self.user}"
