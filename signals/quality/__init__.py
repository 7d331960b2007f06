"""How well tags are suggested, measured on what analysts decided."""
