import django.contrib.postgres.fields
from django.db import migrations, models

# Until now a feed's categories stood where keywords do.
MOVE = """
UPDATE signals_article SET filed_under = keywords, keywords = '{}'
WHERE type = 'entry' AND keywords <> '{}' AND NOT is_extracted
"""
BACK = """
UPDATE signals_article SET keywords = filed_under, is_extracted = false
WHERE type = 'entry' AND filed_under <> '{}'
"""


class Migration(migrations.Migration):
    dependencies = [("signals", "0005_decision_told")]

    operations = [
        migrations.AddField(
            model_name="article",
            name="filed_under",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(),
                blank=True,
                default=list,
                help_text="a feed's own categories",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="article",
            name="is_extracted",
            field=models.BooleanField(
                default=False, help_text="some of keywords to type are ours, not a note's"
            ),
        ),
        migrations.RunSQL(MOVE, BACK),
    ]
