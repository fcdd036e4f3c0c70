"""What the open data says of a territory, beside comparable ones (method.md, section 8)."""
