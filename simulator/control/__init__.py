"""The control API, under `/_sim`: worlds, clock, phones, faults, journal, money. Never for apps."""
