"""Every attack of the catalogue is stopped by the walls, and the walls are what stops it."""

import pytest

from evaluations.runner.sandbox.removal import remove
from evaluations.sandbox_attacks.catalogue import ATTACKS, BY_NAME
from evaluations.sandbox_attacks.trial import attempt, find

GROUPS = sorted({attack.group for attack in ATTACKS})
PARTS = [(group, part) for group in GROUPS for part in range(3)]
# Attacks that succeed without walls for any user on any Linux; one that does not shows a fault of the trial.
CERTAIN = (
    "read: a secret file",
    "read: climb out by a folder's descriptor",
    "read: reopen an O_PATH descriptor",
    "list: /",
    "write: overwrite a secret file",
    "write: rename a file out",
    "write: mode of a secret file",
    "write: symbolic link in its artifacts",
    "process: environ of the victim",
    "process: signal the victim",
    "process: limits of the parent by a call",
    "process: outlive the parent",
    "new process: fork",
    "new process: a program",
    "new process: become a program",
    "network: connect by TCP",
    "network: send by UDP",
    "network: connect to a socket file",
    "network: connect to an abstract socket",
    "network: a datagram pair connected anew",
    "kernel: a file in memory",
    "kernel: watch files",
    "resources: address space",
    "resources: shared memory",
    "resources: threads",
    "resources: many files",
    "resources: deep folders",
)


def test_the_catalogue_has_more_than_150_attacks_of_distinct_names():
    assert len(ATTACKS) == len(BY_NAME) > 150
    assert sum(attack.metadata for attack in ATTACKS) == 2


@pytest.mark.parametrize(("group", "part"), PARTS)
def test_no_attack_gets_through_the_walls(group, part, victim):
    for attack in [attack for attack in ATTACKS if attack.group == group][part::3]:
        outcome = attempt(attack, victim, walled=True)
        assert outcome.through is attack.metadata, f"{attack.group}: {attack.name}"


@pytest.mark.parametrize("name", CERTAIN)
def test_without_walls_the_same_attack_gets_through(name, victim):
    assert find(BY_NAME[name], victim).standing == "blocked"


def test_a_trial_leaves_nothing_behind(victim):
    attempt(BY_NAME["resources: deep folders"], victim, walled=False)
    left = {path.name for path in victim.folder.iterdir()}
    assert not [name for name in left if name.startswith("arena")]
    remove(victim.folder / "absent")
