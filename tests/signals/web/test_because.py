from datetime import date

from django.utils import translation
from django.utils.formats import date_format

from signals.models import State, Tagging
from signals.web.explanations import because


def test_a_suggestion_says_in_words_what_it_rests_on():
    tagging = Tagging(because={"name": "open weights", "field": "title", "times": 3, "like": 12})
    assert because(tagging) == "“open weights” in the title, 3 times in all; like 12 confirmed articles"
    tagging.because = {"name": "MoE", "field": "text", "times": 1, "words": ["router", "sparse"], "like": 1}
    assert because(tagging) == (
        "“MoE” in the text; speaks like those confirmed: router, sparse; like 1 confirmed article"
    )
    tagging.state, tagging.because = State.SAMPLED, {"shared": ["model", "laptop"]}
    assert because(tagging) == "drawn at random to see what is missed; shares with it: model, laptop"


def test_words_that_tell_a_tag_are_told_in_the_readers_language():
    tagging = Tagging(because={"telling": ["lawsuit", "consent"]})
    assert because(tagging) == "words typical of it: lawsuit, consent"
    with translation.override("fr"):
        assert because(tagging) == "mots typiques de ce sujet\u00a0: lawsuit, consent"


def test_a_note_keeps_its_own_reason_in_every_language():
    with translation.override("fr"):
        stated = Tagging(reason="stated by the note", because={"name": "MoE"})
        assert because(stated) == "stated by the note"
        assert because(Tagging()) == ""


def test_the_row_of_a_note_is_named_in_the_readers_language():
    tagging = Tagging(reason="“Agent registry” in its note")
    assert because(tagging) == "“Agent registry” in its note"
    with translation.override("fr"):
        assert because(tagging) == "«\u00a0Agent registry\u00a0» dans sa fiche"


def test_june_and_july_are_told_apart_in_french():
    with translation.override("fr"):
        assert date_format(date(2026, 6, 1), "j M") != date_format(date(2026, 7, 1), "j M")
