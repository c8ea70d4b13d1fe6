"""What the pictures share: looks of the classes, files by their ending, windows."""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt

from misc_files import plotting
from parameter import CLASSES, InputError

# Linear RGB as seen without one kind of cone (Machado, Oliveira, Fernandes 2009, severity 1).
SIGHTS = {
    'normal': np.eye(3),
    'protanopia': [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    'deuteranopia': [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    'tritanopia': [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}


def oklab(linear_rgb):
    """Coordinates in which equal distances look about equally different (Ottosson 2020)."""
    lms = linear_rgb @ np.transpose([[0.4122214708, 0.5363325363, 0.0514459929],
                                     [0.2119034982, 0.6806995451, 0.1073969566],
                                     [0.0883024619, 0.2817188376, 0.6299787005]])
    return np.cbrt(np.clip(lms, 0, None)) @ np.transpose([[0.2104542553, 0.7936177850, -0.0040720468],
                                                          [1.9779984951, -2.4285922050, 0.4505937099],
                                                          [0.0259040371, 0.7827717662, -0.8086757660]])


@pytest.mark.parametrize('sight', SIGHTS)
def test_all_colours_differ_from_each_other_and_from_paper(sight):
    colours = ['#ffffff', *(style.colour for style in plotting.CLASS_STYLES.values())]
    rgb = np.array([matplotlib.colors.to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = oklab(linear @ np.transpose(SIGHTS[sight]))
    distance = np.linalg.norm(seen[:, None] - seen, axis=-1)[np.triu_indices(len(colours), 1)]
    # Of Tol's nine muted colours with black and grey, a common choice, the nearest two have 0.04.
    assert distance.min() > 0.1


def test_every_class_has_a_marker_of_its_own():
    assert list(plotting.CLASS_STYLES) == list(CLASSES)
    assert len({style.marker for style in plotting.CLASS_STYLES.values()}) == len(CLASSES)


def test_legend_names_all_classes_in_their_colours():
    figure = plt.figure(layout='constrained')
    plotting.class_legend(figure)
    legend, = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(CLASSES)
    assert [line.get_color() for line in legend.get_lines()] == [
        style.colour for style in plotting.CLASS_STYLES.values()]
    plt.close(figure)


@pytest.mark.parametrize(('name', 'beginning'),
                         [('a.png', b'\x89PNG'), ('a.PDF', b'%PDF'), ('a.svg', b'<?xml')])
def test_ending_chooses_the_kind_of_file(tmp_path, name, beginning):
    figure = plt.figure()
    figure.text(0.5, 0.5, 'azimuth')
    plotting.save(figure, tmp_path / 'new folder' / name)
    content = (tmp_path / 'new folder' / name).read_bytes()
    assert content.startswith(beginning)
    assert not name.endswith('svg') or b'>azimuth</text>' in content  # text stays text
    assert [path.name for path in (tmp_path / 'new folder').iterdir()] == [name]
    plt.close(figure)


@pytest.mark.parametrize('name', ['a.jpg', 'a', 'png'])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r'expected a file name that ends in \.png, \.pdf, \.svg'):
        plotting.save(None, tmp_path / name)


def test_no_window_without_a_display(monkeypatch):
    monkeypatch.setattr(plt, 'get_backend', lambda: 'agg')
    with pytest.raises(InputError, match='--show: matplotlib can open no window here'):
        plotting.choose_backend(show=True)


@pytest.mark.parametrize('output', [None, Path('there')])
def test_windows_are_shown_and_files_written_only_if_asked_for(tmp_path, monkeypatch, output):
    shown = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, 'get_backend', lambda: 'qtagg')
    monkeypatch.setattr(plt, 'show', lambda: shown.extend(plt.get_fignums()))
    plotting.choose_backend(show=True)
    plt.close('all')
    args = argparse.Namespace(show=True, output=output, format='png')
    plotting.save_or_show({'one': plt.figure(), 'two': plt.figure()}, args, Path('default'))
    assert len(shown) == 2
    assert plt.get_fignums() == []
    assert sorted(str(path) for path in Path().rglob('*.png')) == (
        [] if output is None else ['there/one.png', 'there/two.png'])
