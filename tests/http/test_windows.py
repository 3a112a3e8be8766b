"""Counters in memory: fixed windows, bounded in number, that nobody can have forgotten."""

import tracemalloc
from dataclasses import dataclass

from roost.http.windows import Ask, State, Windows


@dataclass
class Clock:
    """A clock that the test turns."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def ask(key: str = "a 1.1.1.1", *, group: str = "1.1.1.1", points: int = 3, seconds: int = 60, cost: int = 1) -> Ask:
    """Ask for a point of three."""
    return Ask(key, group, points, seconds, cost)


def test_so_many_and_no_more_until_the_window_ends() -> None:
    """A window begins with the first that is counted in it."""
    clock = Clock()
    windows = Windows(clock)

    taken = [windows.take([ask()])[0] for _ in range(4)]
    clock.now += 59.9
    late = windows.take([ask()])
    clock.now += 0.2
    fresh = windows.take([ask()])

    assert taken == [True, True, True, False]
    assert (late[0], late[1][0].used, round(late[1][0].left, 3)) == (False, 3, 0.1)
    assert fresh == (True, [State(1, 60)])


def test_all_or_nothing() -> None:
    """What one counter refuses is not taken from the others."""
    windows = Windows(Clock())
    tight, wide = ask(points=2), ask(points=100, seconds=600)

    for _ in range(5):
        windows.take([tight, wide])

    assert (windows.left(tight), windows.left(wide)) == (0, 98)
    fits, states = windows.take([ask(points=2, cost=2), wide])
    assert (fits, [state.used for state in states]) == (False, [2, 2])


def test_a_cost_that_does_not_fit_leaves_room_for_one_that_does() -> None:
    """Points are not used up by what is refused."""
    windows = Windows(Clock())

    assert windows.take([ask(cost=2)])[0]
    assert not windows.take([ask(cost=2)])[0]
    assert windows.take([ask(cost=1)])[0]


def test_nobody_can_flood_their_own_counter_away() -> None:
    """When there are too many, newcomers share slots; a counter that stands keeps standing."""
    windows = Windows(Clock(), most=100, slots=16)
    victim = ask("a victim", group="victim")
    while windows.take([victim])[0]:
        pass

    for n in range(10_000):
        windows.take([ask(f"a flood{n}", group=f"flood{n}")])

    assert not windows.take([victim])[0]
    assert windows.left(victim) == 0


def test_a_flood_from_one_address_exhausts_its_own_slot() -> None:
    """Whoever invents names to be counted by is counted by address at last; most others have their points."""
    windows = Windows(Clock(), most=100, slots=64)
    for n in range(10_000):
        windows.take([ask(f"a flood{n}", group="attacker")])

    others = [windows.take([ask(f"a other{n}", group=f"other{n}")])[0] for n in range(40)]

    assert not windows.take([ask("a another", group="attacker")])[0]
    assert others.count(True) >= 30


def test_counters_that_have_ended_make_room() -> None:
    """After a flood everybody has a counter of their own again."""
    clock = Clock()
    windows = Windows(clock, most=100, slots=1)
    for n in range(1000):
        windows.take([ask(f"a flood{n}", group=f"flood{n}")])
    clock.now += 61

    taken = [windows.take([ask(f"a later{n}", group=f"later{n}")])[0] for n in range(95)]

    assert all(taken)


def test_memory_is_bounded() -> None:
    """However many there are."""
    windows = Windows(Clock(), most=1000, slots=100)
    for n in range(2000):
        windows.take([ask(f"a {n}", group=str(n))])
    tracemalloc.start()
    try:
        for n in range(20_000):
            windows.take([ask(f"a {n + 5000}", group=str(n))])
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert grown < 100_000


def test_looking_takes_nothing() -> None:
    """And makes nothing."""
    windows = Windows(Clock())

    assert [windows.left(ask()) for _ in range(5)] == [3] * 5
