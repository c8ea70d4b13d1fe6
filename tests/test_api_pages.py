"""docs/api_pages.py: the pages of `make api` have what a user calls, with its parameters."""

import ast
import html
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pdoc import docstrings

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / 'docs' / 'api_pages.py'
# What a notebook calls. A class stands for its constructor.
CALLED = {
    'seldnet.prediction.predict': ('predict', 'predict_stream'),
    'seldnet.prediction.ensemble': ('Ensemble',),
    'seldnet.annotations.dataset': ('Dataset', 'Dataset.parse_name'),
    'seldnet.annotations.dataset_file': ('find_dataset', 'read_dataset'),
    'seldnet.annotations.saved_settings': ('read_settings',),
    'seldnet.annotations.descriptions': ('read_description',),
    'seldnet.annotations.output_format': ('read_output_rows', 'write_output_rows'),
    'seldnet.scoring.scores': ('score_folders', 'score'),
    'seldnet.scoring.comparison': ('compare_folders', 'differences'),
    'seldnet.plots.recording': ('plot_recording',),
    'seldnet.training.export': ('export',),
    'parameter': ('get_params',),
    'evaluation_metrics': ('compute_doa_scores_regr', 'compute_seld_metrics_from_output_format_dict'),
    'metrics.sed': ('count', 'f_score', 'error_rate'),
    'metrics.doa': ('count', 'doa_error', 'frame_recall'),
    'metrics.joint': ('count', 'macro_scores'),
}


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    """A folder with the pages of these modules."""
    folder = tmp_path_factory.mktemp('api') / 'pages'
    done = subprocess.run([sys.executable, SCRIPT, folder, *CALLED], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout == f'written: {folder / "index.html"}\n'
    return folder


def part_about(page, name):
    """The part of a page about a function or class."""
    beginning = f'<div id="{name}" class="classattr">' if '.' in name else f'<section id="{name}">'
    ending = r'class="classattr">|<section id=' if '.' in name else '<section id='
    return re.split(ending, page.split(beginning)[1])[0]


@pytest.mark.parametrize(('module', 'name'), [(module, name) for module, names in CALLED.items()
                                              for name in names])
def test_what_a_user_calls_is_there_with_its_parameters(pages, module, name):
    page = (pages / f'{module.replace(".", "/")}.html').read_text(encoding='utf-8')
    called = importlib.import_module(module)
    for part in name.split('.'):
        called = getattr(called, part)
    parameters = [parameter for parameter in inspect.signature(called).parameters if parameter != 'self']
    part = part_about(page, name)
    text = html.unescape(re.sub(r'<[^>]+>', '', part))
    for parameter in parameters:
        assert re.search(rf'\b{parameter}\b', text)
    documented = ast_docstring(module, name)
    if 'Parameters\n' in documented:
        listed = {word.strip().lstrip('*') for item in re.findall(r'<strong>(.*?)</strong>', part)
                  for word in item.split(',')}
        assert set(parameters) <= listed


def ast_docstring(module, name):
    path = ROOT / f'{module.replace(".", "/")}.py'
    node = ast.parse(path.read_text(encoding='utf-8'))
    for part in name.split('.'):
        node = next(child for child in node.body if getattr(child, 'name', None) == part)
    return ast.get_docstring(node)


def test_defaults_are_short(pages):
    """The data set of 2019 is a default everywhere; its facts would bury the parameters."""
    page = (pages / 'seldnet/scoring/scores.html').read_text(encoding='utf-8')
    signature = html.unescape(re.sub(r'<[^>]+>', '', part_about(page, 'score')))
    assert "Dataset('TAU Spatial Sound Events 2019')" in signature and 'clearthroat' not in signature


def test_a_module_that_is_not_there(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path, 'no_such_module'], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ('api_pages.py: error: no_such_module: no such module, expected a name like '
                           'seldnet.scoring.scores\n')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_all_pages(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stderr) == (0, '')
    modules = [path.relative_to(ROOT).with_suffix('') for path in
               [*ROOT.glob('*.py'), *(ROOT / 'seldnet').rglob('*.py'), *(ROOT / 'metrics').rglob('*.py')]]
    assert [module for module in modules if module.name != '__init__'
            and not (tmp_path / f'{module}.html').is_file()] == []


SOURCES = [*sorted(ROOT.glob('*.py')), *sorted((ROOT / 'seldnet').rglob('*.py')),
           *sorted((ROOT / 'metrics').rglob('*.py'))]


def what_is_no_list(docstring):
    """Lines of a docstring that its page shows otherwise than they were meant."""
    text = docstrings.numpy(docstring)
    underlines = re.findall(r'^-{3,}$', text, re.MULTILINE)  # of a heading that was not recognized
    # Rows of a table that are not indented run into each other.
    return underlines + re.findall(r'^\w[\w.]*(?: {2,}|\t)\S.*$', text, re.MULTILINE)


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstrings_are_as_pdoc_reads_them(path):
    tree = ast.parse(path.read_text(encoding='utf-8'))
    texts = [ast.get_docstring(node) or '' for node in ast.walk(tree)
             if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    assert [line for text in texts for line in what_is_no_list(text)] == []


def test_what_pdoc_misreads_is_found():
    assert what_is_no_list('Text.\n\nParameters:\n-----------\na : int\n') == ['-----------']
    assert what_is_no_list('Text.\n\na.csv   rows\nb.csv   events\n') == ['a.csv   rows', 'b.csv   events']
    assert what_is_no_list('Text.\n\nParameters\n----------\na : int\n    Of b.\n') == []
