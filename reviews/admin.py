from django.contrib import admin

from prism_site.history_admin import HistoryAdmin
from reviews.models import Review


@admin.register(Review)
class ReviewAdmin(HistoryAdmin):
    list_display = ("created_at", "submission", "reviewer", "outcome", "confidence", "duration_seconds")
    list_filter = ("reviewer", "outcome")
    search_fields = ("submission__id", "submission__hotkey")
    list_select_related = ("submission",)
