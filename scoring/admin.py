"""Scores in the admin: read-only, since they are history."""

from django.contrib import admin

from prism_site.history_admin import HistoryAdmin
from scoring.models import Score


@admin.register(Score)
class ScoreAdmin(HistoryAdmin):
    list_display = (
        "computed_at",
        "submission",
        "hotkey",
        "mode",
        "final_score",
        "bpb",
        "bpb_se",
        "best_in_mode",
    )
    list_filter = ("mode", "best_in_mode")
    search_fields = ("submission__id", "hotkey")
    list_select_related = ("submission",)
    ordering = ("-computed_at",)
