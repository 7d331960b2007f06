"""The newsletter: choose what to say, render it once per group of readers, send it once to each."""
