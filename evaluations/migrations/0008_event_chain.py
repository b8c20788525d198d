"""Events are chained by hashes, and the database itself refuses to change one."""

from itertools import groupby

from django.db import migrations, models

from evaluations import event_chain

POSTGRESQL = [
    """CREATE FUNCTION evaluations_event_is_history() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'event_is_history: an event never changes and never goes'; END $$""",
    """CREATE TRIGGER evaluations_event_is_history BEFORE UPDATE OR DELETE ON evaluations_event
       FOR EACH ROW EXECUTE FUNCTION evaluations_event_is_history()""",
]
POSTGRESQL_BACK = [
    "DROP TRIGGER evaluations_event_is_history ON evaluations_event",
    "DROP FUNCTION evaluations_event_is_history()",
]
# Deleting stays possible: emptying a table is a DELETE there. A gap in the chain shows it.
SQLITE = [
    """CREATE TRIGGER evaluations_event_is_history BEFORE UPDATE ON evaluations_event
       BEGIN SELECT RAISE(ABORT, 'event_is_history: an event never changes and never goes'); END""",
]
SQLITE_BACK = ["DROP TRIGGER IF EXISTS evaluations_event_is_history"]


def chain(apps, schema_editor):
    """Seal what was written before there was a chain."""
    events = apps.get_model("evaluations", "Event").objects
    rows = events.order_by("submission_id", "sequence").iterator(chunk_size=2000)
    for _, history in groupby(rows, key=lambda event: event.submission_id):
        before = event_chain.START
        for event in history:
            event.previous_hash = before
            before = event_chain.seal_of(event)
            events.filter(pk=event.pk).update(previous_hash=event.previous_hash, hash=before)


def refuse_changes(apps, schema_editor):
    _execute(schema_editor, POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def allow_changes(apps, schema_editor):
    _execute(
        schema_editor, POSTGRESQL_BACK if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK
    )


def _execute(schema_editor, statements):
    for statement in statements:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0007_gpus_and_canaries")]

    operations = [
        migrations.AddField(
            "event", "previous_hash", models.CharField(blank=True, db_default="", max_length=64)
        ),
        migrations.AddField("event", "hash", models.CharField(blank=True, db_default="", max_length=64)),
        migrations.RunPython(chain, migrations.RunPython.noop),
        migrations.RunPython(refuse_changes, allow_changes),
    ]
