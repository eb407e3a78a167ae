"""Radio jamming of access links, up and down, as link algebra: a candidate is lost above a margin.

    J/S [dB] = js_db + (L_S - L_J) + (G(theta) - G_max),   lost where J/S > margin_db

`js_db`, the severity to sweep, is J/S at equal distance with the emitter on the antenna's axis: it
stands for the ratio of radiated powers, the bandwidths and the polarisation. L_S - L_J is
20 log10(d_S / d_J) in free space. `margin_db` is processing gain less required S/N less losses.

Up: the satellite's receiving beam looks at the user, theta is the angle at the satellite between
user and emitter (pattern of ITU-R S.1528), and the emitter must see the satellite above its horizon
(dipped by its height). So one emitter reaches the satellites above it, and of those only the beams
near it. Down: the user's antenna looks at the satellite, theta is the angle at the user between
satellite and emitter (pattern of ITU-R S.465-6), and the emitter must be within the user's radio
horizon, sqrt(2 k R) (sqrt(h_J) + sqrt(h_user)) with k = 4/3 (ITU-R P.834). So one emitter
reaches the users near it, and low passes towards it most. Lasers are never touched.

Assumptions and limits: free space up to the horizon and nothing beyond (no terrain, diffraction or
ducts); of several emitters the strongest counts, though n equal ones add up to 10 log10(n) dB
more; no nulling, no change of frequency or beam in answer. Given: from the onset for a duration.
Emitters that a draw does not place are evaluated once an epoch; those it does, only for access
paths that some place of the disc could reach. Where they are is asked at the scene's instants.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int32, Key

from sdn_mc.core.constants import MEAN_RADIUS_KM, S_PER_H
from sdn_mc.core.distributions import Distribution
from sdn_mc.core.fields import Constant, Scalar, field
from sdn_mc.core.outage import Effect, Instant, Outage
from sdn_mc.core.scene import Scene
from sdn_mc.geometry import geodetic_to_ecef
from sdn_mc.threats.antennas import s465_gain_dbi, s1528_gain_dbi
from sdn_mc.threats.emitters import Emitters, Tracks
from sdn_mc.threats.site_names import chosen_sites

REFRACTION = 4 / 3  # effective over true radius of the Earth, ITU-R P.834
LEAST_RADIUS_KM = 6350.0  # of any Earth, for bounds: the polar radius of WGS-84 is 6356.75 km
SLACK_RAD = 0.01  # of bounds: geodetic against geocentric latitude is 0.0034
LEAST_ROOM = 64  # access paths; then powers of two, so that a number seldom compiles anew
ARCCOS = (
    1.5707963050, -0.2145988016, 0.0889789874, -0.0501743046, 0.0308918810, -0.0170881256,
    0.0066700901, -0.0012624911,
)  # fmt: skip
LEAST_KM = 1e-3  # of an access path: users aboard satellites, who are never jammed, have none
NEAREST_KM2 = 1e-6  # a metre: keeps the distance to an emitter at the antenna finite


class AccessPaths(NamedTuple):
    """The access paths that may be jammed at each time, in Earth-fixed coordinates."""

    place: Int32[Array, "time path"]  # site * candidates + candidate; beyond the last: padding
    sat_km: Float32[Array, "time xyz path"]
    site_km: Float32[Array, "time xyz path"]
    up: Float32[Array, "time xyz path"]  # unit vector from site to satellite
    loss_db: Float32[Array, "time path"]  # 20 log10 of the distance in km; -inf: padding
    time_s: Float32[Array, " time"]


class Tables(NamedTuple):
    """What a jammer prepares: geometry, or its outcome where no draw moves the emitters."""

    paths: AccessPaths | None
    fixed_db: Float32[np.ndarray, "time site candidate"] | Float32[Array, "*rest"] | None
    like: Bool[np.ndarray, "site candidate"] | Bool[Array, "site candidate"]  # the shape


class JammingUplink(eqx.Module):
    """Emitters near the ground jam the satellites' receivers in the beams of users near them."""

    js_db: Scalar = field(
        unit="dB", within=(-200, 200), doc="J/S on axis at equal distance.", assumed=True
    )
    margin_db: Scalar = field(
        unit="dB", within=(-200, 200), doc="J/S up to which a link works.", assumed=True
    )
    peak_gain_dbi: Constant = field(
        unit="dBi", within=(12, 70), doc="Of the satellite's receiving beam.", assumed=True
    )
    half_beamwidth_deg: Constant = field(
        unit="deg", within=(0.01, 60), doc="Half of the beam's 3 dB width.", assumed=True
    )
    emitters: Emitters = field(doc="Where the emitters are.")
    sites: tuple[str, ...] | None = field(
        doc="Users that can be jammed, by name or pattern; null: all sites.", static=True
    )
    onset_s: Scalar | None = field(
        unit="s", within=(0, 2_592_000), doc="Onset in the scene; null: see `times`."
    )
    duration_h: Scalar | None = field(
        unit="h", within=(0, 87_660), doc="Time from the onset to the end; null: no end."
    )
    event: str = eqx.field(static=True, default="given")

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Where the emitters are, if that is drawn."""
        del scene
        return self.emitters.macros()

    def prepare(self, scene: Scene) -> Tables:
        """Geometry of all access paths."""
        return _prepared(self, scene)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Tables
    ) -> Outage:
        """When it acts and, where that is drawn, from where."""
        del key, scene, prepared
        return _drawn(self, macros)

    def at(self, state: Any, instant: Instant, prepared: Tables) -> Effect:
        """Candidates whose uplink is jammed."""
        return _effect(self, state, instant, prepared)

    def reach_rad(self, sat_km: np.ndarray, altitude_km: float) -> np.ndarray:
        """Angle at the Earth's centre up to which an emitter may see a satellite."""
        radius_km = np.linalg.norm(sat_km, axis=-1)
        horizon = np.arccos(np.minimum(LEAST_RADIUS_KM / radius_km, 1.0))
        return horizon + np.sqrt(2 * altitude_km / MEAN_RADIUS_KM)

    def relative_db(
        self,
        paths: AccessPaths,
        time: Any,
        emitter_km: Float[Array, "emitter xyz"],
        altitude_km: Float[Array, " emitter"],
    ) -> Float[Array, "emitter path"]:
        """J/S less `js_db`; -inf where the emitter does not see the satellite."""
        place = emitter_km.T[:, :, None]
        line = place - paths.sat_km[time][:, None]  # from the satellite to the emitter
        squared = jnp.maximum(_dot(line, line), NEAREST_KM2)
        distance_km = jnp.sqrt(squared)
        off_axis_rad = _angle_rad(-_dot(paths.up[time][:, None], line) / distance_km)
        gain_dbi = s1528_gain_dbi(
            off_axis_rad, self.peak_gain_dbi, jnp.radians(self.half_beamwidth_deg)
        )
        height_km = -_dot(place, line) / jnp.sqrt(_dot(place, place))  # satellite over horizon
        dip_rad = jnp.sqrt(2 * altitude_km / MEAN_RADIUS_KM)
        sees = height_km >= -dip_rad[:, None] * distance_km
        relative = paths.loss_db[time] - 10 * jnp.log10(squared) + gain_dbi - self.peak_gain_dbi
        return jnp.where(sees, relative, -jnp.inf)


