"""What Numba compiles: loaded where there is enough work to gain from it, and only there."""
