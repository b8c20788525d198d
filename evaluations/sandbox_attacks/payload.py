"""The attacker's side: closed in like a learner, it makes one attack and says how that went."""

from evaluations.runner.wire import Channel
from evaluations.sandbox_attacks.attack import Arena
from evaluations.sandbox_attacks.catalogue import BY_NAME


def main(channel: Channel, slot_fd: int) -> int:
    """Entry point, once this process is closed in."""
    order = channel.receive().header
    arena = Arena.of(order["arena"] | {"descriptors": [channel.fileno(), slot_fd]})
    try:
        BY_NAME[order["attack"]].attempt(arena)
    except BaseException as error:
        channel.send({"type": "result", "through": False, "how": f"{type(error).__name__}: {error}"[:200]})
        return 0
    channel.send({"type": "result", "through": True, "how": ""})
    return 0
