"""Which part of the house may know which: the floors of the import tree."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "crypto_assistant"
MODULES = sorted(PACKAGE.rglob("*.py"))

SUBJECT = "errors models view exchanges listings desk round grammar subjects.keyboard"

FLOORS = {
    "models": "",
    "foreign": "",
    "errors": "models foreign",
    "clocks": "",
    "threads": "",
    "journal": "foreign",
    "midnights": "",
    "notify": "clocks",
    "calculators": "models",
    "view": "errors models",
    "state": "errors",
    "net": "foreign errors clocks threads",
    "exchanges": "foreign errors clocks models calculators net",
    "config": "foreign errors net exchanges",
    "listings": "errors clocks models net exchanges",
    "audit": "errors clocks models net exchanges listings",
    "ledger": "errors models state net exchanges",
    "accounts": "errors clocks models net exchanges ledger",
    "holds": "errors state net",
    "vitals": "clocks state",
    "users": "models state",
    "desk": "errors clocks models net exchanges listings audit accounts users vitals",
    "wave": "errors clocks models net exchanges desk",
    "round": "errors models exchanges listings desk wave",
    "worth": "models net exchanges listings round",
    "bookkeeper": "errors midnights models net exchanges ledger accounts desk worth",
    "charts.figure": "models",
    "charts.style": "",
    "charts.scale": "models",
    "charts.series": "models charts.figure charts.scale",
    "charts.frame": "charts.figure charts.scale",
    "charts.layout": "models view charts.figure charts.scale charts.series charts.frame",
    "charts.draw": """models charts.figure charts.style charts.scale charts.series charts.frame
        charts.layout""",
    "charts.files": "",
    "charts.studio": "threads charts.figure charts.draw charts.files",
    "grammar": "errors models view exchanges listings users charts.figure desk round",
    "plain_words": "grammar",
    "subjects.keyboard": "models view grammar plain_words",
    "subjects.help": "models view desk grammar",
    "subjects.start": "models view desk grammar subjects.keyboard",
    "subjects.settings": """errors models view charts.style listings users desk grammar
        subjects.keyboard""",
    "subjects.status": """models view net exchanges audit accounts vitals desk wave grammar
        subjects.keyboard""",
    "subjects.bars": "errors models calculators exchanges listings round",
    "subjects.volume": f"calculators {SUBJECT} subjects.bars",
    "subjects.cvd": f"calculators {SUBJECT} subjects.bars",
    "subjects.open_interest": f"calculators {SUBJECT} subjects.bars",
    "subjects.ranking": SUBJECT,
    "subjects.watch": f"users {SUBJECT} subjects.bars subjects.open_interest",
    "subjects.scan": f"clocks calculators net wave {SUBJECT} subjects.bars subjects.watch",
    "subjects.price": f"{SUBJECT} subjects.bars subjects.cvd subjects.open_interest",
    "subjects.analysis": f"""calculators {SUBJECT} subjects.bars subjects.volume subjects.cvd
        subjects.open_interest subjects.price""",
    "subjects.account": f"""midnights charts.figure calculators ledger accounts worth {SUBJECT}
        subjects.bars""",
    "subjects.chart": f"""calculators charts.figure {SUBJECT} subjects.bars subjects.cvd
        subjects.account""",
    "commands": """grammar subjects.help subjects.start subjects.settings subjects.status
        subjects.watch subjects.volume subjects.cvd subjects.open_interest
        subjects.ranking subjects.scan subjects.price subjects.analysis
        subjects.account subjects.chart""",
    "front": "errors view charts.studio net listings users desk grammar plain_words",
    "telegram": "foreign errors clocks journal view state net config front",
    "terminal": "foreign errors clocks view exchanges listings grammar front",
    "console": "threads config front terminal",
    "sandbox": "",
    "app": """errors clocks view state net exchanges config ledger accounts holds users desk
        commands front sandbox""",
    "check": "errors clocks view net exchanges config audit accounts desk telegram app",
    "daemon": "errors clocks notify state config audit vitals bookkeeper front telegram app",
    "service": "errors config",
    "arguments": "",
    "cli": """arguments errors clocks journal state exchanges config holds grammar telegram
        terminal console app check daemon service""",
    "__main__": "arguments cli",
}
"""What each part may import of the package beside itself, from the ground up."""

ONLY_IN = {
    "time": {"clocks"},
    "threading": {"threads"},
    "concurrent": {"threads", "state"},
    "aiogram": {"telegram"},
    "aiohttp": {"net", "telegram", "sandbox", "app"},
    "pydantic_settings": {"config"},
    "PIL": {"charts.draw"},
    "prompt_toolkit": {"terminal"},
    "tests": set(),
}
"""Where a library may be imported."""


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


def part(module: Path) -> str:
    """The row of a module: `net`, `view`, `subjects.cvd`."""
    return named(module.relative_to(PACKAGE).with_suffix("").parts)


def named(names: Sequence[str]) -> str:
    return ".".join(names[:2] if names[0] in {"charts", "subjects"} else names[:1])


@cache
def imported(module: Path) -> frozenset[str]:
    """Every dotted name that a module imports, wherever the import stands."""
    return frozenset(_imported(module))


def _imported(module: Path) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports stand in full"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def parts_imported(module: Path) -> set[str]:
    names = [
        name.split(".")[1:] for name in imported(module) if name.startswith(f"{PACKAGE.name}.")
    ]
    return {named(name) for name in names} - {part(module), "__version__"}


def test_every_part_of_the_house_has_its_floor() -> None:
    nameless = {"__init__", "charts.__init__", "subjects.__init__"}
    assert {part(module) for module in MODULES} - nameless == FLOORS.keys()


def test_the_floors_are_told_from_the_ground_up() -> None:
    below: set[str] = set()
    for name, floor in FLOORS.items():
        assert set(floor.split()) <= below, f"{name} stands above what it may import"
        below.add(name)


@pytest.mark.parametrize("name", FLOORS)
def test_a_part_imports_from_its_floor_alone(name: str) -> None:
    needs = {one for module in MODULES if part(module) == name for one in parts_imported(module)}
    assert needs <= set(FLOORS[name].split())


def test_a_library_is_used_in_its_places_alone() -> None:
    for module in MODULES:
        used = {name.split(".")[0] for name in imported(module)} & ONLY_IN.keys()
        strange = {library for library in used if part(module) not in ONLY_IN[library]}
        assert not strange, f"{module} imports {strange}"


def test_a_module_says_what_it_is_for() -> None:
    assert [m for m in MODULES if not ast.get_docstring(tree(m))] == []


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        part(module)
        for module in MODULES
        for node in ast.walk(tree(module))
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
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                assert ast.unparse(node.value) not in {"datetime", "date"}, module


def test_the_exchanges_are_named_where_the_program_begins() -> None:
    """Everybody else is handed them, so that there may be others."""
    names = {part(m) for m in MODULES if "crypto_assistant.exchanges.EXCHANGES" in imported(m)}
    assert names == {"cli"}


def test_an_exchange_is_known_to_the_list_of_exchanges_alone() -> None:
    adapters = {path.stem for path in (PACKAGE / "exchanges").iterdir()} - {"base", "__init__"}
    for module in MODULES:
        if part(module) != "exchanges":
            names = [name.split(".") for name in imported(module)]
            known = {name[2] for name in names if name[:2] == ["crypto_assistant", "exchanges"]}
            assert not known & adapters, f"{module} knows {known & adapters}"


def test_markup_is_made_in_the_view_alone() -> None:
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Html":
                assert part(module) == "view", module


def test_pages_round_nothing_themselves() -> None:
    """Dates have formats, too: a format of a number ends with its kind."""
    for module in (module for module in MODULES if part(module).startswith("subjects.")):
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.FormattedValue) and node.format_spec:
                spec = ast.unparse(node.format_spec)
                assert re.search(r"%[a-zA-Z]", spec) or not re.search("[%efg]'$", spec), module
