"""What every command promises: one JSON object with --json, and an honest exit."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from signals.models import Article

pytestmark = pytest.mark.django_db


def refusal(*words: str) -> str:
    """The reason that the one JSON object gives, which is the error's too."""
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command(*words, "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert said == {"failed": True, "reason": str(error.value)}
    return said["reason"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("add_article", "/nowhere/at/all.txt"), "No such file"),
        (("poll", "999999"), "Not a source that is polled"),
        (("tag_articles", "999999"), "No such article"),
        (("export_notes", "--out", "/nowhere", "999999"), "no such article"),
        (("send_digest", "--week", "soon"), "not an ISO week"),
        (("log_in_link", "nobody@example.org"), "nobody active"),
    ],
)
def test_a_refusal_is_one_json_object_too(words: tuple[str, ...], reason: str):
    assert reason in refusal(*words)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    (picture := tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)))
    assert "not a text" in refusal("add_article", str(picture))
    assert not Article.objects.exists()


def test_a_french_text_in_an_old_charset_keeps_its_accents(tmp_path: Path):
    (old := tmp_path / "old.txt").write_bytes(
        "Énergie : où va l'électricité ?\nLes modèles coûtent.".encode("cp1252")
    )
    call_command("add_article", str(old), stdout=StringIO())
    assert Article.objects.get().title == "Énergie : où va l'électricité ?"
