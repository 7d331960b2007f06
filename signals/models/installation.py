"""What holds for the whole installation, one row per name."""

from __future__ import annotations

from datetime import date

from django.db import models

from signals.models.article import Article
from signals.models.source import SourceKind


class Setting(models.Model):
    """A named JSON value: the sample's last day, the roll-up's watermark, the mail settings chosen on screen."""

    name = models.CharField(max_length=80, primary_key=True)
    value = models.JSONField()

    def __str__(self) -> str:
        return self.name


def sample_day() -> date | None:
    """The sample's last day while the sample is all there is to look at, else None.

    Curated facts about model releases are not the sample: they stay when it is removed.
    """
    row = Setting.objects.filter(name="sample").first()
    if row is None or not row.value.get("last_day"):
        return None
    real = Article.objects.filter(is_sample=False).exclude(source__kind=SourceKind.CURATED)
    return None if real.exists() else date.fromisoformat(row.value["last_day"])
