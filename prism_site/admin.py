"""Holds in the admin: what stops a submission, its history, and the decisions that an operator takes."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from prism_site import decisions
from prism_site.history_admin import HistoryAdmin
from reviews.models import Hold, HoldEvent, OperatorProfile

ALLOWED = ["resolve_hold"]


class DecisionForm(ActionForm):
    """Why: kept with the decision and shown in the history."""

    note = forms.CharField(required=False, max_length=2000, label="Note")


@admin.register(Hold)
class HoldAdmin(HistoryAdmin):
    list_display = ("due_at", "submission", "kind", "reason_code", "status", "decision", "decided_by")
    list_filter = ("status", "kind", "decision", "reason_code")
    search_fields = ("submission__id", "submission__hotkey", "reason_code")
    list_select_related = ("submission",)
    action_form = DecisionForm
    actions = ("lift_multiplier", "release", "confirm")

    @admin.action(description="Lift the multiplier: the score counts", permissions=ALLOWED)
    def lift_multiplier(self, request: HttpRequest, holds: QuerySet[Hold]) -> None:
        self._decide(request, holds, Hold.Decision.LIFT_MULTIPLIER)

    @admin.action(description="Release: it goes on as it is", permissions=ALLOWED)
    def release(self, request: HttpRequest, holds: QuerySet[Hold]) -> None:
        self._decide(request, holds, Hold.Decision.RELEASE)

    @admin.action(description="Confirm: reject the submission", permissions=ALLOWED)
    def confirm(self, request: HttpRequest, holds: QuerySet[Hold]) -> None:
        self._decide(request, holds, Hold.Decision.CONFIRM)

    def _decide(self, request: HttpRequest, holds: QuerySet[Hold], decision: Hold.Decision) -> None:
        """Each hold by itself; one that cannot be decided so is named and left alone."""
        by, note = f"operator:{request.user.get_username()}", request.POST.get("note", "")
        for hold in holds:
            try:
                decisions.decide(hold.pk, decision, by=by, note=note, version=hold.version)
            except decisions.REFUSALS as error:
                self.message_user(request, f"{hold}: {error}", messages.WARNING)
            else:
                self.message_user(request, f"{hold.submission}: {decision.label}.", messages.SUCCESS)

    def has_resolve_hold_permission(self, request: HttpRequest) -> bool:
        """Whether the actions are offered and may be carried out."""
        return request.user.has_perm("reviews.resolve_hold")


@admin.register(HoldEvent)
class HoldEventAdmin(HistoryAdmin):
    list_display = ("at", "hold", "verb", "by", "note")
    list_filter = ("verb",)
    search_fields = ("by", "hold__submission__id", "note")
    list_select_related = ("hold",)


@admin.register(OperatorProfile)
class OperatorProfileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ("user", "hotkey")
    search_fields = ("user__username", "hotkey")
