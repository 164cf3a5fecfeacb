"""One pass over a block of rows, in the arithmetic that is exact enough."""
