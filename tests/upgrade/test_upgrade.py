"""From the tables of the last release to the newest: rows are kept, and the old version goes on meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.test import Client

from evaluations.models import Event
from prism_site.config import override_env
from prism_site.policy.resolve import set_policy
from tests import factories
from tests.evaluations.conftest import shared_database
from tests.upgrade.released import MAY_GO, NEW_APPLICATIONS, RELEASED

__all__ = ["shared_database"]

OURS = {app for app, _ in RELEASED} | set(NEW_APPLICATIONS)
TOKEN = "the platform's token"


def migrate(targets: list[tuple[str, str | None]]) -> None:
    MigrationExecutor(connection).migrate(targets)


def released() -> Any:
    """The models of the last release."""
    return MigrationLoader(None).project_state(RELEASED).apps


def newest() -> list[tuple[str, str]]:
    return MigrationExecutor(connection).loader.graph.leaf_nodes()


@pytest.fixture
def installation(tmp_path: Path, shared_database: None) -> Iterator[None]:
    with override_env(var_dir=tmp_path, shared_token=TOKEN):
        factories.make_completed()
        factories.make_completed(ease=1.4)
        factories.make_held()
        factories.make_refused()
        factories.make_failed()
        factories.make_evaluating()
        set_policy("reward_pools", {"rank_decay": 0.5}, by="operator:test")
        yield
        migrate(newest())


def rows(apps: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of our tables, by the columns of a state."""
    found = {}
    for model in apps.get_models():
        if model._meta.app_label in OURS and model._meta.label_lower not in MAY_GO:
            columns = [field.attname for field in model._meta.concrete_fields]
            plain = model._base_manager.order_by("pk").values_list(*columns)
            found[model._meta.label_lower] = [tuple(map(repr, row)) for row in plain]
    return found


def answers() -> list[Any]:
    client = Client()
    paths = ["/v1/leaderboard", "/v1/architectures", "/v1/submissions"]
    platform = client.get("/internal/v1/get_weights", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    return [*(client.get(path).content for path in paths), platform["weights"], platform["metadata"]]


@pytest.mark.django_db(transaction=True)
def test_every_row_of_the_last_release_is_kept(installation: None) -> None:
    before, chain = answers(), list(Event.objects.order_by("pk").values_list("hash", flat=True))
    old = released()
    migrate([*RELEASED, *((app, None) for app in NEW_APPLICATIONS)])
    kept = rows(old)
    assert sum(map(len, kept.values())) > 100
    migrate(newest())
    assert rows(old) == kept
    assert answers() == before
    assert list(Event.objects.order_by("pk").values_list("hash", flat=True)) == chain


@pytest.mark.django_db(transaction=True)
def test_the_last_release_reads_and_writes_the_newest_tables(installation: None) -> None:
    """Its web server runs on until it is restarted: what it does not know must not be needed."""
    old = released()
    assert rows(old)
    hotkey = factories.make_hotkey("of the old version")
    old.get_model("access", "Nonce").objects.create(hotkey=hotkey, nonce="n", body_sha256="0" * 64)
    submission = old.get_model("evaluations", "Submission").objects.first()
    copy = {f.attname: getattr(submission, f.attname) for f in submission._meta.concrete_fields}
    copy.pop("id")
    copy |= {"hotkey": hotkey, "code_hash": "1" * 64}
    written = old.get_model("evaluations", "Submission").objects.create(**copy)
    event = {"sequence": 1, "at": written.created_at, "by": "system:old", "verb": "receive"}
    event |= {"status": written.status, "stage": written.stage}
    old.get_model("evaluations", "Event").objects.create(submission_id=written.pk, **event)
    assert Client().get(f"/v1/submissions/{written.pk}/events").status_code == 200


def newer_operations() -> Iterator[tuple[str, migrations.operations.base.Operation]]:
    graph = MigrationLoader(None).graph
    released = {name for leaf in RELEASED for name in graph.forwards_plan(leaf)}
    for name, migration in sorted(graph.nodes.items()):
        if name[0] in OURS and name not in released:
            yield from ((f"{name[0]}.{name[1]}", operation) for operation in migration.operations)


BREAKING = (
    migrations.RenameField,
    migrations.RenameModel,
    migrations.RemoveField,
    migrations.AlterModelTable,
)


def test_nothing_that_the_last_release_uses_is_renamed_or_removed() -> None:
    """Expand now, contract in the version after: a rename breaks whatever still runs."""
    broken = [(name, str(each)) for name, each in newer_operations() if isinstance(each, BREAKING)]
    gone = [
        name
        for name, each in newer_operations()
        if isinstance(each, migrations.DeleteModel)
        and f"{name.split('.')[0]}.{each.name_lower}" not in MAY_GO
    ]
    assert broken == gone == []


def test_new_columns_of_old_tables_need_no_value_from_the_last_release() -> None:
    made_here = {
        (name.split(".")[0], each.name_lower)
        for name, each in newer_operations()
        if isinstance(each, migrations.CreateModel)
    }
    needy = [
        (name, str(each))
        for name, each in newer_operations()
        if isinstance(each, migrations.AddField)
        and (name.split(".")[0], each.model_name_lower) not in made_here
        and not each.field.null
        and each.field.db_default is models.NOT_PROVIDED
    ]
    assert needy == []
