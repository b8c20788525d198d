"""Rows that are history: shown in the admin, never written there."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class HistoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # the class is not generic at run time
    """A list and a page per row, without add, change or delete."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
