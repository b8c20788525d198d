"""Every attack, by group."""

from evaluations.sandbox_attacks import (
    kernel_doors,
    network,
    new_processes,
    processes,
    reading,
    resources,
    writing,
)
from evaluations.sandbox_attacks.attack import Attack

ATTACKS: list[Attack] = [
    *reading.ATTACKS,
    *writing.ATTACKS,
    *processes.ATTACKS,
    *new_processes.ATTACKS,
    *network.ATTACKS,
    *kernel_doors.ATTACKS,
    *resources.ATTACKS,
]
BY_NAME = {f"{attack.group}: {attack.name}": attack for attack in ATTACKS}
