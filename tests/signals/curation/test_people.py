"""People are let in by a command; nobody signs up by themselves."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from signals.curation.people import find_log_in_link
from signals.models import User

pytestmark = pytest.mark.django_db


def add(*arguments):
    out = StringIO()
    call_command("add_person", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_person_is_added_with_a_role_and_a_way_in():
    added = add("ana@example.org", "--role", "analyst")
    assert (added["new"], added["role"]) == (True, "analyst")
    token = added["log_in"].rstrip("/").rpartition("/")[2]
    assert find_log_in_link(token=token).user == User.objects.get(email="ana@example.org")
    assert not User.objects.get().has_usable_password()


def test_adding_somebody_again_in_other_case_changes_the_role():
    add("ana@example.org", "--role", "analyst")
    again = add("Ana@Example.org", "--role", "viewer")
    assert (again["new"], User.objects.get().role) == (False, "viewer")


def test_what_is_no_address_is_refused():
    with pytest.raises((CommandError, SystemExit)):
        add("ana at example")
    assert not User.objects.exists()
