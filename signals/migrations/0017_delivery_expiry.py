from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('signals', '0016_stance_taken_back'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='expires_at',
            field=models.DateTimeField(blank=True, help_text='what was not sent by then is too old to be sent', null=True),
        ),
        migrations.RunSQL(
            "UPDATE signals_delivery SET expires_at = due_at + interval '2 days' WHERE status IN ('reserved', 'deferred')",
            migrations.RunSQL.noop,
        ),
        migrations.RemoveConstraint(
            model_name='subscription',
            name='subscription_cadence_known',
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('cadence__in', ['weekly', 'monthly', 'alert'])), name='subscription_cadence_known'),
        ),
    ]
