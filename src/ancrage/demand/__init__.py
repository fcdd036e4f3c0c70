"""Who would use a third place, and how many days a week (method.md, section 4)."""
