"""``gmmkit fit|score|sample|inspect``: mixtures of the rows of a table."""
