"""What can be done to conventions: each function checks the right, writes at once and is traced."""
