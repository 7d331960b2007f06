"""The mail itself: both parts complete, valid, small, readable anywhere, and rendered once for equal wishes."""

import re
import struct
import zlib
from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from django.core.mail import EmailMessage
from django.test.signals import template_rendered
from lxml import html as lxml_html
from tinyhtml5.parser import HTMLParser

from signals.digests.drawing import HEIGHT, WIDTH, draw_weeks
from signals.digests.editions import freeze_edition
from signals.digests.entries import Gaps, Unwell
from signals.digests.pictures import (
    IllustratedMail,
    attach_pictures,
    keep_pictures,
    pictures_of,
    with_pictures,
)
from signals.digests.render import render
from signals.digests.send import deliver_due
from signals.digests.wishes import Wishes
from signals.digests.words import number
from signals.models import Delivery, OutboxMail, Picture, Rendering, Subscription
from tests.signals.digests.conftest import MONDAY, WEEK, reader
from tests.signals.digests.test_content import FULL

WEEKS = (2, 2, 3, 2, 0, 2, 1, 2, 3, 2, 4, 63)
DRAWN = replace(
    FULL,
    movers=(replace(FULL.movers[0], weeks=WEEKS, usual=(1.0, 4.2) * 8), FULL.movers[1]),
    note="Read <this>.\n\nThen that.",
    note_fr="Lisez <ceci>.\n\nPuis cela.",
)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_text_part_says_everything_that_the_html_part_says(language):
    mail = render(replace(DRAWN, more={"movers": 4}, is_sample=True), WEEK.period, language)
    text = " ".join(mail.text.split()).casefold()
    page = lxml_html.fromstring(mail.html)
    told = page.xpath("//body//*[not(@class='preview')]/text()") + page.xpath("//img/@alt")
    told = [" ".join(words.split()).strip(" ·").casefold() for words in told]
    assert len([words for words in told if words]) > 70
    assert [words for words in told if words not in text] == []
    links = re.compile(r"https?://[^\s\"<]+")
    assert set(links.findall(mail.html)) == set(links.findall(mail.text))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_html_part_is_valid_and_loads_nothing_from_anywhere(language):
    mail = render(replace(DRAWN, more={"movers": 4}, is_sample=True), WEEK.period, language)
    parser = HTMLParser()
    parser.parse(mail.html)
    assert parser.errors == []
    page = lxml_html.fromstring(mail.html)
    assert page.get("lang") == language
    sources = {image.get("src") for image in page.iter("img")}
    assert sources == {f"cid:{picture.cid}" for picture in mail.pictures}
    assert all(image.get("alt") for image in page.iter("img"))
    assert not re.search(r"url\(|@import|<script|<link|srcset|background=", mail.html)
    assert '<meta name="color-scheme" content="light dark">' in mail.html
    assert "prefers-color-scheme: dark" in mail.html
    assert 'class="preview" style="display: none' in mail.html


def test_old_and_new_score_and_the_reason_stand_beside_each_move():
    text = " ".join(render(DRAWN, WEEK.period, "en").text.split())
    assert "Surging, at least ×2.1 its usual share On 19 May 2024: Unchanged, not clearly above" in text
    assert "63 articles in 7 days from 8 publishers" in text
    assert "Relevance 3 → 4 of 5" in text
    assert "10 → unknown US dollars per million tokens" in text
    assert "It held in part" in text
    assert "Due on 2 June 2024" in text


@pytest.mark.parametrize(
    ("label", "times", "words"),
    [("emerging", 1.06, "Early riser"), ("new", 1.0, "New"), ("emerging", None, "Early riser")],
)
def test_a_rise_is_not_called_no_rise_in_the_same_line(label, times, words):
    rising = replace(FULL.risers[0], label=label, times=times)
    text = render(replace(DRAWN, movers=(), risers=(rising,)), WEEK.period, "en").text
    assert words in text.splitlines()


def test_tenths_are_rounded_and_not_cut():
    assert [number(value) for value in (1.8, 14.26, 1.75, 0.04, 2.0)] == ["1.8", "14.3", "1.8", "0.0", "2.0"]


def test_the_fullest_mail_and_its_pictures_are_under_80_kilobytes():
    long = {"name": "word " * 60, "name_fr": "mot " * 75}
    move = replace(
        DRAWN.movers[0], **long, change="word " * 60, driving_force="word " * 400, weeks=tuple(range(12))
    )
    full = replace(
        DRAWN,
        movers=tuple(replace(move, weeks=(*WEEKS[:11], n)) for n in range(60)),
        risers=tuple(replace(move, label="emerging", weeks=(*WEEKS[:11], n)) for n in range(60)),
        contradictions=(
            replace(
                FULL.contradictions[0], **long, quote="w " * 400, headline="w " * 200, publisher="p" * 200
            ),
        )
        * 60,
        rescored=(replace(FULL.rescored[0], **long, rationale="word " * 400),) * 60,
        reviewed=(replace(FULL.reviewed[0], **long, words="word " * 400, outlook="w " * 400),) * 60,
        due=(replace(FULL.due[0], **long, outlook="word " * 400),) * 60,
        releases=(replace(FULL.releases[0], model="m" * 200, developer="d" * 200, licence="l" * 200),) * 60,
        prices=(replace(FULL.prices[0], model="m" * 200, developer="d" * 200, provider="p" * 200),) * 60,
        gaps=Gaps((Unwell("s" * 200, "failing"),) * 20, 10_000, 5_000),
        note="word " * 4000,
    )
    mail = render(full.chosen(Wishes("fr")), WEEK.period, "fr")
    assert size(mail) < 80_000
    assert len(mail.pictures) >= 7
    assert len(mail.text) > 20_000
    wide = replace(full, movers=tuple(replace(entry, change="変化" * 200) for entry in full.movers))
    assert size(render(wide.chosen(Wishes("en")), WEEK.period, "en")) < 80_000


