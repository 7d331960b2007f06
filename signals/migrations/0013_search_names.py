import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("signals", "0012_trend_history"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="tagname",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(models.F("normalised"), name="gin_trgm_ops"),
                name="tagname_trgm",
            ),
        ),
    ]
