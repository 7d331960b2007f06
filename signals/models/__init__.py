"""What we know, one file per noun."""

from signals.models.article import Article, ArticleType, ArticleVersion, Story, TextOrigin
from signals.models.change import Change
from signals.models.digest import Delivery, Edition, OutboxMail, Rendering, Subscription
from signals.models.history import TrendChange
from signals.models.installation import Setting, sample_day
from signals.models.job import Job
from signals.models.learning import RankerFit, StagedTagging, TaggerVersion
from signals.models.note import Note, NoteRow
from signals.models.release import Fact, Model, ModelName, Offer, Price, Release, Weights
from signals.models.sameness import DistinctTags, SimilarTags
from signals.models.source import Health, Source, SourceKind
from signals.models.table import PERIODS, FacetValue, SavedView, TagSummary
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
from signals.models.trend import DirtyMark, Label, MentionDelta, TagTrend, ThemeTrend, VolumeDelta
from signals.models.user import LogInLink, Role, User

__all__ = [
    "PERIODS",
    "RELEVANCY_CHOICES",
    "Article",
    "ArticleType",
    "ArticleVersion",
    "Change",
    "Decision",
    "Delivery",
    "DirtyMark",
    "DistinctTags",
    "Edition",
    "FacetValue",
    "Fact",
    "Health",
    "Job",
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
    "RankerFit",
    "Rating",
    "Release",
    "Rendering",
    "Role",
    "SavedView",
    "Setting",
    "SimilarTags",
    "Source",
    "SourceKind",
    "StagedTagging",
    "State",
    "Story",
    "Subscription",
    "Tag",
    "TagName",
    "TagSummary",
    "TagTrend",
    "TaggerVersion",
    "Tagging",
    "TextOrigin",
    "Theme",
    "ThemeTrend",
    "TrendChange",
    "User",
    "VolumeDelta",
    "Weights",
    "sample_day",
]
