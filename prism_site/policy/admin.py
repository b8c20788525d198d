"""Policy in the admin: typed forms, history kept, nothing edited or deleted."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import BooleanField, Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from prism_site.policy.forms import Fieldset, PolicyForm, fieldsets, policy_form
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import resolve_policy

if TYPE_CHECKING:
    RowAdmin = admin.ModelAdmin[RuntimeConfig]
else:
    RowAdmin = admin.ModelAdmin

PROVENANCE = ("config_key", "enabled", "updated_by", "updated_at", "disabled_by", "disabled_at")


@admin.register(RuntimeConfig)
class RuntimeConfigAdmin(RowAdmin):
    """One permission, `policy.change_policy`, for all of it."""

    list_display = (
        "config_key",
        "active",
        "value_json",
        "effective_from",
        "updated_by",
        "updated_at",
        "note",
    )
    list_filter = ("config_key", "enabled")
    search_fields = ("note", "updated_by")
    ordering = ("config_key", "-effective_from", "-updated_at", "-id")
    actions = ("disable",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuntimeConfig]:
        """All rows, each knowing whether it is in force."""
        active = [row.pk for row in RuntimeConfig.objects.active(timezone.now())]
        marker = Case(
            When(pk__in=active, then=Value(True)), default=Value(False), output_field=BooleanField()
        )
        rows: QuerySet[RuntimeConfig] = super().get_queryset(request).annotate(in_force=marker)
        return rows

    @admin.display(boolean=True, description="in force")
    def active(self, row: RuntimeConfig) -> bool:
        return bool(getattr(row, "in_force", False))

    @admin.action(description="Disable the selected rows", permissions=["change"])
    def disable(self, request: HttpRequest, rows: QuerySet[RuntimeConfig]) -> None:
        ended = sum(row.disable(by=request.user.get_username()) for row in rows)
        self.message_user(request, f"{ended} policy row(s) disabled.")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("policy.change_policy")

    def has_view_permission(self, request: HttpRequest, obj: RuntimeConfig | None = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: RuntimeConfig | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: RuntimeConfig | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history, and in red whatever stops official work at this moment."""
        if request.method == "GET" and self.has_view_permission(request):
            for problem in resolve_policy(official=False).fallbacks:
                messages.error(request, f"Official work is stopped: {problem}")
        return super().changelist_view(request, extra_context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form of `?config_key=`; without one, the keys to choose from."""
        key = request.GET.get("config_key")
        if key in SCHEMAS or not self.has_add_permission(request):
            return super().add_view(
                request, form_url, {"title": f"New row of {key}", **(extra_context or {})}
            )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Which policy?",
            "keys": [(key, schema.__doc__) for key, schema in SCHEMAS.items()],
        }
        return TemplateResponse(request, "policy/choose_key.html", context)

    def get_form(
        self, request: HttpRequest, obj: RuntimeConfig | None = None, change: bool = False, **kwargs: Any
    ) -> type[PolicyForm]:
        return policy_form(key_of(request, obj))

    def get_fieldsets(self, request: HttpRequest, obj: RuntimeConfig | None = None) -> list[Any]:
        this_row: list[Fieldset] = [("this row", {"fields": list(PROVENANCE)})] if obj else []
        new_row: Fieldset = ("new row", {"fields": ["effective_from", "note"]})
        return [*this_row, *fieldsets(key_of(request, obj)), new_row]

    def get_readonly_fields(self, request: HttpRequest, obj: RuntimeConfig | None = None) -> tuple[str, ...]:
        return PROVENANCE if obj else ()

    def save_model(self, request: HttpRequest, obj: RuntimeConfig, form: Any, change: bool) -> None:
        """`obj` is always a new row (see `PolicyForm`): a saved old row has become a successor."""
        obj.updated_by = request.user.get_username()
        obj.save()

    def response_change(self, request: HttpRequest, obj: RuntimeConfig) -> HttpResponse:
        """Back to the history, whichever button: the page that was left shows a row of the past."""
        self.message_user(request, f"{obj} was written; the earlier rows are kept.")
        return HttpResponseRedirect(reverse("admin:policy_runtimeconfig_changelist"))


def key_of(request: HttpRequest, row: RuntimeConfig | None) -> str:
    return row.config_key if row else request.GET["config_key"]