class JammingDownlink(eqx.Module):
    """Emitters within the radio horizon of users jam those users' receivers."""

    js_db: Scalar = field(
        unit="dB", within=(-200, 200), doc="J/S on axis at equal distance.", assumed=True
    )
    margin_db: Scalar = field(
        unit="dB", within=(-200, 200), doc="J/S up to which a link works.", assumed=True
    )
    peak_gain_dbi: Constant = field(
        unit="dBi", within=(0, 80), doc="Of the user's antenna.", assumed=True
    )
    diameter_wavelengths: Constant = field(
        unit="1", within=(1, 10_000), doc="Diameter of the user's antenna.", assumed=True
    )
    user_height_m: Constant = field(
        unit="m", within=(0, 20_000), doc="Of the user's antenna over its terrain.", assumed=True
    )
    emitters: Emitters = field(doc="Where the emitters are.")
    sites: tuple[str, ...] | None = field(
        doc="Users that can be jammed, by name or pattern; null: all sites.", static=True
    )
    onset_s: Scalar | None = field(
        unit="s", within=(0, 2_592_000), doc="Onset in the scene; null: see `times`."
    )
    duration_h: Scalar | None = field(
        unit="h", within=(0, 87_660), doc="Time from the onset to the end; null: no end."
    )
    event: str = eqx.field(static=True, default="given")

    def macros(self, scene: Scene) -> dict[str, Distribution]:
        """Where the emitters are, if that is drawn."""
        del scene
        return self.emitters.macros()

    def prepare(self, scene: Scene) -> Tables:
        """Geometry of all access paths."""
        return _prepared(self, scene)

    def sample(
        self, key: Key[Array, ""], macros: Mapping[str, Any], scene: Scene, prepared: Tables
    ) -> Outage:
        """When it acts and, where that is drawn, from where."""
        del key, scene, prepared
        return _drawn(self, macros)

    def at(self, state: Any, instant: Instant, prepared: Tables) -> Effect:
        """Candidates whose downlink is jammed."""
        return _effect(self, state, instant, prepared)

    def reach_rad(self, sat_km: np.ndarray, altitude_km: float) -> np.ndarray:
        """Angle at the Earth's centre up to which an emitter may be over a user's horizon."""
        heights = np.sqrt(altitude_km) + np.sqrt(self.user_height_m / 1000.0)
        reach_km = np.sqrt(2 * REFRACTION * MEAN_RADIUS_KM) * heights
        return np.full(sat_km.shape[:-1], reach_km / LEAST_RADIUS_KM)

    def relative_db(
        self,
        paths: AccessPaths,
        time: Any,
        emitter_km: Float[Array, "emitter xyz"],
        altitude_km: Float[Array, " emitter"],
    ) -> Float[Array, "emitter path"]:
        """J/S less `js_db`; -inf where the emitter is below the user's horizon."""
        line = emitter_km.T[:, :, None] - paths.site_km[time][:, None]  # from site to emitter
        squared = jnp.maximum(_dot(line, line), NEAREST_KM2)
        distance_km = jnp.sqrt(squared)
        off_axis_rad = _angle_rad(_dot(paths.up[time][:, None], line) / distance_km)
        gain_dbi = s465_gain_dbi(off_axis_rad, self.peak_gain_dbi, self.diameter_wavelengths)
        heights = jnp.sqrt(altitude_km)[:, None] + jnp.sqrt(self.user_height_m / 1000.0)
        sees = distance_km <= jnp.sqrt(2 * REFRACTION * MEAN_RADIUS_KM) * heights
        relative = paths.loss_db[time] - 10 * jnp.log10(squared) + gain_dbi - self.peak_gain_dbi
        return jnp.where(sees, relative, -jnp.inf)


