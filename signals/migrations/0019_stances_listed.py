from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('signals', '0018_set_aside'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='tagging',
            index=models.Index(condition=models.Q(('stance', ''), _negated=True), fields=['tag', 'stance'], name='tagging_stance'),
        ),
        migrations.RemoveIndex(
            model_name='tagging',
            name='tagging_contradicts',
        ),
    ]
