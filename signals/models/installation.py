"""What holds for the whole installation, one row per name."""

from __future__ import annotations

from django.db import models


class Setting(models.Model):
    """A named JSON value: the sample's last day, the roll-up's watermark, the mail settings chosen on screen."""

    name = models.CharField(max_length=80, primary_key=True)
    value = models.JSONField()

    def __str__(self) -> str:
        return self.name
