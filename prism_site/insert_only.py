"""Rows that are inserted and never edited: what the models of a history have in common."""

from collections.abc import Iterable
from typing import Any, ClassVar, NoReturn, TypeVar

from django.db import models


class RowIsHistory(Exception):
    """A row of a history never changes and never goes."""

    code = "row_is_history"


Row = TypeVar("Row", bound="InsertOnly")


class InsertOnlyQuerySet(models.QuerySet[Row]):
    """Rows of a history; what would edit or delete them in bulk is refused."""

    def update(self, **values: Any) -> NoReturn:
        raise self.model.refusal(f"{self.model.__name__} rows cannot be updated")

    def delete(self) -> NoReturn:
        raise self.model.refusal(f"{self.model.__name__} rows cannot be deleted")


class InsertOnlyManager(models.Manager[Row]):
    """Gives the rows of a history, whichever way they are asked for."""

    def get_queryset(self) -> InsertOnlyQuerySet[Row]:
        return InsertOnlyQuerySet(self.model, using=self._db)


class InsertOnly(models.Model):
    """A row of a history. Its class may say what else is raised where somebody would change one; it
    keeps an `InsertOnlyManager` as `objects`."""

    refusal: ClassVar[type[Exception]] = RowIsHistory

    class Meta:
        abstract = True

    def save(
        self,
        force_insert: bool | tuple[models.base.ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Insert a new row; `refusal` for one that exists."""
        if not self._state.adding or force_update:
            raise self.refusal(f"a {type(self).__name__} row cannot be edited")
        super().save(force_insert=True, using=using)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> NoReturn:
        raise self.refusal(f"a {type(self).__name__} row cannot be deleted")
