"""Which sites a cause acts on, by patterns of their names (`*` and `?` as in a shell)."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
from jaxtyping import Bool

from sdn_mc.core.problems import InputError
from sdn_mc.core.scene import Sites


def chosen_sites(sites: Sites, patterns: Sequence[str] | None) -> Bool[np.ndarray, " site"]:
    """Sites on Earth whose name fits any of the patterns; None: all. One that fits none is told."""
    if patterns is None:
        return sites.on_earth
    fits = np.array([[fnmatchcase(n, p) for n in sites.name] for p in patterns], bool)
    fits = fits.reshape(len(patterns), sites.n_site)
    known = ", ".join(sites.name[:8]) + (", …" if sites.n_site > 8 else "")
    if problems := [
        f"no site is named {pattern!r}; the sites are {known}; correct the name or the pattern"
        for pattern, row in zip(patterns, fits, strict=True)
        if not row.any()
    ]:
        raise InputError(problems)
    return np.asarray(fits.any(axis=0)) & sites.on_earth
