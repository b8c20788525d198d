"""Boot checks: what an operator must or should change before this installation does real work."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage


def register() -> None:
    """Hand the checks to Django; called once, when the site is wired."""
    checks.register(queue_outlives_its_ticks, "prism")


def queue_outlives_its_ticks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A tick that is still running must never be delivered again."""
    queue: dict[str, Any] = settings.Q_CLUSTER
    if queue["retry"] > queue["timeout"] * 2:
        return []
    return [
        checks.Error(
            "The queue would deliver a tick again while it may still be running.",
            hint="Set Q_CLUSTER['retry'] to more than twice Q_CLUSTER['timeout'].",
            id="prism.E001",
        )
    ]
