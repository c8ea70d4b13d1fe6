"""Recordings in files and folders: every ending, subfolders, what is passed over, what is wrong."""

import numpy as np
import pytest
import soundfile
from untrained_model import noise

from seldnet.prediction.recordings import find_recordings

FORMATS = {'a.wav': 'WAV', 'b.w64': 'W64', 'c.rf64': 'RF64', 'd.aiff': 'AIFF', 'e.ogg': 'OGG',
           'f.FLAC': 'FLAC', 'g.caf': 'CAF', 'h.au': 'AU', 'i.mat': 'MAT5'}


@pytest.fixture
def folder(tmp_path):
    """One recording of each kind, another in a folder, and other things."""
    for name, kind in FORMATS.items():
        soundfile.write(tmp_path / name, noise(0.1), 48000, format=kind)
    for place in ('sub/deep', 'empty'):
        (tmp_path / place).mkdir(parents=True)
    soundfile.write(tmp_path / 'sub/deep/a.wav', noise(0.1), 48000)
    for name in ('notes.txt', 'sub/table.mat', '.hidden.wav'):
        (tmp_path / name).write_text('no sound')
    return tmp_path


def test_every_ending_and_what_is_passed_over(folder):
    found = find_recordings([folder])
    assert list(found.recordings) == list('abcdefghi') and not found.problems
    assert found.passed_over == [
        f'{folder}: passed over: empty/, notes.txt, sub/ (--recursive looks into folders)']


def test_folders_of_folders(folder):
    found = find_recordings([folder], recursive=True)
    assert list(found.recordings) == [*'abcdefghi', 'sub/deep/a'] and not found.problems
    assert found.passed_over == [f'{folder / "sub"}: passed over: table.mat',
                                 f'{folder}: passed over: notes.txt']


def test_a_link_to_a_folder_above_is_no_endless_way_down(folder):
    (folder / 'sub' / 'up').symlink_to(folder)
    found = find_recordings([folder], recursive=True)
    assert len(found.recordings) == 10
    assert found.passed_over[0] == f'{folder / "sub"}: passed over: table.mat, up/'


def test_all_problems_are_collected(folder):
    soundfile.write(folder / 'stereo.wav', noise(0.1, channels=2), 48000)
    (folder / 'text.wav').write_text('no sound')
    (folder / 'gone.flac').symlink_to('nowhere')
    soundfile.write(folder / 'a.flac', noise(0.1), 48000)
    found = find_recordings([folder, folder / 'nowhere.wav', folder / 'empty'])
    assert list(found.recordings) == list('abcdefghi')
    assert found.recordings['a'] == folder / 'a.flac'
    assert [problem.replace(f'{folder}/', '') for problem in found.problems] == [
        'a.wav: has the name of a.flac, expected different names', 'gone.flac: no such recording',
        'stereo.wav: 2 channels, expected 4',
        'text.wav: cannot be decoded: Format not recognised.', 'nowhere.wav: no such recording',
        'empty: no recordings (.wav, .flac, .w64, .rf64, .aiff, .aif, .ogg, .caf ...) in this folder; '
        '--recursive looks into its folders']


def test_channels_are_checked_as_they_are_used(tmp_path):
    soundfile.write(tmp_path / 'a.wav', np.zeros((100, 9)), 48000)
    assert list(find_recordings([tmp_path]).recordings) == ['a']
    problem, = find_recordings([tmp_path], audio_format='mic').problems
    assert problem.endswith('a.wav: 9 channels, expected 4; --channels says which 4')
