"""Where to open places and with how many desks, with a proof (method.md, section 6)."""
