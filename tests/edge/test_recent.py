from edge.recent import Recent


def test_the_oldest_goes_first() -> None:
    kept: Recent[str, int] = Recent(2)
    kept["a"], kept["b"] = 1, 2
    assert kept.of("a", lambda: 9) == 1
    assert kept.of("c", lambda: 3) == 3
    assert dict(kept) == {"a": 1, "c": 3}
    del kept["a"]
    kept["d"] = 4
    assert list(kept) == ["c", "d"]
