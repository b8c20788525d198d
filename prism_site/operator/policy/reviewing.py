"""A draft before it is saved: what it changes, what comes after it, and what it would have changed."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from prism_site.operator.policy.changes import Change, changes, row_changes
from prism_site.operator.policy.drafts import Draft, check, policy_with
from prism_site.operator.policy.replay.replay import LAST, Result, replay
from prism_site.operator.policy.saving import PolicyChanged, Versions, refuse_if_changed
from prism_site.policy.merge import Json
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import resolve_policy

DEFAULT_LAST = LAST[1]


@dataclass(frozen=True, kw_only=True)
class KeyReview:
    """One key of a draft."""

    key: str
    version: str  # that was seen
    changes: list[Change]
    later: list[RuntimeConfig]  # rows that will take its place when their time comes
    value: str  # the draft as JSON for people

    @property
    def seen_row(self) -> int:
        """The newest row when the draft was begun; 0 for none."""
        return int(self.version.partition("-")[0] or 0)


@dataclass(frozen=True, kw_only=True)
class Review:
    """Everything on the page; `draft_json` and `seen_json` go with the form that saves it."""

    draft: Draft
    at: datetime  # from when it would be in force
    keys: list[KeyReview]
    replay: Result
    draft_json: str
    seen_json: str

    @property
    def is_empty(self) -> bool:
        """Whether no field would have another value."""
        return not any(change.is_value for key in self.keys for change in key.changes)


def review(draft: Draft, *, seen: Versions, last: int = DEFAULT_LAST) -> Review:
    """Check a draft and put it to the past. Raises `DraftRefused`, `PolicyChanged`."""
    check(draft)
    refuse_if_changed(draft.keys, seen)
    at = draft.effective_from or timezone.now()
    now = resolve_policy(at=at, official=False)
    then = policy_with(now, draft)
    keys = [
        KeyReview(
            key=key,
            version=seen[key],
            changes=changes(now, then, key),
            later=_later(key, at),
            value=as_text(draft.values[key]),
        )
        for key in draft.keys
    ]
    return Review(
        draft=draft,
        at=at,
        keys=keys,
        replay=replay(now, then, draft.keys, last=last),
        **carried(draft, seen),
    )


def carried(draft: Draft, seen: Versions) -> dict[str, str]:
    """A draft and what was seen, as hidden fields carry them from page to page."""
    return {
        "draft_json": json.dumps(draft.values, ensure_ascii=False),
        "seen_json": json.dumps({key: seen[key] for key in draft.keys}),
    }


def theirs(changed: PolicyChanged) -> list[tuple[RuntimeConfig, list[tuple[str, str, str]]]]:
    """The rows of others, each with what it set otherwise than the row written before it."""
    return [(row, row_changes(_before(row), row.value_json)) for row in changed.rows]


def as_text(value: Json) -> str:
    """A value as JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _before(row: RuntimeConfig) -> Json:
    older = RuntimeConfig.objects.filter(config_key=row.config_key, pk__lt=row.pk).order_by("-pk").first()
    return older.value_json if older else None


def _later(key: str, at: datetime) -> list[RuntimeConfig]:
    rows = RuntimeConfig.objects.filter(config_key=key, enabled=True, effective_from__gt=at)
    return list(rows.order_by("effective_from", "pk"))
