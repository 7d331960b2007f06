"""Gathers what is to be translated and compiles the catalogues, without GNU gettext.

`python -m config.translations` updates locale/*/LC_MESSAGES/django.po and .mo;
`--check` changes nothing and exits 1 with a list of what is missing.
"""

from __future__ import annotations

import ast
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import gettext_noop

ROOT = Path(__file__).resolve().parent.parent
# Without English, which the msgids are written in.
LANGUAGES = ("fr",)
FOLDERS = ("config", "signals", "ingestion", "templates")
_FUNCTIONS = ["_", "gettext_noop"] + [
    f"{n}{p}gettext{lazy}" for n in ("", "n") for p in ("", "p") for lazy in ("", "_lazy")
]
_STRING = r"""u?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
# Django's French abbreviates months as nobody writes them; ours come first.
MONTHS = (
    gettext_noop("jan"),
    gettext_noop("feb"),
    gettext_noop("mar"),
    gettext_noop("apr"),
    gettext_noop("may"),
    gettext_noop("jun"),
    gettext_noop("jul"),
    gettext_noop("aug"),
    gettext_noop("sep"),
    gettext_noop("oct"),
    gettext_noop("nov"),
    gettext_noop("dec"),
)
# What Django's templatize makes of a template is Python-like calls among blanked-out text.
_CALL = re.compile(rf"\b(_|n?p?gettext)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)", re.DOTALL)

Message = tuple[str | tuple[str, str], str | None]


def messages_of_python(path: Path) -> Iterator[Message]:
    """The msgids (a pair where there is a plural) and contexts of a module, inside f-strings too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        function = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        if function in _FUNCTIONS:
            constants = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            yield from _message(function, [words for words in constants if isinstance(words, str)])


def messages_of_template(path: Path) -> Iterator[Message]:
    """The msgids and contexts of a template."""
    from django.utils.translation.template import templatize

    for call in _CALL.finditer(templatize(path.read_text(), origin=str(path))):
        literals = re.findall(_STRING, call[2], re.DOTALL)
        yield from _message(call[1], [ast.literal_eval(literal) for literal in literals])


def _message(function: str, strings: list[str]) -> Iterator[Message]:
    name = function.removesuffix("_lazy").removesuffix("_noop")
    context = strings.pop(0) if "pgettext" in name and strings else None
    if name.startswith("n") and len(strings) > 1:
        yield (strings[0], strings[1]), context
    elif strings:
        yield strings[0], context


def gather() -> Catalog:
    """Everything the project's own code and templates ask to be translated, with where it stands."""
    catalog = Catalog(fuzzy=False)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if "tests" in path.parts or "migrations" in path.parts:
                continue
            if path.suffix == ".py":
                found = messages_of_python(path)
            elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
                found = messages_of_template(path)
            else:
                continue
            for message, context in found:
                catalog.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)
    return catalog


def missing(wanted: Catalog, path: Path) -> list[str]:
    """What a catalogue lacks, one line each: no translation, uncertain, or not compiled."""
    with path.open("rb") as file:
        have = read_po(file, locale=path.parts[-3])
    problems = []
    for message in wanted:
        if not message.id:
            continue
        known = have.get(message.id, message.context)
        translations = (
            known.string if known and isinstance(known.string, tuple) else (known and known.string,)
        )
        if known is None or not all(translations):
            problems.append(f"not translated: {message.id!r} ({message.locations[0][0]})")
        elif known.fuzzy:
            problems.append(f"uncertain: {message.id!r} ({message.locations[0][0]})")
    compiled = path.with_suffix(".mo")
    if not compiled.exists() or _pairs(compiled.read_bytes()) != _pairs(_compile(have)):
        problems.append(f"{compiled.name} is not what {path.name} says: run `make messages`")
    return problems


def _compile(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def _pairs(compiled: bytes) -> dict[object, object]:
    catalog = read_mo(io.BytesIO(compiled))
    return {(str(m.id), m.context): m.string for m in catalog if m.id}


def update(wanted: Catalog, path: Path) -> None:
    """Merge what is wanted into a catalogue, drop what is not, and compile it."""
    with path.open("rb") as file:
        have = read_po(file, locale=path.parts[-3])
    have.update(wanted, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    have.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, have, width=110, sort_output=True, omit_header=False, include_lineno=False)
    path.with_suffix(".mo").write_bytes(_compile(have))


def main(arguments: list[str]) -> int:
    """Update or check every catalogue; 1 when something is missing."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    wanted = gather()
    problems = []
    for language in LANGUAGES:
        path = ROOT / "locale" / language / "LC_MESSAGES" / "django.po"
        if "--check" not in arguments:
            update(wanted, path)
        problems += [f"{path.parts[-3]}: {problem}" for problem in missing(wanted, path)]
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
