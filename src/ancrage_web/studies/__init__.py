"""Studies of an organisation: scenarios, runs, frozen results, shares."""
