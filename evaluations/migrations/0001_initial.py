import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('fencing_token', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('leased', 'Leased'), ('running', 'Running'), ('finished', 'Finished'), ('lost', 'Lost')], default='leased', max_length=10)),
                ('backend', models.CharField(max_length=10)),
                ('host', models.CharField(max_length=255)),
                ('handle', models.JSONField(default=dict)),
                ('image', models.CharField(blank=True, max_length=255)),
                ('lease_expires_at', models.DateTimeField()),
                ('heartbeat_at', models.DateTimeField()),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('exit_code', models.IntegerField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=64)),
                ('policy_row_ids', models.JSONField(default=dict)),
                ('lines_ingested', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Canary',
            fields=[
                ('cluster', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('host', models.CharField(max_length=255)),
                ('stamped_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'canaries',
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('by', models.CharField(max_length=120)),
                ('verb', models.CharField(max_length=32)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('running', 'Running'), ('completed', 'Completed'), ('failed', 'Failed'), ('rejected', 'Rejected'), ('held', 'Held')], max_length=10)),
                ('stage', models.CharField(choices=[('received', 'Received'), ('review', 'In review'), ('queued', 'Waiting for its turn'), ('evaluating', 'Being evaluated'), ('scoring', 'Being scored'), ('done', 'Done')], max_length=12)),
                ('reason_code', models.CharField(blank=True, max_length=64)),
                ('data', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['sequence'],
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('mode', models.CharField(choices=[('local_cpu_smoke', 'Local CPU smoke run'), ('gpu_proxy_eval', 'GPU proxy evaluation'), ('full_scale_eval', 'Full-scale evaluation')], max_length=20)),
                ('seed', models.BigIntegerField()),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('finished', 'Finished'), ('abandoned', 'Abandoned')], default='queued', max_length=10)),
                ('attempts_made', models.PositiveIntegerField(default=0)),
                ('fencing_token', models.PositiveIntegerField(default=0)),
                ('policy_row_ids', models.JSONField(default=dict)),
                ('yardsticks', models.JSONField(default=dict)),
                ('verdict', models.CharField(blank=True, choices=[('scored', 'Scored'), ('rejected', 'Rejected'), ('failed', 'Failed')], max_length=10)),
                ('code', models.CharField(blank=True, max_length=64)),
                ('manifest', models.JSONField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('hotkey', models.CharField(max_length=64)),
                ('name', models.CharField(blank=True, max_length=80)),
                ('kind', models.CharField(choices=[('full', 'Architecture and training'), ('architecture_only', 'Architecture, trained by the reference recipe'), ('training_for_arch', 'Training for an existing architecture')], max_length=20)),
                ('mode', models.CharField(choices=[('local_cpu_smoke', 'Local CPU smoke run'), ('gpu_proxy_eval', 'GPU proxy evaluation'), ('full_scale_eval', 'Full-scale evaluation')], max_length=20)),
                ('tokenizer', models.CharField(blank=True, max_length=200)),
                ('code_hash', models.CharField(max_length=64)),
                ('epoch', models.BigIntegerField()),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('running', 'Running'), ('completed', 'Completed'), ('failed', 'Failed'), ('rejected', 'Rejected'), ('held', 'Held')], default='pending', max_length=10)),
                ('stage', models.CharField(choices=[('received', 'Received'), ('review', 'In review'), ('queued', 'Waiting for its turn'), ('evaluating', 'Being evaluated'), ('scoring', 'Being scored'), ('done', 'Done')], default='received', max_length=12)),
                ('reason_code', models.CharField(blank=True, max_length=64)),
                ('reason', models.TextField(blank=True)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='CurvePoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('index', models.PositiveIntegerField()),
                ('stream_bytes', models.BigIntegerField()),
                ('bits', models.FloatField()),
                ('chunk_bytes', models.IntegerField()),
                ('chunk_bits', models.FloatField()),
                ('tokens', models.BigIntegerField()),
                ('seconds', models.FloatField()),
                ('nonfinite', models.PositiveIntegerField(default=0)),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='points', to='evaluations.attempt')),
            ],
            options={
                'ordering': ['index'],
            },
        ),
        migrations.AddField(
            model_name='attempt',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='evaluations.run'),
        ),
        migrations.CreateModel(
            name='StoredBundle',
            fields=[
                ('submission', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='bundle', serialize=False, to='evaluations.submission')),
                ('archive', models.BinaryField()),
                ('manifest', models.JSONField()),
                ('files', models.JSONField()),
            ],
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['-created_at', '-id'], name='submission_newest'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['hotkey', '-created_at'], name='submission_of_hotkey'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['status', 'stage', 'created_at'], name='submission_by_state'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(fields=('hotkey', 'code_hash'), name='submission_once_per_hotkey'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'done'), ('status__in', ['completed', 'failed', 'rejected'])), models.Q(models.Q(('stage', 'done'), _negated=True), ('status__in', ('pending', 'running', 'held'))), _connector='OR'), name='submission_done_means_decided'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['failed', 'rejected', 'held']), _negated=True), models.Q(('reason_code', ''), _negated=True), _connector='OR'), name='submission_stop_has_a_reason'),
        ),
        migrations.AddField(
            model_name='run',
            name='submission',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='evaluations.submission'),
        ),
        migrations.AddField(
            model_name='event',
            name='submission',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='evaluations.submission'),
        ),
        migrations.AddConstraint(
            model_name='curvepoint',
            constraint=models.UniqueConstraint(fields=('attempt', 'index'), name='curve_point_once'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('run', 'number'), name='attempt_number_once'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('leased', 'running'))), fields=('run',), name='attempt_one_live_per_run'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state__in', ('leased', 'running'))), models.Q(models.Q(('state__in', ('leased', 'running')), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='attempt_ended_means_dated'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['state', 'created_at'], name='run_queue'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(fields=('submission', 'mode', 'seed'), name='run_once_per_seed'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('manifest__isnull', False), ('state', 'finished')), models.Q(models.Q(('state', 'finished'), _negated=True), ('manifest__isnull', True), ('verdict', '')), _connector='OR'), name='run_finished_means_manifest'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(fields=('submission', 'sequence'), name='event_sequence_once'),
        ),
    ]
