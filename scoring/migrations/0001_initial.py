import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('evaluations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Score',
            fields=[
                ('submission', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='score', serialize=False, to='evaluations.submission')),
                ('hotkey', models.CharField(max_length=64)),
                ('mode', models.CharField(choices=[('local_cpu_smoke', 'Local CPU smoke run'), ('gpu_proxy_eval', 'GPU proxy evaluation'), ('full_scale_eval', 'Full-scale evaluation')], max_length=20)),
                ('epoch', models.BigIntegerField()),
                ('accepted_at', models.DateTimeField()),
                ('bpb', models.FloatField()),
                ('bpb_se', models.FloatField()),
                ('heldout_delta', models.FloatField(blank=True, null=True)),
                ('multiplier', models.FloatField()),
                ('penalty', models.FloatField()),
                ('final_score', models.FloatField()),
                ('best_in_mode', models.BooleanField(default=False)),
                ('policy_row_ids', models.JSONField(default=dict)),
                ('computed_at', models.DateTimeField()),
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='score', to='evaluations.run')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('best_in_mode', True)), fields=['mode', '-final_score', 'accepted_at', 'submission'], name='score_leaderboard'), models.Index(fields=['mode', 'epoch', '-final_score'], name='score_by_epoch')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('best_in_mode', True)), fields=('mode', 'hotkey'), name='score_one_best_per_hotkey')],
            },
        ),
    ]
