"""Submissions and their runs in the admin: history to read, and the one decision that operators take."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from evaluations import attempts
from evaluations.models import Attempt, Canary, Event, Run, Submission
from evaluations.transitions import TransitionRefused
from prism_site.history_admin import HistoryAdmin


class NoteForm(ActionForm):
    """What an action says in the history."""

    note = forms.CharField(required=False, max_length=500, label="Note")


@admin.register(Submission)
class SubmissionAdmin(HistoryAdmin):
    list_display = ("created_at", "name", "hotkey", "mode", "status", "stage", "reason_code", "updated_at")
    list_filter = ("status", "stage", "mode", "kind", "reason_code")
    search_fields = ("id", "hotkey", "name", "code_hash")
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    action_form = NoteForm
    actions = ("release",)

    @admin.action(description="Release to the queue", permissions=["resolve_hold"])
    def release(self, request: HttpRequest, submissions: QuerySet[Submission]) -> None:
        """Let held submissions try again; each that is not held is named and left alone."""
        note = request.POST.get("note", "").strip()
        if not note:
            self.message_user(request, "A release needs a note.", messages.ERROR)
            return
        for submission in submissions:
            self._release(request, submission, note)

    def _release(self, request: HttpRequest, submission: Submission, note: str) -> None:
        try:
            attempts.release(submission.pk, by=f"operator:{request.user.get_username()}", note=note)
        except TransitionRefused as error:
            self.message_user(request, f"{submission}: {error}", messages.WARNING)
        else:
            self.message_user(request, f"{submission} waits for its turn again.", messages.SUCCESS)

    def has_resolve_hold_permission(self, request: HttpRequest) -> bool:
        """Whether the action is offered and may be carried out."""
        return request.user.has_perm("reviews.resolve_hold")


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    list_display = (
        "created_at",
        "id",
        "submission",
        "mode",
        "seed",
        "state",
        "verdict",
        "code",
        "attempts_made",
    )
    list_filter = ("state", "verdict", "mode", "code")
    search_fields = ("id", "submission__id", "submission__hotkey")
    list_select_related = ("submission",)
    ordering = ("-created_at",)


@admin.register(Attempt)
class AttemptAdmin(HistoryAdmin):
    list_display = ("started_at", "label", "state", "host", "backend", "heartbeat_at", "ended_at", "reason")
    list_filter = ("state", "reason", "host", "backend")
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
