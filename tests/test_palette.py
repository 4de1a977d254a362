"""Colors: how well they can be told apart, computed again for normal vision and for three kinds of color blindness."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import pytest

from explorer.webmap import palette

Triple = tuple[float, float, float]
GROUNDS = {"light": "#f6f5f1", "dark": "#14161c"}  # map.css
ACCENTS = {"light": "#c8471b", "dark": "#ff8f5f"}  # likewise
COLORS = {"light": palette.CATEGORICAL_LIGHT, "dark": palette.CATEGORICAL_DARK}
OTHERS = {"light": palette.OTHER_LIGHT, "dark": palette.OTHER_DARK}
RAMPS = {"light": palette.SEQUENTIAL_LIGHT, "dark": palette.SEQUENTIAL_DARK}
# Machado, Oliveira & Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE TVCG 15
# (2009): severity 1, for linear RGB.
SIGHTS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
WHITE = (0.95047, 1.0, 1.08883)
# The smallest CIEDE2000 difference between any two of the first k, in both themes.
LEAST = {
    "normal": {4: 19.0, 8: 19.0, 12: 14.0},
    "protanopia": {4: 13.5, 8: 12.5, 12: 9.7},
    "deuteranopia": {4: 13.0, 8: 13.0, 12: 9.6},
    "tritanopia": {4: 13.0, 8: 11.4, 12: 8.8},
}
LEAST_OF_OTHER = {"normal": 20.0, "protanopia": 13.0, "deuteranopia": 10.5, "tritanopia": 15.0}
LEAST_OF_ACCENT = {"normal": 19.0, "protanopia": 9.8, "deuteranopia": 11.5, "tritanopia": 9.7}


def times(matrix: tuple[Triple, ...], vector: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def linear(color: str) -> Triple:
    red, green, blue = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (red, green, blue))  # type: ignore[return-value]


def lab(color: str, sight: str = "normal") -> Triple:
    seen = times(SIGHTS[sight], linear(color))
    red, green, blue = (min(1.0, max(0.0, value)) for value in seen)
    ratios = (value / white for value, white in zip(times(XYZ, (red, green, blue)), WHITE, strict=True))
    x, y, z = (ratio ** (1 / 3) if ratio > 216 / 24389 else (24389 / 27 * ratio + 16) / 116 for ratio in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def ciede2000(one: Triple, other: Triple) -> float:
    """Sharma, Wu & Dalal, "The CIEDE2000 color-difference formula", Color Research and Application 30 (2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * math.sqrt(mean**7 / (mean**7 + 25**7))
    c1, c2 = math.hypot(stretch * a1, b1), math.hypot(stretch * a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    hue = h1 + h2 if c1 * c2 == 0 else (h1 + h2 + (360 if abs(h1 - h2) > 180 else 0)) / 2
    chroma, lightness = (c1 + c2) / 2, (l1 + l2) / 2
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    t = 1 + sum(size * math.cos(math.radians(times * hue + shift)) for size, times, shift in waves)
    s_l = 1 + 0.015 * (lightness - 50) ** 2 / math.sqrt(20 + (lightness - 50) ** 2)
    d_l, d_c = (l2 - l1) / s_l, (c2 - c1) / (1 + 0.045 * chroma)
    d_h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    angle = 60 * math.exp(-(((hue - 275) / 25) ** 2))
    rotation = -2 * math.sqrt(chroma**7 / (chroma**7 + 25**7)) * math.sin(math.radians(angle))
    return math.sqrt(d_l**2 + d_c**2 + d_h**2 + rotation * d_c * d_h)


def difference(one: str, other: str, sight: str) -> float:
    return ciede2000(lab(one, sight), lab(other, sight))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    dark, bright = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in map(linear, (one, other))
    )
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [  # from the table of Sharma, Wu & Dalal
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ],
)
def test_the_color_difference_is_the_published_one(one: Triple, other: Triple, expected: float) -> None:
    assert ciede2000(one, other) == pytest.approx(expected, abs=1e-4)
    assert ciede2000(other, one) == pytest.approx(expected, abs=1e-4)


def test_the_other_measures_are_right() -> None:
    assert lab("#ffffff") == pytest.approx((100, 0, 0), abs=0.01)
    assert lab("#ff0000") == pytest.approx((53.24, 80.09, 67.20), abs=0.01)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    # Red and green of one lightness are what a deuteranope confuses.
    assert difference("#a06040", "#6f7640", "normal") > 2 * difference("#a06040", "#6f7640", "deuteranopia")


@pytest.mark.parametrize("theme", COLORS)
@pytest.mark.parametrize("sight", SIGHTS)
def test_any_two_colors_can_be_told_apart(theme: str, sight: str) -> None:
    for count, least in LEAST[sight].items():
        assert min(difference(*pair, sight) for pair in combinations(COLORS[theme][:count], 2)) >= least


@pytest.mark.parametrize("theme", COLORS)
@pytest.mark.parametrize("sight", SIGHTS)
def test_no_color_looks_like_everything_else_or_like_a_selection(theme: str, sight: str) -> None:
    for color in COLORS[theme]:
        assert difference(color, OTHERS[theme], sight) >= LEAST_OF_OTHER[sight]
        assert difference(color, ACCENTS[theme], sight) >= LEAST_OF_ACCENT[sight]


def test_a_slot_is_one_hue_in_light_and_in_dark() -> None:
    assert len(COLORS["light"]) == len(COLORS["dark"]) == 12
    for light, dark in zip(COLORS["light"], COLORS["dark"], strict=True):
        (_, a1, b1), (_, a2, b2) = lab(light), lab(dark)
        turn = math.degrees(math.atan2(b1, a1) - math.atan2(b2, a2))
        assert abs((turn + 180) % 360 - 180) < 20, (light, dark)
        assert contrast(dark, GROUNDS["dark"]) > contrast(light, GROUNDS["dark"])


@pytest.mark.parametrize("theme", COLORS)
def test_dots_stand_out_from_the_ground(theme: str) -> None:
    assert min(contrast(color, GROUNDS[theme]) for color in COLORS[theme]) >= 2.5
    assert contrast(OTHERS[theme], GROUNDS[theme]) >= 2.2
    assert math.hypot(*lab(OTHERS[theme])[1:]) < 6


@pytest.mark.parametrize("theme", RAMPS)
def test_steps_are_even(theme: str) -> None:
    steps = [difference(*pair, "normal") for pair in pairwise(RAMPS[theme])]
    assert len(steps) == 8
    assert max(steps) / min(steps) < 1.12


@pytest.mark.parametrize("theme", RAMPS)
@pytest.mark.parametrize("sight", SIGHTS)
def test_more_is_farther_from_the_ground_for_everybody(theme: str, sight: str) -> None:
    lightness = [lab(color, sight)[0] for color in RAMPS[theme]]
    assert min((after - before) * (1 if theme == "dark" else -1) for before, after in pairwise(lightness)) >= 6.5
    assert min(difference(*pair, sight) for pair in pairwise(RAMPS[theme])) >= 6.4
    contrasts = [contrast(color, GROUNDS[theme]) for color in RAMPS[theme]]
    assert contrasts == sorted(contrasts)
    assert contrasts[0] >= 1.45
    assert contrasts[-1] >= 14


def test_all_are_plain_hexadecimal() -> None:
    colors = [*COLORS["light"], *COLORS["dark"], *RAMPS["light"], *RAMPS["dark"], *OTHERS.values()]
    assert len(set(colors)) == len(colors) == 44
    assert all(len(color) == 7 and color == f"#{int(color[1:], 16):06x}" for color in colors)
