"""What is odd about the levels of a recording, and of a set."""

import logging

import numpy as np
import pytest
import soundfile
from small_datasets import NAMES, recording_set, write_recording
from untrained_model import noise

from seldnet.common.errors import InputError
from seldnet.extraction.levels import (
    Magnitudes,
    MeanAndLoudest,
    SampleLevels,
    level_warnings,
    unlike_the_set,
)
from seldnet.extraction.stages import extract

# ---- samples ----


def warnings_of(samples, gain=1, full_scale=(1, 1, 1, 1)):
    levels = SampleLevels(full_scale)
    for _ in levels.passing(np.array_split(samples.astype(np.float32), 3)):
        pass
    return levels.warnings(gain)


def test_samples_pass_as_they_are():
    chunks = np.split(noise(0.3), 3)
    np.testing.assert_array_equal(list(SampleLevels().passing(chunks)), chunks)


def test_nothing_is_odd_about_noise():
    assert warnings_of(noise(3)) == []
    assert warnings_of(noise(0)) == ['all channels are silent']


@pytest.mark.parametrize(('change', 'warning'), [
    (lambda samples: samples * 0, 'all channels are silent'),
    (lambda samples: samples * [1, 0, 1, 0], 'silent: channel 2, 4'),
    (lambda samples: np.clip(samples * [1, 1, 100, 1], -1, 1), 'clipped: channel 3, where'),
    (lambda samples: samples * 32768, 'which is full scale (of 16-bit integers divide by 32768)'),
    (lambda samples: samples * 2**23, '(of 24-bit integers divide by 8388608)'),
    (lambda samples: samples * 20, 'expected at most 1, which is full scale'),
])
def test_silence_clipping_and_scale(change, warning):
    warnings = warnings_of(change(noise(3)))
    assert len(warnings) == 1
    assert warning in warnings[0]


def test_several_things_at_once():
    silent, clipped = warnings_of(np.clip(noise(1) * [0, 1, 100, -100], -1, 1))
    assert silent == 'silent: channel 1' and clipped.startswith('clipped: channel 3, 4, where')


def test_a_single_peak_is_not_clipping():
    samples = noise(1)
    samples[::1000] = 1
    assert warnings_of(samples) == []


def test_full_scale_may_have_become_another():
    loud = np.clip(noise(1) * 100, -1, 1)
    full_scale = np.sqrt([2, 3, 3, 3])
    assert warnings_of(loud * 0.9 * full_scale, full_scale=full_scale) == []
    assert 'clipped: channel 1, 2, 3, 4' in warnings_of(loud * full_scale, full_scale=full_scale)[0]


def test_a_gain_brings_samples_to_scale():
    samples = noise(1) * 32768
    assert warnings_of(samples, 1 / 32768) == []
    assert 'samples of up to' in warnings_of(noise(1), 100)[0]


# ---- magnitudes ----


@pytest.mark.parametrize(('usual', 'warning'), [
    (0.05, ['loud: the mean is 26 dB above that of the set']), (1, []), (0.11, []), (9, []),
    (20, ['weak: the loudest second is 26 dB below the mean of the set']), (0, [])])
def test_levels_far_from_the_usual(usual, warning):
    assert level_warnings(MeanAndLoudest(1, 1), usual, 'the set') == warning


def test_a_quiet_recording_with_one_loud_second_is_fine():
    magnitudes = Magnitudes()
    for second in range(20):
        magnitudes.add(1.0 if second == 7 else 1e-3, 50)
    assert magnitudes.levels() == pytest.approx((0.05095, 1))
    assert level_warnings(magnitudes.levels(), 1, 'the set') == []


def test_levels_do_not_depend_on_the_pieces():
    whole, pieces = Magnitudes(), Magnitudes()
    whole.add(2.0, 50)
    for nb_frames in (1, 24, 25):
        pieces.add(2.0, nb_frames)
    assert whole.levels() == pytest.approx(pieces.levels())


