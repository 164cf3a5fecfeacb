"""Small generated videos with what is true of each pixel, and how well masks agree with that."""

import numpy as np
from scipy.ndimage import gaussian_filter

KINDS = ("moving", "flicker", "lighting")


def make_video(kind, *, n_frames=90, shape=(60, 80), seed=0):
    """Return frames (n, H, W, 3) uint8 and where their objects are (n, H, W) bool.

    Two squares move over a textured floor; "flicker" adds an unsteady lamp and pixels that blink,
    "lighting" a light that slowly grows.
    """
    random = np.random.default_rng(seed)
    texture = gaussian_filter(random.normal(size=(*shape, 3)), (2, 2, 0))
    floor = 110 + 15 * texture / texture.std()
    blinking = random.random(shape) < 0.1
    frames, truths = [], []
    for number in range(n_frames):
        picture, truth = floor.copy(), np.zeros(shape, dtype=bool)
        if kind == "flicker":
            picture[blinking] += 40 * (number // 3 % 2)
        for top, speed, side, color in ((8, 2.0, 12, (190, 60, 50)), (38, -1.4, 16, (50, 60, 150))):
            left = int(5 + speed * number) % shape[1]
            picture[top : top + side, left : left + side] = color
            truth[top : top + side, left : left + side] = True
        light = {
            "flicker": 1 + 0.1 * np.sin(2.1 * number),
            "lighting": 0.7 + 0.6 * number / n_frames,
        }
        noisy = picture * light.get(kind, 1.0) + random.normal(0, 3, picture.shape)
        frames.append(np.clip(noisy, 0, 255).astype(np.uint8))
        truths.append(truth)
    return np.array(frames), np.array(truths)


def f1_score(found, truth):
    """Return the F1 of pixels found to be objects."""
    hits = np.count_nonzero(found & truth)
    return 2 * hits / (np.count_nonzero(found) + np.count_nonzero(truth))
