"""``gmmkit image``: one file a command, one a kind of work, and what they share."""
