"""Colours, dashes and markers, for whichever library draws.

Colours are those of Okabe and Ito (2008), which readers with any colour vision tell apart; lines
differ in dash and markers in shape besides, for print in grey. The k-th column of a figure takes
the k-th of each; names of dashes and markers are plotly's.
"""

COLOURS = ("#009E73", "#0072B2", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
GRID, INK, LAND = "#e4e4e4", "#222222", "#b8b8b8"


def share_range(least: float) -> list[float]:
    """The part of an axis of shares that is shown: whole, or what is near 1."""
    below = 1.3 * (1 - min(least, 0.99))
    return [-0.02, 1.02] if least < 0.5 else [1 - below, 1 + 0.03 * below]
