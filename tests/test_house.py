"""Which part of the house may know which: the floors of the import tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "crypto_assistant"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = {
    "errors": set(),
    "models": {"models"},
    "net": {"errors", "net", "clocks", "threads"},
    "view": {"errors", "models"},
    "calculators": {"models", "calculators"},
    "exchanges": {"errors", "models", "calculators", "net", "exchanges", "clocks"},
    "listings": {"errors", "models", "listings"},
    "state": {"errors", "state"},
    "holds": {"net", "state"},
    "ledger": {"errors", "models", "net", "exchanges", "state"},
    "accounts": {"errors", "models", "net", "exchanges", "ledger", "clocks"},
    "vitals": {"state", "__version__", "clocks"},
    "desk": {"errors", "models", "net", "exchanges", "listings", "accounts", "vitals", "clocks"},
    "round": {"errors", "models", "exchanges", "listings", "desk"},
    "midnights": set(),
    "worth": {"models", "exchanges", "listings", "round"},
    "grammar": {"errors", "models", "exchanges", "listings", "desk", "round", "view"},
    "subjects": {
        *("errors", "models", "calculators", "exchanges", "listings", "ledger", "accounts"),
        *(
            "desk",
            "round",
            "worth",
            "midnights",
            "view",
            "grammar",
            "subjects",
            "clocks",
            "commands",
        ),
        *("net", "state", "vitals", "__version__"),
    },
    "sandbox": {"sandbox"},
    "threads": set(),
    "clocks": set(),
    "notify": {"clocks"},
    "journal": set(),
}
"""What a part may import of the package; the parts that are not named join the others."""

ONLY_IN = {
    "time": {"clocks"},
    "threading": {"threads"},
    "concurrent": {"threads", "state"},
    "aiogram": {"telegram"},
    "aiohttp": {"net", "telegram", "sandbox", "app"},
    "pydantic_settings": {"config"},
    "tests": set(),
}
"""Where a library may be imported."""


def part(module: Path) -> str:
    """The first name below the package: `net`, `view`."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(module: Path) -> Iterator[str]:
    """Every dotted name that a module imports, wherever the import stands."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports stand in full"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def parts_imported(module: Path) -> set[str]:
    names = [name.split(".") for name in imported(module)]
    return {name[1] for name in names if name[0] == "crypto_assistant"}


def test_a_module_imports_only_from_the_floors_below() -> None:
    for module in MODULES:
        floor = FLOORS.get(part(module))
        above = set() if floor is None else parts_imported(module) - floor
        assert not above, f"{module} imports {above}"


def test_a_library_is_used_in_its_places_alone() -> None:
    for module in MODULES:
        used = {name.split(".")[0] for name in imported(module)} & ONLY_IN.keys()
        strange = {library for library in used if part(module) not in ONLY_IN[library]}
        assert not strange, f"{module} imports {strange}"


def test_a_module_says_what_it_is_for() -> None:
    assert [m for m in MODULES if not ast.get_docstring(ast.parse(m.read_text()))] == []


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        part(module)
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Attribute | ast.alias)
        and (node.attr if isinstance(node, ast.Attribute) else node.name)
        in {"environ", "environb", "getenv", "getenvb"}
    }
    assert readers == {"config"}


def test_the_hosts_time_of_day_enters_in_one_place() -> None:
    """Everybody else is handed it, and goes by the event loop's seconds for what he waits."""
    asks = {part(m) for m in MODULES if "crypto_assistant.clocks.clock_ms" in imported(m)}
    assert asks == {"cli"}
    for module in MODULES:
        assert not any(".stop_" in name and "_delay" in name for name in imported(module))
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                assert ast.unparse(node.value) not in {"datetime", "date"}, module


def test_a_command_is_known_to_the_list_of_commands_alone() -> None:
    for module in MODULES:
        named = {name for name in imported(module) if name.startswith("crypto_assistant.subjects.")}
        if part(module) not in {"commands", "subjects"}:
            assert not named, f"{module} knows {named}"


def test_an_exchange_is_known_to_the_list_of_exchanges_alone() -> None:
    adapters = {path.stem for path in (PACKAGE / "exchanges").iterdir()} - {"base", "__init__"}
    for module in MODULES:
        if part(module) != "exchanges":
            names = [name.split(".") for name in imported(module)]
            known = {name[2] for name in names if name[:2] == ["crypto_assistant", "exchanges"]}
            assert not known & adapters, f"{module} knows {known & adapters}"
