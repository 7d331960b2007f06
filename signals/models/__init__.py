"""What we know, one file per noun."""

from signals.models.article import Article, ArticleType, ArticleVersion, Story, TextOrigin
from signals.models.change import Change
from signals.models.digest import Delivery, Edition, OutboxMail, Rendering, Subscription
from signals.models.installation import Setting, sample_day
from signals.models.note import Note, NoteRow
from signals.models.release import Fact, Model, ModelName, Offer, Price, Release, Weights
from signals.models.source import Health, Source, SourceKind
from signals.models.tag import Kind, Tag, TagName, Theme
from signals.models.tagging import (
    RELEVANCY_CHOICES,
    Decision,
    Origin,
    Proposal,
    ProposalEvidence,
    Rating,
    State,
    Tagging,
)
from signals.models.trend import DirtyMark, Label, MentionDelta, TagTrend, VolumeDelta
from signals.models.user import LogInLink, Role, User

__all__ = [
    "RELEVANCY_CHOICES",
    "Article",
    "ArticleType",
    "ArticleVersion",
    "Change",
    "Decision",
    "Delivery",
    "DirtyMark",
    "Edition",
    "Fact",
    "Health",
    "Kind",
    "Label",
    "LogInLink",
    "MentionDelta",
    "Model",
    "ModelName",
    "Note",
    "NoteRow",
    "Offer",
    "Origin",
    "OutboxMail",
    "Price",
    "Proposal",
    "ProposalEvidence",
    "Rating",
    "Release",
    "Rendering",
    "Role",
    "Setting",
    "Source",
    "SourceKind",
    "State",
    "Story",
    "Subscription",
    "Tag",
    "TagName",
    "TagTrend",
    "Tagging",
    "TextOrigin",
    "Theme",
    "User",
    "VolumeDelta",
    "Weights",
    "sample_day",
]
