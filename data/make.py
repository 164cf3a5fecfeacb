"""Make every file in this folder again: `python data/make.py [FOLDER]`.

Only whole-number arithmetic, so that every machine makes the same pixels and digits.
"""

import io
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

Whole = npt.NDArray[np.int64]
Thing = TypeVar("Thing")
_HEIGHT, _WIDTH = 160, 240
# How many; mean and deviation of the diameter in 0.1 mm; grams to a cubic decimeter of a cube of
# that width, and by how many percent that varies; mean and deviation of the hue in 0.1 degrees.
_FRUITS = {
    "apple": (60, (760, 55), (385, 9), (430, 100)),
    "orange": (50, (725, 45), (490, 7), (660, 65)),
    "lemon": (40, (585, 35), (610, 7), (930, 60)),
}
# How many; the time of day, mean and deviation in minutes after 4 o'clock; then in tenths of an
# octave (a doubling), mean and deviation: the amount above what is usual for the card, the time
# since its last purchase in minutes, the distance from there in 0.1 km and the purchases in seven
# days, both above what that time explains, and the disputes in 10,000 purchases of the merchant.
_PAYMENTS = {
    "errand": (1850, (610, 200), (0, 8), (100, 16), (54, 13), (30, 6), (32, 8)),
    "evening": (600, (1010, 100), (4, 7), (98, 15), (58, 12), (31, 6), (42, 8)),
    "journey": (330, (680, 220), (9, 10), (104, 12), (111, 13), (34, 6), (46, 9)),
    "bargain": (70, (640, 180), (26, 9), (103, 15), (64, 14), (30, 6), (40, 10)),
    "flight": (60, (700, 240), (4, 10), (82, 12), (136, 10), (36, 6), (44, 9)),
    "testing": (30, (1200, 130), (-20, 10), (52, 14), (54, 13), (28, 6), (54, 9)),
    "cash-out": (30, (1130, 140), (34, 10), (80, 16), (66, 15), (31, 6), (60, 11)),
    "clone": (30, (650, 210), (4, 8), (44, 12), (152, 9), (34, 6), (50, 10)),
}
_FRAUD = ("testing", "cash-out", "clone")
# How many; between which days such customers order first, and between which they stop; then in
# tenths of an octave, mean and deviation: the days between orders, and the cents of an order.
_CUSTOMERS = {
    "devoted": (50, (0, 160), (730, 730), (43, 4), (125, 6)),
    "regular": (120, (0, 300), (730, 730), (57, 4), (114, 6)),
    "sparing": (60, (0, 300), (730, 730), (66, 4), (144, 5)),
    "lapsed": (80, (0, 120), (400, 620), (50, 5), (122, 6)),
    "newcomer": (70, (630, 728), (730, 730), (46, 5), (117, 7)),
    "passer-by": (110, (0, 640), (0, 600), (64, 5), (114, 8)),
}
_FIRST_DAY = date(2024, 1, 1)


def scattered(rows: int, columns: int, seed: int) -> Whole:
    """Return unrelated values from 0 to 255, (rows, columns): a multiplicative hash."""
    y, x = np.mgrid[:rows, :columns].astype(np.uint64)
    value = x * np.uint64(0x9E3779B1) + y * np.uint64(0x85EBCA77) + np.uint64(seed * 0xC2B2AE3D)
    for shift in (15, 13, 16):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(0x27D4EB2F)
    return ((value >> np.uint64(24)) & np.uint64(255)).astype(np.int64)