Jammer = JammingUplink | JammingDownlink


class Drawn(NamedTuple):
    """One draw: when it acts, and from where."""

    onset_s: Float[Array, ""]
    tracks: Tracks | None


def access_paths(
    scene: Scene, wanted: Bool[np.ndarray, "time site candidate"], room: int
) -> AccessPaths:
    """The wanted access paths of each time, turned to the Earth's axes, in `room` places."""
    access, geometry = scene.access, scene.geometry
    assert access is not None and geometry is not None
    n_time, n_site, n_candidate = wanted.shape
    flat = wanted.reshape(n_time, -1)
    place = np.argsort(~flat, axis=1, kind="stable")[:, :room]
    there = np.take_along_axis(flat, place, axis=1)
    time = np.arange(n_time)[:, None]
    site, candidate = np.divmod(place, n_candidate)
    sat_km = geometry.sat_km[time, access.sat[time, site, candidate]]
    site_km = geometry.site_km[time, site]
    line_km = sat_km - site_km
    distance_km = np.maximum(np.linalg.norm(line_km, axis=-1), LEAST_KM)
    turned = [
        np.einsum("tij,tpj->tip", geometry.axes, each)
        for each in (sat_km, site_km, line_km / distance_km[..., None])
    ]
    loss_db = np.where(there, 20 * np.log10(distance_km), -np.inf)
    return AccessPaths(
        jnp.asarray(np.where(there, place, n_site * n_candidate), jnp.int32),
        *(jnp.asarray(each, jnp.float32) for each in (*turned, loss_db, scene.time_s)),
    )


def within_reach(jammer: Jammer, scene: Scene) -> Bool[np.ndarray, "time site candidate"]:
    """Access paths of users that some place of the disc could jam at some severity."""
    access, geometry, disc = scene.access, scene.geometry, jammer.emitters
    assert access is not None and geometry is not None
    everywhere = np.arange(len(scene.time_s))[:, None, None]
    sat_km = geometry.sat_km[everywhere, access.sat]
    up = isinstance(jammer, JammingUplink)
    seen_km = sat_km if up else np.broadcast_to(geometry.site_km[:, :, None], sat_km.shape)
    centre, _ = geodetic_to_ecef(
        np.radians(float(disc.latitude_deg)), np.radians(float(disc.longitude_deg)), 0.0, 1.0, 0.0
    )
    cosine = np.einsum("tsci,tji,j->tsc", seen_km, geometry.axes, centre)
    away_rad = np.arccos(np.clip(cosine / np.linalg.norm(seen_km, axis=-1), -1.0, 1.0))
    moved_km = float(disc.speed_km_h) / S_PER_H * float(scene.time_s[-1])
    disc_rad = (float(disc.radius_km) + moved_km) / LEAST_RADIUS_KM + SLACK_RAD
    near = away_rad <= jammer.reach_rad(sat_km, float(disc.altitude_m) / 1000.0) + disc_rad
    return near & np.isfinite(access.delay_s) & chosen_sites(scene.sites, jammer.sites)[:, None]


