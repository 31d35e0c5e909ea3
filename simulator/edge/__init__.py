"""The shared HTTP edge: parse, answer, admit, journal; the door out; and what a provider declares."""
