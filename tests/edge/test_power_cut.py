"""The power goes, and the disk forgets what was not synchronised; `make power-cut` does it 200 times."""

from pathlib import Path

import pytest

from tests.benchmarks.power_cut import play
from tests.edge.power.disk import recorder

pytestmark = pytest.mark.broker


async def test_a_power_cut_neither_loses_nor_doubles_a_call_for_help(tmp_path: Path) -> None:
    library = recorder(tmp_path)
    if library is None:
        pytest.skip("no C compiler for the recorder of the disk")
    total = await play(tmp_path, library, cuts=3, seed=4)
    assert total.sent > 0
    assert (total.lost, total.doubled) == (0, 0)
