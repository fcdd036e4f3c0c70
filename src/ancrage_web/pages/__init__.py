"""Pages that belong to no other part: home, accessibility, errors, what robots read."""
