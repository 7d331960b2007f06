"""The page of a fault needs nothing that may be at fault, and is read by everybody."""

import re

import pytest
from django.test import RequestFactory
from django.utils import translation
from django.views.defaults import server_error


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_fault_is_told_in_both_languages_without_a_database(language):
    with translation.override(language):
        html = server_error(RequestFactory().get("/")).content.decode()
    assert re.search(
        r'<html lang="en">.*<h1>Something broke</h1>.*<div[^>]* lang="fr">.*<h1>Une panne</h1>', html, re.S
    )
    assert html.count('href="/"') == 2
