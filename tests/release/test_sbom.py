"""The bill of materials: in the shape of CycloneDX 1.6, and nothing missing in it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.release.sbom import needed, written
from tests.test_setup import PYPROJECT, pins, version

LOCK = (Path(__file__).parents[2] / "requirements.lock").read_text()


@pytest.fixture
def bill() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(written(LOCK, "1.2.3"))
    return read


def test_it_has_the_shape_of_the_standard(bill: dict[str, Any]) -> None:
    """What https://cyclonedx.org/docs/1.6/json requires of the parts that are there."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    program = bill["metadata"]["component"]
    assert (program["type"], program["version"]) == ("application", "1.2.3")
    parts = [program, *bill["components"]]
    for part in parts:
        assert part.keys() == {"type", "bom-ref", "name", "version", "purl"}
        assert part["purl"] == part["bom-ref"] == f"pkg:pypi/{part['name']}@{part['version']}"
    assert {part["type"] for part in bill["components"]} == {"library"}
    references = [part["bom-ref"] for part in parts]
    assert len(set(references)) == len(references)
    assert [one["ref"] for one in bill["dependencies"]] == references
    assert {below for one in bill["dependencies"] for below in one["dependsOn"]} == set(
        references[1:]
    )


def test_it_names_what_is_locked_but_for_what_only_builds(bill: dict[str, Any]) -> None:
    locked = {name: version(pin) for name, pin in pins("requirements.lock").items()}
    assert locked.pop("flit-core")
    assert {part["name"]: part["version"] for part in bill["components"]} == locked


def test_who_needs_what_is_told() -> None:
    parts = needed(LOCK)
    direct = {name for name, part in parts.items() if "crypto-assistant" in part.above}
    wanted = {re.split(r"\W*[=<>~]", name)[0] for name in PYPROJECT["project"]["dependencies"]}
    assert direct == wanted
    assert {"aiohttp", "pydantic"} <= {n for n, part in parts.items() if "aiogram" in part.above}
