"""Coastlines for maps and globes: Natural Earth 1:110m, public domain.

`coastlines.json` beside this file holds them to 0.1 deg; `scripts/coastlines.py` made it.
"""

import functools
import json
from importlib import resources

import numpy as np
from jaxtyping import Float64


@functools.cache
def coastlines() -> Float64[np.ndarray, "point two"]:
    """Longitude and latitude, deg; a row of NaN ends each line."""
    text = resources.files("sdn_mc.report").joinpath("coastlines.json").read_text("utf-8")
    end = np.full((1, 2), np.nan)
    return np.concatenate([part for line in json.loads(text)["lines"] for part in (line, end)])
