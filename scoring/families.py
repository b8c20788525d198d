"""Reading families: what submissions run on, and what lists show."""

from uuid import UUID

from evaluations.enums import Mode
from evaluations.models import Submission
from scoring.models import Family


class FamilyUnknown(Exception):
    """No family of this mode has that id, or nothing stands in it any more."""

    code = "family_unknown"


def canonical_submission(family_id: UUID | str, mode: Mode | None = None) -> Submission:
    """The submission whose architecture files a training for this family runs on; raises `FamilyUnknown`."""
    try:
        wanted = UUID(str(family_id))
    except ValueError:
        raise FamilyUnknown(f"{family_id!r} is no id of a family") from None
    rows = Family.objects.select_related("canonical").filter(pk=wanted, members__gt=0)
    family = (rows if mode is None else rows.filter(mode=mode)).first()
    if family is None:
        raise FamilyUnknown(f"there is no family {wanted} with a standing architecture")
    return family.canonical
