"""Kind ``fidelity``: what it compares and which bar it says was broken."""

import numpy as np
import pytest

from harness.kinds._apart import apart, cut
from harness.model.problem import InputError


class Table:
    """A model that looks its logits up by the current symbol."""

    def __init__(self, table):
        self.table, self.vocab = np.asarray(table, float), len(table)

    def logits(self, ids):
        return self.table[ids]


def windows():
    return np.array([[0, 1, 1, 0], [1, 0, 0, 1]])


def test_distances_are_those_worked_out_by_hand():
    own, told = Table([[0, 0], [0, np.log(3)]]), Table([[0, np.log(3)], [0, np.log(3)]])
    found = apart(told, own, windows())
    # at 0 the chances are 1/2, 1/2 and 1/4, 3/4; at 1 both models agree; 3 of 6 places are at 0
    kl = (np.log(2) + np.log(2 / 3)) / 2
    assert found.places == 6
    assert found.logit == pytest.approx(np.log(3))
    assert found.kl == pytest.approx(kl * 3 / 6)
    assert found.agreement == 0.5
    assert not found.alike


def test_a_shift_of_all_logits_moves_logits_and_nothing_else():
    own = Table([[0, 1], [2, 0]])
    found = apart(Table(own.table + 5), own, windows())
    assert (found.agreement, found.logit) == (1, 5)
    assert found.kl == pytest.approx(0, abs=1e-12)
    assert found.bits == pytest.approx(0, abs=1e-12)


def test_logits_that_are_not_finite_agree_with_nothing():
    with np.errstate(invalid="ignore"):
        found = apart(Table([[np.nan, 1], [2, 0]]), Table([[0, 1], [2, 0]]), windows())
    assert not found.agreement >= 0.01
    assert not found.logit <= 1e9


def test_other_symbols_cannot_be_compared():
    with pytest.raises(InputError, match="2 and 3 symbols"):
        apart(Table([[0, 1], [1, 0]]), Table(np.eye(3)), windows())


def test_windows_share_no_byte_and_a_short_text_gives_what_it_has(tmp_path):
    path = tmp_path / "t.bin"
    path.write_bytes(bytes(range(100)))
    found = cut([str(path)], 256, 64, 9)
    assert found.shape == (10, 10)
    assert len(set(found.flatten().tolist())) == 100
    with pytest.raises(InputError, match="no window"):
        cut([str(path)], 256, 1, 100)
    with pytest.raises(InputError, match="beyond"):
        cut([str(path)], 50, 1, 9)
