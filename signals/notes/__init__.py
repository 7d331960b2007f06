"""The source-note format: reading and writing it, free of Django."""
