"""People, organisations, members and invitations."""
