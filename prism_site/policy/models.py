"""The history of runtime policy: one row per change, never edited."""

from datetime import datetime
from typing import Self

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from pydantic import ValidationError

from prism_site.insert_only import InsertOnly, InsertOnlyQuerySet
from prism_site.policy.environment import environment_values
from prism_site.policy.errors import RowIsHistory, first_problem
from prism_site.policy.keys import SCHEMAS, ConfigKey
from prism_site.policy.merge import merge

SCHEMA_VERSION = 1
NEWEST_FIRST = (F("effective_from").desc(), F("updated_at").desc(), F("id").desc())


class RuntimeConfigQuerySet(InsertOnlyQuerySet["RuntimeConfig"]):
    """Rows of policy; what would edit or delete them in bulk is refused."""

    def active(self, at: datetime) -> Self:
        """The row in force of each key at `at`: enabled, its time has come, the newest of these."""
        return self.filter(enabled=True, effective_from__lte=at).newest_of_each_key()

    def active_as_known(self, at: datetime) -> Self:
        """As `active`, but as `at` itself saw it: without rows written, and disablings made, since then."""
        known = self.filter(updated_at__lte=at, effective_from__lte=at)
        return known.filter(Q(enabled=True) | Q(disabled_at__gt=at)).newest_of_each_key()

    def newest_of_each_key(self) -> Self:
        rank = Window(RowNumber(), partition_by=F("config_key"), order_by=NEWEST_FIRST)
        return self.annotate(rank=rank).filter(rank=1)


class RuntimeConfig(InsertOnly):
    """One change of one policy key; its value may be partial."""

    refusal = RowIsHistory

    config_key = models.CharField(max_length=40, choices=ConfigKey)
    value_json = models.JSONField()
    schema_version = models.PositiveSmallIntegerField(default=SCHEMA_VERSION)
    updated_by = models.CharField(max_length=150)
    updated_at = models.DateTimeField(default=timezone.now)
    effective_from = models.DateTimeField(default=timezone.now)
    enabled = models.BooleanField(default=True)
    note = models.TextField(blank=True, default="")
    # Who ended a row, and when: without the time, the past could not be reproduced.
    disabled_by = models.CharField(max_length=150, blank=True, default="")
    disabled_at = models.DateTimeField(null=True, blank=True)

    objects = RuntimeConfigQuerySet.as_manager()

    class Meta:
        verbose_name = "policy row"
        default_permissions = ()
        permissions = (("change_policy", "Can change runtime policy"),)
        constraints = (
            models.CheckConstraint(name="policy_key_is_known", condition=Q(config_key__in=ConfigKey.values)),
            models.CheckConstraint(
                name="policy_disabling_is_whole",
                condition=Q(disabled_at=None, disabled_by="")
                | (Q(enabled=False, disabled_at__isnull=False) & ~Q(disabled_by="")),
            ),
        )
        indexes = (
            models.Index(
                name="policy_active_row",
                fields=["config_key", "-effective_from", "-updated_at", "-id"],
                condition=Q(enabled=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.config_key} #{self.pk}"

    def clean(self) -> None:
        """Refuse a value that would not validate over the lower layers."""
        if self.config_key not in SCHEMAS:
            return
        try:
            merge(SCHEMAS[self.config_key], self.value_json, environment_values().get(self.config_key))
        except ValidationError as error:
            problem = first_problem(self.config_key, None, error)
            raise DjangoValidationError(str(problem), code=problem.code) from error

    def disable(self, *, by: str) -> bool:
        """End the row, the one permitted update; False if it was ended before (of two callers one wins)."""
        plain: models.QuerySet[RuntimeConfig] = models.QuerySet(type(self), using=self._state.db)
        changed = plain.filter(pk=self.pk, enabled=True).update(
            enabled=False, disabled_by=by, disabled_at=timezone.now()
        )
        self.refresh_from_db()
        return bool(changed)
