"""The comparison of counted instructions, and how a profile of callgrind is read."""

from infra.bench.functions import guard, measure
from infra.bench.functions.measure import Counted

RECORDED = 100_000

# As callgrind writes it: a name stands once, its number from then on.
PROFILE = """\
version: 1
events: Ir
fn=(1) main
12 100
cfn=(2) malloc
calls=3 0
12 90
fn=(3) work
20 50
cfn=(2)
calls=4 0
20 40
cfn=(4) realloc
calls=1 0
21 5
cfn=(5) memcpy
calls=70 0
22 5
totals: 12345
"""


def test_what_stays_within_the_tolerance_passes() -> None:
    assert guard.grown("tasks-get", RECORDED, Counted(first=1, warm=105_000, allocations=1)) == ""


def test_a_cheaper_function_passes() -> None:
    assert guard.grown("tasks-get", RECORDED, Counted(first=10, warm=10, allocations=1)) == ""


def test_a_dearer_call_fails_with_the_numbers() -> None:
    complaint = guard.grown("tasks-get", RECORDED, Counted(first=1, warm=106_000, allocations=1))
    assert complaint == "tasks-get: a call takes 106,000 instructions instead of 100,000 (+6.0 %)"


def test_every_guarded_function_has_a_recorded_figure() -> None:
    recorded = guard.json.loads(guard.RECORDED.read_text())
    assert set(recorded) == set(guard.FUNCTIONS)


def test_a_profile_has_a_total_and_the_calls_of_allocating_functions() -> None:
    assert measure._total(PROFILE) == 12_345
    assert measure._allocations(PROFILE) == 8
