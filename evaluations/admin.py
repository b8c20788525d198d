"""Submissions and their runs in the admin: history to read."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin

from evaluations.models import Attempt, Canary, Event, Run, Submission
from prism_site.history_admin import HistoryAdmin


class NamedValues(admin.AllValuesFieldListFilter):
    """All values of a column; the empty one has a name too, because every link has to say something."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        """As Django gives them."""
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or "none"}


@admin.register(Submission)
class SubmissionAdmin(HistoryAdmin):
    list_display = ("created_at", "name", "hotkey", "mode", "status", "stage", "reason_code", "updated_at")
    list_filter = ("status", "stage", "mode", "kind", ("reason_code", NamedValues))
    search_fields = ("id", "hotkey", "name", "code_hash")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    list_display = (
        "created_at",
        "id",
        "purpose",
        "submission",
        "mode",
        "seed",
        "state",
        "verdict",
        "code",
        "attempts_made",
    )
    list_filter = ("purpose", "state", "verdict", "mode", ("code", NamedValues))
    search_fields = ("id", "submission__id", "submission__hotkey")
    list_select_related = ("submission",)
    ordering = ("-created_at",)


@admin.register(Attempt)
class AttemptAdmin(HistoryAdmin):
    list_display = ("started_at", "label", "state", "host", "backend", "heartbeat_at", "ended_at", "reason")
    list_filter = ("state", ("reason", NamedValues), "host", "backend")
    search_fields = ("run__id", "run__submission__id")
    ordering = ("-started_at",)


@admin.register(Event)
class EventAdmin(HistoryAdmin):
    list_display = ("at", "submission", "sequence", "verb", "by", "status", "stage", "reason_code")
    list_filter = ("verb", "status", "stage")
    search_fields = ("submission__id", "submission__hotkey", "by")
    list_select_related = ("submission",)
    ordering = ("-at",)


@admin.register(Canary)
class CanaryAdmin(HistoryAdmin):
    list_display = ("cluster", "host", "stamped_at")
