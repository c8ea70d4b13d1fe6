"""Make HTML pages of all functions and classes from their docstrings; `make api` puts them into api/.

    python docs/api_pages.py api                                           all modules
    python docs/api_pages.py api seldnet.prediction.predict parameter      some

api/index.html lists the modules, and searches them.
"""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import pdoc

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from seldnet.annotations.dataset import Dataset
from seldnet.common.errors import InputError
from seldnet.common.scripts import exit_with_one_line, script_parser
from seldnet.extraction.features import FeatureKind
from seldnet.methods.method import Method
from seldnet.training import backend

ROOT = Path(__file__).resolve().parents[1]
ALL = ('seldnet', 'metrics', *sorted(path.stem for path in ROOT.glob('*.py')))


def main(argv: Sequence[str] | None = None) -> int:
    args = _parse_arguments(argv)
    for name in args.modules:
        try:
            found = importlib.util.find_spec(name)
        except ImportError:  # of the package that it would be in
            found = None
        if not found:
            raise InputError(f'{name}: no such module, expected a name like seldnet.scoring.scores')
    if not args.modules:
        backend.load_keras()  # or the first module that needs it does so, with the notes of its backend
    for kind in (Dataset, FeatureKind, Method):  # defaults of many functions: their names will do
        kind.__repr__ = _short
    pdoc.render.configure(docformat='numpy')
    pdoc.pdoc(*(args.modules or ALL), output_directory=args.folder)
    print(f'written: {args.folder / "index.html"}')
    return 0


def _short(thing: Dataset | FeatureKind | Method) -> str:
    return f'{type(thing).__name__}({thing.name!r})'


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('folder', type=Path, metavar='FOLDER', help='where they go')
    parser.add_argument('modules', nargs='*', metavar='MODULE', help='names of modules and packages [all]')
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
