"""The two documents the product was conceived from, tagged and linked against the starter catalogue."""

from pathlib import Path

import pytest

from signals.models import Kind, Note, NoteRow, Proposal, Tagging
from signals.notes.read import read_markdown
from signals.tagging.linking import link_note_rows
from signals.tagging.service import tag_articles

pytestmark = pytest.mark.django_db

CARRIED = {
    "technology": {
        "AI agents",
        "Mixture of experts",
        "Small language models",
        "GPT models (OpenAI)",
        "Llama models (Meta)",
        "Mistral models",
        "DeepSeek models",
        "Open-weight language models",
        "Model evaluation and benchmarks",
    },
    "signal": {"Hybrid of cloud and local inference", "Open-weights models rival proprietary ones"},
    "issue": {
        "Cloud against local: where models should run",
        "Energy and climate footprint of AI",
        "Confidentiality and data sovereignty",
    },
}
LINKED = {
    "Shift towards Open Source AI Models": "Open-weights models rival proprietary ones",
    "Emergence of Specialized Document Processing": "Specialised models take over from general ones",
    "The Need for Regular Model Evaluation": "Evaluation becomes continuous",
    "Performance Benchmarking": "Benchmarking models on one's own tasks",
    "Document Segmentation for AI Usability": "Splitting documents for models",
    "Modèles de langage open source": "Open-weight language models",
    "RAG (retrieval augmented generation)": "Retrieval-augmented generation (RAG)",
    "Fine-tuning des modèles open source": "Fine-tuning",
    "Optimisation de la compacité des modèles": "Small language models",
    "Infrastructure GPU pour IA": "GPUs and AI accelerators",
    "Open Source vs Proprietary AI Models": "Open source against proprietary models",
    "Latency in AI Model Responses": "Latency of model responses",
    "Language Proficiency in AI Models": "Language coverage and proficiency of models",
}


def seed(shared_data: Path, number: str) -> str:
    (path,) = (shared_data / "notes").glob(f"{number}_*.txt")
    return path.read_text(encoding="utf-8")


def test_the_plain_article_carries_its_hand_listed_tags(shared_data, starter_catalogue, article):
    title, _, text = seed(shared_data, "000").partition("\n")
    one = article(title, text)
    tag_articles([one.pk])
    taggings = Tagging.objects.filter(article=one, confidence__gte=0.5).select_related("tag")
    carried = {
        kind: {tagging.tag.name for tagging in taggings if tagging.tag.kind == kind} for kind in Kind.values
    }
    for kind, names in CARRIED.items():
        assert names <= carried[kind]
    for tagging in taggings:
        source = one.title if tagging.quote_field == "title" else one.text
        assert source[tagging.quote_start :].startswith(tagging.quote)
    grades = {tagging.tag.name: tagging.estimated_relevancy for tagging in taggings}
    assert grades["Cloud against local: where models should run"] == 5
    assert grades["Mixture of experts"] <= 2  # named in one line of many
    assert Proposal.objects.filter(kind="behavior", name__contains="cloud APIs").exists()


def test_the_note_s_rows_link_to_the_catalogue(shared_data, starter_catalogue, article):
    read = read_markdown(seed(shared_data, "001"))
    note = Note.objects.create(
        article=article(read.title, read.summary or "", type="note"), note_key="001", content_hash="h"
    )
    for position, row in enumerate(read.rows):
        NoteRow.objects.create(
            note=note, kind=row.kind, position=position, name=row.name, description=row.description or "",
            stated_relevancy=row.relevancy,
        )  # fmt: skip
    summary = link_note_rows([note.pk])
    assert (summary.rows, summary.linked + summary.suggested) == (25, 25)
    assert summary.linked >= 22
    links = dict(note.rows.filter(link="confirmed").values_list("name", "tag__name"))
    assert {name: links.get(name) for name in LINKED} == LINKED
    stated = Tagging.objects.get(article=note.article, tag__name="GPUs and AI accelerators")
    assert stated.stated_relevancy == 3
