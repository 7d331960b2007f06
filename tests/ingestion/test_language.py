import json
import lzma

import pytest

from ingestion.language import choose_language, detect_language, language_tag


@pytest.mark.parametrize(
    ("stated", "tag"),
    [
        ("en_us", "en-US"),
        ("FR", "fr"),
        ("english", "en"),
        ("zh-Hans-CN", "zh-CN"),
        ("fr-fr, en", "fr-FR"),
        ("und", None),
        ("", None),
        (None, None),
        ("my language", None),
        ("e", None),
    ],
)
def test_a_stated_language_becomes_a_tag(stated, tag):
    assert language_tag(stated) == tag


def test_a_long_text_outweighs_a_wrong_statement_and_a_short_one_does_not():
    french = "Le modèle est plus petit que les autres et il répond dans toutes les langues avec des sources."
    assert choose_language(feed="en-US", page=None, text=french) == "fr"
    assert choose_language(feed="en-US", page=None, text="Mistral Small") == "en-US"
    assert choose_language(feed=None, page="fr-CA", text=french) == "fr-CA"
    assert choose_language(feed=None, page=None, text="人工知能の新しいモデルが発表された") == "ja"
    assert detect_language("42") == (None, False)


def test_the_language_of_real_news_is_found(shared_data):
    with lzma.open(shared_data / "news" / "dev.jsonl.xz", "rt") as lines:
        rows = [json.loads(line) for line in lines][::5]
    wrong = [row for row in rows if detect_language(f"{row['title']}. {row['summary']}")[0] != row["lang"]]
    assert len(wrong) < len(rows) * 0.01
