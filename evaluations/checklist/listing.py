"""The checklist of one run: every claim that its manifest proves, breaks or leaves open. Pure."""

from collections.abc import Mapping
from typing import Any

from evaluations.checklist import audited, resumed, surroundings, untaught
from evaluations.checklist.claim import Claim


def checklist(manifest: Mapping[str, Any]) -> list[Claim]:
    """All claims in the order in which a reader doubts them; none where there is no manifest yet.

    Values of another type than the schema's are treated as absent.
    """
    if not manifest:
        return []
    rooms = (audited, untaught, surroundings, resumed)
    return [claim for room in rooms for claim in room.claims(manifest)]
