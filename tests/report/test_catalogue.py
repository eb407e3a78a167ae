"""Every part that can be chosen says what it is, in which units, and where values come from."""

import io

import pytest
from rich.console import Console

from sdn_mc.config import CONFIG_GROUPS
from sdn_mc.core.fields import fields_of
from sdn_mc.core.problems import InputError
from sdn_mc.report.catalogue import _class_of, print_explanation, print_list
from sdn_mc.report.config_files import choices, components, every_choice, read_page

CHOICES = [(f"{group}/{name}", path) for group, name, path in every_choice()]


def explained(name: str, *folders: str) -> str:
    """What `sdn-mc explain` prints, 100 columns wide."""
    text = io.StringIO()
    print_explanation(name, Console(file=text, width=100, color_system=None), folders)
    return text.getvalue()


def listed(group: str | None = None, *folders: str) -> str:
    """What `sdn-mc list` prints, 100 columns wide."""
    text = io.StringIO()
    print_list(group, Console(file=text, width=100, color_system=None), folders)
    return text.getvalue()


@pytest.mark.parametrize("name, path", CHOICES, ids=[name for name, _ in CHOICES])
def test_every_choice_is_explained_field_by_field(name, path):
    text = explained(name)
    # The file of an experiment is shown as it is, whatever its width.
    assert name.startswith("experiment/") or max(map(len, text.splitlines())) <= 100
    assert len(text.split()) > 6, "it says next to nothing"
    for key, node in components(read_page(path)):
        for field, info in fields_of(_class_of(node)).items():
            place = ".".join(filter(None, (name.partition("/")[0], key, field)))
            assert f"{place} = " in text
            assert " ".join(info.doc.split()) in " ".join(text.split())
            assert not info.assumed or "assumed" in text


@pytest.mark.parametrize("group", CONFIG_GROUPS)
def test_every_choice_has_a_line_in_the_list(group):
    lines = {line.split()[0]: line for line in listed(group).splitlines() if line.strip()}
    for name in choices(group):
        assert len(lines[name].split()) > 3, f"nothing is said of {group}/{name}"


def test_the_whole_list_has_every_group_and_one_sentence_each():
    text = listed()
    assert all(f"\n{group}" in f"\n{text}" for group in CONFIG_GROUPS)
    text = " ".join(text.split())
    assert "A notional military backbone of 480 satellites, the default fleet." in text
    assert "hobby observers" not in text
    assert "hobby observers" in " ".join(listed("constellation").split())


@pytest.mark.parametrize("word", ["constellations", "topologies", "threat", "experiments"])
def test_groups_are_found_in_singular_and_plural(word):
    assert "explain NAME" in listed(word)


def test_a_source_in_the_yaml_file_stands_beside_its_value():
    text = explained("satellite_failure")
    assert "threats.satellite_failure.rate_per_year = 0.03 1/year" in text
    assert "# assumed, sweep (about the first-year loss of Castet & Saleh 2009)" in text
    assert "threats.vendor_fault.repair_h = LogNormal(median: 2.5, sigma: 0.5) h" in explained(
        "threats/vendor_fault"
    )


def test_a_constellation_shows_its_shells_and_label_rules():
    text = explained("starlink_gen1")
    assert ["planes", "72", "72", "36", "6", "4"] in [line.split() for line in text.splitlines()]
    assert "prime: AllSame(value: SpaceX)" in text


def test_an_experiment_says_what_has_to_be_given():
    assert "sdn-mc run experiment=starlink_today constellation.path=…" in explained(
        "experiment/starlink_today"
    )
    text = " ".join(explained("crosscheck").split())
    given = text.partition("sdn-mc run ")[2].partition(" defaults:")[0].split()
    assert {"mesh.planes=…", "mesh.slots=…", "sites.path=…", "pairs.path=…"} <= set(given)


def test_an_experiment_in_a_folder_is_found_by_any_of_its_names():
    whole = explained("experiment/validation/static_routing")
    assert "sdn-mc run experiment=validation/static_routing\n" in whole
    assert explained("static_routing") == explained("validation/static_routing") == whole


def test_a_name_of_several_groups_has_to_be_told_apart():
    assert "There is also experiment=vendor_fault" in explained("vendor_fault")
    with pytest.raises(InputError, match="name one of sites/file, flows/file"):
        explained("file")


@pytest.mark.parametrize(
    "name", ["distributions", "labels", "per_satellite", "deployment", "emitters"]
)
def test_what_stands_inside_of_parts_is_explained(name):
    text = explained(name)
    assert "{_target_: sdn_mc." in text and len(text.splitlines()) > 10


def test_a_file_that_builds_on_another_is_merged_key_by_key(tmp_path):
    (tmp_path / "base.yaml").write_text("a: {b: 1, c: 2}  # of both\nd: [1, 2]\n", encoding="utf-8")
    own = "# Mine.\ndefaults: [base, _self_]\na:\n  b: 3  # three\nd: [4]\n"
    (tmp_path / "own.yaml").write_text(own, encoding="utf-8")
    page = read_page(tmp_path / "own.yaml")
    assert page.node == {"a": {"b": 3, "c": 2}, "d": [4]}
    assert page.notes == {("a",): "of both", ("a", "b"): "three"}
    assert page.head == "Mine."


def test_a_file_that_puts_another_below_a_key_is_merged_there(tmp_path):
    (tmp_path / "part.yaml").write_text("a: {b: 1}  # of the part\n", encoding="utf-8")
    own = "defaults: [part@in.here, _self_]\nin:\n  here: {c: 2}\n"
    (tmp_path / "own.yaml").write_text(own, encoding="utf-8")
    page = read_page(tmp_path / "own.yaml")
    assert page.node == {"in": {"here": {"a": {"b": 1}, "c": 2}}}
    assert page.notes == {("in", "here", "a"): "of the part"}


def test_a_federation_shows_its_members_and_a_label_rule_that_it_is_assumed():
    text = " ".join(explained("transport").split())
    assert "SDA T1 Transport" in text and "constellation.deployment = {}" in text
    text = " ".join(explained("starshield").split())
    assert "laser: AllSame(value: SpaceX laser) # assumed" in text


def test_code_of_others_is_not_opened_to_be_explained(tmp_path):
    (tmp_path / "threats").mkdir()
    (tmp_path / "threats" / "theirs.yaml").write_text(
        "# Theirs.\ntheirs: {_target_: antigravity.Fly}\n", encoding="utf-8"
    )
    text = explained("theirs", str(tmp_path))
    assert "Theirs." in text and "antigravity.Fly: not of sdn-mc, so it is not opened" in text
    assert "theirs" in listed("threats", str(tmp_path))
