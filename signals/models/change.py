"""What people changed, so that it can be shown and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from signals.models.user import User

PRIVATE: Final = ("view.", "settings.")
"""Verbs of changes that concern one person alone; administrators see them too."""
OF_PEOPLE: Final = ("person.", "invitation.")
"""Verbs of changes that only administrators make and see."""


if TYPE_CHECKING:
    _Lookup = models.Lookup[str]
else:
    _Lookup = models.Lookup


@models.CharField.register_lookup
class ILike(_Lookup):
    """Whether the column holds the words, in whatever case; told so that an index of trigrams answers it."""

    lookup_name = "ilike"

    def get_prep_lookup(self) -> str:
        """The words as a pattern."""
        words = str(self.rhs)
        for sign in ("\\", "%", "_"):
            words = words.replace(sign, f"\\{sign}")
        return f"%{words}%"

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[str | int, ...]]:
        """PostgreSQL's ILIKE."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} ILIKE {right}", (*left_params, *right_params)


class ChangeQuerySet(models.QuerySet["Change"]):
    """Questions about the log."""

    def of_nouns(self, nouns: Sequence[str]) -> Self:
        """Whose target is of one of these kinds."""
        wanted = Q(pk__in=[])
        for noun in nouns:
            wanted |= Q(target__startswith=f"{noun}:")
        return self.filter(wanted)

    def with_verbs(self, prefixes: Sequence[str]) -> Self:
        """Whose verb begins with one of these."""
        wanted = Q(pk__in=[])
        for prefix in prefixes:
            wanted |= Q(verb__startswith=prefix)
        return self.filter(wanted)

    def seen_by(self, user: User) -> Self:
        """What this person may read: not what is private to others, nor, but for administrators, about people."""
        if user.is_administrator:
            return self
        hidden = Q()
        for prefix in OF_PEOPLE:
            hidden |= Q(verb__startswith=prefix)
        for prefix in PRIVATE:
            hidden |= Q(verb__startswith=prefix) & ~Q(user=user)
        return self.exclude(hidden)

    def one_of_each_go(self) -> Self:
        """Of changes made in one go only the newest."""
        newer = Change.objects.filter(together=OuterRef("together"), pk__gt=OuterRef("pk"))
        return self.filter(Q(together=None) | ~Exists(newer))


class Change(models.Model):
    """One human change: who, when, what, before and after. An undone one stays and says when."""

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="changes")
    verb = models.CharField(max_length=40, help_text="tagging.decided, tag.rated, proposal.accepted, ...")
    target = models.CharField(max_length=80, help_text="what was changed, as kind:id")
    title = models.CharField(max_length=400, help_text="in words")
    together = models.UUIDField(null=True, blank=True, help_text="the same for changes made in one go")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="change_by"),
            models.Index(fields=["target", "-id"], name="change_target"),
            models.Index(fields=["made_at"], name="change_made"),
            models.Index(fields=["together"], name="change_together", condition=~models.Q(together=None)),
            GinIndex(OpClass(F("title"), name="gin_trgm_ops"), name="change_title_trgm"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def noun(self) -> str:
        """The kind of thing that was changed."""
        return self.target.partition(":")[0]

    @property
    def key(self) -> str:
        """Which one of them, as text."""
        return self.target.partition(":")[2]

    @property
    def is_private(self) -> bool:
        """Whether it concerns only whoever made it."""
        return self.verb.startswith(PRIVATE)
