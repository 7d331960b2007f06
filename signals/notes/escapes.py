"""How text is kept apart from the marks of a note's Markdown.

The notes in the wild escape nothing, so a backslash is an ordinary character. Only a run of them right
before a mark counts: each pair there is one backslash, an odd one makes the mark a plain text. What needs no
escape is written as it is.
"""

import re
from typing import Final

_IN_CELL: Final = re.compile(r"(\\*)(\||<br */?>|\n)", re.IGNORECASE)
_PIPE: Final = re.compile(r"(\\*)\|")
_ABSENT: Final = re.compile(r"\\*nan", re.IGNORECASE)
_HEADING: Final = re.compile(r"^(?=\\*##(?:[ \t]|$))", re.MULTILINE)
_MIDDLE: Final = r"\]\("
_ESCAPED_HEADING: Final = re.compile(r"^\\(?=\\*##(?:[ \t]|$))", re.MULTILINE)


def escape_absent(text: str | None) -> str:
    """A value for a place where `nan` means that there is none."""
    if text is None:
        return ""
    return f"\\{text}" if _ABSENT.fullmatch(text) else text


def unescape_absent(text: str) -> str | None:
    """The value of such a place: None for nothing and for `nan`, as pandas writes it."""
    text = text.strip()
    if not text or text.casefold() == "nan":
        return None
    return text[1:] if _ABSENT.fullmatch(text) else text


def escape_cell(text: str | None) -> str:
    """A value as one table cell: pipes escaped, line ends as <br>."""

    def mark(match: re.Match[str]) -> str:
        run, found = match[1] * 2, match[2]
        return f"{run}<br>" if found == "\n" else f"{run}\\{found}"

    return _IN_CELL.sub(mark, escape_absent(text))


def unescape_cell(cell: str) -> str | None:
    """The value of a table cell, None for an empty one and for `nan`."""

    def plain(match: re.Match[str]) -> str:
        run, found = match[1], match[2]
        if found == "\n" or (found == "|" and len(run) % 2 == 0):
            return match[0]
        return "\\" * (len(run) // 2) + (found if len(run) % 2 else "\n")

    text = unescape_absent(cell)
    return _IN_CELL.sub(plain, text) if text else None


def pipes_in(line: str) -> list[int]:
    """Where the unescaped pipes of a table line stand."""
    return [match.end() - 1 for match in _PIPE.finditer(line) if len(match[1]) % 2 == 0]


def escape_headings(text: str) -> str:
    """Free text in which no line opens a section."""
    return _HEADING.sub(r"\\", text)


def unescape_headings(text: str) -> str:
    """The reverse of `escape_headings`."""
    return _ESCAPED_HEADING.sub("", text)


def escape_marks(text: str, mark: str) -> str:
    """A text in which the mark (a pattern) stands for itself."""
    return re.sub(rf"(?<!\\)(\\*)(?={mark})", lambda run: run[1] * 2 + "\\", text)


def unescape_marks(text: str, mark: str) -> str:
    """The reverse of `escape_marks`."""
    return re.sub(rf"(\\+)(?={mark})", lambda run: "\\" * (len(run[1]) // 2), text)


def escape_before(text: str, mark: str) -> str:
    """A text that stands right before a mark: marks inside are escaped, backslashes at its end doubled."""
    text = escape_marks(text, mark)
    return text + "\\" * (len(text) - len(text.rstrip("\\")))


def split_before(text: str, mark: str) -> tuple[str, re.Match[str]] | None:
    """The unescaped text before the first unescaped mark, and the mark; None where there is none."""
    for match in re.finditer(rf"(\\*)({mark})", text):
        if len(match[1]) % 2 == 0:
            return unescape_marks(text[: match.start()], mark) + "\\" * (len(match[1]) // 2), match
    return None


def write_link(label: str, target: str) -> str:
    """A Markdown link, its label kept apart from its target."""
    return f"[{escape_before(label, _MIDDLE)}]({target})"


def split_link(text: str) -> tuple[str, str] | None:
    """Label and target of a text that is one Markdown link, else None."""
    if not text.startswith("[") or not text.endswith(")"):
        return None
    parts = split_before(text[1:-1], _MIDDLE)
    return (parts[0], text[1:-1][parts[1].end() :]) if parts else None