def strongest_db(
    jammer: Jammer, paths: AccessPaths, time: Any, tracks: Tracks
) -> Float[Array, " path"]:
    """J/S less `js_db` of the emitter that is worst for each path."""
    emitter_km = jammer.emitters.position_km(tracks, paths.time_s[time])
    relative = jammer.relative_db(paths, time, emitter_km, tracks.altitude_km)
    return jnp.max(relative, axis=0)  # a maximum has the same bits in any order


@jax.jit
def _at_every_time(jammer: Jammer, paths: AccessPaths, tracks: Tracks) -> Float[Array, "time path"]:
    def one(time: Array) -> Array:
        return strongest_db(jammer, paths, time, tracks)

    return jax.lax.map(one, jnp.arange(len(paths.time_s), dtype=jnp.int32))


def _prepared(jammer: Jammer, scene: Scene) -> Tables:
    access = scene.access
    assert access is not None
    shape = access.sat.shape
    like = np.zeros(shape[1:], bool)
    if jammer.emitters.places is None:
        wanted = within_reach(jammer, scene)
        most = int(wanted.sum(axis=(1, 2)).max())
        room = max(LEAST_ROOM, 1 << (most - 1).bit_length()) if most else LEAST_ROOM
        return Tables(access_paths(scene, wanted, min(room, like.size)), None, like)
    users = chosen_sites(scene.sites, jammer.sites)
    wanted = np.isfinite(access.delay_s) & users[:, None]
    paths = access_paths(scene, wanted, like.size)
    # J/S less `js_db` depends on none of the fields that may be drawn.
    placed = dataclasses.replace(jammer, js_db=0.0, margin_db=0.0, onset_s=None, duration_h=None)
    found = np.asarray(_at_every_time(placed, paths, placed.emitters.tracks({})))
    fixed_db = np.full((shape[0], like.size + 1), -np.inf, np.float32)
    np.put_along_axis(fixed_db, np.asarray(paths.place), found, axis=1)
    return Tables(None, fixed_db[:, :-1].reshape(shape), like)


def _drawn(jammer: Jammer, macros: Mapping[str, Any]) -> Outage:
    is_drawn = jammer.emitters.places is None
    tracks = jammer.emitters.tracks(macros) if is_drawn else None
    return Outage(state=Drawn(macros["onset_s"], tracks))


def _effect(jammer: Jammer, state: Drawn, instant: Instant, tables: Tables) -> Effect:
    since_s = instant.time_s - state.onset_s
    acts = since_s >= 0
    if jammer.duration_h is not None:
        acts &= since_s < jammer.duration_h * S_PER_H
    if state.tracks is None:
        assert tables.fixed_db is not None
        relative = jnp.asarray(tables.fixed_db)[instant.time]
        return Effect(candidate=acts & (jammer.js_db + relative > jammer.margin_db))
    assert tables.paths is not None
    relative = strongest_db(jammer, tables.paths, instant.time, state.tracks)
    jammed = acts & (jammer.js_db + relative > jammer.margin_db)
    where = tables.paths.place[instant.time]
    flat = jnp.asarray(tables.like).reshape(-1).at[where].set(jammed, mode="drop")
    return Effect(candidate=flat.reshape(tables.like.shape))


def _dot(a: Float[Array, "xyz ..."], b: Float[Array, "xyz ..."]) -> Float[Array, "..."]:
    """Inner product over the first axis, in one order of adding."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _angle_rad(cosine: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Angle of a cosine, rad, within 1e-6: sqrt(1 - x) P(x) (Abramowitz & Stegun 4.4.46).

    Compiled code has no fast arccos, and most of the time would go there.
    """
    size = jnp.minimum(jnp.abs(cosine), 1.0)
    series = jnp.float32(ARCCOS[-1])
    for factor in ARCCOS[-2::-1]:
        series = series * size + factor
    acute_rad = jnp.sqrt(1.0 - size) * series
    return jnp.where(cosine < 0, jnp.pi - acute_rad, acute_rad)
