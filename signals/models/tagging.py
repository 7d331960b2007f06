"""Taggings, the human decisions on them, proposed tags, and ratings."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, F, Q, Subquery, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from signals.models.article import Article
from signals.models.tag import Kind, Tag
from signals.models.user import User

RELEVANCY_CHOICES = [
    (1, _("named in passing")),
    (2, _("marginal")),
    (3, _("a real part of it")),
    (4, _("a main theme")),
    (5, _("decisive")),
]


PROPOSAL_DAYS: Final = 60
"""A proposal that nobody repeats for so long is no longer shown; it comes back when it is said again."""


class State(models.TextChoices):
    """Where a tagging stands."""

    SUGGESTED = "suggested", _("suggested")
    CONFIRMED = "confirmed", _("confirmed")
    REJECTED = "rejected", _("rejected")
    SAMPLED = "sampled", _("drawn at random")


class Origin(models.TextChoices):
    """Who or what said so."""

    TAGGER = "tagger", _("tagger")
    NOTE = "note", _("source note")
    PERSON = "person", _("a person")


class Stance(models.TextChoices):
    """What an article says of a tag's claim; nobody said so for most."""

    UNSTATED = "", _("not said")
    SUPPORTS = "supports", _("supports it")
    CONTRADICTS = "contradicts", _("contradicts it")


UNSAID: Final = "unsaid"
"""A decision that takes back what was said of the stance; one that says nothing of it leaves it as it is."""


class Dispute(models.TextChoices):
    """Whether people's scores of a mention are far apart, and whether those who are say why."""

    NONE = "", _("not contested")
    CONTESTED = "contested", _("contested")
    UNEXPLAINED = "unexplained", _("contested, without a reason")


class TaggingQuerySet(models.QuerySet["Tagging"]):
    """Questions about taggings."""

    def with_relevance(self) -> Self:
        """Annotate `relevance`: stated, else estimated."""
        return self.annotate(relevance=Coalesce("stated_relevancy", "estimated_relevancy"))

    def counted(self) -> Self:
        """Those that make a mention: confirmed, or suggested with .5 or more; relevance 3 or more."""
        return self.with_relevance().filter(
            Q(state=State.CONFIRMED) | Q(state=State.SUGGESTED, confidence__gte=0.5), relevance__gte=3
        )

    def in_note_order(self) -> Self:
        """As a note lists them, the most relevant first; after `with_relevance`."""
        return self.order_by(
            F("relevance").desc(nulls_last=True), F("confidence").desc(nulls_last=True), "pk"
        )

    def waiting(self) -> Self:
        """Those that want a decision."""
        return self.filter(state__in=[State.SUGGESTED, State.SAMPLED])


