"""A world in which something moved, readers, and a mail server that misbehaves on request."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from django.core.cache import cache

from signals.digests.content import Content
from signals.digests.entries import Gaps, Move, NewRelease, Unwell
from signals.digests.periods import Week
from signals.models import (
    Article,
    Edition,
    Kind,
    Model,
    Release,
    Source,
    SourceKind,
    State,
    Subscription,
    Tag,
    Tagging,
)
from signals.trends.marks import mark_articles
from signals.trends.rollup import roll_up

WEEK = Week.parse("2024-W21")
MONDAY = datetime(2024, 5, 27, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nobody_was_counted(servers):
    cache.clear()


@pytest.fixture
def source(db):
    return Source.objects.create(
        kind=SourceKind.FEED, name="Feed", url="https://feed.example/rss", health="ok"
    )


def publish(source, days, many=22, text="Words.", **fields):
    """`days` maps a day to {tag: how many of that day's articles carry it}."""
    articles, taggings = [], []
    for day, tagged in days.items():
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        of_the_day = [
            Article(
                source=source,
                title=f"{day} {n}",
                text=text,
                url=f"https://p{n % 8}.example/{day}-{n}",
                publisher=f"p{n % 8}.example",
                published_at=at,
                known_at=at,
                sort_at=at,
                language="en",
                **fields,
            )
            for n in range(many)
        ]
        articles += of_the_day
        taggings += [
            Tagging(
                article=article,
                tag=tag,
                confidence=0.9,
                estimated_relevancy=4,
                quote=f"Evidence of {tag.name} on {day}.",
                known_at=at,
                state=State.SUGGESTED,
            )
            for tag, count in tagged.items()
            for article in of_the_day[:count]
        ]
    Article.objects.bulk_create(articles)
    Tagging.objects.bulk_create(taggings)
    mark_articles([article.pk for article in articles])


@pytest.fixture
def tags(db):
    return [
        Tag.objects.create(
            kind=kind,
            name=name,
            name_fr=french,
            change="from rare to common",
            driving_force="Cheaper chips.",
            relevancy=relevancy,
            relevancy_raters=2,
        )
        for kind, name, french, relevancy in [
            (Kind.SIGNAL, "Agents write code", "Des agents écrivent du code", 4),
            (Kind.TECHNOLOGY, "Mixture of experts", "Mélange d'experts", 2),
            (Kind.ISSUE, "Energy demand", "Demande d'énergie", None),
            (Kind.SIGNAL, "Steady one", "", 5),
        ]
    ]


@pytest.fixture
def moving_world(source, tags):
    """Twenty weeks; in the last one the first two tags come up four times as often as before."""
    quiet = dict.fromkeys(tags, 2)
    loud = quiet | {tags[0]: 9, tags[1]: 8}
    days = [MONDAY.date() - timedelta(days=back) for back in range(140, 0, -1)]
    publish(source, dict.fromkeys(days[:-7], quiet) | dict.fromkeys(days[-7:-1], loud))
    publish(source, {days[-1]: loud}, text="")
    model = Model.objects.create(
        slug="heron-2", name="Heron 2", developer="Example Lab", weights="open", licence="Apache-2.0"
    )
    Release.objects.create(model=model, event_key="heron-2 released", date=date(2024, 5, 22))
    Source.objects.create(kind=SourceKind.FEED, name="Broken feed", url="https://b.example", health="failing")
    roll_up(MONDAY)
    return tags


def move(tag, kind, name, name_fr="", relevancy=4.0):
    why = {"key": "above", "articles": 63, "days": 7, "publishers": 8, "confirmed": 0, "expected": 14.2}
    return Move(
        tag=tag,
        kind=kind,
        name=name,
        name_fr=name_fr,
        change="from rare to common",
        driving_force="Cheaper chips.",
        relevancy=relevancy,
        raters=2,
        label="surging",
        times=2.13,
        ceiling=4.0,
        label_before="steady",
        times_before=0.9,
        ceiling_before=1.2,
        explanation=why | {"times": 2.13, "ceiling": 4.0, "age": 139},
    )


CONTENT = Content(
    as_of="2024-05-26",
    before="2024-05-19",
    is_sample=False,
    movers=(
        move(1, "signal", "Agents write code", "Des agents écrivent du code"),
        move(2, "technology", "Mixture of experts", relevancy=2.0),
    ),
    risers=(replace(move(3, "issue", "Energy demand", relevancy=None), label="emerging"),),
    releases=(
        NewRelease(1, "Heron 2", "Example Lab", "released", "2024-05-22", "open", "Apache-2.0", 128_000),
    ),
    gaps=Gaps((Unwell("Broken feed", "failing"),), 154, 22),
)


@pytest.fixture
def edition(db):
    return Edition.objects.create(
        period=WEEK.period, starts_on=WEEK.starts_on, ends_on=WEEK.ends_on, content=CONTENT.params()
    )


def reader(email="ada@example.org", **fields):
    fields = {"confirmed_at": MONDAY - timedelta(days=30), "consent_version": "2024-01", "hour": 6} | fields
    return Subscription.objects.create(email=email, **fields)


class Mailbox:
    """An SMTP server's memory: what it accepted, and how it answers whom."""

    def __init__(self):
        self.accepted = []
        self.offered = Counter()
        self.at_rcpt = {}
        self.at_data = {}
        self.hangs_up_on = set()
        self.stalls_on = set()
        self.refuses_sender = ""

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.refuses_sender:
            return self.refuses_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.offered[address] += 1
        if address in self.at_rcpt:
            return self.at_rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to in self.at_data:
            return self.at_data[to]
        self.accepted.append((to, message_from_bytes(envelope.content, policy=policy.default)))
        if to in self.hangs_up_on:
            # accepted, but the answer never arrives
            server.transport.abort()
        if to in self.stalls_on:
            await asyncio.sleep(3)
        return "250 taken"

    @property
    def copies(self):
        return Counter(to for to, _ in self.accepted)


class OnAnyPort(Controller):
    """aiosmtpd knocks at the port it was given, which with 0 is not the one it got."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox(settings):
    box = Mailbox()
    controller = OnAnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    settings.EMAIL_BACKEND = "signals.digests.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_TIMEOUT = 5
    box.port = settings.EMAIL_PORT
    yield box
    controller.stop()


@pytest.fixture
def outbox_backend(settings):
    settings.EMAIL_BACKEND = "signals.digests.outbox.EmailBackend"
