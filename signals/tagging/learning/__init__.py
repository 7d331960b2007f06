"""Models that learn from what people decided, and the measures that say whether they did. No Django here."""
