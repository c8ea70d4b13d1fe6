"""Facts of TAU 2019 and of data sets of one's own; names of recordings."""

import dataclasses

import pytest
from small_datasets import OWN

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError


def test_facts_of_the_data_set():
    assert TAU2019.classes.index('keysDrop') == 4 and TAU2019.nb_classes == 11
    assert (TAU2019.nb_frames, TAU2019.nb_frames_1s, TAU2019.nb_samples) == (3000, 50, 2_880_000)
    assert (TAU2019.hop_length, TAU2019.hop_length_s, TAU2019.grace_s) == (960, 0.02, 5)
    assert (len(TAU2019.grid.azimuths_deg), TAU2019.grid.azimuths_deg[-1]) == (36, 170)
    assert (len(TAU2019.grid.elevations_deg), TAU2019.grid.elevations_deg[-1]) == (9, 40)


def test_sizes_follow_rate_and_length():
    assert (OWN.nb_frames, OWN.nb_samples, OWN.hop_length, OWN.hop_length_s) == (50, 24_000, 480, 0.02)
    assert dataclasses.replace(TAU2019, recording_s=0.5).nb_frames == 25


def test_frames_of_a_recording_are_those_that_it_begins_unless_all_are_of_one_length():
    free = dataclasses.replace(OWN, recording_s=None)
    assert [free.nb_frames_of(nb_samples) for nb_samples in (0, 1, 480, 481, 24_000)] == [0, 1, 1, 2, 50]
    assert OWN.nb_frames_of(1) == 50


@pytest.mark.parametrize('mode', ['dev', 'eval'])
def test_folds_use_every_split_once(mode):
    every = {0, 1, 2, 3, 4} if mode == 'eval' else {1, 2, 3, 4}
    for fold in TAU2019.folds[mode]:
        assert sorted(fold.test + fold.val + fold.train) == sorted(every)


def test_chosen_folds():
    folds = TAU2019.folds['dev']
    assert TAU2019.chosen_folds('dev') == list(folds)
    assert TAU2019.chosen_folds('dev', [3, 1, 3]) == [folds[2], folds[0]]
    with pytest.raises(InputError, match=r'--split: got 5, expected some of 1, 2, 3, 4 \(the test splits of'):
        TAU2019.chosen_folds('dev', [1, 5])


@pytest.mark.parametrize('name, expected', [
    ('split1_ir0_ov2_17.wav', (1, 0, 2, 17)), ('some/folder/split4_ir3_ov1_1.npy', (4, 3, 1, 1)),
    ('split0_12.csv', (0, None, None, 12)), ('split2_ov1_3', (2, None, 1, 3))])
def test_recording_names(name, expected):
    assert TAU2019.parse_name(name) == expected
    assert TAU2019.is_name(name)


@pytest.mark.parametrize('name', ['fold1_room1_mix001.wav', 'split1.wav', 'split1_ir0_ov1_1_copy.wav',
                                  'split١_1.wav', '.wav', 'xsplit0_1.wav'])
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match='not a recording name'):
        TAU2019.parse_name(name)
    assert not TAU2019.is_name(name)


def test_folders():
    assert str(TAU2019.audio_folder('data', 'mic', 'eval')) == 'data/mic_eval'
    assert str(TAU2019.description_folder('data', 'dev')) == 'data/metadata_dev'
