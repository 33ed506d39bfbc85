import random

import numpy as np
import pytest

from harness.statistics.grams import BLOCK, Index, Texts, hashes
from harness.statistics.minhash import Near, bands, jaccard, signatures
from harness.statistics.shares import excess_bounds, fisher


def texts(documents, first=0, dtype=np.uint8):
    arrays = [np.frombuffer(d, np.uint8) if isinstance(d, bytes) else np.array(d) for d in documents]
    return Texts(
        units=np.concatenate(arrays).astype(dtype),
        ends=np.cumsum([len(d) for d in documents]),
        places=np.arange(first, first + len(documents)),
    )


def drawn(count, seed, letters=4):
    source = random.Random(seed)
    return [bytes(source.randrange(letters) + 97 for _ in range(source.randrange(120))) for _ in range(count)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 31, 50, 64])
def test_equal_windows_and_only_those_have_equal_hashes(size):
    data = drawn(1, 3, 2)[0] * 3 + drawn(60, 4)[7]
    found = hashes(np.frombuffer(data, np.uint8), size)
    windows = [data[i : i + size] for i in range(len(data) - size + 1)]
    assert len(found) == len(windows)
    assert len(set(found.tolist())) == len(set(windows))
    assert len(set(zip(windows, found.tolist(), strict=True))) == len(set(windows))


def test_windows_hash_alike_across_the_blocks():
    data = np.frombuffer(bytes(range(97, 123)) * 2000, np.uint8)
    assert data.size > 2 * BLOCK
    assert len(set(hashes(data, 50).tolist())) == 26


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [4, 9])
def test_the_index_finds_what_a_set_of_windows_finds(seed, size):
    held, train = drawn(12, seed), drawn(40, seed + 100)
    known = {doc[i : i + size] for doc in train for i in range(len(doc) - size + 1)}
    index = Index(texts(held), size)
    for part in range(0, 40, 10):
        index.look(texts(train[part : part + 10], part))
    total, hit, source = index.windows()
    for number, doc in enumerate(held):
        windows = [doc[i : i + size] for i in range(len(doc) - size + 1)]
        assert total[number] == len(windows)
        assert hit[number] == sum(window in known for window in windows)
        if hit[number]:
            assert any(window in train[source[number]] for window in windows)


def test_no_window_spans_two_documents():
    index = Index(texts([b"abcdefgh"]), 6)
    index.look(texts([b"abcd", b"efgh"]))
    assert index.windows()[1].tolist() == [0]
    index.look(texts([b"abcd", b"efgh", b"xabcdefy"]))
    assert index.windows()[1].tolist() == [1]


def test_tokens_are_windows_too():
    index = Index(texts([[5, 70000, 9, 4, 1]], dtype=np.uint32), 3)
    index.look(texts([[1, 2, 70000, 9, 4, 8]], dtype=np.uint32))
    assert index.windows()[1].tolist() == [1]


def test_signatures_meet_as_often_as_documents_are_alike():
    words = [f"word{i} " for i in range(400)]
    one = "".join(words).encode()
    other = "".join(w if i % 10 else "else" for i, w in enumerate(words)).encode()
    cells = signatures(texts([one, other]), 8)
    both = [np.unique(hashes(np.frombuffer(d, np.uint8), 8)) for d in (one, other)]
    assert (cells[0] == cells[1]).mean() == pytest.approx(jaccard(*both), abs=0.12)
    assert (bands(cells)[0] == bands(cells)[1]).any()


def test_a_near_duplicate_is_found_and_a_stranger_is_not():
    source = random.Random(1)
    held = [
        " ".join(
            source.choice(["sun", "moon", "tide", "wind"]) + str(source.randrange(99)) for _ in range(150)
        )
        for _ in range(6)
    ]
    train = [
        held[2].replace("sun1", "sea1"),
        held[4][:450] + " and then something else entirely" * 30,
        held[0],
    ]
    near = Near(texts([d.encode() for d in held]), 8, 0.7)
    near.look(texts([d.encode() for d in train], 50))
    assert (near.best >= 0.7).tolist() == [True, False, True, False, False, False]
    assert near.source[[0, 2]].tolist() == [52, 50]


def test_documents_shorter_than_a_shingle_have_no_neighbours():
    near = Near(texts([b"ab", b"cd"]), 8, 0.5)
    near.look(texts([b"ab", b"xy"]))
    assert near.best.tolist() == [0.0, 0.0]


def test_fisher_by_hand():
    """3 of 4 against 1 of 4, the tea-tasting table: p = 17/70."""
    assert fisher(3, 4, 1, 4) == pytest.approx(17 / 70)
    assert fisher(0, 10, 5, 10) == pytest.approx(1.0)
    low, high = excess_bounds(30, 100, 10, 100, 0.95)
    assert 0 < low < 0.2 < high
