"""Which cause has taken what away in one draw at one time, in words."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from sdn_mc.core.network import DrawMasks, Walk
from sdn_mc.core.outage import (
    LINK,
    LOSES,
    PAIR,
    ROUTING,
    Cuts,
    Effect,
    Spans,
    groups_of_pairs,
    pair_of,
)
from sdn_mc.core.scene import Links, Scene
from sdn_mc.engine.causes import Drawn, Moving, Reacting
from sdn_mc.engine.chains import Chain, down_of_chain

ByCause = dict[str, Bool[np.ndarray, "..."]]


class Row(NamedTuple):
    """What one cause holds down of one kind."""

    cause: str
    of: str
    names: list[str]
    of_how_many: int


class Met(NamedTuple):
    """What one cause has up that delays or alters messages."""

    cause: str
    does: str
    delay_s: float | None
    sat: Bool[np.ndarray, " sat"]
    site: Bool[np.ndarray, " site"]


class Lost(NamedTuple):
    """What is out, by cause: satellites [sat], terminals, sites, link slots, access candidates."""

    rows: list[Row]
    sat: ByCause
    terminal: ByCause
    site: ByCause
    cut: ByCause
    candidate: ByCause
    met: list[Met]
    sat_name: tuple[str, ...]

    def satellite(self, sat: int) -> str:
        """Its name."""
        return self.sat_name[sat]


def lost_at(
    scene: Scene,
    outages: Mapping[str, Drawn],
    effects: Mapping[str, Effect],
    causes: tuple[str, ...],
    time: int,
    bit: int,
) -> Lost:
    """What each cause holds down in draw `bit` of a word at an instant of the scene."""
    fleet, links = scene.fleet, scene.links
    assert links is not None
    names = fleet.catalogue.name if fleet.catalogue else map(str, range(fleet.n_sat))
    lost = Lost([], {}, {}, {}, {}, {}, [], tuple(names))
    shape = fleet.n_sat, links.n_terminal
    for cause in causes:
        lost.sat[cause], lost.terminal[cause] = np.zeros(shape[0], bool), np.zeros(shape, bool)
        lost.site[cause] = np.zeros(scene.sites.n_site, bool)
        lost.cut[cause] = np.zeros(links.terminal.shape, bool)
        if cause in effects:
            _note_effect(lost, cause, effects[cause], scene, time, bit)
        for part in outages[cause]:
            if isinstance(part, Moving | Reacting):
                continue
            if isinstance(part, Cuts):
                _note_cuts(lost, cause, np.asarray(part.slot)[..., bit], links, time)
                continue
            if isinstance(part, Chain):
                down = down_of_chain(part, np.asarray(scene.time_s), time, bit)
            else:
                at = np.float32(scene.time_s[time])
                rows = (part.draw == bit) & (part.start_s <= at) & (at < part.end_s)
                down = np.zeros(part.n_entity, bool)
                down[part.entity[rows]] = True
            if isinstance(part, Spans) and part.does != LOSES:
                _note_met(lost, cause, part, down, scene, bit)
                continue
            if part.of == LINK:
                down = down[_at(links.number, time)] & np.isfinite(links.delay_s[time])
                _note_cuts(lost, cause, down, links, time)
                continue
            _note_windows(lost, cause, part.of, down, scene, time)
    return lost


def met_on(lost: Lost, walk: Walk) -> list[Met]:
    """What a route meets, of all that delays or alters messages."""
    ends = [walk.source_site, walk.destination_site]
    return [met for met in lost.met if met.sat[list(walk.sat)].any() or met.site[ends].any()]


def words_for_access(lost: Lost, truth: DrawMasks, site: int, candidate: int, sat: int) -> str:
    """State of a leg between a site and a satellite."""
    found = _out(lost.satellite(sat), lost.sat, sat) + _out("the site", lost.site, site)
    found += _out("the access link", lost.candidate, (site, candidate))
    if found:
        return "out: " + "; ".join(found)
    return "up" if truth.access_up[site, candidate] else "up, but the site uses a higher satellite"


def words_for_link(
    lost: Lost, scene: Scene, truth: DrawMasks, time: int, sat: int, port: int
) -> str:
    """State of a link by one of its slots."""
    links = scene.links
    assert links is not None
    neighbour, peer = _at(links.neighbour, time), _at(links.peer, time)
    found = []
    for end, slot in ((int(neighbour[sat, port]), int(peer[sat, port])), (sat, port)):
        terminal, name = int(links.terminal[end, slot]), lost.satellite(end)
        found += _out(name, lost.sat, end)
        found += _out(f"laser {terminal} of {name}", lost.terminal, (end, terminal))
    found += _out("the link", lost.cut, (sat, port))
    if found:
        return "out: " + "; ".join(found)
    skipped = [lost.satellite(int(k)) for k in links.wakes_on[sat, port] if k >= 0]
    past = f", past {' and '.join(skipped)}" if skipped else ""
    return ("up" if truth.link_up[sat, port] else "asleep") + past


def _out(thing: str, down: ByCause, at: int | tuple[int, int]) -> list[str]:
    """The thing with the causes that hold it down, if any."""
    causes = [cause for cause, flags in down.items() if flags[at]]
    return [f"{thing} ({', '.join(causes)})"] if causes else []


def _at(each: Int[np.ndarray, "*epochtime sat port"], time: int) -> Int[np.ndarray, "sat port"]:
    """What a mesh has at one time, whether or not it changes."""
    return each[time] if each.ndim == 3 else each


def _note_effect(lost: Lost, cause: str, effect: Effect, scene: Scene, time: int, bit: int) -> None:
    """Access links and links that a cause takes by geometry."""
    if effect.candidate is not None:
        assert scene.access is not None
        down = np.asarray(effect.candidate)[time, 0] >> np.uint32(bit) & 1 == 1
        down &= np.isfinite(scene.access.delay_s[time])
        lost.candidate[cause] = down
        sat = scene.access.sat[time]
        names = [
            f"{scene.sites.name[site]} - {lost.satellite(int(sat[site, k]))}"
            for site, k in np.argwhere(down)
        ]
        n_candidate = int(np.isfinite(scene.access.delay_s[time]).sum())
        lost.rows.append(Row(cause, "access link", names, n_candidate))
    if effect.slot is not None:
        assert scene.links is not None
        slot = np.asarray(effect.slot)[time, 0] >> np.uint32(bit) & 1 == 1
        _note_cuts(lost, cause, slot & np.isfinite(scene.links.delay_s[time]), scene.links, time)


def _note_cuts(
    lost: Lost, cause: str, slot: Bool[np.ndarray, "sat port"], links: Links, time: int
) -> None:
    """Cut links, each once, by its ends."""
    lost.cut[cause] |= slot
    neighbour = _at(links.neighbour, time)
    ends = sorted({tuple(sorted((int(a), int(neighbour[a, p])))) for a, p in np.argwhere(slot)})
    names = [" - ".join(lost.satellite(k) for k in pair) for pair in ends]
    n_link = int(np.isfinite(links.delay_s[0][:, : links.n_terminal]).sum()) // 2
    lost.rows.append(Row(cause, "link", names, n_link))


def _note_met(
    lost: Lost, cause: str, part: Spans, down: Bool[np.ndarray, " entity"], scene: Scene, bit: int
) -> None:
    """Satellites and sites that handle messages as they should not."""
    sat, site = np.zeros(scene.fleet.n_sat, bool), np.zeros(scene.sites.n_site, bool)
    if part.of == "site":
        site |= down
    else:
        sat |= down if part.of == "sat" else down[scene.fleet.group[part.of]]
    delay_s = None if part.delay_s is None else float(part.delay_s[bit])
    lost.met.append(Met(cause, part.does, delay_s, sat, site))
    names = [lost.satellite(int(k)) for k in np.flatnonzero(sat)]
    names += [scene.sites.name[k] for k in np.flatnonzero(site)]
    lost.rows.append(Row(cause, f"{part.of} that {part.does}", names, len(down)))


def _note_windows(
    lost: Lost, cause: str, of: str, down: Bool[np.ndarray, " entity"], scene: Scene, time: int
) -> None:
    assert scene.links is not None
    out = np.flatnonzero(down)
    if of == "sat":
        lost.sat[cause] |= down
        names = [lost.satellite(int(k)) for k in out]
    elif of == "terminal":
        each = down.reshape(lost.terminal[cause].shape)
        lost.terminal[cause] |= each
        names = [f"{lost.satellite(int(a))} laser {k}" for a, k in np.argwhere(each)]
    elif of == "site":
        lost.site[cause] |= down
        names = [scene.sites.name[k] for k in out]
    elif of == ROUTING:
        names = ["the control plane of the fleet"] if down.any() else []
    elif of.startswith(PAIR):
        label = of.removeprefix(PAIR)
        group, name = scene.fleet.group[label], scene.fleet.group_names[label]
        far = group[_at(scene.links.neighbour, time)]
        lost.cut[cause] |= down[pair_of(group[:, None], far)]
        one, other = groups_of_pairs(len(name))
        names = [f"{name[other[k]]} with {name[one[k]]}" for k in out]
    else:
        lost.sat[cause] |= down[scene.fleet.group[of]]
        names = [scene.fleet.group_names[of][k] for k in out]
    lost.rows.append(Row(cause, of, names, len(down)))
