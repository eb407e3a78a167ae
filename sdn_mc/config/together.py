"""What no component can see by itself: parts of a run that do not go together."""

import os
from typing import Any

from sdn_mc.config.values import shown
from sdn_mc.core.calendar import JulianDate
from sdn_mc.core.fleet import Fleet
from sdn_mc.core.problems import InputError, Problems
from sdn_mc.core.scene import Flows, Sites

LINK_BYTES = 8 * 4  # delays of four links of a satellite at one instant: less no scene holds


def check_together(parts: dict[str, Any], problems: Problems) -> None:
    """Metrics against times, flows against sites, everything against the fleet."""
    times, metrics = parts["times"], parts["metrics"]
    if not metrics:
        problems.add("metrics: none given; choose at least one, as metrics=[availability]")
    for name, metric in metrics.items():
        if times is not None and metric is not None and times.mode not in metric.modes:
            other = "times=episode" if times.mode == "snapshot" else "times=snapshot"
            problems.add(
                f"metrics.{name}: it needs {' or '.join(metric.modes)} times, but times are a "
                f"{times.mode}; run it with {other}, or leave it out"
            )
        if name in parts["threats"]:
            problems.add(f"metrics.{name}: a threat has the same name; rename one of them")
    _check_outputs(metrics, problems)
    fleet = None
    try:
        if times is not None and parts["constellation"] is not None:
            first = None if times.start is None else JulianDate.parse(times.start, "times.start")
            fleet = parts["constellation"].build(first)
            _check_fleet(parts, fleet, problems)
            _check_memory(times, fleet, problems)
    except InputError as error:
        problems.take(error)
    sites, flows = parts["sites"], parts["flows"]
    try:
        if sites is not None and (fleet is not None or not getattr(sites, "needs_fleet", False)):
            placed = sites.build(fleet)
            if flows is not None:
                _check_flows(metrics, flows.build(placed), placed, problems)
    except InputError as error:
        problems.take(error)


def check_sampling(parts: dict[str, Any], draws: int, problems: Problems) -> None:
    """Threats that sampling steers, and how many draws it needs."""
    sampling, threats = parts["sampling"], parts["threats"]
    for name in () if sampling is None else sampling.steers:
        if name not in threats:
            problems.add(
                f"sampling: no threat is named {shown(name)}; there are "
                f"{', '.join(threats) or 'none'}; correct it, or take it out"
            )
    whole = getattr(sampling, "draws_together", 1)
    if draws % whole:
        more = -(-draws // whole) * whole
        problems.add(
            f"draws: {draws} given, but this sampling needs a multiple of {whole}; set draws={more}"
        )


def _check_flows(metrics: dict[str, Any], flows: Flows, sites: Sites, problems: Problems) -> None:
    """What a metric says of the flows that it would get."""
    for name, metric in metrics.items():
        if hasattr(metric, "misfit_flows"):
            for problem in metric.misfit_flows(flows, sites):
                problems.add(f"metrics.{name}: {problem}")


def _check_outputs(metrics: dict[str, Any], problems: Problems) -> None:
    """No two metrics may write the same result."""
    owner: dict[str, str] = {}
    for name, metric in metrics.items():
        found = [output.name for output in metric.outputs()] if metric is not None else []
        if taken := [each for each in found if each in owner]:
            problems.add(
                f"metrics.{name}: its result {taken[0]} is one of metrics.{owner[taken[0]]} too; "
                "leave one of them out, or give a chain another name by its own key `name`"
            )
        owner |= dict.fromkeys(found, name)


def _check_fleet(parts: dict[str, Any], fleet: Fleet, problems: Problems) -> None:
    """What a part says of the fleet that it would get."""
    named = {f"{g}.{n}": each for g in ("threats", "metrics") for n, each in parts[g].items()}
    for where, part in (parts | named).items():
        if hasattr(part, "misfits"):
            for problem in part.misfits(fleet):
                problems.add(f"{where}: {problem}")


def _check_memory(times: Any, fleet: Fleet, problems: Problems) -> None:
    """Refuse a scene that this machine cannot hold, before it is built."""
    n_time = len(times.time_s(0, 0)) * times.n_epoch
    needed = n_time * fleet.n_sat * LINK_BYTES
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        problems.add(
            f"times: {n_time} instants of {fleet.n_sat} satellites take {needed / 1e9:.3g} GB and "
            f"more, but this machine has {there / 1e9:.3g} GB; give fewer instants or epochs"
        )
