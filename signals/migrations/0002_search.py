"""Full-text search: configurations with accents folded, and triggers that keep the vectors right.

`unaccent()` is not immutable, so no generated column may use it: a trigger catches bulk writes and SQL too.
"""

from django.db import migrations

CONFIGURATIONS = """
CREATE TEXT SEARCH CONFIGURATION vigie_en (COPY = english);
ALTER TEXT SEARCH CONFIGURATION vigie_en
    ALTER MAPPING FOR hword, hword_part, word, asciiword, asciihword, hword_asciipart WITH unaccent, english_stem;
CREATE TEXT SEARCH CONFIGURATION vigie_fr (COPY = french);
ALTER TEXT SEARCH CONFIGURATION vigie_fr
    ALTER MAPPING FOR hword, hword_part, word, asciiword, asciihword, hword_asciipart WITH unaccent, french_stem;
CREATE TEXT SEARCH CONFIGURATION vigie_simple (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION vigie_simple
    ALTER MAPPING FOR hword, hword_part, word, asciiword, asciihword, hword_asciipart WITH unaccent, simple;
"""

TRIGGERS = """
CREATE FUNCTION vigie_search_config(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN language LIKE 'en%' THEN 'vigie_en' WHEN language LIKE 'fr%' THEN 'vigie_fr'
           ELSE 'vigie_simple' END::regconfig
$$;
CREATE FUNCTION vigie_article_search() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE config regconfig := vigie_search_config(NEW.language);
BEGIN
    -- A tsvector holds at most 1 MB: the first 200,000 characters are plenty to be found by.
    NEW.search := setweight(to_tsvector(config, left(NEW.title, 2000)), 'A')
        || setweight(to_tsvector('vigie_simple', left(NEW.title, 2000)), 'B')
        || setweight(to_tsvector(config, left(NEW.text, 200000)), 'C');
    RETURN NEW;
END $$;
CREATE TRIGGER vigie_article_search BEFORE INSERT OR UPDATE OF title, text, language ON signals_article
    FOR EACH ROW EXECUTE FUNCTION vigie_article_search();
CREATE FUNCTION vigie_tag_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := setweight(to_tsvector('vigie_en', NEW.name), 'A')
        || setweight(to_tsvector('vigie_fr', NEW.name_fr), 'A')
        || setweight(to_tsvector('vigie_en', NEW.description || ' ' || NEW.change), 'C')
        || setweight(to_tsvector('vigie_fr', NEW.description_fr), 'C');
    RETURN NEW;
END $$;
CREATE TRIGGER vigie_tag_search BEFORE INSERT OR UPDATE OF name, name_fr, description, description_fr, change
    ON signals_tag FOR EACH ROW EXECUTE FUNCTION vigie_tag_search();
"""

UNDO = """
DROP TRIGGER vigie_tag_search ON signals_tag;
DROP FUNCTION vigie_tag_search();
DROP TRIGGER vigie_article_search ON signals_article;
DROP FUNCTION vigie_article_search();
DROP FUNCTION vigie_search_config(text);
DROP TEXT SEARCH CONFIGURATION vigie_simple;
DROP TEXT SEARCH CONFIGURATION vigie_fr;
DROP TEXT SEARCH CONFIGURATION vigie_en;
"""


class Migration(migrations.Migration):
    dependencies = [("signals", "0001_initial")]

    operations = [migrations.RunSQL(CONFIGURATIONS + TRIGGERS, UNDO)]
