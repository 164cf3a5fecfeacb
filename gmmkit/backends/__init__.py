"""Places other than this machine's threads where passes over rows run: Dask, alone or a cluster.

What is here is found through the entry points of the group ``gmmkit.backends``; nothing of it is
loaded before somebody comes with a thing of Dask's.
"""

from typing import TYPE_CHECKING

from gmmkit.lazy import lazy_names

if TYPE_CHECKING:
    from gmmkit.backends.connecting import connected
    from gmmkit.backends.rows import DaskRows, dask_rows

_HOMES = {
    "DaskRows": "gmmkit.backends.rows",
    "connected": "gmmkit.backends.connecting",
    "dask_rows": "gmmkit.backends.rows",
}

__all__ = ["DaskRows", "connected", "dask_rows"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
