"""Schedules, attempts and identities for the curious; they are written by the pipeline, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from ingestion.models import Fetch, Schedule, SeenEntry

if TYPE_CHECKING:
    ScheduleAdminBase = admin.ModelAdmin[Schedule]
    FetchAdminBase = admin.ModelAdmin[Fetch]
    SeenEntryAdminBase = admin.ModelAdmin[SeenEntry]
else:
    ScheduleAdminBase = FetchAdminBase = SeenEntryAdminBase = admin.ModelAdmin


class ReadOnly:
    """Nobody adds, changes or deletes a record of what happened."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never: without its identity an entry comes back as another article."""
        return False


@admin.register(Schedule)
class ScheduleAdmin(ReadOnly, ScheduleAdminBase):
    """When each source is due."""

    list_display = ["source", "due_at", "lease_until", "interval_seconds", "failures", "uses_guid"]
    list_select_related = ["source"]
    search_fields = ["source__name", "source__url"]


@admin.register(Fetch)
class FetchAdmin(ReadOnly, FetchAdminBase):
    """Every attempt."""

    list_display = ["source", "started_at", "status", "new", "changed", "unchanged", "refused", "error"]
    list_filter = ["status", "error"]
    list_select_related = ["source"]
    search_fields = ["source__name", "source__url"]


@admin.register(SeenEntry)
class SeenEntryAdmin(ReadOnly, SeenEntryAdminBase):
    """What was seen where; without an article it keeps a purged entry away."""

    list_display = ["source", "url_key", "first_seen_at", "article"]
    list_select_related = ["source", "article"]
    search_fields = ["url_key"]
