"""Drafts into rows, unless somebody else changed the same keys since the draft was begun."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from prism_site.operator.policy.drafts import Draft, check
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import set_policy

LONGEST_NOTE = 2_000
Versions = Mapping[str, str]  # of keys: what was there when somebody looked


class NoteMissing(Exception):
    """Every change says why."""

    code = "note_required"


class RowNotScheduled(Exception):
    """Only a row whose time has not come can be called off; what is in force is replaced by another row."""

    code = "policy_row_not_scheduled"


@dataclass(eq=False)
class PolicyChanged(Exception):
    """Somebody changed these keys in the meantime; `rows` are theirs, the newest first."""

    keys: list[str]
    rows: list[RuntimeConfig]
    code: str = "policy_changed"


def versions(keys: Iterable[str] = SCHEMAS) -> dict[str, str]:
    """What every key is now: `14-2`, its newest row and how many rows of it were disabled."""
    rows = RuntimeConfig.objects.values("config_key").annotate(
        newest=Max("pk"), ended=Count("pk", filter=Q(enabled=False))
    )
    found = {row["config_key"]: f"{row['newest']}-{row['ended']}" for row in rows}
    return {key: found.get(key, "0-0") for key in keys}


def save(draft: Draft, *, seen: Versions, by: str, note: str) -> list[RuntimeConfig]:
    """Write one row for each key of the draft, all or none.

    Raises `NoteMissing`, `DraftRefused`, and `PolicyChanged` unless every key is as it was `seen`.
    """
    if not note.strip():
        raise NoteMissing("Say why: the note is kept with the row.")
    check(draft)
    # A time that has just passed would put the row behind one that was written since.
    later = draft.effective_from if draft.effective_from and draft.effective_from > timezone.now() else None
    with transaction.atomic():
        _take_turn()
        refuse_if_changed(draft.keys, seen)
        return [
            set_policy(
                key,
                draft.values[key],
                by=by,
                note=note.strip()[:LONGEST_NOTE],
                effective_from=later,
            )
            for key in draft.keys
        ]


def call_off(row_id: int, *, by: str) -> RuntimeConfig:
    """Disable a row whose time has not come; `RuntimeConfig.DoesNotExist`, `RowNotScheduled`."""
    with transaction.atomic():
        _take_turn()
        row = RuntimeConfig.objects.get(pk=row_id)
        if row.effective_from <= timezone.now() or not row.disable(by=by):
            raise RowNotScheduled(f"{row} is not waiting for its time.")
    return row


def _take_turn() -> None:
    """Of two savers the second sees what the first wrote; the row is one that every installation has."""
    Permission.objects.select_for_update().get(
        codename="change_policy", content_type__app_label=RuntimeConfig._meta.app_label
    )


def refuse_if_changed(keys: list[str], seen: Versions) -> None:
    """Raise `PolicyChanged` unless every key is as it was `seen`."""
    now = versions(keys)
    changed = [key for key in keys if now[key] != seen.get(key)]
    if changed:
        raise PolicyChanged(changed, [row for key in changed for row in _since(key, seen.get(key, ""))])


def _since(key: str, seen: str) -> list[RuntimeConfig]:
    """The rows that were written since, or the newest where one was only disabled."""
    newest = seen.partition("-")[0]
    after = int(newest) if newest.isdecimal() and len(newest) < 19 else 0
    rows = RuntimeConfig.objects.filter(config_key=key).order_by("-pk")
    return list(rows.filter(pk__gt=after)[:10]) or list(rows[:1])
