"""Scores and qualities in the admin: to read, since they are history."""

from django.contrib import admin

from prism_site.history_admin import HistoryAdmin
from scoring.models import Quality, Score


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


@admin.register(Quality)
class QualityAdmin(HistoryAdmin):
    list_display = (
        "computed_at",
        "submission",
        "mode",
        "q_arch",
        "q_recipe",
        "blend_score",
        "awaits_runs",
    )
    list_filter = ("mode", "awaits_runs")
    search_fields = ("submission__id", "submission__hotkey")
    list_select_related = ("submission",)
    ordering = ("-computed_at",)