def test_who_is_unlike_the_set():
    levels = {name: MeanAndLoudest(level, 2 * level) for name, level in
              {'a': 1, 'b': 1.5, 'c': 0.7, 'loud': 5000, 'weak': 1e-3, 'silent': 0}.items()}
    found = unlike_the_set(levels)
    assert found == {'loud': ['loud: the mean is 74 dB above that of the set'],
                     'weak': ['weak: the loudest second is 54 dB below the mean of the set']}
    two = unlike_the_set({'a': MeanAndLoudest(1, 1), 'b': MeanAndLoudest(1000, 1000)})
    assert sorted(two) == ['a', 'b']
    assert unlike_the_set({'a': MeanAndLoudest(0, 0)}) == {}


# ---- in an extraction ----


@pytest.fixture
def small(data, tmp_path, caplog):
    """A function that extracts, and gives what was logged of each recording, in order."""
    def extract_small(*sets, **options):
        caplog.clear()
        extract(sets or [recording_set(data, tmp_path / 'out', **options)])
        return [message.removeprefix(f'{data}/') for message in caplog.messages]
    caplog.set_level(logging.WARNING)
    return extract_small


def test_samples_far_beyond_full_scale_are_refused_all_together(data, small):
    for name, factor in zip(NAMES[:2], (5060, 30)):
        path = data / 'foa_dev' / f'{name}.wav'
        soundfile.write(path, np.clip(noise(1) * 20, -1, 1) * factor, 48000, subtype='FLOAT')
    with pytest.raises(InputError) as error:
        small()
    assert str(error.value).replace(f'{data}/', '').split('\n  ') == [
        '2 problems:',
        f'foa_dev/{NAMES[0]}.wav: samples of up to 5.06e+03, expected at most 1, which is full scale (of '
        '16-bit integers divide by 32768)',
        f'foa_dev/{NAMES[1]}.wav: samples of up to 30, expected at most 1, which is full scale (of 16-bit '
        'integers divide by 32768)']


def test_clipped_and_silent_channels_are_named(data, small):
    path = data / 'foa_dev' / f'{NAMES[1]}.wav'
    soundfile.write(path, np.clip(noise(2) * [1, 0, 100, 1], -1, 1), 48000)
    silent, clipped, *more = small()
    assert silent == f'foa_dev/{NAMES[1]}.wav: silent: channel 2'
    assert clipped.startswith(f'foa_dev/{NAMES[1]}.wav: clipped: channel 3, where')
    assert not more


@pytest.mark.parametrize('kind', ['spectra', 'mel'])
def test_who_is_far_from_the_set_is_named_once_it_is_known(data, small, tmp_path, kind):
    from seldnet.extraction.features import SPECTRA
    from seldnet.extraction.mel import MEL

    options = {'kind': {'spectra': SPECTRA, 'mel': MEL}[kind]}
    write_recording(data / 'foa_dev', NAMES[2], gains=(1e-3,) * 4, subtype='FLOAT')
    small(**options)
    assert small(**options) == []  # nothing to do
    write_recording(data / 'foa_dev', NAMES[2], gains=(1e-3,) * 4, subtype='FLOAT', seed=1)
    message, = small(**options)
    assert message.startswith(f'foa_dev/{NAMES[2]}.wav: weak: the loudest second is ')
    assert 50 < float(message.split()[6]) < 70
    loud = write_recording(data / 'foa_dev', NAMES[2], gains=(15,) * 4, subtype='FLOAT')
    message, = [line for line in small(**options) if 'loud' in line]
    assert message.startswith(f'{loud.relative_to(data)}: loud: the mean is 2')


@pytest.mark.parametrize('kind', ['spectra', 'mel'])
def test_an_evaluation_recording_far_from_the_development_set(data, small, tmp_path, kind):
    from seldnet.extraction.features import SPECTRA
    from seldnet.extraction.mel import MEL

    options = {'kind': {'spectra': SPECTRA, 'mel': MEL}[kind]}
    write_recording(data / 'foa_eval', 'split0_1', gains=(1e-3,) * 4, subtype='FLOAT')
    write_recording(data / 'foa_eval', 'split0_2')
    small(**options)
    message, = small(is_eval=True, **options)
    assert message.startswith('foa_eval/split0_1.wav: weak: ') and message.endswith('the development set')
