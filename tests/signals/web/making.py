"""Things for pages to show, made without the pipeline."""

import re
from datetime import timedelta
from itertools import count

from django.utils import timezone

from ingestion.models import Fetch
from signals.curation.catalogue import create_tag
from signals.curation.merging import merge_tags
from signals.models import (
    Article,
    Change,
    Label,
    Model,
    Note,
    NoteRow,
    Origin,
    OutboxMail,
    Proposal,
    ProposalEvidence,
    Source,
    SourceKind,
    State,
    Tag,
    Tagging,
    TagTrend,
    User,
)

NOW = timezone.now()
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_numbers = count(1)


def make_tag(name: str = "", **trend) -> Tag:
    number = next(_numbers)
    tag = create_tag(kind="technology", name=name or f"Technique {number}", description="What it is.")
    TagTrend.objects.create(
        tag=tag,
        as_of=NOW.date() - timedelta(days=1),
        **{
            "label": Label.SURGING,
            "momentum": number / 100,
            "times": 1 + number / 100,
            "mentions": number,
            "publishers": 3,
            "weeks": [1, 2, number],
            "usual": [0.5, 2.5] * 3,
            "last_mention": NOW.date(),
            **trend,
        },
    )
    return tag


def make_source(**fields) -> Source:
    number = next(_numbers)
    made = {"kind": SourceKind.FEED, "name": f"Feed {number}", "url": f"https://f{number}.example/feed"}
    return Source.objects.create(**made | fields)


def make_article(source: Source, tags: list[Tag] = (), *, state: str = State.SUGGESTED, **fields) -> Article:
    number = next(_numbers)
    text = "An opening sentence. A sentence about it. A closing one."
    made = {"title": f"Article {number}", "text": text, "language": "en", "publisher": f"p{number}.example"}
    at = NOW - timedelta(days=2, minutes=number % 300)
    made |= {"published_at": at, "known_at": at, "sort_at": at}
    article = Article.objects.create(source=source, **made | fields)
    for tag in tags:
        Tagging.objects.create(
            article=article,
            tag=tag,
            state=state,
            origin=Origin.TAGGER,
            confidence=0.9,
            estimated_relevancy=4,
            quote="A sentence about it.",
            quote_start=21,
            reason="in the text",
            known_at=at,
        )
    return article


def make_proposal(article: Article, name: str = "", **fields) -> Proposal:
    name = name or f"Proposed {next(_numbers)}"
    proposal = Proposal.objects.create(
        kind="technology", name=name, normalised=name.lower(), articles_count=1, **fields
    )
    ProposalEvidence.objects.create(proposal=proposal, article=article, quote="A sentence about it.")
    return proposal


def fill(rows: int) -> None:
    """So many of everything that pages list."""
    source = make_source()
    common = make_tag()
    for _ in range(rows):
        tag = make_tag()
        article = make_article(source, [tag, common])
        make_article(source, [tag], state=State.CONFIRMED)
        make_proposal(article, similar_tag=tag)
        make_source()
        Fetch.objects.create(source=source, started_at=NOW)
        number = next(_numbers)
        Model.objects.create(
            slug=f"maker/model-{number}", name=f"Model {number}", developer=f"Maker {number}"
        )
        OutboxMail.objects.create(to="r@example.org", subject="Hello", raw=b"", text="Hello")


def plain(html: bytes | str) -> str:
    """A page's words without its tags."""
    text = html.decode() if isinstance(html, bytes) else html
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def make_row(article: Article, tag: Tag, **fields) -> NoteRow:
    note, _new = Note.objects.get_or_create(
        article=article,
        defaults={
            "note_key": f"note-{article.pk}",
            "content_hash": "h",
            "head": {"title": article.title},
        },
    )
    made = {"kind": "issue", "name": "In other words", "description": "What it says.", "link": "suggested"}
    return NoteRow.objects.create(note=note, position=note.rows.count(), tag=tag, **made | fields)


def make_merge(source: Tag, into: Tag, by: User) -> Change:
    return merge_tags(source=source, into=into, by=by)
