"""The options of the tools that draw: files by name, windows."""

import argparse
from pathlib import Path

import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from misc_files import plotting
from seldnet.common.errors import InputError


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
    plotting.save_or_show({'one': Figure(), 'two': plt.figure()}, args, Path('default'))
    assert len(shown) == 2
    assert plt.get_fignums() == []
    assert sorted(str(path) for path in Path().rglob('*.png')) == (
        [] if output is None else ['there/one.png', 'there/two.png'])
