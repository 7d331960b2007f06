"""The trend table: the whole catalogue scored from the roll-up, one row a tag, or as known on a day."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.management import call_command

from signals.models import Article, Kind, MentionDelta, Source, SourceKind, Tag, Tagging, TagTrend
from signals.trends.explain import Explanation
from signals.trends.labels import Label
from signals.trends.marks import mark_articles
from signals.trends.rollup import drain_marks, roll_up
from signals.trends.series import tag_weeks
from signals.trends.table import open_day, trend_table

TODAY = datetime(2026, 11, 20, 15, tzinfo=UTC)
YESTERDAY = TODAY.date() - timedelta(days=1)


@pytest.fixture
def source(db):
    return Source.objects.create(kind=SourceKind.FEED, name="A feed", url="https://feed.example/")


@pytest.fixture
def tags(db):
    kinds = [Kind.TECHNOLOGY] * 6 + [Kind.ISSUE]
    return [Tag.objects.create(kind=kind, name=f"Tag {n}") for n, kind in enumerate(kinds)]


def publish(source, day, tagged, *, known=None, publishers=22, **fields):
    """One day's articles, one per publisher, the first ones tagged as `tagged` {tag: how many} says."""
    at = datetime.combine(day, time(10), tzinfo=UTC)
    articles = Article.objects.bulk_create(
        Article(
            source=source,
            title="News",
            publisher=f"p{n}.example",
            published_at=at,
            known_at=known or at,
            **fields,
        )
        for n in range(publishers)
    )
    Tagging.objects.bulk_create(
        Tagging(article=article, tag=tag, confidence=0.9, estimated_relevancy=4)
        for tag, many in tagged.items()
        for article in articles[:many]
    )
    mark_articles([article.pk for article in articles])


@pytest.fixture
def flow(source, tags):
    """Twenty weeks, 22 articles a day; tags 0 to 3 twice a day, tag 1 eight times in the last ten days."""
    for back in range(140, 0, -1):
        day = TODAY.date() - timedelta(days=back)
        publish(source, day, dict.fromkeys(tags[:4], 2) | {tags[1]: 8 if back <= 10 else 2})
    publish(source, TODAY.date(), {tags[5]: 20})
    roll_up(TODAY)


def test_a_rising_tag_leads_and_every_tracked_tag_has_one_row(flow, tags, django_assert_num_queries):
    with django_assert_num_queries(1):
        rows = list(TagTrend.objects.select_related("tag").order_by("-momentum"))
    found = {row.tag_id: row for row in rows}
    assert set(found) == {tag.pk for tag in tags}
    risen = found[tags[1].pk]
    assert risen.label == Label.SURGING
    assert risen.is_flagged
    assert risen.times > 1.2
    assert (risen.as_of, risen.last_mention) == (YESTERDAY, YESTERDAY)
    assert risen.weeks[-4:] == [14, 14, 32, 56]
    assert (risen.mentions, risen.confirmed, risen.publishers) == (116, 0, 8)
    told = Explanation.from_params(risen.explanation)
    assert (told.key, told.articles, told.days, told.publishers) == ("above", 56, 7, 8)
    assert len(risen.usual) == 24
    assert risen.usual[-24] <= risen.weeks[0] <= risen.usual[-23]
    assert risen.weeks[-1] > risen.usual[-1]
    for tag in (tags[0], tags[2], tags[3]):
        assert found[tag.pk].label == Label.STEADY
    chart = tag_weeks(tags[1], as_of=YESTERDAY, weeks=12)
    assert [week.mentions for week in chart] == risen.weeks
    assert [bound for week in chart for bound in (week.low, week.high)] == risen.usual
    for silent in (found[tags[5].pk], found[tags[6].pk]):
        assert (silent.label, silent.momentum, silent.mentions) == (Label.TOO_LITTLE, None, 0)


