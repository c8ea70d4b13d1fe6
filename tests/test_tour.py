"""docs/tour.ipynb: its cells run in their order, as a student runs them."""

import contextlib
import io
import json
from pathlib import Path

import matplotlib
import pytest

TOUR = Path(__file__).resolve().parents[1] / 'docs' / 'tour.ipynb'


def cells(kind: str) -> list[str]:
    notebook = json.loads(TOUR.read_text(encoding='utf-8'))
    return [''.join(cell['source']) for cell in notebook['cells'] if cell['cell_type'] == kind]


def test_the_notebook_is_kept_without_outputs():
    notebook = json.loads(TOUR.read_text(encoding='utf-8'))
    assert notebook['nbformat'] == 4
    assert not any(cell.get('outputs') for cell in notebook['cells'])
    for number, text in enumerate(cells('code')):
        compile(text, f'cell {number}', 'exec')
    assert all(len(line) <= 130 for text in cells('code') + cells('markdown') for line in text.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize('folder', ['.', 'docs'])
def test_all_cells_run(folder, monkeypatch):
    matplotlib.use('agg')
    monkeypatch.chdir(TOUR.parents[1] / folder)
    names: dict = {'__name__': '__main__'}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for number, text in enumerate(cells('code')):
            exec(compile(text, f'cell {number}', 'exec'), names)
    assert {'dog', 'door', 'drill', 'bell'} <= set(printed.getvalue().split())
    assert 'recordings |    ER     F   DOA    FR' in printed.getvalue()
    assert (names['FOLDER'] / 'recording.png').exists() and (names['FOLDER'] / 'spectra.png').exists()
