"""What is known of an operator beside the account: hotkeys of their own."""

from django.conf import settings
from django.db import models


class OperatorProfile(models.Model):
    """A hotkey that belongs to an operator, who decides nothing about it; one row per hotkey."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profiles")
    hotkey = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "hotkey"], name="operator_hotkey_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.hotkey}"