def clouds(rows: int, columns: int, cell: tuple[int, int], seed: int) -> Whole:
    """Return values from 0 to 255 that vary slowly: scattered values, interpolated."""
    down, across = cell
    grid = scattered(rows // down + 2, columns // across + 2, seed)
    y, x = np.mgrid[:rows, :columns]
    row, column, dy, dx = y // down, x // across, y % down, x % across
    top = grid[row, column] * (across - dx) + grid[row, column + 1] * dx
    bottom = grid[row + 1, column] * (across - dx) + grid[row + 1, column + 1] * dx
    return (top * (down - dy) + bottom * dy) // (down * across)


def lakeside() -> npt.NDArray[np.uint8]:
    """Return a landscape, (160, 240, 3): sky, hills, lake and a meadow, each with its texture."""
    y, x = np.mgrid[:_HEIGHT, :_WIDTH]
    ridge = 62 - clouds(1, _WIDTH, (1, 48), seed=3) // 8 - clouds(1, _WIDTH, (1, 12), seed=4) // 32
    shore = 118 + clouds(1, _WIDTH, (1, 60), seed=5) // 12 - x[:1] // 12
    grain = scattered(_HEIGHT, _WIDTH, seed=1)[..., None] - 128
    sky = _color(
        120 + y // 2, 165 + y // 3, 220, clouds(_HEIGHT, _WIDTH, (24, 60), 6) // 5, grain // 40
    )
    hills = _color(70, 84, 78, clouds(_HEIGHT, _WIDTH, (9, 9), 7) // 6 - 20, grain // 16)
    lake = _color(46, 92, 118, clouds(_HEIGHT, _WIDTH, (3, 40), 8) // 5 - 20, grain // 24)
    meadow = _color(104, 132, 52, clouds(_HEIGHT, _WIDTH, (4, 4), 9) // 4 - 32, grain // 5)
    layers = np.where((y < ridge)[..., None], sky, np.where((y < 86)[..., None], hills, lake))
    layers = np.where((y > shore)[..., None], meadow, layers)
    return np.clip(layers, 0, 255).astype(np.uint8)


def _color(
    red: Whole | int, green: Whole | int, blue: Whole | int, light: Whole, grain: Whole
) -> Whole:
    channels = [channel + light for channel in (red, green, blue)]
    return np.stack(channels, axis=-1) + grain


def bells(count: int, seed: int) -> Whole:
    """Return normal deviates in 1/256: twelve bytes summed deviate from 1530 by 256."""
    return scattered(count, 12, seed).sum(axis=1) - 1530


def fruit_basket() -> str:
    """Return a table of 150 fruits, mixed: name, weight, diameter and hue (CIELAB's angle)."""
    lines = [line for number, name in enumerate(_FRUITS) for line in _fruits(name, 10 * number)]
    return "\n".join(["fruit,weight_g,diameter_mm,hue_deg", *mixed(lines), ""])


def _fruits(name: str, seed: int) -> list[str]:
    """Heavier ones are wider: weights go with the cube of the width, and vary by some percent."""
    count, (width, spread), (density, percent), (hue, hue_spread) = _FRUITS[name]
    widths = width + spread * bells(count, seed + 1) // 256
    grams = widths**3 * density * (25600 + percent * bells(count, seed + 2)) // 25600 // 10**9
    hues = hue + hue_spread * bells(count, seed + 3) // 256
    return [
        f"{name},{weight},{tenths(across)},{tenths(angle)}"
        for weight, across, angle in zip(grams, widths, hues, strict=True)
    ]


def mixed(things: list[Thing]) -> list[Thing]:
    """Return things in an order that says nothing."""
    order = np.argsort(scattered(len(things), 4, seed=99) @ 256 ** np.arange(4), kind="stable")
    return [things[index] for index in order]


def tenths(value: np.int64) -> str:
    """Write a number of tenths."""
    return f"{value // 10}.{value % 10}"


def card_transactions() -> str:
    """Return a table of 3000 card payments, mixed, of which 90 are fraud of three kinds."""
    lines = [
        line for number, kind in enumerate(_PAYMENTS) for line in _payments(kind, 300 + 10 * number)
    ]
    header = (
        "transaction,hour,amount,usual_amount,hours_since_last,km_from_last,count_7_days,"
        "merchant_disputes,fraud"
    )
    numbered = [f"{number},{line}" for number, line in enumerate(mixed(lines), 1)]
    return "\n".join([header, *numbered, ""])


def _payments(kind: str, seed: int) -> list[str]:
    """Whoever has just paid is still near, and has paid more often in the last seven days."""
    count, (mean, spread), *octaves = _PAYMENTS[kind]
    clock = (mean + spread * bells(count, seed + 1) // 256) % 1440
    above, pause, far, often, risk = (
        (256 * center + deviation * bells(count, seed + 2 + column)) // 10
        for column, (center, deviation) in enumerate(octaves)
    )
    usual = 3080 + 4 * bells(count, seed + 7) // 5
    pause = np.clip(pause, 0, 3400)
    columns = (
        (clock + 240) % 1440 * 10 // 6,
        power(usual + above),
        power(usual),
        power(pause) * 100 // 60,
        power(np.maximum(far + (pause - 2560) // 2, 0)) * 10,
        power(np.maximum(often - (pause - 2560) // 3, 0)) * 100,
        power(np.maximum(risk, 0)) * 100,
    )
    told = kind if kind in _FRAUD else "no"
    return [",".join([*map(hundredths, row), told]) for row in zip(*columns, strict=True)]


def power(exponents: Whole) -> Whole:
    """Return two to the power of some 1/256, straight between whole powers."""
    whole, part = exponents // 256, exponents % 256
    return ((256 + part) << whole) // 256


def hundredths(value: int | np.int64) -> str:
    """Write a number of hundredths, without decimals if there are none."""
    return f"{value // 100}.{value % 100:02d}".removesuffix(".00")


def purchases() -> str:
    """Return a table of what 490 customers ordered in two years, by day."""
    customers = mixed([orders for kind in _CUSTOMERS for orders in _orders(kind)])
    ordered = sorted(
        (day, name, cents) for name, own in enumerate(customers, 1) for day, cents in own
    )
    lines = [
        f"c{name:03d},{_FIRST_DAY + timedelta(day)},{number},{hundredths(cents)}"
        for number, (day, name, cents) in enumerate(ordered, 10001)
    ]
    return "\n".join(["customer,date,order,amount", *lines, ""])


def _orders(kind: str) -> list[list[tuple[int, int]]]:
    """Return the days and cents of all orders of each customer of a kind; the first one always."""
    count, starts, stops, (gap, gap_spread), (worth, spread) = _CUSTOMERS[kind]
    seed = 600 + 10 * list(_CUSTOMERS).index(kind)
    chance = scattered(count, 2, seed)
    (first, last) = (
        low + (high - low) * chance[:, i] // 256 for i, (low, high) in enumerate((starts, stops))
    )
    typical = power((256 * gap + gap_spread * bells(count, seed + 1)) // 10)
    waits = typical[:, None] * (64 + scattered(count, 99, seed + 2)) // 192
    days = first[:, None] + np.cumsum(waits, axis=1) - waits[:, :1]
    cents = ((256 * worth + spread * bells(count, seed + 3)) // 10)[:, None]
    cents = power(cents + bells(99 * count, seed + 4).reshape(count, 99) // 2)
    made = days <= np.maximum(first, last)[:, None]
    return [
        list(zip(days[i, made[i]].tolist(), cents[i, made[i]].tolist(), strict=True))
        for i in range(count)
    ]


def files() -> dict[str, bytes]:
    """Return the bytes of every file, by name."""
    stream = io.BytesIO()
    Image.fromarray(lakeside()).save(stream, "PNG", optimize=True)
    return {
        "card_transactions.csv": card_transactions().encode("ascii"),
        "fruit_basket.csv": fruit_basket().encode("ascii"),
        "purchases.csv": purchases().encode("ascii"),
        "lakeside.png": stream.getvalue(),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, payload in files().items():
        (folder / name).write_bytes(payload)
