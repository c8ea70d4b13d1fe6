"""misc_files/draw_network.py: a picture of each method, and of settings of one's own."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from misc_files import draw_network
from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError

TINY = ['--nb_cnn2d_filt', '2', '--rnn_size', '3', '--fnn_size', '4', '--sequence_length', '8']


@pytest.mark.parametrize(('options', 'expected'), [
    (['--task', '4'], ['The network of method released', 'features: magnitudes, then phases',
                       '8 frames × 1024 bins × 8 planes', '8 frames × 3 values', 'activity of each class']),
    (['--model_variant', 'paper'], ['The network of method paper', '4 magnitudes and 4 phases of each bin']),
    (['--task', '6'], ['features: log-mel and intensity', '8 frames × 64 bands × 7 planes',
                       '8 frames × 9 values', 'x of all classes, then y, then z']),
    (['--task', '8'], ['features: log-mel and complex intensity', '8 frames × 64 bands × 10 planes'])])
def test_a_picture_of_each_method(tmp_path, monkeypatch, capsys, options, expected):
    monkeypatch.chdir(tmp_path)
    dataset = replace(TAU2019, classes=('dog', 'door', 'bell'))
    assert draw_network.main([*options, *TINY, '--output', 'small.svg'], dataset=dataset) == 0
    assert capsys.readouterr().out == 'written: small.svg\n'
    assert [path.name for path in tmp_path.iterdir()] == ['small.svg']
    shown = re.findall(r'>([^<>]+)<', Path('small.svg').read_text(encoding='utf-8'))
    assert set(expected) <= set(shown)
    assert any(text.endswith('a sequence of 8 frames is 0.16 s') for text in shown)


def test_without_a_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert draw_network.main(TINY) == 0
    assert capsys.readouterr().out == 'written: network.png\n'
    assert Path('network.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize(('options', 'message'), [
    (['--output', 'network.jpg'], 'network.jpg: expected a file name that ends in'),
    (['--pool_size', '7'], 'setting pool_size: got'),
    (['--task', '6', '--sequence_length', '6'], 'setting sequence_length: got 6, expected a multiple of 4')])
def test_what_cannot_be_drawn(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        draw_network.main(options)
    assert not list(tmp_path.iterdir())
