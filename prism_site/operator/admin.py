"""Rows that operators keep for themselves, in the admin: to be read, and a shared filter to be taken away."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from prism_site.history_admin import HistoryAdmin
from prism_site.operator.models import KeyMap, SavedFilter


@admin.register(SavedFilter)
class SavedFilterAdmin(HistoryAdmin):
    """Changed by its owner alone; one that others should not see any longer can be deleted."""

    list_display = ("name", "owner", "is_shared", "query", "created_at")
    list_filter = ("is_shared",)
    list_select_related = ("owner",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("operator.delete_savedfilter")


@admin.register(KeyMap)
class KeyMapAdmin(HistoryAdmin):
    list_display = ("user", "changed", "updated_at")
    list_select_related = ("user",)
