"""What a notebook shows of the values of the core."""
