"""The fold of floor plan section 2: its table, and the laws that make it believable."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scoreboard.fold import Status, fold

D, P, F, E, N, S, U = (
    Status(word) for word in "DISCHARGED PARTIAL FALSIFIED ERROR INCONCLUSIVE STALE UNTRIED".split()
)
WORST_FIRST = (F, E, N, S, U, P, D)
RANK = {status: place for place, status in enumerate(WORST_FIRST)}
statuses = st.lists(st.sampled_from(list(Status)), max_size=8)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ((), U),
        ((D,), D),
        ((D, D, D), D),
        ((F,), F),
        ((D, F), F),
        ((F, E, N, S, U, P, D), F),
        ((D, U), P),
        ((D, S), P),
        ((D, N), P),
        ((D, E), P),
        ((P,), P),
        ((P, P), P),
        ((D, P), P),
        ((P, U), P),
        ((P, E), P),
        ((E, N, S, U), E),
        ((N, S, U), N),
        ((S, U), S),
        ((U, U), U),
        ((N, N), N),
    ],
)
def test_the_table(parts, whole):
    assert fold(parts) is whole


def test_every_combination_is_green_only_if_all_parts_are():
    every = chain.from_iterable(combinations(Status, size) for size in range(len(Status) + 1))
    for parts in every:
        assert (fold(parts) is D) == (parts == (D,)), parts
        assert (fold(parts) is F) == (F in parts), parts


@given(statuses, st.randoms())
def test_the_order_of_parts_does_not_count(parts, random):
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert fold(shuffled) is fold(parts)


@given(statuses)
def test_repeating_every_part_changes_nothing(parts):
    assert fold(parts + parts) is fold(parts)


@given(statuses)
def test_a_falsified_part_more_never_raises_it(parts):
    assert RANK[fold([*parts, F])] <= RANK[fold(parts)]
    assert fold([*parts, F]) is F


@given(st.lists(st.sampled_from(list(Status)), min_size=1, max_size=8), st.data())
def test_a_part_that_gets_worse_never_makes_the_whole_better(parts, data):
    place = data.draw(st.integers(0, len(parts) - 1))
    worse = data.draw(st.sampled_from(WORST_FIRST[: RANK[parts[place]] + 1]))
    changed = [*parts[:place], worse, *parts[place + 1 :]]
    assert RANK[fold(changed)] <= RANK[fold(parts)]


@given(statuses, st.sampled_from([status for status in Status if status is not D]))
def test_what_is_not_discharged_cannot_make_the_whole_so(parts, other):
    assert fold([*parts, other]) is not D


@given(st.lists(st.lists(st.sampled_from(list(Status)), min_size=1, max_size=4), min_size=1, max_size=4))
def test_folding_in_groups_is_folding_at_once(groups):
    assert fold(map(fold, groups)) is fold(chain.from_iterable(groups))


@given(statuses)
def test_a_group_without_parts_is_never_passed_over(parts):
    assert fold([*parts, fold([])]) is not D
