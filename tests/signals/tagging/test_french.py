"""French news read in English."""

from signals.tagging.french import FRENCH, in_english, is_french, read_in_english
from signals.tagging.phrasing_training import Labelled, learn
from signals.tagging.tagger import Document
from signals.tagging.words import STOP_WORDS, split_words, stem
from tests.signals.tagging.test_phrasing import PROFILES, tagger_of
from tests.signals.tagging.test_phrasing import _texts as english_texts


def test_what_english_news_taught_is_found_in_french_and_told_in_french():
    phrasing = learn(english_texts(), PROFILES)
    french = Document(
        "Les enseignants et les infirmières face à l'IA",
        "Les chauffeurs sont dans la rue avec les enseignants.",
    )
    [found], none = tagger_of(phrasing).suggest(
        [french, Document("Un musée pour l'IA", "La ville ouvre un pont et un parking.")]
    )
    assert found.tag_id == 1
    assert {"enseignants", "infirmières"} <= set(found.because["telling"])
    assert none == []


def test_french_texts_teach_too():
    french = [
        Labelled(Document(f"Les conducteurs de {place} contre l'IA", "Ils sont dans la rue."), text.tags)
        for place, text in zip("abcdefghijklmnop", english_texts()[::2], strict=False)
    ]
    others = [
        Labelled(
            Document(f"Les lecteurs de {place} contre l'IA", "Ils sont dans la bibliothèque."), frozenset()
        )
        for place in "abcdefghijklmnop"
    ]
    [found], none = tagger_of(learn([*french, *others], PROFILES)).suggest(
        [
            Document("The drivers of Calden against AI", "They are in the street."),
            Document("The readers of Calden against AI", "They are in the library."),
        ]
    )
    assert found.tag_id == 1
    assert none == []


def test_words_of_other_languages_stay_as_they_are():
    assert not is_french(split_words("The main chat is on the table of the court"))
    assert is_french(split_words("Le chat est sur la table de la cour"))
    assert not is_french(split_words("Apple's Siri, Google's Gemini"))
    assert read_in_english(["licenciement", "quokka"]) == ["layoff", "quokka"]


def test_a_headline_without_function_words_is_known_by_its_other_words():
    assert is_french(split_words("Licenciements massifs chez Amazon"))
    assert not is_french(split_words("Massive layoffs at Amazon"))
    assert not is_french(split_words("Amazon"))


def test_the_word_list_is_sorted_and_holds_words_as_they_are_compared():
    lines = FRENCH.read_text(encoding="utf-8").splitlines()
    french = [line.split("\t")[0] for line in lines]
    assert french == sorted(set(french))
    for word in french:
        assert stem(word) == word and word not in STOP_WORDS
        assert 1 <= len(in_english(word)) <= 2
        assert in_english(word) != (word,)