class Tagging(models.Model):
    """One article carries one tag. Nothing points here: use article and tag."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="taggings")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="taggings")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SUGGESTED)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.TAGGER)
    stated_relevancy = models.PositiveSmallIntegerField(null=True, blank=True)
    estimated_relevancy = models.PositiveSmallIntegerField(null=True, blank=True)
    confidence = models.FloatField(null=True, blank=True, help_text="calibrated probability")
    quote = models.TextField(blank=True)
    quote_start = models.PositiveIntegerField(null=True, blank=True, help_text="offset in the article's text")
    quote_field = models.CharField(max_length=8, default="text", help_text="title, text or note")
    reason = models.CharField(max_length=400, blank=True, help_text="why, in words")
    because = models.JSONField(default=dict, blank=True, help_text="why, to be put into the reader's words")
    stance = models.CharField(max_length=12, choices=Stance.choices, default=Stance.UNSTATED, blank=True)
    # Follows the decisions, as the number does: to be listed without reading them all.
    dispute = models.CharField(
        max_length=12, choices=Dispute.choices, default=Dispute.NONE, db_default="", blank=True
    )
    tagger_version = models.PositiveIntegerField(default=0)
    draw_probability = models.FloatField(null=True, blank=True)
    known_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True, help_text="known_at of the decision that holds")

    objects = TaggingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "tag"], name="tagging_once_per_article"),
            models.CheckConstraint(
                condition=Q(stated_relevancy=None) | Q(stated_relevancy__range=(1, 5)),
                name="tagging_stated_1_to_5",
            ),
            models.CheckConstraint(
                condition=Q(estimated_relevancy=None) | Q(estimated_relevancy__range=(1, 5)),
                name="tagging_estimated_1_to_5",
            ),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__range=(0, 1)), name="tagging_confidence_0_to_1"
            ),
            models.CheckConstraint(condition=Q(stance__in=Stance.values), name="tagging_stance_known"),
            models.CheckConstraint(condition=Q(dispute__in=Dispute.values), name="tagging_dispute_known"),
        ]
        indexes = [
            models.Index(fields=["tag", "state"], name="tagging_tag_state"),
            models.Index(
                fields=["article"], name="tagging_waiting", condition=Q(state__in=["suggested", "sampled"])
            ),
            # Few are said to support or contradict: they are counted and listed without reading all the others.
            models.Index(fields=["tag", "stance"], name="tagging_stance", condition=~Q(stance="")),
            models.Index(fields=["-decided_at", "-id"], name="tagging_dispute", condition=~Q(dispute="")),
        ]

    def __str__(self) -> str:
        return f"{self.tag} in {self.article}"


class Decision(models.Model):
    """A person's word on (article, tag); append-only, an undone one stays and says when."""

    class Verdict(models.TextChoices):
        """What the person said."""

        ACCEPT = "accept", _("accepted")
        REJECT = "reject", _("rejected")
        SCORE = "score", _("scored")

    class Why(models.TextChoices):
        """Reasons for rejecting."""

        NONE = "", _("no reason given")
        WRONG = "wrong", _("not about this")
        PASSING = "passing", _("only in passing")
        DUPLICATE = "duplicate", _("already said elsewhere")
        OFF_TOPIC = "off_topic", _("off topic")

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="decisions")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="decisions")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    relevancy = models.PositiveSmallIntegerField(null=True, blank=True)
    why = models.CharField(max_length=12, choices=Why.choices, default=Why.NONE, blank=True)
    stance = models.CharField(
        max_length=12,
        choices=[*Stance.choices, (UNSAID, _("no longer said"))],
        default=Stance.UNSTATED,
        blank=True,
    )
    comment = models.TextField(blank=True)
    review_on = models.DateField(null=True, blank=True, help_text="when whoever said it wants to look again")
    before = models.JSONField(default=dict, help_text="the tagging as it was, for undo")
    inbox_score = models.FloatField(null=True, blank=True, help_text="the article's place when decided")
    position = models.PositiveIntegerField(
        null=True, blank=True, help_text="among the article's suggestions, the surest first, from 1"
    )
    made_at = models.DateTimeField(default=timezone.now)
    known_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # What `before` says, as columns: counting a hundred thousand decisions takes no reading of JSON.
    told_state = models.GeneratedField(
        expression=KT("before__state"), output_field=models.TextField(null=True), db_persist=True
    )
    told_origin = models.GeneratedField(
        expression=KT("before__origin"), output_field=models.TextField(null=True), db_persist=True
    )
    told_confidence = models.GeneratedField(
        expression=Cast(KT("before__confidence"), models.FloatField()),
        output_field=models.FloatField(null=True),
        db_persist=True,
    )
    told_relevancy = models.GeneratedField(
        expression=Cast(KT("before__estimated_relevancy"), models.SmallIntegerField()),
        output_field=models.SmallIntegerField(null=True),
        db_persist=True,
    )
    told_version = models.GeneratedField(
        expression=Cast(KT("before__tagger_version"), models.IntegerField()),
        output_field=models.IntegerField(null=True),
        db_persist=True,
    )
    told_draw = models.GeneratedField(
        expression=Cast(KT("before__draw_probability"), models.FloatField()),
        output_field=models.FloatField(null=True),
        db_persist=True,
    )

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(relevancy=None) | Q(relevancy__range=(1, 5)), name="decision_relevancy_1_to_5"
            ),
            models.CheckConstraint(
                condition=Q(stance__in=[*Stance.values, UNSAID]), name="decision_stance_known"
            ),
        ]
        indexes = [
            models.Index(fields=["article", "tag", "-id"], name="decision_pair"),
            models.Index(fields=["user", "-id"], name="decision_by"),
            # Few carry a day: what is due is found without reading all the others.
            models.Index(
                fields=["user", "review_on"],
                condition=Q(undone_at=None) & ~Q(review_on=None),
                name="decision_review",
            ),
            models.Index(fields=["undone_at"], condition=~Q(undone_at=None), name="decision_undone"),
            # Holds all that the quality page counts, so that the wide rows stay unread.
            models.Index(
                fields=["made_at"],
                include=[
                    "id",
                    "article",
                    "tag",
                    "verdict",
                    "why",
                    "relevancy",
                    "inbox_score",
                    "position",
                    "told_state",
                    "told_origin",
                    "told_confidence",
                    "told_relevancy",
                    "told_version",
                    "told_draw",
                ],
                condition=Q(undone_at=None),
                name="decision_holding",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_verdict_display()} {self.tag}"


class ProposalQuerySet(models.QuerySet["Proposal"]):
    """Questions about proposals."""

    def shown(self) -> Self:
        """Those that want a decision; what was last said `PROPOSAL_DAYS` days before the newest is out of sight."""
        newest = Proposal.objects.filter(status=Proposal.Status.WAITING).order_by(
            F("last_seen_at").desc(nulls_last=True)
        )
        end = Subquery(newest.values("last_seen_at")[:1]) - timedelta(days=PROPOSAL_DAYS)
        return self.filter(Q(last_seen_at=None) | Q(last_seen_at__gte=end), status=Proposal.Status.WAITING)

    def risen_first(self) -> Self:
        """What several publishers report before what one said; among each the most risen first."""
        return self.annotate(recurs=Case(When(publishers_count__gt=1, then=1), default=0)).order_by(
            "-recurs", "-rising", "-pk"
        )


class Proposal(models.Model):
    """Something new that articles talk about, waiting to become a tag, an alias, or nothing."""

    class Status(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", _("waiting")
        ACCEPTED = "accepted", _("accepted")
        FOLDED = "folded", _("folded into a tag")
        REJECTED = "rejected", _("rejected")

    kind = models.CharField(max_length=16, choices=Kind.choices)
    name = models.CharField(max_length=300)
    normalised = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    change = models.TextField(blank=True)
    outlook = models.TextField(blank=True)
    driving_force = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    tag = models.ForeignKey(Tag, null=True, blank=True, on_delete=models.SET_NULL, related_name="proposals")
    similar_tag = models.ForeignKey(Tag, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    articles_count = models.PositiveIntegerField(default=0)
    publishers_count = models.PositiveIntegerField(default=0)
    stories_count = models.PositiveIntegerField(default=0)
    worth = models.FloatField(default=0.7, help_text="how often what is found this way makes a good row")
    rising = models.FloatField(default=0, help_text="orders the waiting ones; see tagging.proposing")
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "normalised"], name="proposal_once")]
        indexes = [
            models.Index(fields=["status", "-publishers_count"], name="proposal_rising"),
            GinIndex(OpClass(F("normalised"), name="gin_trgm_ops"), name="proposal_trgm"),
        ]

    def __str__(self) -> str:
        return self.name


class ProposalEvidence(models.Model):
    """Where a proposal was seen."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="evidence")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="proposal_evidence")
    quote = models.TextField(blank=True)
    relevancy = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "article"], name="proposal_once_per_article"),
            models.CheckConstraint(
                condition=Q(relevancy=None) | Q(relevancy__range=(1, 5)), name="proposal_relevancy_1_to_5"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proposal} in {self.article}"


class Rating(models.Model):
    """One analyst's 1-5 on a tag, with a rationale; kept for ever, the latest of each rater counts."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="ratings")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="ratings")
    relevancy = models.PositiveSmallIntegerField(choices=RELEVANCY_CHOICES)
    rationale = models.TextField(blank=True)
    review_on = models.DateField(null=True, blank=True, help_text="when its rater wants to look again")
    made_at = models.DateTimeField(default=timezone.now)
    known_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(relevancy__range=(1, 5)), name="rating_relevancy_1_to_5")
        ]
        indexes = [models.Index(fields=["tag", "user", "-id"], name="rating_latest")]

    def __str__(self) -> str:
        return f"{self.user}: {self.tag} {self.relevancy}"
