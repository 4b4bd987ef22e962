"""Who goes next, and with whom."""

from cloud.ingest.turns import Turns


def test_the_urgent_go_before_the_others_and_each_kind_in_its_order() -> None:
    turns = Turns()
    for key, urgent in (("a", False), ("b", False), ("c", True), ("d", True), ("e", False)):
        turns.wait(key, urgent=urgent)
    turns.hurry("e")
    turns.hurry("nobody")
    assert [turns.take(1) for _ in range(6)] == [["c"], ["d"], ["e"], ["a"], ["b"], []]


def test_those_who_wait_go_together_as_far_as_there_is_room() -> None:
    turns = Turns()
    for n in range(7):
        turns.wait(str(n), urgent=n in (3, 5))
    assert turns.take(4) == ["3", "5", "0", "1"]
    assert turns.take(4) == ["2", "4", "6"]
    assert turns.take(4) == []


def test_who_must_go_alone_goes_alone_in_its_turn() -> None:
    turns = Turns()
    for key, alone in (("a", False), ("b", True), ("c", False), ("d", True)):
        turns.wait(key, urgent=False, alone=alone)
    assert turns.take(9) == ["a", "c"]
    assert turns.take(9) == ["b"]
    turns.wait("e", urgent=True)
    assert turns.take(9) == ["e"]
    assert turns.take(9) == ["d"]
