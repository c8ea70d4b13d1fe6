"""Recordings of a data set of one's own: lengths, rates, channels, conventions, names."""

import dataclasses
import logging

import numpy as np
import pytest
import soundfile
from small_datasets import HEADER, OWN, recording_set

from seldnet.annotations.recording_names import NameRules
from seldnet.common.errors import InputError
from seldnet.extraction.stages import extract

FREE = dataclasses.replace(OWN, recording_s=None, grid=None, grace_s=0.5)
NAMES = ('split1_1', 'split2_1', 'split2_2')
SECONDS = (0.5, 1.3, 2.01)


def make(folder, *, names=NAMES, seconds=SECONDS, rate_hz=24000, nb_channels=4):
    rng = np.random.default_rng(0)
    for subfolder in ('foa_dev', 'metadata_dev'):
        (folder / subfolder).mkdir(parents=True, exist_ok=True)
    for name, length_s in zip(names, seconds):
        soundfile.write(folder / 'foa_dev' / f'{name}.wav',
                        rng.uniform(-0.3, 0.3, (round(length_s * rate_hz), nb_channels)), rate_hz)
        (folder / 'metadata_dev' / f'{name}.csv').write_text(HEADER + 'bird,0.1,0.3,7,-33,\n')
    return folder


def extracted(folder, name, kind='norm'):
    return np.load(folder / 'out' / f'foa_dev_{kind}' / f'{name}.npy')


def run(folder, dataset=FREE, **settings):
    return extract([recording_set(folder, folder / 'out', dataset=dataset, **settings)])


def test_each_recording_is_as_long_as_it_is(tmp_path):
    run(make(tmp_path))
    for name, frames in zip(NAMES, (25, 65, 101)):
        labels = extracted(tmp_path, name, 'label')
        assert len(extracted(tmp_path, name)) == len(labels) == frames
        np.testing.assert_array_equal(np.flatnonzero(labels[:, 0]), range(5, 16))
        assert set(labels[labels[:, 0] == 1, 2]) == {-33} and set(labels[labels[:, 0] == 1, 4]) == {7}


def test_padding_of_short_recordings_is_not_in_the_scaler_of_natural_lengths(tmp_path):
    """Mean and variance are those of all frames that there are, by a plain formulation."""
    run(make(tmp_path), save_spectra=True)
    spectra = [np.load(tmp_path / 'out' / 'foa_dev' / f'{name}.npy') for name in NAMES]
    magnitudes = np.abs(np.concatenate(spectra)[:, :7]).astype(float)
    with np.load(tmp_path / 'out' / 'foa_wts.npz') as scaler:
        assert scaler['nb_frames'] == 25 + 65 + 101
        np.testing.assert_allclose(scaler['mean'][:7], magnitudes.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(scaler['var'][:7], magnitudes.var(axis=0), rtol=1e-4)


def test_another_rate_is_refused_with_the_remedy_which_does_it(tmp_path):
    make(tmp_path, rate_hz=16000)
    with pytest.raises(InputError, match='sampling rate 16000 Hz, expected 24000; --resample brings it'):
        run(tmp_path)
    assert not (tmp_path / 'out').exists()
    run(tmp_path, resample=True)
    assert [len(extracted(tmp_path, name)) for name in NAMES] == [25, 65, 101]


def test_events_beyond_the_recording_are_refused(tmp_path):
    make(tmp_path, seconds=(0.5, 1.3, 40))
    description = tmp_path / 'metadata_dev' / 'split1_1.csv'
    description.write_text(HEADER + 'bird,0.1,0.3,0,0,1\nbird,40,41,0,0,1\nbird,0.2,1.1,0,0,1\n')
    with pytest.raises(InputError) as error:
        run(tmp_path)
    assert str(error.value).split('\n  ')[1:] == [
        f'{description}:3: start_time 40 is beyond the recording, expected less than 0.5 s',
        f'{description}:3: end_time 41 is beyond the recording, expected at most 1 s (0.5 s and a little)',
        f'{description}:4: end_time 1.1 is beyond the recording, expected at most 1 s (0.5 s and a little)']


def test_more_channels_need_a_choice_which_is_stored(tmp_path):
    make(tmp_path, nb_channels=6)
    with pytest.raises(InputError, match='6 channels, expected 4; --channels says which 4'):
        run(tmp_path)
    chosen = dataclasses.replace(FREE, channels=(6, 1, 2, 4))
    run(tmp_path, chosen)
    as_chosen = extracted(tmp_path, NAMES[0])
    state = recording_set(tmp_path, tmp_path / 'out', dataset=chosen).state()
    assert state.dataset_facts['channels'] == [6, 1, 2, 4]
    other = dataclasses.replace(FREE, channels=(1, 2, 3, 4))
    with pytest.raises(InputError, match='made with channels .6, 1, 2, 4., not .1, 2, 3, 4., and would be'):
        run(tmp_path, other)
    run(tmp_path, other, overwrite=True)
    assert not np.array_equal(as_chosen, extracted(tmp_path, NAMES[0]))


def test_names_of_ones_own(tmp_path, caplog):
    names = ('street', 'park', 'station (2)')
    make(tmp_path, names=names)
    with pytest.raises(InputError, match='not a recording name of the data set'):
        run(tmp_path)
    rules = NameRules(None, ((1, ('street',)), (2, ('park',)), (7, ('st*)',))))
    listed = dataclasses.replace(FREE, names=rules)
    with caplog.at_level(logging.WARNING):
        run(tmp_path, listed)
    assert [len(extracted(tmp_path, name)) for name in names] == [25, 65, 101]
    assert 'split 7 (1 recordings) is in no fold' in caplog.text


def test_microphones_that_are_called_ambisonics_are_noticed(tmp_path, caplog):
    make(tmp_path)
    rng = np.random.default_rng(2)
    alike = np.outer(rng.uniform(-0.3, 0.3, 24000), [1, 1, 1, 1])
    soundfile.write(tmp_path / 'foa_dev' / 'split1_1.wav', alike, 24000)
    with caplog.at_level(logging.WARNING):
        run(tmp_path)
    assert 'split1_1' in caplog.text and 'looks like microphone signals' in caplog.text