def test_a_tag_that_is_no_longer_tracked_loses_its_row(source, tags):
    publish(source, YESTERDAY, {tags[2]: 3})
    roll_up(TODAY)
    assert TagTrend.objects.filter(tag=tags[2]).exists()
    Tag.objects.filter(pk=tags[2].pk).update(status=Tag.Status.ARCHIVED)
    call_command("roll_up", "--rebuild", verbosity=0)
    assert not TagTrend.objects.filter(tag=tags[2]).exists()


def test_a_past_day_reads_as_it_was_known_whatever_came_later(flow, tags, source):
    week_ago = YESTERDAY - timedelta(days=7)
    before = trend_table(as_of=week_ago, known_on=week_ago).rows
    kept = list(TagTrend.objects.order_by("pk").values())
    publish(source, week_ago - timedelta(days=3), {tags[0]: 20}, known=TODAY)
    drain_marks()
    after = trend_table(as_of=week_ago, known_on=week_ago).rows
    for was, now in zip(before, after, strict=True):
        now.computed_at = was.computed_at
        assert {f.attname: getattr(now, f.attname) for f in TagTrend._meta.fields} == {
            f.attname: getattr(was, f.attname) for f in TagTrend._meta.fields
        }
    assert list(TagTrend.objects.order_by("pk").values()) == kept
    late = trend_table(as_of=week_ago).rows[0]
    assert late.mentions == before[0].mentions + 20


def test_ten_times_the_volume_makes_nothing_rise(source, tags):
    for back in range(100, 0, -1):
        many = 10 if back <= 12 else 1
        publish(
            source, TODAY.date() - timedelta(days=back), dict.fromkeys(tags[:3], many), publishers=8 * many
        )
    roll_up(TODAY)
    assert set(TagTrend.objects.filter(tag__in=tags[:3]).values_list("label", flat=True)) == {Label.STEADY}
    assert not TagTrend.objects.filter(is_flagged=True).exists()


def test_while_only_the_sample_is_loaded_pages_open_on_its_last_day(source, tags):
    publish(source, date(2026, 6, 30), {tags[0]: 3}, is_sample=True)
    assert open_day(TODAY) == (date(2026, 6, 30), date(2026, 6, 30))
    publish(source, date(2026, 11, 1), {}, publishers=1)
    assert open_day(TODAY) == (YESTERDAY, None)


def test_the_command_says_what_it_did(source, tags, capsys):
    publish(source, YESTERDAY, {tags[0]: 3})
    call_command("roll_up", "--json")
    assert json.loads(capsys.readouterr().out) == {"marks": 2, "counts": 1, "days": 1, "tags": 7}
    call_command("roll_up", "--json")
    assert json.loads(capsys.readouterr().out) == {"marks": 0, "counts": 0, "days": 0, "tags": 0}


def test_what_was_mentioned_years_ago_is_not_new(source, tags):
    publish(source, TODAY.date() - timedelta(days=1700), {tags[0]: 1}, publishers=1)
    for back in range(100, 0, -1):
        again = dict.fromkeys(tags[:2], 4) if back <= 10 else {}
        publish(source, TODAY.date() - timedelta(days=back), again | {tags[2]: 2})
    roll_up(TODAY)
    labels = dict(TagTrend.objects.values_list("tag", "label"))
    assert labels[tags[1].pk] == Label.NEW
    assert labels[tags[0].pk] in {Label.SURGING, Label.EMERGING}


def test_counting_all_anew_brings_the_trends_along(source, tags, capsys):
    publish(source, datetime.now(UTC).date() - timedelta(days=1), {tags[0]: 3})
    roll_up()
    MentionDelta.objects.update(suggested=50)
    TagTrend.objects.update(mentions=50)
    call_command("roll_up", "--rebuild", "--json")
    assert TagTrend.objects.get(tag=tags[0]).mentions == 3
    assert json.loads(capsys.readouterr().out)["tags"] == 7
