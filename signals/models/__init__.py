"""What we know, one file per noun."""

from signals.models.article import ANALYZE_TRIES, Article, ArticleType, ArticleVersion, Story, TextOrigin
from signals.models.change import Change
from signals.models.desk import Claim, Comment, OutlookReview, Signpost
from signals.models.digest import (
    Alert,
    Cadence,
    Delivery,
    Edition,
    OutboxMail,
    Picture,
    Rendering,
    Subscription,
    Suppression,
)
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
    UNSAID,
    Decision,
    Dispute,
    Origin,
    Proposal,
    ProposalEvidence,
    Rating,
    Stance,
    State,
    Tagging,
)
from signals.models.trend import DirtyMark, Label, MentionDelta, TagTrend, ThemeTrend, VolumeDelta
from signals.models.user import Invitation, LogInLink, Role, User

__all__ = [
    "ANALYZE_TRIES",
    "PERIODS",
    "RELEVANCY_CHOICES",
    "UNSAID",
    "Alert",
    "Article",
    "ArticleType",
    "ArticleVersion",
    "Cadence",
    "Change",
    "Claim",
    "Comment",
    "Decision",
    "Delivery",
    "DirtyMark",
    "Dispute",
    "DistinctTags",
    "Edition",
    "FacetValue",
    "Fact",
    "Health",
    "Invitation",
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
    "OutlookReview",
    "Picture",
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
    "Signpost",
    "SimilarTags",
    "Source",
    "SourceKind",
    "StagedTagging",
    "Stance",
    "State",
    "Story",
    "Subscription",
    "Suppression",
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
