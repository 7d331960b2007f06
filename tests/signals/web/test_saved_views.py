"""Views of the trend table that people keep."""

from signals.models import Role, SavedView
from tests.signals.web.making import make_tag, plain


def views(client) -> list[str]:
    return [view[0] for view in client.get("/tags/").context["views"] if view[3]]


def test_a_view_is_kept_shared_renamed_and_deleted(as_role):
    analyst, viewer = as_role(Role.ANALYST), as_role(Role.VIEWER)
    make_tag("Thing", label="surging")
    saved = analyst.post(
        "/tags/views/",
        {
            "name": " Rising  tech ",
            "query": "sort=name&page=3&label=surging",
            "kind": "technology",
            "is_shared": "on",
        },
    )
    view = SavedView.objects.get()
    assert (view.name, view.query, view.is_shared) == ("Rising tech", "label=surging&sort=name", True)
    assert saved["Location"] == "/tags/technology/?label=surging&sort=name"
    assert views(analyst) == views(viewer) == ["Rising tech"]
    # Where one looks at it, the order of the parameters and the page don't matter.
    shown = analyst.get("/tags/technology/?sort=name&label=surging&page=1")
    assert shown.context["view"] == view
    assert "Rename" in plain(shown.content)
    assert viewer.get("/tags/technology/?sort=name&label=surging").context["view"] is None

    analyst.post(f"/tags/views/{view.pk}/", {"what": "rename", "name": "Other"})
    assert views(viewer) == ["Other"]
    viewer.post(f"/tags/views/{view.pk}/", {"what": "delete"})
    assert views(analyst) == ["Other"]
    analyst.post(f"/tags/views/{view.pk}/", {"what": "delete"})
    assert not SavedView.objects.exists()


def test_a_viewer_keeps_views_for_oneself_and_shares_none(as_role):
    viewer, analyst = as_role(Role.VIEWER), as_role(Role.ANALYST)
    viewer.post("/tags/views/", {"name": "Mine", "query": "sort=name"})
    viewer.post("/tags/views/", {"name": "For all", "query": "sort=name", "is_shared": "on"})
    assert views(viewer) == ["Mine"]
    assert views(analyst) == []
    private = SavedView.objects.get()
    assert analyst.post(f"/tags/views/{private.pk}/", {"what": "delete"}).status_code == 404


def test_a_name_stands_for_one_view_and_a_view_without_one_is_refused(analyst):
    for query in ("sort=name", "sort=last"):
        analyst.post("/tags/views/", {"name": "Mine", "query": query})
    analyst.post("/tags/views/", {"name": "Second", "query": ""})
    analyst.post("/tags/views/", {"name": " ", "query": "sort=kind"})
    assert list(SavedView.objects.values_list("name", "query")) == [("Mine", "sort=last"), ("Second", "")]
    second = SavedView.objects.get(name="Second")
    response = analyst.post(f"/tags/views/{second.pk}/", {"what": "rename", "name": "Mine"}, follow=True)
    assert "You have another view of that name." in response.content.decode()
