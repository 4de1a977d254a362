"""Colors that color-blind readers can tell apart: constants only, for dots on the page's light and dark grounds.

A slot has the same hue in light and in dark, so that a topic keeps its color. Slots are in an order in which the first
few differ most. tests/test_palette.py computes the smallest difference between any two, and of any from the gray of
everything else and from the accent that marks a selection, as people see them with normal vision and with each kind of
color blindness.
"""

CATEGORICAL_LIGHT = (
    "#4ca6ba", "#8b6edc", "#2651b2", "#088475", "#980724", "#7e2a67", "#7ca770", "#bf9701", "#bd5c7c", "#08603d",
    "#8a6093", "#557e48",
)  # fmt: skip
CATEGORICAL_DARK = (
    "#8df5ff", "#baafff", "#5384ea", "#07baa6", "#c24f50", "#a85f9f", "#d0ecab", "#fcdd45", "#ffa7c4", "#338d6c",
    "#c58fc8", "#88c092",
)  # fmt: skip
OTHER_LIGHT, OTHER_DARK = "#a3a29d", "#62656d"
# From little to much, away from the ground: even steps of color difference, and lightness that never turns.
SEQUENTIAL_LIGHT = (
    "#cecf8b", "#9dbd89", "#69aa86", "#359688", "#018087", "#00697f", "#015075", "#0e366a", "#17195f",
)  # fmt: skip
SEQUENTIAL_DARK = (
    "#31316f", "#344e75", "#3c657f", "#417b8a", "#4c9291", "#53aa95", "#6dc290", "#a4da90", "#e2f5a3",
)  # fmt: skip
