from hypothesis import given
from hypothesis import strategies as st

from signals.tagging.evidence import split_sentences
from signals.tagging.matcher import Matcher
from signals.tagging.names import normalise_name
from signals.tagging.profiles import Profile, name_variants


def found(names, text, cues=()):
    matcher = Matcher([Profile(1, "technology", tuple(names), tuple(cues))])
    return [text[match.start : match.end] for match in matcher.find(text)]


def test_names_are_one_across_case_accents_spaces_and_hyphens_but_not_other_punctuation():
    assert normalise_name(" Modèles-de  LANGAGE ") == "modeles de langage"
    assert normalise_name("GPT‑4o") == normalise_name("gpt 4O")
    assert normalise_name("C++") != normalise_name("C")


def test_a_name_is_found_in_any_dress_and_quoted_as_it_stands():
    text = "Les Mode\u0300les-de\u00a0langage, les MODÈLES DE LANGAGE et un modèle de langage."
    assert found(["Modèle de langage"], text) == [
        "Mode\u0300les-de\u00a0langage",
        "MODÈLES DE LANGAGE",
        "modèle de langage",
    ]


def test_a_name_inside_another_word_is_not_it():
    assert found(["agent", "RAG"], "reagents, agentic, ragtime, dragging") == []


def test_plurals_of_both_languages_are_found():
    assert found(["neural network", "réseau neuronal"], "neural networks; réseaux neuronaux") == [
        "neural networks",
        "réseaux neuronaux",
    ]


def test_short_acronyms_keep_their_case_and_take_a_plural():
    assert found(["RAG", "MoE", "LLM"], "a rag, no moe, but RAG, MoEs and LLMs") == ["RAG", "MoEs", "LLMs"]


def test_cplusplus_is_not_c_and_gpt_4_is_not_gpt_4o():
    assert found(["C++"], "C and C# and C++.") == ["C++"]
    assert found(["GPT-4"], "GPT-4o, GPT 4.1 and GPT-4") == ["GPT-4"]


def test_a_gap_stands_for_at_most_two_words_of_the_same_sentence():
    names = ["open ... models"]
    assert found(names, "open models, open weight AI models") == ["open models", "open weight AI models"]
    assert found(names, "open a b c models; open. Models") == []


def test_names_do_not_reach_across_sentences():
    assert found(["language model"], "A language. Model trains arrive, language: model") == []


def test_a_name_in_parentheses_counts_only_where_it_abbreviates():
    assert name_variants("Large Language Models (LLMs)")[1:] == ("Large Language Models", "LLMs")
    assert name_variants("RAG (retrieval augmented generation)")[2] == "retrieval augmented generation"
    assert name_variants("Gemini models (Google)")[1:] == ("Gemini models",)


@given(st.text(), st.text(alphabet="aAeéx -.'"))
def test_every_match_and_sentence_is_a_slice_of_the_text(text, more):
    text += more
    for span in split_sentences(text):
        assert text[span.start : span.end].strip() == text[span.start : span.end] != ""
    for match in Matcher([Profile(1, "issue", ("ae", "x é", "a ... a"))]).find(text):
        assert 0 <= match.start < match.end <= len(text)


def test_sentences_end_where_readers_think_they_do():
    text = "Mr. Poe, e.g. of the U.S. Senate, paid $3.5 bn. « Vraiment ? » Oui !\nNext line\n\nLast one (really)."
    assert [text[span.start : span.end] for span in split_sentences(text)] == [
        "Mr. Poe, e.g. of the U.S. Senate, paid $3.5 bn.",
        "« Vraiment ? »",
        "Oui !",
        "Next line",
        "Last one (really).",
    ]
