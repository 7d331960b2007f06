
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Fetch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(blank=True, help_text='null: the worker was lost on the way', null=True)),
                ('status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('bytes', models.PositiveBigIntegerField(default=0)),
                ('new', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('refusals', models.JSONField(blank=True, default=list)),
                ('milliseconds', models.PositiveIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=40)),
                ('error_text', models.CharField(blank=True, max_length=400)),
                ('next_at', models.DateTimeField(blank=True, null=True)),
                ('next_reason', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'verbose_name_plural': 'fetches',
                'ordering': ['-started_at', '-id'],
            },
        ),
    ]
