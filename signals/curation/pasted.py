"""Plain text as a person saves or pastes an article: what is its title, and what only stood around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from signals.notes.types import clean_line, clean_text

TITLE_LIMIT: Final = 300
_HEAD_LINES: Final = 12
_MONTH: Final = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|janv|févr|fevr|mars|avr|mai|juin|juil|août|aout|sept|déc)"
    r"[a-zéû]*\.?"
)
_DAY: Final = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th|er)?\s+{_MONTH}|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?)(?:,?\s+\d{{4}})?"
)
_DATE: Final = (
    rf"(?:{_DAY}|\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}"
    r"|\d+\s?[hdj](?:\s+ago)?|il y a .{1,20})"
)
_READING_TIME: Final = (
    r"\d+\s*(?:min(?:ute)?s?)\.?\s*(?:de lecture|read(?:ing)?(?: time)?)?"
    r"|(?:reading time|temps de lecture)\s*:.*"
)
_STAMP: Final = (
    rf"(?:last )?(?:updated|modified|published|posted)(?: on)?\s*:?\s*{_DATE}.*"
    rf"|(?:dernière mise à jour|mis à jour|publié|modifié)(?: le)?\s*:?\s*{_DATE}.*"
)
_NEAR_TITLE: Final = re.compile(rf"(?:{_DATE}|{_READING_TIME}|{_STAMP})", re.IGNORECASE)
_BUTTONS: Final = re.compile(
    r"(?:share|like|follow|subscribe|sign up|sign in|log in|comments?|reply|copy link|listen|save|tweet"
    r"|pin it|partager|j'aime|suivre|s'abonner|se connecter|commentaires?|répondre|copier le lien|écouter"
    r"|enregistrer|facebook|twitter|x|linkedin|whatsapp|\d+\s+(?:comments?|commentaires?|likes?|views?|vues?|j'aime))",
    re.IGNORECASE,
)
_BULLET: Final = re.compile(r"[-*•·]\s+(.*)")
_NAME: Final = re.compile(r"[^\W\d_][\w.'’-]*(?:\s+[^\W\d_][\w.'’-]*){0,4}")


@dataclass(frozen=True, slots=True)
class PlainArticle:
    """What a plain text says: title, text, and the author where the lines under the title name one."""

    title: str
    text: str
    author: str = ""


def read_plain(text: str) -> PlainArticle | None:
    """The article in a plain text: first line the title, the page's own furniture left out; None if empty."""
    lines = [line.strip() for line in (clean_text(text.removeprefix("\ufeff")) or "").split("\n")]
    if not lines[0]:
        return None
    title, rest = _cut_title(lines[0], lines[1:])
    author, rest = _cut_furniture(rest)
    kept = [line for line in rest if not _BUTTONS.fullmatch(_bare(line))]
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return PlainArticle(clean_line(title.lstrip("#").strip()) or title, body, author)


def _cut_title(first: str, rest: list[str]) -> tuple[str, list[str]]:
    """The first line, unless it is a paragraph: then its beginning, and the text stays whole."""
    if len(first) <= TITLE_LIMIT:
        return first, rest
    sentence = re.match(rf"(.{{20,{TITLE_LIMIT - 1}}}?[.!?…])\s", first)
    title = sentence[1] if sentence else f"{first[: TITLE_LIMIT - 2].rsplit(None, 1)[0]} …"
    return title, [first, *rest]


def _cut_furniture(lines: list[str]) -> tuple[str, list[str]]:
    """Take dates, reading times and, among them, the author's name from the lines right under the title."""
    author, end, candidate, seen = "", 0, "", False
    for index, line in enumerate(lines[:_HEAD_LINES]):
        bare = _bare(line)
        if _NEAR_TITLE.fullmatch(bare):
            author, candidate, seen, end = author or candidate, "", True, index + 1
        elif _BUTTONS.fullmatch(bare) or not bare:
            end = index + 1 if end == index else end
        elif not candidate and not author and _is_name(line):
            candidate = re.sub(r"^(?:by|par)\s+", "", bare, flags=re.IGNORECASE)
        else:
            break
    # A short line is a name only beside a date or a reading time: else it is a heading.
    return (author, lines[end:]) if seen else ("", lines)


def _is_name(line: str) -> bool:
    bare = _bare(line)
    stated = bool(_BULLET.fullmatch(line)) or bare.lower().startswith(("by ", "par "))
    return stated and len(bare) <= 80 and bool(_NAME.fullmatch(bare))


def _bare(line: str) -> str:
    bullet = _BULLET.fullmatch(line)
    return (bullet[1] if bullet else line).strip()