def size(mail):
    # base64 makes four bytes of three
    return len(mail.html.encode()) + sum(len(picture.png) for picture in mail.pictures) * 4 / 3


def test_a_chart_is_a_png_of_the_weeks_drawn_once_whoever_sees_it():
    drawing = draw_weeks(WEEKS, (1.0, 4.2) * 8, "up")
    assert drawing.png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, colour = struct.unpack(">IIBB", drawing.png[16:26])
    assert (width, height, depth, colour) == (2 * WIDTH, 2 * HEIGHT, 4, 3)
    at = drawing.png.index(b"IDAT")
    (length,) = struct.unpack(">I", drawing.png[at - 4 : at])
    rows = zlib.decompress(drawing.png[at + 4 : at + 4 + length])
    assert len(rows) == height * (1 + width // 2)
    assert draw_weeks(WEEKS, (1.0, 4.2) * 8, "up") is drawing
    assert draw_weeks((0,) * 12, (), "plain") is None
    assert draw_weeks((), (), "plain") is None


def test_pictures_are_kept_once_and_travel_inside_the_mail(db):
    mail = render(DRAWN, WEEK.period, "en")
    kept = keep_pictures(mail.pictures)
    assert keep_pictures(mail.pictures) == kept
    assert Picture.objects.count() == len(mail.pictures) == 1
    pictures = pictures_of(Rendering(images=kept))
    message = IllustratedMail("Week 21", mail.text, "a@example.org", ["b@example.org"])
    message.attach_alternative(mail.html, "text/html")
    attach_pictures(message, pictures)
    assert isinstance(message, EmailMessage)
    sent = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    assert sent.get_content_type() == "multipart/related"
    both, picture = sent.iter_parts()
    assert [part.get_content_type() for part in both.iter_parts()] == ["text/plain", "text/html"]
    assert (picture["Content-ID"], picture.get_content_disposition()) == (
        f"<{mail.pictures[0].cid}>",
        "inline",
    )
    assert picture.get_content() == mail.pictures[0].png
    assert "cid:" not in with_pictures(mail.html, pictures)


def test_the_charts_arrive_with_the_mail_and_each_is_shown(edition, settings):
    settings.EMAIL_BACKEND = "signals.digests.outbox.EmailBackend"
    edition.content = DRAWN.params()
    edition.save()
    reader()
    freeze_edition(edition=edition, now=MONDAY)
    assert deliver_due(clock=lambda: MONDAY).sent == 1
    sent = message_from_bytes(bytes(OutboxMail.objects.get().raw), policy=policy.default)
    shown = set(re.findall(r'src="cid:([^"]+)"', sent.get_body(("html",)).get_content()))
    carried = {part["Content-ID"].strip("<>") for part in sent.walk() if part["Content-ID"]}
    assert shown == carried
    assert len(shown) == 1
    assert "Mentions a week" in sent.get_body(("plain",)).get_content()


def test_ten_thousand_readers_with_fifty_wishes_are_fifty_renders(edition):
    wishes = [
        {"kinds": kinds, "least_relevancy": least, "tags": tags, "language": language}
        for kinds in ([], ["signal"], ["signal", "technology"], ["technology"], ["technology", "issue"])
        for least in (1, 2)
        for tags in ([], [1], [1, 2])
        for language in ("en", "fr")
    ][:52]
    # what the archive shows is a rendering of its own: everything, in each language
    of_archive = [wish for wish in wishes if wish == wishes[0] or wish == {**wishes[0], "language": "fr"}]
    distinct = [wish for wish in wishes if wish not in of_archive]
    assert len(distinct) == 50
    Subscription.objects.bulk_create(
        Subscription(
            email=f"r{n}@example.org",
            confirmed_at=MONDAY,
            weekday=n % 7,
            hour=n % 24,
            time_zone="Asia/Tokyo" if n % 2 else "Europe/Paris",
            **distinct[n % 50],
        )
        for n in range(10_000)
    )
    renders = []

    def count(template, **_rest):
        if template.name == "digests/mail.html":
            renders.append(template)

    template_rendered.connect(count)
    try:
        freeze_edition(edition=edition, now=MONDAY)
    finally:
        template_rendered.disconnect(count)
    assert len(renders) == Rendering.objects.count() == 52
    assert Delivery.objects.count() == 10_000
    assert Delivery.objects.values("rendering").distinct().count() == 50
