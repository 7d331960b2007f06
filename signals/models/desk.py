"""Work at the analysts' desk: who reads what, what they say of it, and whether an outlook held."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from signals.models.article import Article
from signals.models.tag import Tag
from signals.models.user import User


class Claim(models.Model):
    """An article that somebody is reading in the inbox, so that nobody does the same work; ends by itself."""

    article = models.OneToOneField(Article, on_delete=models.CASCADE, primary_key=True, related_name="claim")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="claims")
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "until"], name="claim_of")]

    def __str__(self) -> str:
        return f"{self.article_id} by {self.user_id}"


class Comment(models.Model):
    """What somebody says of a tag, perhaps with an article in hand; a withdrawn one stays and says when."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="comments")
    article = models.ForeignKey(
        Article, null=True, blank=True, on_delete=models.SET_NULL, related_name="comments"
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="comments")
    text = models.TextField(_("comment"))
    made_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["made_at", "id"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="comment_not_empty")]

    def __str__(self) -> str:
        return f"{self.user} on {self.tag_id}"


class Signpost(models.Model):
    """Something that would show that a tag's outlook comes true, or does not."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="signposts")
    words = models.CharField(_("what to look for"), max_length=400)
    seen_on = models.DateField(null=True, blank=True)
    article = models.ForeignKey(
        Article, null=True, blank=True, on_delete=models.SET_NULL, related_name="signposts"
    )
    made_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="signpost_not_empty")]

    def __str__(self) -> str:
        return self.words


class OutlookReview(models.Model):
    """Whether an outlook held, as somebody saw it when the date had come, and what it said then."""

    class Held(models.TextChoices):
        """Did it?"""

        YES = "yes", _("it held")
        PARTLY = "partly", _("it held in part")
        NO = "no", _("it did not hold")
        TOO_EARLY = "too_early", _("too early to say")

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="outlook_reviews")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="outlook_reviews")
    due_on = models.DateField()
    held = models.CharField(max_length=10, choices=Held.choices)
    words = models.TextField(blank=True)
    outlook = models.TextField(help_text="as it stood")
    made_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(held__in=["yes", "partly", "no", "too_early"]), name="outlook_review_held_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.tag_id}: {self.held}"
