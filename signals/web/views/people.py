"""Getting in by a link or an invitation, and who may do what here."""

from __future__ import annotations

from collections.abc import Callable

from anymail.exceptions import AnymailError
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, password_validation
from django.core.mail import EmailMultiAlternatives
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from signals.curation.errors import CurationError
from signals.curation.invitations import (
    INVITATION_LIFE,
    accept_invitation,
    find_invitation,
    invite,
    open_invitations,
    send_again,
    withdraw,
)
from signals.curation.people import (
    change_role,
    deactivate_person,
    find_log_in_link,
    reactivate_person,
    use_log_in_link,
)
from signals.models import Invitation, Role, User
from signals.web.access import administrators_only, public
from signals.web.pages import page_of, render_page

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_LANGUAGES = [("en", "English"), ("fr", "Français")]


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def log_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, so that a link scanner consumes nothing; POST logs in, once."""
    if request.method == "POST":
        user = use_log_in_link(token=token)
        if user is None:
            return render_page(request, "account/link.html", {"link": None}, status=410)
        login(request, user, backend=_BACKEND)
        return redirect("home")
    link = find_log_in_link(token=token)
    return render_page(request, "account/link.html", {"link": link}, status=200 if link else 410)


class InvitationForm(forms.Form):
    """Whom to ask, and what they may do."""

    email = forms.EmailField(
        max_length=254,
        label=gettext_lazy("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.ANALYST, label=gettext_lazy("Role"))
    language = forms.ChoiceField(choices=_LANGUAGES, label=gettext_lazy("Language of the mail"))


class JoinForm(forms.Form):
    """What somebody who was invited sets."""

    name = forms.CharField(
        max_length=120,
        required=False,
        label=gettext_lazy("Your name"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        max_length=500,
        strip=False,
        label=gettext_lazy("Choose a password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 8 characters; a few words are better than a riddle."),
    )

    def __init__(self, *args: object, email: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # what forms take
        self.email = email

    def clean_password(self) -> str:
        """One that nobody guesses, and not the address."""
        password: str = self.cleaned_data["password"]
        known = User(email=self.email, name=self.cleaned_data.get("name", ""))
        password_validation.validate_password(password, known)
        return password


@require_GET
@administrators_only
def people(request: HttpRequest) -> HttpResponse:
    """Everybody with their role, and who was asked to join."""
    return _people_page(request, InvitationForm(initial={"language": translation.get_language()}))


def _people_page(request: HttpRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    everybody = User.objects.order_by(F("is_active").desc(), "name", "email", "pk")
    context = {
        "page": page_of(request, everybody, 100),
        "invitations": open_invitations()[:100],
        "form": form,
        "roles": Role.choices,
    }
    return render_page(request, "people/people.html", context, status=status)


@require_POST
@administrators_only
def change_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Another role; in no more, or in again. The last administrator stays one."""
    assert isinstance(request.user, User)
    person = get_object_or_404(User, pk=pk)
    what = request.POST.get("what", "")
    try:
        if what == "role":
            change = change_role(person=person, role=request.POST.get("role", ""), by=request.user)
        elif what == "deactivate":
            change = deactivate_person(person=person, by=request.user)
        elif what == "reactivate":
            change = reactivate_person(person=person, by=request.user)
        else:
            raise CurationError(_("Say what is to change."))
    except CurationError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Saved.") if change else _("It was so already."))
    return redirect("people")


@require_POST
@administrators_only
def invite_person(request: HttpRequest) -> HttpResponse:
    """Write to an address, which says the same on screen whether it is known here or not; not to a closed account."""
    assert isinstance(request.user, User)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _people_page(request, form, status=422)
    said = form.cleaned_data
    try:
        made = invite(email=said["email"], role=said["role"], language=said["language"], by=request.user)
    except CurationError as refused:
        form.add_error("email", str(refused))
        return _people_page(request, form, status=422)
    if made is None:
        _send(request, said["email"], said["language"], _known_words)
    else:
        _send_invitation(request, *made)
    return redirect("people")


@require_POST
@administrators_only
def change_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it again with a new link, or withdraw it."""
    assert isinstance(request.user, User)
    invitation = get_object_or_404(Invitation, pk=pk)
    what = request.POST.get("what", "")
    try:
        if what == "again":
            _send_invitation(request, invitation, send_again(invitation=invitation, by=request.user))
        elif what == "withdraw":
            withdraw(invitation=invitation, by=request.user)
            messages.success(request, _("Withdrawn: its link no longer works."))
        else:
            raise CurationError(_("Say what is to change."))
    except CurationError as refused:
        messages.error(request, str(refused))
    return redirect("people")


@never_cache
@public
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows who is asked, so that a link scanner accepts nothing; POST accepts, once, and logs in."""
    invitation = find_invitation(token=token)
    if invitation is None:
        return render_page(request, "people/join.html", {"invitation": None}, status=410)
    with translation.override(invitation.language):
        form = JoinForm(request.POST if request.method == "POST" else None, email=invitation.email)
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            user = accept_invitation(token=token, name=said["name"], password=said["password"])
            if user is None:
                return render_page(request, "people/join.html", {"invitation": None}, status=410)
            login(request, user, backend=_BACKEND)
            return redirect("home")
        context = {"invitation": invitation, "form": form, "LANGUAGE_CODE": invitation.language}
        return render_page(request, "people/join.html", context, status=422 if form.errors else 200)


def _send_invitation(request: HttpRequest, invitation: Invitation, token: str) -> None:
    address = settings.PUBLIC_URL + reverse("join", args=[token])

    def words() -> tuple[str, str]:
        body = _(
            "%(who)s asks you to join Vigie, which tracks signals and trends in AI.\n\n"
            "Open this address to choose a password and come in:\n\n%(address)s\n\n"
            "It works once, for %(days)d days. If you expected nothing of the kind, ignore this mail."
        )
        told = {"who": invitation.invited_by, "address": address, "days": INVITATION_LIFE.days}
        return _("You are invited to Vigie"), body % told

    _send(request, invitation.email, invitation.language, words)


def _known_words() -> tuple[str, str]:
    body = _(
        "Somebody asked you to join Vigie, but you have an account already.\n\nLog in here:\n\n%(address)s"
    )
    return _("You are invited to Vigie"), body % {"address": settings.PUBLIC_URL + reverse("account_login")}


def _send(request: HttpRequest, to: str, language: str, words: Callable[[], tuple[str, str]]) -> None:
    """Write, and say on screen that it was written, or what the mail server said."""
    with translation.override(language):
        subject, body = words()
    try:
        EmailMultiAlternatives(subject=subject, body=body, to=[to]).send()
    except (OSError, AnymailError) as failure:  # SMTPException is an OSError
        refused = _("The mail server refused: %(why)s Send it again below.")
        messages.error(request, refused % {"why": failure})
    else:
        messages.success(request, _("Sent to %(to)s.") % {"to": to})
