"""What `gmmkit segment PHOTO -o FOLDER` does, as the shortest script on scikit-learn.

The same five features, a class for every pixel, a mask and an overlay; no smoothing, no legend, no
checks, no model file. It is one side of segment_process.py.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage import color, io
from sklearn.mixture import GaussianMixture


def features(photo: Any) -> Any:
    lab = color.rgb2lab(photo.astype(np.float32) / np.float32(255))
    light = lab[..., 0].astype(np.float64)
    planes = [gaussian_filter(lab[..., i], 1) for i in range(3)]
    for sigma in (2, 4):
        variance = gaussian_filter(light**2, sigma) - gaussian_filter(light, sigma) ** 2
        planes.append(8 * np.log1p(np.sqrt(np.maximum(variance, 0))))
    return np.stack(planes, axis=2).astype(np.float32)


def main(photo_path: str, folder: str) -> None:
    photo, name = io.imread(photo_path), Path(photo_path).stem
    rows = features(photo).reshape(-1, 5)
    classes = GaussianMixture(5, random_state=0).fit(rows).predict(rows)
    labels = classes.reshape(photo.shape[:2])
    io.imsave(f"{folder}/{name}.labels.png", labels.astype(np.uint8), check_contrast=False)
    overlay: Any = color.label2rgb(labels, photo, alpha=0.4, bg_label=-1)  # type: ignore[no-untyped-call]
    io.imsave(f"{folder}/{name}.overlay.png", (255 * overlay).astype(np.uint8))
    for label, count in enumerate(np.bincount(classes)):
        print(label, count / len(classes))


if __name__ == "__main__":
    main(*sys.argv[1:])
