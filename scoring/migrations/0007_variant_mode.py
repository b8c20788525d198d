from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery


def take_mode_of_family(apps, schema_editor):
    Family, Variant = apps.get_model("scoring", "Family"), apps.get_model("scoring", "Variant")
    mode = Family.objects.filter(pk=OuterRef("family_id")).values("mode")[:1]
    Variant.objects.update(mode=Subquery(mode))


class Migration(migrations.Migration):

    dependencies = [
        ('scoring', '0006_quality_awaited'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='variant', name='variant_by_training'),
        migrations.RemoveIndex(model_name='variant', name='variant_newest'),
        migrations.AddField(
            model_name='variant',
            name='mode',
            field=models.CharField(choices=[('local_cpu_smoke', 'Local CPU smoke run'), ('gpu_proxy_eval', 'GPU proxy evaluation'), ('full_scale_eval', 'Full-scale evaluation')], default='', max_length=20),
            preserve_default=False,
        ),
        migrations.RunPython(take_mode_of_family, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='variant',
            index=models.Index(fields=['mode', 'training_hash'], name='variant_by_training'),
        ),
        migrations.AddIndex(
            model_name='variant',
            index=models.Index(condition=Q(('members__gt', 0)), fields=['mode', '-created_at', 'id'], name='variant_newest'),
        ),
    ]
