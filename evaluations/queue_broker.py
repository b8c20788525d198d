"""django-q2's broker in the database, for clusters that hear several queues."""

import time
from datetime import datetime
from typing import Any

from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf

from evaluations.queues import heard_by


class HostBroker(ORM):  # type: ignore[misc]
    """Messages for anybody, for whoever launches and for this host alone, oldest first."""

    def dequeue(self) -> list[tuple[int, str]]:
        """What was taken, locked for as long as a tick may need; nothing, after a pause, if nothing waits."""
        waiting = self.get_connection().filter(key__in=heard_by(self.list_key), lock__lt=timezone.now())
        found = list(waiting.order_by("id")[: Conf.BULK])
        if not found:
            time.sleep(Conf.POLL)
        return [(message.pk, message.payload) for message in found if self._lock(message)]

    def _lock(self, message: Any) -> bool:
        """Whether nobody else was faster."""
        until: datetime = self.timeout(message)
        ours: int = self.get_connection().filter(pk=message.pk, lock=message.lock).update(lock=until)
        return ours == 1
