"""Sending by a provider's HTTP interface, and what it reports afterwards; the provider is a server on the loopback."""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from config import mail as mail_settings
from signals.curation.errors import CurationError
from signals.curation.undo import built_since, undo_change
from signals.digests.alert_requests import form_token
from signals.digests.editions import audience, freeze_edition
from signals.digests.links import subscription_token
from signals.digests.send import deliver_due
from signals.digests.subscribe import forget_reader
from signals.digests.suppression import is_suppressed, lift_suppression, suppress_address
from signals.models import Change, Delivery, Kind, Role, Subscription, Suppression, Tag, User
from tests.signals.digests.conftest import reader

SECRET = "postmark:a long enough secret"


class Postmark(BaseHTTPRequestHandler):
    """Takes mails as Postmark does, or answers what `answers` holds for an address."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = body if isinstance(body, dict) else body[0]
        code, answer = self.server.answers.get(
            asked["To"], (200, {"ErrorCode": 0, "Message": "OK", "MessageID": f"key-of-{asked['To']}"})
        )
        if code == 200:
            self.server.taken.append(asked)
        said = json.dumps(answer | {"To": asked["To"]}).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *words):
        pass


@pytest.fixture
def postmark(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Postmark)
    server.answers, server.taken = {}, []
    thread = Thread(target=server.serve_forever)
    thread.start()
    settings.EMAIL_PROVIDER = "postmark"
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "token",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
        "WEBHOOK_SECRET": SECRET,
        "REQUESTS_TIMEOUT": 5,
    }
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sent(edition, postmark):
    for name in ("ada", "bob"):
        reader(f"{name}@example.org")
    freeze_edition(edition=edition, at_once=True)
    deliver_due()
    return {delivery.subscription.email[:3]: delivery for delivery in Delivery.objects.all()}


def tell(client, secret=SECRET, **event):
    head = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(secret.encode()).decode()} if secret else {}
    return client.post("/mail/events/", json.dumps(event), content_type="application/json", **head)


def bounce(delivery, kind="HardBounce", **more):
    return {
        "RecordType": "SpamComplaint" if kind == "SpamComplaint" else "Bounce",
        "Type": kind,
        "MessageID": delivery.provider_key,
        "Email": delivery.subscription.email if delivery.subscription else "gone@example.org",
        "BouncedAt": "2026-06-01T10:00:00Z",
        "Details": "smtp;550 5.1.1 no such user",
        **more,
    }


def state(delivery):
    delivery.refresh_from_db()
    return delivery.status


def test_a_provider_gets_the_whole_mail_and_its_key_is_kept(sent, postmark):
    assert {state(delivery) for delivery in sent.values()} == {"sent"}
    assert sent["ada"].provider_key == "key-of-ada@example.org"
    [mail] = [one for one in postmark.taken if one["To"] == "ada@example.org"]
    assert {"TextBody", "HtmlBody"} <= set(mail)
    headers = {header["Name"]: header["Value"] for header in mail["Headers"]}
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Metadata"] == {"vigie-delivery": str(sent["ada"].pk)}
    assert not mail.get("TrackOpens")


@pytest.mark.parametrize(
    ("code", "answer", "status", "suppressed"),
    [
        (429, {"ErrorCode": 429, "Message": "slow down"}, "deferred", False),
        (401, {"ErrorCode": 10, "Message": "bad token"}, "deferred", False),
        (500, {"ErrorCode": 0, "Message": "broken"}, "unknown", False),
        (
            422,
            {
                "ErrorCode": 406,
                "Message": "Found inactive addresses: ada@example.org. Inactive recipients are ones that",
            },
            "failed",
            True,
        ),
        (422, {"ErrorCode": 406, "Message": "in words of next year"}, "unknown", False),
        (422, {"ErrorCode": 400, "Message": "sender unknown"}, "failed", False),
    ],
)
def test_each_answer_of_a_provider_has_its_consequence(edition, postmark, code, answer, status, suppressed):
    postmark.answers["ada@example.org"] = (code, answer)
    reader()
    freeze_edition(edition=edition, at_once=True)
    deliver_due()
    assert Delivery.objects.get().status == status
    assert is_suppressed("ada@example.org") is suppressed


def test_a_provider_that_cannot_be_reached_got_nothing(edition, postmark, settings):
    settings.ANYMAIL = settings.ANYMAIL | {"POSTMARK_API_URL": "http://127.0.0.1:1/"}
    reader()
    freeze_edition(edition=edition, at_once=True)
    deliver_due()
    assert Delivery.objects.get().status == "deferred"


def test_who_does_not_know_the_secret_reports_nothing(client, sent, settings):
    for secret in ("", "postmark:wrong"):
        assert tell(client, secret, **bounce(sent["ada"])).status_code == 400
    assert state(sent["ada"]) == "sent"
    settings.ANYMAIL = settings.ANYMAIL | {"WEBHOOK_SECRET": ""}
    assert tell(client, "", **bounce(sent["ada"])).status_code == 404
    settings.EMAIL_PROVIDER = ""
    assert tell(client, **bounce(sent["ada"])).status_code == 404


def test_a_hard_bounce_suppresses_once_however_often_it_is_told(client, sent):
    for _ in range(2):
        assert tell(client, **bounce(sent["ada"])).status_code == 200
    assert (state(sent["ada"]), state(sent["bob"])) == ("bounced", "sent")
    assert Suppression.objects.count() == 1
    assert "no such user" in Suppression.objects.get().reason
    assert next(group.readers for group in audience("weekly"))[0].pk == sent["bob"].subscription_id


def test_a_soft_bounce_is_told_and_suppresses_nobody(client, sent):
    tell(client, **bounce(sent["ada"], "SoftBounce", Details="smtp;452 4.2.2 mailbox full"))
    assert state(sent["ada"]) == "bounced"
    assert not Suppression.objects.exists()


def test_a_complaint_outlives_that_its_reader_is_forgotten(client, sent):
    tell(client, **bounce(sent["ada"], "SpamComplaint"))
    assert state(sent["ada"]) == "complained"
    forget_reader(reader=Subscription.objects.get(email="ada@example.org"))
    again = reader("ADA@example.org")
    assert again.pk not in {one.pk for group in audience("weekly") for one in group.readers}


def test_who_complained_is_never_written_to_again_whoever_asks(client, sent, postmark):
    tell(client, **bounce(sent["ada"]))
    tell(client, **bounce(sent["ada"], "SpamComplaint"))
    tag = Tag.objects.create(kind=Kind.SIGNAL, name="Agents write code")
    before = len(postmark.taken)
    asked = {"email": "Ada@example.org", "language": "en"}
    wishes = {"least_relevancy": "1", "cadence": "weekly", "weekday": "0", "hour": "7", "time_zone": "UTC"}
    assert client.post("/subscribe/", asked | wishes).status_code == 302
    assert client.post(f"/subscribe/alert/{form_token(tag)}/", asked).status_code == 302
    assert len(postmark.taken) == before
    assert Suppression.objects.get().is_complaint
    own = client.get(f"/subscribe/yours/{subscription_token(sent['ada'].subscription_id)}/").content.decode()
    assert "Only an administrator" in own
    assert "Subscribe again" not in own


def test_what_is_reported_of_the_forgotten_names_nobody(client, sent):
    forget_reader(reader=Subscription.objects.get(email="ada@example.org"))
    tell(client, **bounce(sent["ada"], Details="550 <ada@example.org> no such user"))
    assert state(sent["ada"]) == "bounced"
    assert "ada@" not in Delivery.objects.get(pk=sent["ada"].pk).answer
    assert is_suppressed("ada@example.org")


def test_reports_of_strangers_mails_and_nonsense_change_nothing(client, sent):
    before = list(Delivery.objects.order_by("pk").values_list("status", "answer"))
    assert tell(client, **(bounce(sent["ada"]) | {"MessageID": "somebody else's"})).status_code == 200
    forged = {
        "MessageID": "x",
        "Email": "bob@example.org",
        "Metadata": {"vigie-delivery": str(sent["ada"].pk)},
    }
    assert tell(client, **(bounce(sent["ada"]) | forged)).status_code == 200
    assert tell(client, RecordType=[1]).status_code == 400
    head = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(SECRET.encode()).decode()}
    assert client.post("/mail/events/", "{", content_type="application/json", **head).status_code == 400
    assert list(Delivery.objects.order_by("pk").values_list("status", "answer")) == before
    assert not Suppression.objects.exists()


def test_a_report_that_overtakes_the_answer_finds_its_mail(client, sent):
    Delivery.objects.filter(pk=sent["ada"].pk).update(status="handed_over", provider_key="")
    event = bounce(sent["ada"], Metadata={"vigie-delivery": str(sent["ada"].pk)})
    assert tell(client, **event).status_code == 200
    assert state(sent["ada"]) == "bounced"


def test_administrators_see_reasons_and_lift_an_address_by_typing_it(client, sent):
    tell(client, **bounce(sent["ada"], Details="550 <ada@example.org> no such user"))
    chief = User.objects.create_user(
        email="chief@example.org", password="long enough 1", role=Role.ADMINISTRATOR
    )
    other = User.objects.create_user(email="other@example.org", password="long enough 1", role=Role.ANALYST)
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(other, backend=backend)
    assert client.get("/digests/suppressed/").status_code == 403
    assert client.post("/digests/suppressed/", {"email": "ada@example.org"}).status_code == 403
    client.force_login(chief, backend=backend)
    page = client.get("/digests/suppressed/").content.decode()
    assert "no such user" in page
    assert "ada@example.org" not in page
    assert client.post("/digests/suppressed/", {"email": "bob@example.org"}).status_code == 422
    assert client.post("/digests/suppressed/", {"email": " Ada@Example.org"}).status_code == 302
    assert not Suppression.objects.exists()
    assert Subscription.objects.get(email="ada@example.org").suppressed_at is None
    assert "ada@" not in str(Change.objects.filter(verb="suppression.lifted").values().get())
    with pytest.raises(CurationError):
        lift_suppression(address="ada@example.org", by=chief, now=timezone.now())
    lifted = Change.objects.get(verb="suppression.lifted")
    with pytest.raises(CurationError, match="Only administrators"):
        undo_change(change=lifted, by=other)
    undo_change(change=lifted, by=chief)
    assert is_suppressed("ada@example.org")
    assert not is_suppressed("bob@example.org")
    assert Subscription.objects.get(email="ada@example.org").suppressed_at is not None


def test_an_address_that_was_let_in_twice_stays_so_when_the_first_time_alone_is_undone(db):
    chief = User.objects.create_user(email="chief@example.org", role=Role.ADMINISTRATOR)
    for _time in range(2):
        suppress_address(address="ada@example.org", reason="550 no such user", now=timezone.now())
        lift_suppression(address="ada@example.org", by=chief, now=timezone.now())
    suppress_address(address="bob@example.org", reason="550 no such user", now=timezone.now())
    lift_suppression(address="bob@example.org", by=chief, now=timezone.now())
    first, second, _bob = Change.objects.order_by("pk")
    assert built_since(first) == [second]
    with pytest.raises(CurationError, match="take that back first"):
        undo_change(change=first, by=chief)
    assert not is_suppressed("ada@example.org")
    undo_change(change=second, by=chief)
    assert is_suppressed("ada@example.org")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"EMAIL_PROVIDER": "pigeon"}, "must be one of"),
        ({"EMAIL_PROVIDER": "postmark"}, "ANYMAIL_POSTMARK_SERVER_TOKEN"),
        ({"EMAIL_PROVIDER": "postmark", "EMAIL_HOST": "smtp.example.org"}, "set one of them"),
        (
            {
                "EMAIL_PROVIDER": "postmark",
                "ANYMAIL_POSTMARK_SERVER_TOKEN": "x",
                "ANYMAIL_WEBHOOK_SECRET": "short",
            },
            "ANYMAIL_WEBHOOK_SECRET",
        ),
    ],
)
def test_wrong_settings_of_mail_are_named_at_the_start(monkeypatch, variables, words):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    provider = variables["EMAIL_PROVIDER"]
    with pytest.raises(ImproperlyConfigured, match=words):
        mail_settings.backend(host=variables.get("EMAIL_HOST", ""), provider=provider)
        mail_settings.provider_settings(provider, timeout=5)
