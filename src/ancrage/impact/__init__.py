"""What desk-days change, by beneficiary (method.md, sections 5 and 7)."""
