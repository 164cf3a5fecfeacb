"""Compiled: what lets loops compute as many numbers at once as a processor can."""

from typing import Any

from numba import types
from numba.extending import intrinsic


@intrinsic
def _use_widest_vectors(_):
    """Let loops of the calling function fill the largest vector registers that there are.

    LLVM takes half of them where that once was faster.
    """

    def generate(context, builder, _signature, _arguments):
        # Known to LLVM, though llvmlite's own list of attributes lacks it.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), generate


use_widest_vectors: Any = _use_widest_vectors
