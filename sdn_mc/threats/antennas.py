"""Antenna patterns of the ITU: gain in a direction off the axis, dBi. Reference masks, not designs.

Earth stations: ITU-R S.465-6, recommends 2. 32 - 25 log10(phi) from phi_min to 48 degrees and -10
beyond, phi_min = max(1, 100 lambda / D) degrees, or max(2, 114 (D / lambda)^-1.09) where D / lambda
is below 50; the recommendation says nothing nearer to the axis, where the peak gain is taken.

Satellites in low orbit: ITU-R S.1528, recommends 1.3. Within Y = 1.5 psi_b the main lobe
G_m - 3 (psi / psi_b)^2, then G_m - 6.75 - 25 log10(psi / Y) down to the far-out level of 5 dBi, at
Z = Y 10^(0.04 (G_m - 6.75 - 5)), and 5 dBi beyond; psi_b is half the 3 dB beamwidth.

Limits: circular beams; side lobes are envelopes, so what comes in through a null is overstated.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from sdn_mc.core.fields import Constant

NEAREST_DEG = 1e-3  # keeps the logarithm of a side lobe finite on the axis, where it is not used
S465_LAST_DEG, S465_FAR_DBI = 48.0, -10.0
S1528_NEAR_DB, S1528_FAR_DBI, S1528_NEAR_EDGE = -6.75, 5.0, 1.5


def s465_gain_dbi(
    off_axis_rad: Float[Array, "*batch"], peak_dbi: Constant, diameter_wavelengths: Constant
) -> Float[Array, "*batch"]:
    """Gain of an earth station off its axis, dBi; never above its peak."""
    angle_deg = jnp.maximum(jnp.degrees(off_axis_rad), NEAREST_DEG)
    ratio = jnp.asarray(diameter_wavelengths, angle_deg.dtype)
    large, small = jnp.maximum(1.0, 100.0 / ratio), jnp.maximum(2.0, 114.0 * ratio**-1.09)
    first_deg = jnp.where(ratio < 50.0, small, large)
    lobes = jnp.where(angle_deg > S465_LAST_DEG, S465_FAR_DBI, 32.0 - 25.0 * jnp.log10(angle_deg))
    return jnp.where(angle_deg < first_deg, peak_dbi, jnp.minimum(lobes, peak_dbi))


def s1528_gain_dbi(
    off_axis_rad: Float[Array, "*batch"], peak_dbi: Constant, half_beamwidth_rad: Constant
) -> Float[Array, "*batch"]:
    """Gain of a satellite's beam off its axis, dBi."""
    widths = off_axis_rad / half_beamwidth_rad
    main = peak_dbi - 3.0 * widths**2
    beyond = jnp.maximum(widths / S1528_NEAR_EDGE, 1.0)
    side = peak_dbi + S1528_NEAR_DB - 25.0 * jnp.log10(beyond)
    far = jnp.minimum(S1528_FAR_DBI, peak_dbi + S1528_NEAR_DB)
    return jnp.where(widths <= S1528_NEAR_EDGE, main, jnp.maximum(side, far))


def s1528_far_from_rad(peak_dbi: float, half_beamwidth_rad: float) -> float:
    """Angle from which on the far-out level holds (Z), rad."""
    drop_db = peak_dbi + S1528_NEAR_DB - S1528_FAR_DBI
    return float(S1528_NEAR_EDGE * half_beamwidth_rad * 10 ** (0.04 * drop_db))
