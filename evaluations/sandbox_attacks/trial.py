"""Making one attack, behind the walls or without them, by the very way a learner is started."""

import time
from dataclasses import dataclass
from pathlib import Path

from evaluations.runner.processes import Child, Place
from evaluations.runner.sandbox.policy import policy
from evaluations.runner.sandbox.watch import Watch, Watched
from evaluations.runner.wire import WireError
from evaluations.sandbox_attacks.attack import Arena, Attack
from evaluations.sandbox_attacks.resources import CAPS, LIMITS
from evaluations.sandbox_attacks.targets import Victim, arena

ATTACKER = "evaluations.sandbox_attacks.payload"
PATIENCE_SECONDS = 10.0
EXECUTED = 42  # exit status of an attacker that became another program


@dataclass(frozen=True)
class Outcome:
    """Whether an attack got through, and what it was told where it did not."""

    through: bool
    how: str


@dataclass(frozen=True)
class Finding:
    """One attack, tried both ways; without a control the host itself would not let it through."""

    attack: Attack
    walled: Outcome
    control: Outcome

    @property
    def standing(self) -> str:
        """`open`, `blocked`, or `no control here` where the walls cannot be told from the host's own."""
        if self.walled.through:
            return "open"
        return "blocked" if self.control.through else "no control here"


def find(attack: Attack, victim: Victim) -> Finding:
    """Try an attack both ways, each with targets of its own."""
    return Finding(attack, attempt(attack, victim, walled=True), attempt(attack, victim, walled=False))


def attempt(attack: Attack, victim: Victim, *, walled: bool) -> Outcome:
    """One attacker, one attack, fresh targets; nothing of it is left."""
    with arena(victim) as targets:
        place = Place("attacker", ATTACKER, Path(targets.own), Path(targets.own))
        read = (Path(targets.shared), Path(__file__).parent)
        wall = policy(read=read, write=place.writable, limits=LIMITS) if walled else None
        child = Child(place, wall, victim.folder / "attacker.log", 1)
        watched = [Watched(child.process.pid, place.writable, CAPS, child.end_for)] if walled else []
        watch = Watch(watched)
        try:
            child.attestation()
            return _result(child, attack, targets)
        finally:
            watch.stop()
            child.end()
            child.slot.close()


def _result(child: Child, attack: Attack, targets: Arena) -> Outcome:
    order = {"type": "order", "attack": f"{attack.group}: {attack.name}", "arena": targets.described()}
    try:
        child.channel.send(order)
        answer = child.channel.receive(deadline=time.monotonic() + PATIENCE_SECONDS)
    except WireError as error:
        status = child.exit_status(PATIENCE_SECONDS)
        how = f"{child.breach[0]}" if child.breach else f"ended with {status}: {error}"
        return Outcome(status in (0, EXECUTED) and child.breach is None, how)
    if child.breach:
        return Outcome(False, child.breach[0])
    return Outcome(answer.header.get("through") is True, str(answer.header.get("how")))
