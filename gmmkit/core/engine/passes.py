"""One pass over a block of rows, by whichever implementation suits the route and the size."""

from dataclasses import replace

import numpy as np

from gmmkit.core.engine.centered_pass import CenteredPass, CompiledCenteredPass
from gmmkit.core.engine.frame import Frame
from gmmkit.core.engine.natural import natural_parameters
from gmmkit.core.engine.natural_pass import FusedPass, ProductPass
from gmmkit.core.engine.routes import Route
from gmmkit.core.engine.turn import Turn
from gmmkit.core.engine.wide_pass import WidePass
from gmmkit.core.execution import Pass
from gmmkit.core.mixture import Mixture
from gmmkit.core.sources.blocks import Source
from gmmkit.core.units import Units

# Fewer multiply-adds than this in a pass, and float32 saves nothing that anyone would notice.
_SINGLE_PRECISION_WORK = 4_000_000
# Fewer than this in all passes together, and loading compiled code (a third of a second in a fresh
# process, several on a new machine) costs more than it saves. About each mean it saves most.
_COMPILED_WORK = 1_000_000_000
_COMPILED_CENTERED_WORK = 100_000_000
# How many passes a run of EM is taken to need where nothing tells otherwise.
USUAL_PASSES = 50


def first_route(mixture: Mixture, source: Source) -> Route:
    """Return where a fit starts: in float32 only if its rows are, and enough to gain from it.

    Who gives float64 rows gets float64 arithmetic, and answers that neither units nor offsets
    change by more than its rounding.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.sources.arrays import ArraySource
    >>> first_route(Mixture([1.0], [[0.0]], np.ones((1, 1, 1))), ArraySource(np.zeros((9, 1)))).name
    'FLOAT64'
    """
    work = source.n_rows * natural_parameters(mixture).work
    single = source.dtype == np.float32 and work > _SINGLE_PRECISION_WORK
    return Route.FLOAT32 if single else Route.FLOAT64


def make_pass(
    mixture: Mixture,
    units: Units,
    route: Route,
    n_rows: int,
    n_passes: int = USUAL_PASSES,
    *,
    hard: bool = False,
    turn: Turn | None = None,
) -> Pass:
    """Return the function from a block of raw rows to its statistics under a working mixture.

    Parameters
    ----------
    mixture : Mixture
        In the working coordinates of `units`.
    units : Units
    route : Route
    n_rows, n_passes : int
        Rows in the whole source, and how many passes over them are expected: little work is done
        without compiled code.
    hard : bool
        Whether a row belongs to its likeliest component alone.
    turn : Turn, optional
        For the whitened route; the same in all passes spares rows from being turned again. The
        default suits the mixture.

    Examples
    --------
    >>> import numpy as np
    >>> from gmmkit.core.sources.blocks import Block
    >>> mixture = Mixture([1.0], [[0.0]], np.ones((1, 1, 1)))
    >>> go = make_pass(mixture, Units.plain(1), Route.FLOAT64, 2)
    >>> go(Block(np.array([[1.0], [3.0]]), None)).first.tolist()
    [[4.0]]
    """
    natural = natural_parameters(mixture)
    work = n_rows * natural.work * n_passes
    if route is Route.CENTERED:
        if work > _COMPILED_CENTERED_WORK and not hard:
            return CompiledCenteredPass(mixture, units)
        return CenteredPass(mixture, units, hard)
    compiled = work > _COMPILED_WORK and not hard
    turn = (turn or Turn.of(mixture)) if route is Route.WHITENED else None
    natural = natural if turn is None else turn.natural(natural)
    natural = replace(natural, theta=natural.theta.astype(route.dtype))
    frame = Frame(units, route.dtype, turn)
    if compiled and not natural.is_wide:
        return FusedPass(mixture, frame, natural)
    if compiled:
        return WidePass(mixture, frame, natural)
    return ProductPass(mixture, frame, natural, hard)
