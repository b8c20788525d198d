"""What happens during a soak: uploads, kills, pauses, power cuts of the database, and an operator."""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.db import DatabaseError, InterfaceError, connection

from evaluations.claims import LEASE
from evaluations.enums import Stage, Status
from evaluations.models import Submission
from prism_site import decisions
from reviews.holds import DECISIONS
from reviews.models import Hold
from tests.soak import house, miners
from tests.soak.postgres import Postgres

OPEN_AT_ONCE = 4
SETTLE_SECONDS = 300.0
PAUSE_SECONDS = LEASE.total_seconds() + 10
KILL_EVERY, CUT_EVERY, JOB_EVERY = 4.0, 30.0, 60.0
NO_DATABASE = (DatabaseError, InterfaceError)


def decision_about(hold: Hold) -> Hold.Decision:
    """What the operator decides: for the submission where that is possible."""
    wanted = (Hold.Decision.LIFT_MULTIPLIER, Hold.Decision.RELEASE, Hold.Decision.CONFIRM)
    return next(each for each in wanted if each in DECISIONS[Hold.Kind(hold.kind)])


class Soak:
    """One soak and what it counts."""

    def __init__(self, folder: Path, database: Postgres) -> None:
        self.folder, self.database = folder, database
        self.house = house.House(folder)
        self.uploads: list[miners.Upload] = []
        self.did: Counter[str] = Counter()
        self.settled_seconds = SETTLE_SECONDS
        self.dice = random.Random(7)
        self.paused_until: dict[str, float] = {}
        self.next_at: dict[str, float] = {}

    def run(self, seconds: float) -> None:
        """Make trouble for so long, then wait until everything is decided."""
        self.house.look_after()
        house.wait_until_it_answers(self.house)
        end = time.monotonic() + seconds
        self.next_at = {"pause": time.monotonic() + 10}
        while time.monotonic() < end:
            self._live()
            self._every("kill", KILL_EVERY, self._kill_one)
            self._every("database stop", CUT_EVERY, self._cut)
            self._every("job kill", JOB_EVERY, self._kill_job)
            self._every("pause", PAUSE_SECONDS + 20, self._pause)
            time.sleep(0.2)
        for name in list(self.paused_until):
            self._resume(name)
        self._settle()

    def _settle(self) -> None:
        began = time.monotonic()
        while time.monotonic() - began < SETTLE_SECONDS:
            self._live(new=False)
            with suppress(*NO_DATABASE):
                if not Submission.objects.exclude(stage=Stage.DONE).exists():
                    self.settled_seconds = time.monotonic() - began
                    return
            time.sleep(1)

    def _live(self, *, new: bool = True) -> None:
        self.house.look_after()
        for name in [name for name, until in self.paused_until.items() if time.monotonic() > until]:
            self._resume(name)
        unheard = [upload for upload in self.uploads if not upload.receipts]
        try:
            if unheard:
                miners.send(self.house.address, unheard[0])
            elif new and Submission.objects.exclude(stage=Stage.DONE).count() < OPEN_AT_ONCE:
                self.uploads.append(miners.make_upload(len(self.uploads)))
                miners.send(self.house.address, self.uploads[-1])
                miners.send(
                    self.house.address, self.dice.choice(self.uploads[-5:])
                )  # a client that tries again
            self._operate()
        except NO_DATABASE:
            self.did["operator told to come again"] += 1
            connection.close()

    def _operate(self) -> None:
        """An operator decides what is held, for the submission where that is possible."""
        for hold in Hold.objects.filter(status=Hold.Status.OPEN, submission__status=Status.HELD):
            decision = decision_about(hold)
            with suppress(*decisions.REFUSALS):
                decisions.decide(hold.pk, decision, by="operator:soak", note="seen", version=hold.version)
                self.did[f"hold {hold.kind} {decision}"] += 1

    def _kill_one(self) -> None:
        found = self.house.victims()
        if found and house.kill(self.dice.choice(found)):
            self.did["kill"] += 1

    def _kill_job(self) -> None:
        found = self.house.job_processes()
        if found and house.kill(self.dice.choice(found)):
            self.did["job kill"] += 1

    def _cut(self) -> None:
        self.database.stop_at_once()
        time.sleep(self.dice.uniform(0, 3))
        self.database.start()
        self.did["database stop"] += 1

    def _pause(self) -> None:
        name = self.dice.choice([host for host in house.HOSTS if host not in self.paused_until])
        self.house.pause(name)
        self.paused_until[name] = time.monotonic() + PAUSE_SECONDS

    def _resume(self, name: str) -> None:
        self.house.resume(name)
        if time.monotonic() >= self.paused_until.pop(name):
            self.did["pause longer than a lease"] += 1

    def _every(self, what: str, seconds: float, action: Callable[[], None]) -> None:
        due = self.next_at.setdefault(what, time.monotonic() + seconds)
        if time.monotonic() >= due:
            action()
            self.next_at[what] = time.monotonic() + seconds * self.dice.uniform(0.5, 1.5)
