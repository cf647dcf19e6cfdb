"""Which mutants `make mutate` tries, the tests that each meets, and how it goes on."""

from dataclasses import replace
from pathlib import Path

from tests.mutate.choice import BUDGET, Mutant, meeting, sample
from tests.mutate.results import Result, append, equivalents, read, report

ONE = Mutant("crypto_assistant/net/api.py", "d1", 3, "a + b", (3, 4), "swap_op", 0, at_import=False)
LINES = [replace(ONE, line=line, code=f"line {line}") for line in range(60)]
CHANGE = "crypto_assistant/net/api.py\n-a + b\n+a - b"
ALIVE = Result(name="one", outcome="survived", change=CHANGE, met=2, by="")
KILLED = Result(name="two", outcome="killed", change=CHANGE, met=2, by="test_b")


def test_a_smaller_sample_of_one_seed_is_the_beginning_of_a_larger_one() -> None:
    assert sample(LINES, 1) == sample(reversed(LINES), 1) != sample(LINES, 2)
    assert [one for one in sample(LINES, 1) if one.line != 7] == sample(LINES[:7] + LINES[8:], 1)


def test_of_a_line_with_many_mutants_one_is_tried_and_no_operator_crowds_out_another() -> None:
    many = [replace(one, operator="arg_removal", nth=nth) for one in LINES for nth in range(1, 20)]
    tried = sample(LINES + many, 1)
    assert len(tried) == len(LINES)
    assert 15 < sum(one.operator == "swap_op" for one in tried) < 45


def test_a_mutant_meets_the_tests_of_its_statement_that_passed_cheapest_first() -> None:
    covering = {2: ["other"], 3: ["slow", "failed"], 4: ["", "quick"]}
    seconds = {"other": 0.1, "slow": 2.0, "quick": 1.0}
    assert meeting(ONE, covering, seconds) == ["quick", "slow"]
    assert meeting(replace(ONE, statement=(9, 9)), covering, seconds) == []


def test_what_runs_at_import_meets_the_tests_of_the_whole_module_or_else_any() -> None:
    covering = {1: ["", "one"], 3: [""], 9: ["two"]}
    seconds = {"one": 1.0, "two": 2.0, "three": 3.0}
    assert meeting(ONE, covering, seconds) == ["one", "two"]
    assert meeting(replace(ONE, statement=(1, 1)), covering, seconds) == ["one"]
    at_import = replace(ONE, statement=(1, 1), at_import=True)
    assert meeting(at_import, covering, seconds) == ["one", "two"]
    assert meeting(at_import, {1: [""]}, seconds) == ["one", "two", "three"]


def test_of_too_many_tests_the_nearest_by_name_are_chosen() -> None:
    near, far = "tests/net/test_api.py::test_a", "tests/test_desk.py::test_net_api"
    seconds = {near: BUDGET * 0.8, far: BUDGET * 0.3}
    assert meeting(ONE, {3: [near, far]}, seconds) == [near]
    assert meeting(ONE, {3: [near, far]}, {near: 2.0, far: 1.0}) == [far, near]
    assert meeting(ONE, {3: [far]}, {far: 2 * BUDGET}) == [far]


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "results"
    assert read(file) == {}
    append(file, [ALIVE])
    append(file, [KILLED])
    assert read(file) == {"one": ALIVE, "two": KILLED}


def test_a_survivor_is_told_as_the_list_of_equivalents_reads_it_and_not_counted_there() -> None:
    *survivors, _, _, _, share = report([ALIVE, KILLED], set())
    assert share == "1 of 2 killed"
    assert CHANGE in equivalents("\n".join(survivors))
    *survivors, _, _, _, share = report([ALIVE, KILLED], {CHANGE})
    assert (survivors, share) == ([], "1 of 1 killed")
