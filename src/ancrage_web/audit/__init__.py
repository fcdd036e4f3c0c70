"""The append-only trail: who did what, when, with what before and after."""
