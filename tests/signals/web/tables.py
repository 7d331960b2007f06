"""The whole database as it stands, to compare before and after."""

from django.db import connection

PASSING = {
    *("signals_change", "django_session", "django_admin_log"),
    # What is to be counted, or read, anew.
    *("signals_dirtymark", "signals_cataloguechange"),
}
COUNTED = {
    *("signals_tagtrend", "signals_mentiondelta", "signals_volumedelta", "signals_facetvalue"),
    *("signals_tagsummary", "signals_setting"),
}
"""What a count writes, with the marks up to where it has counted."""
OF_A_COUNT = "rollup_"
"""How the passing tables of a count are called."""


def tables(*, without: set[str] = frozenset()) -> dict[str, list[str]]:
    """Every row of every table but the log; of what keeps undone rows only those that hold."""
    names = set(connection.introspection.table_names()) - PASSING - without
    found = {}
    with connection.cursor() as cursor:
        for name in sorted(name for name in names if not name.startswith(OF_A_COUNT)):
            columns = {column.name for column in connection.introspection.get_table_description(cursor, name)}
            held = "WHERE undone_at IS NULL" if "undone_at" in columns else ""
            cursor.execute(f"SELECT row::text FROM {name} AS row {held} ORDER BY 1")
            found[name] = [row for (row,) in cursor.fetchall()]
    return found


def differing(
    before: dict[str, list[str]], after: dict[str, list[str]]
) -> dict[str, tuple[list[str], list[str]]]:
    """The rows that went and came, by table."""
    return {
        name: (
            [row for row in rows if row not in after[name]],
            [row for row in after[name] if row not in rows],
        )
        for name, rows in before.items()
        if rows != after[name]
    }
