"""A small catalogue, the starter catalogue, and articles to tag."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from signals.curation.catalogue import load_catalogue
from signals.models import Article, Source, SourceKind

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

SMALL = """
[[theme]]
name = "Architecture"
name_fr = "Architecture"
description = "How models are built."

[[tag]]
kind = "technology"
name = "Mixture of experts (MoE)"
name_fr = "Mélange d'experts"
aliases = ["expert routing"]
aliases_fr = ["mixture d'experts"]
cues = ["sparse"]
description = "Neural networks in which a router sends each token to a few of many experts."
description_fr = "Des réseaux où un routeur envoie chaque mot vers quelques experts parmi beaucoup."
themes = ["Architecture"]

[[tag]]
kind = "technology"
name = "Large language models"
name_fr = "Grands modèles de langage"
aliases = ["LLM", "language model"]
aliases_fr = ["modèle de langage"]
description = "AI models trained on text that write and answer in natural language."

[[tag]]
kind = "technology"
name = "Small language models"
aliases = ["compact model"]
description = "AI models small enough for a laptop or a phone."

[[tag]]
kind = "technology"
name = "AI agents"
name_fr = "Agents d'IA"
aliases = ["autonomous agent"]
aliases_fr = ["agents autonomes"]
description = "AI programs that plan steps, call tools and act without a person at each step."

[[tag]]
kind = "signal"
name = "Open models rival closed ones"
aliases = ["open ... rival ... proprietary"]
description = "Open AI models reach the quality of proprietary AI models."
change = "From reliance on proprietary models to open ones."
outlook = "Most organisations run open models."
driving_force = "Cost and control."

[[tag]]
kind = "concern"
name = "Mental health"
aliases = ["mental health"]
description = "Chatbots that harm people who confide in them."
"""


@pytest.fixture
def small_catalogue(db: None) -> None:
    load_catalogue(SMALL)


@pytest.fixture
def starter_catalogue(db: None) -> None:
    load_catalogue()


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(kind=SourceKind.FEED, name="A feed", url="https://feed.example/rss")


@pytest.fixture
def article(source: Source) -> Callable[..., Article]:
    def make(title: str, text: str = "", **columns: Any) -> Article:
        columns = {"publisher": "feed.example", "known_at": NOW, "published_at": NOW, **columns}
        return Article.objects.create(source=source, title=title, text=text, **columns)

    return make
