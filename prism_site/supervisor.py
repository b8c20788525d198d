"""Keeping a queue cluster alive: rings it often, watches its canary, replaces it when it stops answering.

django-q2's own scheduler looks every thirty seconds, a pool can dead-lock when an idle worker is killed, and
a dead sentinel leaves its workers behind. So the cluster runs as a session of its own which is replaced as
a whole, while jobs, being detached, go on.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models.functions import Now

from evaluations import bell, reconcile
from evaluations.backends.processes import end_session
from evaluations.models import Canary
from evaluations.queues import SHARED, of_host
from prism_site.backoff import Backoff
from prism_site.config import ROOT, env
from prism_site.schedules import CANARY, RECONCILE

RECONCILE_SECONDS = 2.0
LEASE_SECONDS = 10.0
CANARY_SECONDS = 20.0
STALE_SECONDS = 90.0  # longer than the longest tick
DRAIN_SECONDS = 75.0  # a tick may take sixty
RESTART_SECONDS = 5.0  # between two starts of a cluster that does not stay up
PR_SET_PDEATHSIG = 1
CLUSTER = [sys.executable, str(ROOT / "manage.py"), "qcluster"]
log = structlog.get_logger(__name__)


class Supervisor:
    """One queue cluster of this host and the clock that rings it; `run` returns when asked to stop."""

    def __init__(
        self, name: str = SHARED, *, command: list[str] = CLUSTER, stale_seconds: float = STALE_SECONDS
    ) -> None:
        self.name = name
        self.command = command
        self.stale_seconds = stale_seconds
        self.stopping = threading.Event()
        self.cluster: subprocess.Popen[bytes] | None = None
        self.started_at = -RESTART_SECONDS
        self.backoff, self.quiet_until = Backoff(), 0.0
        self.beats = [
            Beat(LEASE_SECONDS, reconcile.renew_here),
            Beat(RECONCILE_SECONDS, lambda: bell.ring(RECONCILE, once=True, queue=of_host(name))),
            Beat(CANARY_SECONDS, lambda: bell.ring(CANARY, once=True, queue=of_host(name))),
        ]

    def run(self) -> None:
        """Supervise until a signal; then let the cluster drain and leave no process of it behind."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._ask_to_stop)
        try:
            while not self.stopping.wait(0.2):
                self.look_after()
        finally:
            self.drain()

    def look_after(self) -> None:
        """One look: the cluster runs and answers, and has been rung lately."""
        if self.cluster is None or self.cluster.poll() is not None:
            self._replace("ended")
            return
        if time.monotonic() < self.quiet_until:
            return
        try:
            for beat in self.beats:
                beat.strike()
            if self._is_stale():
                self._replace("stale canary")
            self.backoff.succeeded()
        except (DatabaseError, InterfaceError) as error:
            log.warning("database_unreachable", detail=str(error))
            close_old_connections()
            self.quiet_until = time.monotonic() + self.backoff.failed()

    def drain(self) -> None:
        """Ask the main process to finish its ticks (the group would be killed in the middle), then sweep."""
        if self.cluster is None:
            return
        self.cluster.terminate()
        try:
            self.cluster.wait(DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("cluster_did_not_drain")
        self._end()

    def _ask_to_stop(self, signum: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def _is_stale(self) -> bool:
        if time.monotonic() - self.started_at < self.stale_seconds:
            return False
        since = Now() - timedelta(seconds=self.stale_seconds)
        own = Canary.objects.filter(cluster=self.name, host=env().host)
        return not own.filter(stamped_at__gt=since).exists()

    def _replace(self, why: str) -> None:
        if time.monotonic() - self.started_at < RESTART_SECONDS:
            return
        if self.cluster is not None:
            log.warning("cluster_replaced", cluster=self.name, why=why)
            self._end()
        self.started_at = time.monotonic()
        self.cluster = subprocess.Popen(
            self.command,
            env={**os.environ, "Q_CLUSTER_NAME": self.name},
            start_new_session=True,
            preexec_fn=_drain_when_orphaned,  # noqa: PLW1509 - this process has one thread
            cwd=ROOT,
        )
        log.info("cluster_started", cluster=self.name, pid=self.cluster.pid)

    def _end(self) -> None:
        """End the cluster's session as a whole: workers outlive a sentinel that was killed."""
        assert self.cluster is not None
        end_session(self.cluster.pid)
        self.cluster.wait()
        self.cluster = None


class Beat:
    """Something to do every so many seconds, the first time at once."""

    def __init__(self, seconds: float, action: Callable[[], object]) -> None:
        self.seconds, self.action = seconds, action
        self.due_at = time.monotonic()

    def strike(self) -> None:
        """Do it if it is due."""
        if time.monotonic() >= self.due_at:
            self.action()
            self.due_at = time.monotonic() + self.seconds


def _drain_when_orphaned() -> None:
    """In the child: if the supervisor is killed, the cluster is asked to drain instead of living on."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
