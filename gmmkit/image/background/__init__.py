"""What moves before a background that does not: an online mixture for every pixel of a video."""
