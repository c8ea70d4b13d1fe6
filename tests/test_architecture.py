"""The house: who may import whom, how long a file may be, and what importing must not do.

The rules are functions of source texts, so that each is also shown to find a broken example.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FACES = ('parameter', 'batch_feature_extraction', 'cls_feature_class', 'cls_data_generator', 'keras_model',
         'evaluation_metrics', 'seld', 'calculate_SELD_metrics')
ROOMS = ('common', 'annotations', 'plots', 'extraction', 'scoring', 'methods', 'training', 'prediction')
# What must be a class or a layer of Keras' own loads Keras: seconds.
WITH_KERAS = {'seldnet.methods.bin_normalization', 'seldnet.methods.layers', 'seldnet.training.keras_classes'}
NAMEDTUPLE_METHODS = {'_replace', '_asdict', '_fields', '_make'}
PRIVATE_BUT_DOCUMENTED = {('os', '_exit')}

Sources = Mapping[str, str]  # path below the repository -> text


def documented(head: str, *lines: str) -> str:
    """Text of a function whose docstring names a, for examples."""
    return '\n'.join([head, '    """Text.', '', '    Parameters', '    ----------', '    a : int', '    """',
                      *lines, ''])


def production() -> dict[str, str]:
    """All modules but tests and benchmarks."""
    folders = [ROOT / name for name in ('seldnet', 'metrics', 'misc_files')]
    paths = [ROOT / f'{face}.py' for face in FACES] + [path for folder in folders
                                                       for path in sorted(folder.rglob('*.py'))]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding='utf-8') for path in paths}


def imported_modules(text: str) -> list[str]:
    """Full names of what a module imports, wherever in the module the import stands."""
    modules = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, 'imports are absolute'
            modules += [f'{node.module}.{alias.name}' for alias in node.names]
    return modules


def room_of(path_or_module: str) -> int | None:
    """The floor of a module of the engine, counted from the ground."""
    parts = path_or_module.replace('/', '.').split('.')
    return ROOMS.index(parts[1]) if parts[0] == 'seldnet' and len(parts) > 1 and parts[1] in ROOMS else None


# ---- the rules: each gives the places where it is broken ----


def imports_of_faces(sources: Sources) -> list[str]:
    """The engine imports no face and no tool; metrics/ imports nothing of the project but itself."""
    broken = []
    for path, text in sources.items():
        if path.startswith(('seldnet/', 'metrics/')) and path != 'metrics/evaluation_metrics.py':
            forbidden = {*FACES, 'misc_files', *(['seldnet'] if path.startswith('metrics/') else [])}
            broken += [f'{path}: {module}' for module in imported_modules(text)
                       if module.split('.')[0] in forbidden]
    return broken


def imports_of_higher_rooms(sources: Sources) -> list[str]:
    return [f'{path}: {module}' for path, text in sources.items() for module in imported_modules(text)
            if room_of(path) is not None and (room_of(module) or 0) > room_of(path)]


def statements_in_packages(sources: Sources) -> list[str]:
    """An __init__.py of the engine is a docstring."""
    return [path for path, text in sources.items()
            if path.startswith('seldnet/') and path.endswith('__init__.py') and len(ast.parse(text).body) > 1]


def oversized(sources: Sources) -> list[str]:
    limits = {f'{face}.py': 260 for face in FACES} | {'evaluation_metrics.py': 340}
    return [f'{path}: {text.count(chr(10))} lines' for path, text in sources.items()
            if text.count('\n') > limits.get(path, 400)]


def reaches_into_others(sources: Sources) -> list[str]:
    """Private attributes of other objects, and private names of other modules."""
    broken = []
    for path, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute):
                owner = node.value.id if isinstance(node.value, ast.Name) else None
                if (is_private(node.attr) and owner not in ('self', 'cls')
                        and (owner, node.attr) not in PRIVATE_BUT_DOCUMENTED):
                    broken.append(f'{path}:{node.lineno} .{node.attr}')
            elif isinstance(node, ast.ImportFrom):
                broken += [f'{path}:{node.lineno} {alias.name}' for alias in node.names
                           if is_private(alias.name)]
    return broken


def is_private(name: str) -> bool:
    return name.startswith('_') and not name.endswith('__') and name not in NAMEDTUPLE_METHODS


def prints_and_exits(sources: Sources) -> list[str]:
    """Library modules neither print nor exit."""
    return [f'{path}:{node.lineno} {node.func.id}' for path, text in sources.items()
            if path.startswith(('seldnet/', 'metrics/')) for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            and node.func.id in ('print', 'exit', 'quit')]


def undocumented(sources: Sources) -> list[str]:
    """Public functions of the engine that do not say what they take or give; for a class it is `__init__`."""
    return [f'{path}:{function.lineno} {function.name}: {", ".join(sorted(missing))}'
            for path, text in sources.items() if path.startswith('seldnet/')
            for function, docstring in public_functions(ast.parse(text))
            if (missing := missing_of_docstring(function, docstring))]


def public_functions(module: ast.Module) -> Iterator[tuple[ast.FunctionDef, str]]:
    """With their docstrings; nested functions, and what Keras calls, are nobody's to call."""
    classes = [node for node in module.body if isinstance(node, ast.ClassDef) and not is_private(node.name)]
    for owner in (module, *classes):
        for node in owner.body:
            if isinstance(node, ast.FunctionDef):
                is_hidden = node.name.startswith(('_', 'on_train_')) and node.name != '__init__'
                if not is_hidden:
                    yield node, ast.get_docstring(owner if node.name == '__init__' else node) or ''


