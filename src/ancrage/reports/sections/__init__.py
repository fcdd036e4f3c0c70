"""The sections of a report, one module each: from a study to blocks in one language."""
