"""Pictures of results, drawn by Matplotlib on axes of the caller's choice."""
