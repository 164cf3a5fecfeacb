"""Clients of clusters: found where Dask would find one, opened by address, or refused."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gmmkit.errors import ClusterError, MissingDependencyError, ParameterError

_PLAIN = "tcp://"
_LONGEST_GREETING = 1 << 20


def is_client(place: object) -> bool:
    """Tell whether this is a client of a cluster, of dask.distributed.

    Examples
    --------
    >>> is_client("tcp://127.0.0.1:8786")
    False
    """
    return isinstance(place, _distributed().Client)


def check_usable(client: Any) -> None:
    """Refuse a client that cannot be waited for, or that is closed.

    Raises
    ------
    ParameterError
        If it is asynchronous.
    ClusterError
        If it is closed.
    """
    if client.asynchronous:
        raise ParameterError(
            "a fit cannot wait for an asynchronous client",
            found="Client(asynchronous=True)",
            needed="a distributed.Client as it is by default",
        )
    if client.status != "running":
        raise ClusterError(
            "the client is not connected to a cluster",
            found=f"status {client.status!r}",
            hint="make a new distributed.Client",
        )


def current_client() -> Any | None:
    """Return the client that Dask would compute with now, None where it would use none.

    Examples
    --------
    >>> current_client() is None
    True
    """
    from dask.base import get_scheduler

    place = getattr(get_scheduler(), "__self__", None)
    try:
        return place if place is not None and is_client(place) else None
    except MissingDependencyError:
        # Where there is no distributed, there are no clients either.
        return None


@contextmanager
def connected(address: str, *, timeout: float = 10.0) -> Iterator[Any]:
    """Connect to the scheduler of a cluster for as long as the with statement lasts.

    Parameters
    ----------
    address : str
        Such as ``"tcp://10.0.0.1:8786"``.
    timeout : float
        How many seconds to try.

    Returns
    -------
    context manager of distributed.Client

    Raises
    ------
    ClusterError
        If nobody answers there.
    MissingDependencyError
        If dask.distributed is not installed.

    Examples
    --------
    >>> with connected("tcp://127.0.0.1:1", timeout=0.2):
    ...     pass
    Traceback (most recent call last):
    gmmkit.errors.ClusterError: no scheduler answers at tcp://127.0.0.1:1...
    """
    client = _opened(address, timeout)
    try:
        yield client
    finally:
        client.close()


def _opened(address: str, timeout: float) -> Any:
    distributed = _distributed()
    try:
        if address.startswith(_PLAIN):
            _await_greeting(address.removeprefix(_PLAIN), timeout)
        return distributed.Client(address, timeout=timeout, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as problem:
        raise ClusterError(
            f"no scheduler answers at {address}",
            found=str(problem) or type(problem).__name__,
            needed="the address of a running scheduler, such as tcp://10.0.0.1:8786",
            hint="start one with: dask scheduler",
        ) from problem


def _await_greeting(place: str, timeout: float) -> None:
    """Wait for what a scheduler says first; Dask itself would wait for any server without end.

    Eight bytes say how long the greeting is.
    """
    host, _, port = place.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout) as line:
        size = int.from_bytes(line.recv(8, socket.MSG_WAITALL), "little")
    if not 0 < size <= _LONGEST_GREETING:
        raise ValueError("what answers there is no scheduler")


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as problem:
        raise MissingDependencyError(
            "clusters are reached through dask.distributed",
            found=str(problem),
            hint='pip install "gmmkit[cluster]"',
        ) from problem
    return distributed
