"""The layer that all tags share."""

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

from signals.tagging.hidden_layer_training import learn_layer

# Of two words either means the tag, both together do not: no weights of single words can say that.
_TEXTS = [(0, 2), (1, 2), (0, 1), (2, 3), (0, 3), (1, 3), (0, 1, 2), (0, 1, 3)]


def _rows(texts, phrases=4):
    dense = np.zeros((len(texts), phrases), np.float32)
    for row, words in enumerate(texts):
        dense[row, list(words)] = 1 / np.sqrt(len(words))
    return dense


def _learn(repeats):
    texts = _TEXTS * repeats
    carried = np.array([[(0 in words) != (1 in words)] for words in texts], np.float32)
    return learn_layer(csr_matrix(_rows(texts)), carried, np.ones_like(carried))


def test_words_that_mean_a_tag_apart_and_not_together_are_told_apart():
    odds = _learn(100).log_odds(csr_array(_rows(_TEXTS))).ravel()
    assert [bool(odd > 0) for odd in odds] == [(0 in words) != (1 in words) for words in _TEXTS]


def test_the_same_is_learned_again_and_weights_of_phrases_are_bytes():
    one, two = _learn(2), _learn(2)
    assert one.inputs.dtype == np.int8
    assert one.inputs.tobytes() == two.inputs.tobytes()
    rows = csr_array(_rows(_TEXTS))
    assert one.log_odds(rows).tolist() == two.log_odds(rows).tolist()


def test_a_text_without_a_known_phrase_gets_what_every_text_gets():
    layer = _learn(2)
    assert layer.log_odds(csr_array((0, 4))).shape == (0, 1)
    none, again = layer.log_odds(csr_array(np.zeros((2, 4), np.float32))).ravel()
    alone = np.maximum(layer.biases, 0) @ layer.outputs[:, 0] + layer.intercepts[0]
    assert none == again == pytest.approx(alone, abs=1e-5)


def test_what_phrases_are_worth_is_how_fast_the_log_odds_rise_with_them():
    layer = _learn(20)
    row = _rows(_TEXTS)[:1]
    a_little_less = layer.log_odds(csr_array(np.float32(0.99) * row))
    rise = float((layer.log_odds(csr_array(row)) - a_little_less)[0, 0]) / 0.01
    worth = layer.worth(np.array(_TEXTS[0], np.int32), row[0, list(_TEXTS[0])].astype(float), 0)
    assert worth.shape == (2,)
    assert worth.sum() == pytest.approx(rise, abs=0.01)


def test_a_text_is_read_alike_alone_and_among_others():
    layer = _learn(2)
    among = layer.log_odds(csr_array(_rows(_TEXTS)))
    alone = [layer.log_odds(csr_array(_rows([words])))[0, 0] for words in _TEXTS]
    assert among[:, 0].tolist() == alone
