"""What errors there are, how many, and how sure that is: trials in, figures out."""