def missing_of_docstring(function: ast.FunctionDef, docstring: str) -> set[str]:
    arguments = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)} - {'self', 'cls'}
    if not arguments:
        return set()
    documented = {name.strip().lstrip('*') for line in section(docstring, 'Parameters')
                  if not line.startswith(' ') for name in line.split(' : ')[0].split(',')}
    missing = arguments - documented
    decorators = {ast.unparse(decorator) for decorator in function.decorator_list}
    if gives_something(function) and not decorators & {'property', 'contextlib.contextmanager'}:
        missing |= set() if section(docstring, 'Returns') or section(docstring, 'Yields') else {'Returns'}
    return missing


def section(docstring: str, name: str) -> list[str]:
    """The lines under a heading, up to the next."""
    found = re.search(rf'^{name}\n-+\n(.*?)(?=^\w+\n---|\Z)', docstring, re.MULTILINE | re.DOTALL)
    return found[1].splitlines() if found else []


def gives_something(function: ast.FunctionDef) -> bool:
    """Whether it returns a value or yields; what stands in functions inside of it does not count."""
    nodes: list[ast.AST] = list(function.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom) or (isinstance(node, ast.Return) and node.value):
            return True
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            nodes += ast.iter_child_nodes(node)
    return False


RULES = {
    imports_of_faces: {'seldnet/common/x.py': 'def f():\n    from parameter import SETTINGS\n'},
    imports_of_higher_rooms: {'seldnet/annotations/x.py': 'from seldnet.extraction import audio\n'},
    statements_in_packages: {'seldnet/common/__init__.py': '"""Text."""\nimport os\n'},
    oversized: {'seld.py': '\n' * 261},
    reaches_into_others: {'seldnet/common/x.py': 'import y\ny.thing._hidden = 1\n'},
    prints_and_exits: {'seldnet/common/x.py': 'print(1)\n'},
    undocumented: {'seldnet/common/x.py': documented('def f(a, b):', '    print(a)')},
}


@pytest.mark.parametrize('rule', RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule):
    assert rule(production()) == []


@pytest.mark.parametrize(('rule', 'example'), RULES.items(), ids=[rule.__name__ for rule in RULES])
def test_a_broken_example_is_found(rule, example):
    assert len(rule(example)) == 1


