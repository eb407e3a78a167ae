"""Colours, dashes and markers, for whichever library draws.

Colours are those of Okabe and Ito (2008), which readers with any colour vision tell apart; lines
differ in dash and markers in shape besides, for print in grey. The k-th column of a figure takes
the k-th of each; names of dashes and markers are plotly's.
"""

COLOURS = ("#009E73", "#0072B2", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
GRID, INK, LAND = "#e4e4e4", "#222222", "#b8b8b8"
