"""Sequences by hand, streams against the whole, a network that is known."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from untrained_model import LENGTH, noise

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.extraction.features import spectrum_to_features
from seldnet.extraction.scaler import MeanAndScale
from seldnet.extraction.spectra import stft, stft_blocks
from seldnet.methods.registry import METHODS
from seldnet.prediction.ensemble import Ensemble
from seldnet.prediction.sequences import (
    cut_into_sequences,
    feature_blocks,
    join_sequences,
    predict_scores,
)
from seldnet.prediction.trained_model import TrainedModel

NARROW = dataclasses.replace(TAU2019, sample_rate_hz=800)  # whose frames have 16 bins


def model_of(dataset=TAU2019, feature_dtype='float32'):
    """What is known of a model without its network."""
    nb_columns = METHODS['released'].kind.nb_columns(dataset)
    scaler = MeanAndScale(np.full(nb_columns, 0.5), np.full(nb_columns, 2.0))
    return TrainedModel(Path('a_model.keras'), METHODS['released'], 'foa', feature_dtype, LENGTH, scaler,
                        dataset)


# ---- cut and joined ----


def blocks_of(frames, size):
    return [frames[start:start + size] for start in range(0, len(frames), size)]


def test_sequences_of_a_few_frames():
    frames = np.arange(10)[:, None]
    sequences = [sequence[:, 0].tolist() for sequence in cut_into_sequences([frames], 4, 2)]
    assert sequences == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 8, 9]]
    sequences = [sequence[:, 0].tolist() for sequence in cut_into_sequences([frames], 4, 0)]
    assert sequences == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    # Each frame with the number of its sequence: the middles are taken, and the ends of the recording.
    labelled = [np.full((4, 1), number) for number in range(4)]
    joined = np.concatenate(list(join_sequences(labelled, 4, 2)))[:, 0]
    assert joined.tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3, 3]


@pytest.mark.parametrize('overlap', [0, 1, 7, 8, 15])
def test_what_was_cut_is_joined_again(overlap):
    for nb_frames in (0, 1, 7, 15, 16, 17, 24, 31, 32, 33, 100):
        for block in (1, 5, 16, 200):
            frames = np.arange(nb_frames)[:, None]
            sequences = list(cut_into_sequences(blocks_of(frames, block), 16, overlap))
            assert all(len(sequence) == 16 for sequence in sequences[:-1])
            joined = list(join_sequences(sequences, 16, overlap))
            np.testing.assert_array_equal(np.concatenate([frames[:0], *joined]), frames)


@pytest.mark.parametrize('overlap', [2, 8, 9, 15])
def test_no_frame_is_predicted_at_the_edge_of_a_sequence_only(overlap):
    """How far each frame is from the edges of the sequence that it is taken from, but at the ends."""
    sequences = cut_into_sequences([np.zeros((100, 1))], 16, overlap)
    places = [np.arange(len(sequence)) for sequence in sequences]
    distance = [np.minimum(place, 15 - place) for place in places]
    joined = np.concatenate(list(join_sequences(distance, 16, overlap)))
    assert len(joined) == 100
    inside = joined[16:-16]
    assert inside.min() >= overlap // 2


# ---- through a network ----


def predict_rows(blocks, model, network, overlap, batch_sequences=None):
    ensemble, nb_frames, parts = Ensemble(model), 0, []
    for scores in predict_scores(blocks, model, network, overlap, batch_sequences):
        parts.append(ensemble.rows(scores, nb_frames)[0])
        nb_frames += len(scores.activity)
    return np.concatenate(parts)


def constant_network(value=0.9):
    """Finds knock (class 0) at azimuth 1 rad everywhere, and remembers what it was given."""
    def network(features):
        network.shapes.append(features.shape)
        network.features = features
        batch, frames, _ = features.shape
        activities, directions = np.zeros((batch, frames, 11)), np.zeros((batch, frames, 22))
        activities[..., 0], directions[..., 0] = value, 1
        return activities, directions
    network.shapes = []
    return network


@pytest.mark.parametrize(('nb_frames', 'overlap', 'batches'), [
    (3000, 0, 1), (3072, 0, 1), (3073, 0, 2), (5, 64, 1), (3000, 64, 2)])
def test_as_many_frames_as_the_recording_has(nb_frames, overlap, batches):
    network, model = constant_network(), model_of(NARROW)
    blocks = blocks_of(np.zeros((nb_frames, model.nb_columns), np.float32), 50)
    rows = predict_rows(blocks, model, network, overlap)
    np.testing.assert_array_equal(rows[:, 0], np.arange(nb_frames))
    np.testing.assert_array_equal(rows[:, 1:], [[0, 57, 0]] * nb_frames)  # truncated: 1 rad is 57.3 degrees
    assert network.shapes == [(24, LENGTH, model.nb_columns)] * batches  # of one shape: compiled once


def test_the_last_sequence_is_filled_as_in_training():
    network, model = constant_network(), model_of(NARROW)
    predict_rows([np.ones((130, model.nb_columns), np.float32)], model, network, 0)
    first, second, third = network.features[:3]
    assert (first == 1).all()
    assert (second[:2] == 1).all()
    assert (second[2:] == np.float32(1e-6)).all()
    assert (third == np.float32(1e-6)).all()


@pytest.mark.parametrize(('recording_s', 'batch_size'), [
    (None, 16), (60, 24), (60.02, 24), (2.54, 1), (2.58, 2)])
def test_the_network_is_given_as_many_sequences_as_in_training(recording_s, batch_size):
    """Those of a recording where all are of one length, and else of a batch."""
    model = model_of(dataclasses.replace(NARROW, recording_s=recording_s, grid=None))
    assert model.batch_sequences == batch_size
    network = constant_network()
    predict_rows([np.zeros((300, model.nb_columns), np.float32)], model, network, 0)
    assert {shape[0] for shape in network.shapes} == {batch_size}
    predict_rows([np.zeros((300, model.nb_columns), np.float32)], model, network, 0, 3)
    assert network.shapes[-1][0] == 3


def test_nothing_found():
    model = model_of(NARROW)
    blocks = [np.zeros((10, model.nb_columns), np.float32)]
    assert predict_rows(blocks, model, constant_network(0.1), 0).shape == (0, 4)


# ---- features ----


def features_in_pieces(samples, model, piece):
    chunks = [samples[start:start + piece] for start in range(0, len(samples), piece)]
    return np.concatenate(list(feature_blocks(stft_blocks(chunks), model)))


@pytest.mark.parametrize('nb_samples', [1, 480, 2400, 48000, 1_200_624])
def test_features_in_pieces_are_those_of_the_whole(nb_samples):
    samples, model = noise(nb_samples / 48000).astype(np.float32), model_of()
    whole = (spectrum_to_features(stft(samples)) - 0.5) / 2
    np.testing.assert_array_equal(features_in_pieces(samples, model, 480_000), whole.astype(np.float32))


def test_features_are_rounded_as_in_training():
    samples = noise(0.2).astype(np.float32)
    whole = (spectrum_to_features(stft(samples)) - 0.5) / 2
    features = features_in_pieces(samples, model_of(feature_dtype='float16'), 9600)
    np.testing.assert_array_equal(features, whole.astype(np.float16))


def test_features_beyond_the_range_of_their_type():
    samples = (noise(1) * 1e6).astype(np.float32)
    message = ('^features beyond the range of float16, expected levels like those of the recordings that the '
               'model was trained on$')
    with pytest.raises(InputError, match=message):
        features_in_pieces(samples, model_of(feature_dtype='float16'), 48000)