@pytest.mark.parametrize(('rule', 'example'), [
    (imports_of_faces, {'metrics/x.py': 'import seldnet.common.files\n'}),
    (imports_of_faces, {'seldnet/plots/x.py': 'from misc_files import plotting\n'}),
    (imports_of_higher_rooms, {'seldnet/scoring/x.py': 'import seldnet.training.run\n'}),
    (oversized, {'seldnet/common/x.py': '\n' * 401}),
    (oversized, {'evaluation_metrics.py': '\n' * 341}),
    (reaches_into_others, {'misc_files/x.py': 'from seldnet.common.files import _hidden\n'}),
    (undocumented, {'seldnet/common/x.py': 'def f(a):\n    """Of a."""\n'}),
    (undocumented, {'seldnet/common/x.py': 'class A:\n    def f(self, *a):\n        pass\n'}),
    (undocumented, {'seldnet/common/x.py': 'class A:\n    def __init__(self, a):\n        pass\n'}),
    (undocumented, {'seldnet/common/x.py': documented('def f(a):', '    return 1')}),
    (undocumented, {'seldnet/common/x.py': documented('def f(a):', '    while True:', '        yield a')})])
def test_more_broken_examples(rule, example):
    assert len(rule(example)) == 1


def test_what_is_fine_is_not_found():
    fine = {'seldnet/training/x.py': 'from seldnet.common import files\n\n\nclass A:\n'
                                     '    def _f(self, row):\n'
                                     '        self._mine = row._replace(a=1).__class__\n\n\n'
                                     + documented('def f(a):', '    def g(b):', '        return b')}
    assert not any(rule(fine) for rule in RULES)
    assert set(ROOMS) == {path.parent.name for path in (ROOT / 'seldnet').glob('*/__init__.py')}


# ---- what importing does ----


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def engine_modules(*rooms: str) -> list[str]:
    return [path.removesuffix('.py').removesuffix('/__init__').replace('/', '.') for path in production()
            if path.startswith(tuple(f'seldnet/{room}/' for room in rooms))]


def test_scoring_loads_neither_keras_nor_soundfile_nor_matplotlib():
    modules = [*engine_modules('common', 'annotations', 'scoring'), 'calculate_SELD_metrics',
               'evaluation_metrics']
    loaded = run_python(f'import sys, {", ".join(modules)}\nprint(*sys.modules)').split()
    assert not {'keras', 'tensorflow', 'soundfile', 'matplotlib', 'sklearn', 'librosa'} & set(loaded)


def test_importing_the_engine_and_the_faces_has_no_side_effect():
    """Only what must be a class or a layer of Keras' own loads Keras."""
    modules = sorted({*engine_modules(*ROOMS), *FACES} - {*WITH_KERAS, 'keras_model'})
    printed = run_python(
        'import os, signal, sys\n'
        'def look():\n'
        '    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]\n'
        '    return dict(os.environ), handlers, (sys.stdout, sys.stderr), os.getcwd(), os.listdir()\n'
        'before = look()\n'
        f'import {", ".join(modules)}\n'
        'assert look() == before\n'
        'assert "keras" not in sys.modules\n')
    assert printed == ''


# ---- requirements ----

IMPORT_NAMES = {'scikit-learn': 'sklearn'}
OPTIONAL = {'distributed', 'tensorboard'}  # named in the messages that ask for them


def test_requirements_are_what_is_imported():
    lines = (ROOT / 'requirements.txt').read_text().splitlines()
    listed = {re.match(r'[\w-]+', line)[0] for line in lines if line and not line.startswith('#')}
    listed = {IMPORT_NAMES.get(name, name) for name in listed}
    own = {*FACES, 'seldnet', 'metrics', 'misc_files'}
    imported = {module.split('.')[0] for text in production().values() for module in imported_modules(text)}
    assert imported - set(sys.stdlib_module_names) - own - OPTIONAL == listed
