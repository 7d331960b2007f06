"""Whether the catalogue changed is one small look, and analysing an article rewrites it in place."""

from django.db import migrations

# Appended to, so that nobody who writes tags waits for another; random keys, so that no state is seen twice, be it
# after a rollback or a restored copy. Now and then the rows that nobody else is at become one.
CHANGES = """
CREATE TABLE signals_cataloguechange (change uuid PRIMARY KEY DEFAULT gen_random_uuid());
INSERT INTO signals_cataloguechange DEFAULT VALUES;
CREATE FUNCTION vigie_catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF random() < 0.005 THEN
        DELETE FROM signals_cataloguechange
        WHERE change IN (SELECT change FROM signals_cataloguechange FOR UPDATE SKIP LOCKED);
    END IF;
    INSERT INTO signals_cataloguechange DEFAULT VALUES;
    RETURN NULL;
END $$;
CREATE TRIGGER vigie_catalogue_changed
    AFTER INSERT OR DELETE OR TRUNCATE
        OR UPDATE OF kind, name, description, description_fr, change, cues, status, merged_into_id
    ON signals_tag FOR EACH STATEMENT EXECUTE FUNCTION vigie_catalogue_changed();
CREATE TRIGGER vigie_catalogue_changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE ON signals_tagname
    FOR EACH STATEMENT EXECUTE FUNCTION vigie_catalogue_changed();
"""
UNDO_CHANGES = """
DROP TRIGGER vigie_catalogue_changed ON signals_tagname;
DROP TRIGGER vigie_catalogue_changed ON signals_tag;
DROP FUNCTION vigie_catalogue_changed();
DROP TABLE signals_cataloguechange;
"""

# Room on each page for the claim on an article, which no index is about.
ROOM = "ALTER TABLE signals_article SET (fillfactor = 85)"
UNDO_ROOM = "ALTER TABLE signals_article RESET (fillfactor)"


class Migration(migrations.Migration):
    dependencies = [("signals", "0013_search_names")]

    operations = [migrations.RunSQL(CHANGES, UNDO_CHANGES), migrations.RunSQL(ROOM, UNDO_ROOM)]
