"""Finding articles and tags by what people type."""
