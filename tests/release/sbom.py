"""The bill of materials of a release, read out of the lock file: CycloneDX 1.6."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

NAME = "crypto-assistant"
ENTRY = re.compile(r"^([\w.-]+)==([\w.]+)[^\n]*\n((?:    [^\n]*\n)*)", flags=re.MULTILINE)
ABOVE = re.compile(r"^    #(?: via |   )([\w.-]+)( \(pyproject\.toml\))?$", flags=re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Locked:
    """`above`: by whom it is needed."""

    version: str
    above: frozenset[str]


def written(lock: str, version: str) -> str:
    """All that is installed with the program, and who needs what of it."""
    parts = {NAME: Locked(version, frozenset()), **needed(lock)}
    urls = {name: f"pkg:pypi/{name}@{part.version}" for name, part in parts.items()}

    def component(name: str, kind: str) -> Mapping[str, str]:
        url = urls[name]
        return {
            "type": kind,
            "bom-ref": url,
            "name": name,
            "version": parts[name].version,
            "purl": url,
        }

    dependencies = [
        {"ref": url, "dependsOn": [urls[below] for below in parts if name in parts[below].above]}
        for name, url in urls.items()
    ]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid5(NAMESPACE_URL, json.dumps(dependencies)).urn,
        "version": 1,
        "metadata": {"component": component(NAME, "application")},
        "components": [component(name, "library") for name in parts if name != NAME],
        "dependencies": dependencies,
    }
    return json.dumps(bill, indent=2) + "\n"


def needed(lock: str) -> Mapping[str, Locked]:
    """What is locked, but for what only builds the program."""
    found = {
        name: Locked(version, frozenset(above for above, _ in ABOVE.findall(notes)))
        for name, version, notes in ENTRY.findall(lock)
    }
    return {name: part for name, part in found.items() if part.above}
