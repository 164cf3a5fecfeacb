"""Labels and probabilities as archives that NumPy reads, the same bytes for the same values."""

from io import BytesIO

import numpy as np

from gmmkit.image.export.labeled import Labeled, as_label_map
from gmmkit.image.pixels import Float32Array


def labels_npz(labels: Labeled) -> bytes:
    """Return a compressed NumPy archive of labels with their colors and names.

    Parameters
    ----------
    labels : Segmentation, LabelMap or array_like of shape (H, W)
        Whole numbers from 0; -1 where a pixel is excluded.

    Returns
    -------
    bytes
        ``labels`` (H, W) int32, ``palette`` (n, 3) uint8 and ``names`` (n,) str. It can be read
        without ``allow_pickle``.

    Examples
    --------
    >>> archive = np.load(BytesIO(labels_npz([[0, 1, -1]])))
    >>> archive["labels"].tolist(), archive["names"].tolist()
    ([[0, 1, -1]], ['region 0', 'region 1'])
    """
    label_map = as_label_map(labels)
    stream = BytesIO()
    np.savez_compressed(
        stream,
        labels=label_map.labels,
        palette=label_map.palette,
        names=np.array(label_map.names, dtype=np.str_),
    )
    return stream.getvalue()


def probabilities_npz(probabilities: Float32Array) -> bytes:
    """Return a compressed NumPy archive with one array, ``probabilities``.

    Parameters
    ----------
    probabilities : ndarray of shape (H, W, k)
        float32.

    Returns
    -------
    bytes
        The same for the same probabilities.

    Examples
    --------
    >>> archive = np.load(BytesIO(probabilities_npz(np.ones((2, 3, 1), np.float32))))
    >>> archive["probabilities"].shape
    (2, 3, 1)
    """
    stream = BytesIO()
    np.savez_compressed(stream, probabilities=probabilities)
    return stream.getvalue()
