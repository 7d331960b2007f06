"""Article to taggings: which known tags it carries, how relevant, on what evidence, and what is new."""
