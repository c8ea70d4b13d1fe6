"""Blocks of an endless stream: the same as of a recording, within the stated delay, in constant memory."""

import dataclasses
import itertools
import tracemalloc

import numpy as np
import pytest
import soundfile
from untrained_model import noise

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.extraction.scaler import MeanAndScale
from seldnet.prediction.ensemble import Ensemble
from seldnet.prediction.event_list import event_order
from seldnet.prediction.predict import predict, predict_stream
from seldnet.prediction.trained_model import read_trained_model


@pytest.fixture(scope='module')
def model(untrained):
    return read_trained_model(untrained.model)


@pytest.fixture(scope='module')
def network(model):
    return model.load_network()


def blocks_of(samples, size):
    return [samples[start:start + size] for start in range(0, len(samples), size)]


def joined(parts):
    parts = list(parts)
    rows = np.concatenate([part.rows for part in parts])
    events = sorted((event for part in parts for event in part.events), key=event_order)
    return rows, events, parts[-1].nb_frames


@pytest.mark.parametrize(('size', 'overlap', 'seconds'), [
    (4800, None, 9), (1000, 0, 7.31), (100_000, 100, 9), (48_000, None, 0.7)])
def test_the_parts_are_what_predict_finds(model, network, tmp_path, size, overlap, seconds):
    own = dataclasses.replace(model, dataset=dataclasses.replace(TAU2019, recording_s=None), batch_size=4)
    samples = noise(seconds).astype(np.float32)
    soundfile.write(tmp_path / 'a.wav', samples, 48000, subtype='FLOAT')
    expected = predict(tmp_path / 'a.wav', own, network=network, overlap=overlap)
    rows, events, nb_frames = joined(predict_stream(blocks_of(samples, size), own, network=network,
                                                    overlap=overlap, batch_sequences=4))
    assert len(rows) > 50 and nb_frames == np.ceil(seconds * 50)
    np.testing.assert_array_equal(rows, expected.rows)
    assert events == expected.events


def test_one_sequence_at_a_time_is_the_same_but_for_rounding(model, network, tmp_path):
    samples = noise(9).astype(np.float32)
    soundfile.write(tmp_path / 'a.wav', samples, 48000, subtype='FLOAT')
    expected = predict(tmp_path / 'a.wav', model, network=network).rows
    rows, _, _ = joined(predict_stream(blocks_of(samples, 4800), model, network=network))
    same = {tuple(row) for row in rows.tolist()} & {tuple(row) for row in expected.tolist()}
    assert len(same) > 0.99 * len(expected)


def test_other_rates_thresholds_and_gains(model, network, tmp_path):
    own = dataclasses.replace(model, dataset=dataclasses.replace(TAU2019, recording_s=None), batch_size=2)
    samples = (noise(5, rate_hz=44100) / 10).astype(np.float32)
    soundfile.write(tmp_path / 'a.wav', samples, 44100, subtype='FLOAT')
    options = {'thresholds': {'cough': 0.4}, 'gain_db': 20.0}
    expected = predict(tmp_path / 'a.wav', own, network=network, **options)
    # soxr gives the same samples in whatever blocks, but for the last bit.
    rows, events, _ = joined(predict_stream(blocks_of(samples, 44_100), own, network=network,
                                            batch_sequences=2, sample_rate_hz=44100, **options))
    assert len(rows) == pytest.approx(len(expected.rows), rel=0.01)
    assert len(events) == pytest.approx(len(expected.events), abs=1)


def small_model(model, length=20):
    """Of few bins, with a network that finds the first class wherever the first channel sounds."""
    dataset = dataclasses.replace(TAU2019, sample_rate_hz=800, recording_s=None)
    columns = model.method.kind.nb_columns(dataset)
    small = dataclasses.replace(model, dataset=dataset, sequence_length=length,
                                scaler=MeanAndScale(np.zeros(columns), np.ones(columns)))

    def network(features):
        activity = np.zeros((*features.shape[:2], 11))
        activity[..., 0] = features[..., 0] > 0.01
        return activity, np.zeros((*features.shape[:2], 22))
    return small, network


@pytest.mark.parametrize(('overlap', 'batch_sequences'), [(None, 1), (0, 1), (19, 1), (10, 3), (7, 2)])
def test_the_delay_is_as_stated(model, overlap, batch_sequences):
    small, network = small_model(model)
    limit = Ensemble(small, overlap=overlap).delay_frames(batch_sequences)
    assert limit == 22 + (batch_sequences - 1) * (20 - (10 if overlap is None else overlap))
    fed = 0

    def blocks():
        nonlocal fed
        for block in blocks_of(noise(20, rate_hz=800), 16):  # a frame each
            fed += 1
            yield block
    seen, longest = 0, 0
    for part in predict_stream(blocks(), small, network=network, overlap=overlap,
                               batch_sequences=batch_sequences):
        longest = max([longest, *(fed - frame for frame in range(seen, part.nb_frames))])
        seen = part.nb_frames
    assert seen == 1000
    assert limit - 2 <= longest <= limit


def test_an_event_comes_while_the_stream_goes_on(model):
    small, network = small_model(model)
    sound, silence = noise(1, rate_hz=800), np.zeros((800, 4))
    stream = predict_stream(itertools.chain([sound], itertools.repeat(silence)), small, network=network)
    part = next(part for part in stream if part.events)
    event, = part.events
    assert event.class_index == 0 and event.end_s == pytest.approx(1, abs=0.1)
    assert part.nb_frames < 150


@pytest.mark.slow
def test_memory_stays_as_it_is(model):
    """An hour of one long event among others, a block a second."""
    small, network = small_model(model)
    block = noise(1, rate_hz=800)

    def run(seconds):
        tracemalloc.start()
        for part in predict_stream(itertools.repeat(block, seconds), small, network=network):
            assert not part.events or part.nb_frames == 50 * seconds
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak
    run(5)
    assert run(600) < run(60) + 100_000


@pytest.mark.parametrize(('block', 'message'), [
    (np.zeros((10, 4), np.int16), 'int16 of shape .10, 4., expected floating-point numbers of shape .samp'),
    (np.zeros(10), 'float64 of shape .10,., expected floating'),
    (np.zeros((10, 3)), '3 channels, expected 4'),
    (np.full((10, 4), np.nan), 'sample 0 of channel 1 is nan, expected a finite number')])
def test_blocks_that_cannot_be(model, network, block, message):
    with pytest.raises(InputError, match=f'^block 1 of the stream: {message}'):
        list(predict_stream([np.zeros((10, 4)), block], model, network=network))


@pytest.mark.parametrize('options', [{'sample_rate_hz': 0}, {'batch_sequences': 0}, {'batch_sequences': 1.5},
                                     {'batch_sequences': True}, {'overlap': 128}, {'thresholds': 2},
                                     {'gain_db': np.inf}])
def test_options_that_cannot_be(model, network, options):
    with pytest.raises(InputError, match='got '):
        next(predict_stream([noise(1)], model, network=network, **options))


def test_an_empty_stream(model, network):
    part, = predict_stream([], model, network=network)
    assert part.nb_frames == 0 and part.rows.shape == (0, 4) and part.events == []
