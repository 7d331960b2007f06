"""The language of an entry; the code is `signals.language`, since notes and pasted articles need it too."""

from signals.language import choose_language, detect_language, language_tag

__all__ = ["choose_language", "detect_language", "language_tag"]
