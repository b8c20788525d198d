from typing import Any

from django.db import migrations, models


def seeds_of_old_scores(apps: Any, schema_editor: Any) -> None:
    """Every score until now is that of its one run."""
    for score in apps.get_model("scoring", "Score").objects.select_related("run").iterator():
        score.seeds = [score.run.seed]
        score.save(update_fields=["seeds"])


class Migration(migrations.Migration):
    dependencies = [("scoring", "0001_initial")]

    operations = [
        migrations.AddField("score", "bpb_sd", models.FloatField(null=True, blank=True)),
        migrations.AddField("score", "seeds", models.JSONField(default=list)),
        migrations.RunPython(seeds_of_old_scores, migrations.RunPython.noop),
    ]
