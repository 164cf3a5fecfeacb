"""From an array to a fitted mixture: what is asked, prepared, run and compared."""
