"""Choose the activity from which a class counts as active, on the validation folds of trained models.

    python misc_files/choose_threshold.py models/4_first_foa_dev_split*_model.keras
    python misc_files/choose_threshold.py MODEL --output thresholds.png --dataset_dir office

The validation recordings of each model are predicted from their stored features; F of the 2019 scores is
counted for each threshold, over all models together, and drawn. Test recordings are never looked at: a
threshold that was chosen on them would score too well.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from parameter import SETTINGS, add_settings, get_params
from seldnet.annotations.dataset import Dataset, Fold
from seldnet.annotations.dataset_file import find_dataset
from seldnet.annotations.labels import split_labels
from seldnet.annotations.saved_settings import read_settings
from seldnet.annotations.stored_facts import stored_dataset
from seldnet.common.errors import InputError
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser
from seldnet.common.settings import settings_given
from seldnet.extraction.checks import check_ready
from seldnet.scoring.thresholds import Curves, f_by_threshold


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    from seldnet.plots.style import check_ending, save
    from seldnet.plots.thresholds import plot_thresholds
    from seldnet.training import backend

    check_ending(args.output)
    runs = [_validation_run(model, args, dataset) for model in args.models]
    facts = [run.dataset.facts() for run in runs]
    if facts.count(facts[0]) < len(facts):
        raise InputError(f'{args.models[-1]}: models of different data sets, expected those of one')
    for run in runs:
        check_ready(run.recordings())
    backend.load_keras()
    pairs = [pair for run, model in zip(runs, args.models) for pair in _validation_scores(run, model)]
    activities, references = zip(*pairs)
    curves = f_by_threshold(activities, references, runs[0].dataset.nb_frames_1s)
    for run, model in zip(runs, args.models):
        if set(run.fold.val) & set(run.fold.train):
            print(f'note: {model} was trained on its validation recordings too: what is chosen on them may '
                  'not suit others')
    usual = float(np.mean(runs[0].method.activity_threshold))
    print(format_choice(curves, runs[0].dataset, usual, len(pairs)))
    save(plot_thresholds(curves, runs[0].dataset, usual), args.output)
    print(f'written: {args.output}')
    print(next_command('python', 'misc_files/predict_recording.py', *args.models, 'RECORDING.wav',
                       '--threshold', f'{curves.best():.2f}', title='Recordings of your own'))
    return 0


def _validation_run(model: Path, args: argparse.Namespace, dataset: Dataset | None) -> Any:
    """The run that trained a model, as its JSON says."""
    from seldnet.training.run import MODEL_ENDING, SETTINGS_ENDING, Run

    stem = model.name.removesuffix(MODEL_ENDING)
    path = model.with_name(f'{stem}{SETTINGS_ENDING}')
    if not model.is_file() or stem == model.name:
        raise InputError(f'{model}: no such model, expected a file ...{MODEL_ENDING} that seld.py wrote')
    saved = read_settings(path, 'task', 'job', 'fold',
                          remedy='copy it again from where the model was trained')
    if saved['fold'].keys() != set(Fold._fields):
        raise InputError(f'{path}: fold: found {", ".join(saved["fold"])}, expected '
                         f'{", ".join(Fold._fields)}')
    fold = Fold(**{part: tuple(splits) for part, splits in saved['fold'].items()})
    known = {name: value for name, value in saved['params'].items() if name in SETTINGS}
    params = get_params('1', **(known | settings_given(args, SETTINGS)))
    params['model_dir'] = str(model.parent)
    own = dataset or find_dataset(params['dataset_dir'])
    stored = stored_dataset(saved, path)
    if stored is not None and stored.facts() != own.facts():
        raise InputError(f'{path}: trained on {stored.name}, but {params["dataset_dir"]} holds {own.name} of '
                         'other facts; name its folder (--dataset_dir)')
    return Run(saved['task'], saved['job'], fold, params, own)


def _validation_scores(run: Any, model: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Activities and references of each validation recording: (frames, classes) each."""
    from seldnet.extraction.arrays import stored_labels
    from seldnet.training import network
    from seldnet.training.batches import open_batches

    recordings, params = run.recordings(), run.params
    batches = open_batches(recordings, run.method, run.fold.val, batch_size=params['batch_size'],
                           seq_len=params['sequence_length'], per_file=True)
    outputs = network.predict_averaged(network.load(model), batches, run.method, run.test_rotations)
    of_recordings = zip(*(batches.without_fill(output) for output in outputs))
    labels = [split_labels(stored_labels(recordings.folder('labels') / name).open())[0]
              for name in batches.names]
    return [(run.method.scores(list(some)).activity, activity > 0)
            for some, activity in zip(of_recordings, labels)]


def format_choice(curves: Curves, dataset: Dataset, usual: float, nb_recordings: int) -> str:
    """What the script prints."""
    best = curves.best()
    of_classes = curves.best_of_classes(usual)
    at = {value: int(np.argmin(np.abs(curves.thresholds - value))) for value in (usual, best, *of_classes)}
    width = max(12, *(len(name) + 2 for name in dataset.classes))
    lines = [f'{nb_recordings} validation recordings', '',
             f'{"":{width}}{"F at " + format(usual, "g"):>10}{"best F":>10}{"threshold":>11}',
             f'{"all":{width}}{curves.of_all[at[usual]]:10.1%}{curves.of_all[at[best]]:10.1%}{best:11.2f}']
    for name, column, threshold in zip(dataset.classes, curves.of_classes.T, of_classes):
        values = ''.join(f'{value:10.1%}' if np.isfinite(value) else f'{"-":>10}'
                         for value in (column[at[usual]], column[at[threshold]]))
        lines.append(f'{name:{width}}{values}{threshold:11.2f}')
    each = ' '.join(shlex.quote(f'{name}={value:.2f}') for name, value in zip(dataset.classes, of_classes))
    return '\n'.join([*lines, '', 'For prediction, and for seld.py:', f'  --threshold {best:.2f}',
                      f'  --threshold {each}', ''])


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('models', nargs='+', type=Path, metavar='MODEL', help='models of seld.py')
    parser.add_argument('--output', type=Path, default=Path('thresholds.png'), metavar='FILE',
                        help='the picture, .png, .pdf or .svg [%(default)s]')
    add_settings(parser, ('dataset_dir', 'feat_label_dir'))
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
