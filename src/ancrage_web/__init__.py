"""The site of Ancrage: portraits of territories, organisations, studies and shared plans."""
