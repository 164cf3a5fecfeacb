"""``gmmkit speaker``: one file a group of commands, one a kind of work, and what they share."""
