"""The map: a library as one self-contained HTML file, or as a plain Plotly figure. May import papers and errors.

    data       what a map shows
    contents   how much of it a page holds, by the number of papers
    blobs      numbers and texts for a browser
    encoding   data to header and blobs
    page       the HTML file: template, style, scripts, policy
    palette    colors that color-blind readers can tell apart
    figure     the plain figure

The page's own markup, style and scripts are the files of explorer/assets.
"""

from explorer.webmap.contents import ABSTRACTS, CHOICES, Contents
from explorer.webmap.data import MapData, MapTopic, Measured, directions, positions
from explorer.webmap.figure import figure
from explorer.webmap.page import write_html

__all__ = [
    "ABSTRACTS",
    "CHOICES",
    "Contents",
    "MapData",
    "MapTopic",
    "Measured",
    "directions",
    "figure",
    "positions",
    "write_html",
]
