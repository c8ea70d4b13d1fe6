"""Put the scores of a reproduced baseline beside those that were published in 2019.

    make reproduce DATASET=data FORMAT=foa METHOD=released      # everything, and this report at the end
    python misc_files/report_reproduction.py --task 4           # only the report, of task 4

The scores are the official ones of 2019 on all four development folds together, with 95 % jackknife intervals
over recordings. A published score lies within if its interval covers it, rounded as it was published; of
other data than the challenge's, and of unfinished trainings, nothing is compared. The report says whether the
data are the challenge's, as far as names, numbers and descriptions tell.
docs/REPRODUCE.md shows one.
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from misc_files.challenge_data import description_digest, differences
from parameter import add_task_option, get_params, params_given
from seldnet.annotations.dataset import Dataset
from seldnet.annotations.dataset_file import find_dataset
from seldnet.annotations.output_format import predictions_folder
from seldnet.annotations.saved_settings import read_settings
from seldnet.common.errors import InputError
from seldnet.common.files import atomic_path, create_folder, list_entries
from seldnet.common.scripts import exit_with_one_line, script_parser
from seldnet.extraction.audio import frames_of_recordings
from seldnet.scoring.scores import score_folders

# Four folds of the development set, as published with the challenge.
PUBLISHED = {
    'foa': {'ER': 0.34, 'F': 0.799, 'DOA': 28.5, 'FR': 0.854},
    'mic': {'ER': 0.35, 'F': 0.800, 'DOA': 30.8, 'FR': 0.840},
}
PUBLISHED_METHOD = 'released'


class Column(NamedTuple):
    """How a score is written."""

    title: str
    form: str
    rounding: float  # half of the last published digit


COLUMNS = {'ER': Column('error rate', '{:.2f}', 0.005), 'F': Column('F', '{:.1%}', 0.0005),
           'DOA': Column('DOA error', '{:.1f}°', 0.05), 'FR': Column('frame recall', '{:.1%}', 0.0005)}


def lies_within(score: str, published: float, interval: Sequence[float]) -> bool | None:
    """Whether an interval covers a published score; None if there is no interval."""
    low, high = interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    rounding = COLUMNS[score].rounding + 1e-12
    return low <= published + rounding and published - rounding <= high


_OF_THE_MACHINE = {'quick_test', 'n_jobs', 'save_spectra', 'feature_dtype', 'tensorboard', 'dcase_output'}


def other_settings(predictions: Path, task: str, method: str) -> list[str]:
    """Settings of a training that differ from the method's own: '`nb_epochs` 1 (50)'.

    Parameters
    ----------
    predictions : Path
        Folder with the `settings.json` that training leaves beside its predictions; without it there is
        nothing to compare.
    task, method : str
    """
    path = predictions / 'settings.json'
    if not path.is_file():
        return []
    own = get_params(task, model_variant=method)
    trained = read_settings(path, remedy='run `make reproduce` again')['params']
    return [f'`{name}` {trained[name]} ({value})' for name, value in own.items()
            if name in trained and not name.endswith('_dir') and name not in _OF_THE_MACHINE | {'dataset'}
            and trained[name] != value]


def format_report(results: Mapping[str, Any], params: Mapping[str, Any], not_the_challenge: Sequence[str],
                  digest: str, changed: Sequence[str] = ()) -> str:
    """The report, as Markdown.

    Parameters
    ----------
    results : mapping
        As of `score_folders`.
    params : mapping
        Settings: 'dataset' (format), 'model_variant'.
    not_the_challenge : sequence of str
        In what the data differ from the challenge's, as of `differences`.
    digest : str
        Of the descriptions.
    changed : sequence of str
        As of `other_settings`.
    """
    audio_format, method = params['dataset'], params['model_variant']
    scores, intervals = results['groups']['all']['2019'], results['ci95']['2019']
    published = PUBLISHED[audio_format]
    settings = results['settings']
    lines = [f'# Reproduction of the 2019 baseline: {audio_format}, {method}', '']
    if not_the_challenge:
        lines += ["**The data are not the challenge's**: their scores say nothing about the published ones.",
                  '', *(f'- {difference}' for difference in not_the_challenge), '']
    else:
        lines += ["The data look like the challenge's: names and numbers of recordings, descriptions.", '']
    if settings['quick_test']:
        lines += ['**Quick test**: these scores mean nothing.', '']
    if settings['left_out']:
        lines += [f'**Not finished**: {settings["left_out"]} recordings have no prediction yet and are left '
                  'out. The published scores are those of all four folds together.', '']
    if changed:
        lines += [f'**Other settings** than those of the method (in brackets): {", ".join(changed)}.', '']
    if method != PUBLISHED_METHOD:
        lines += [f'The published scores are those of method {PUBLISHED_METHOD}; {method} is another.', '']
    is_comparable = not (not_the_challenge or settings['quick_test'] or settings['left_out'])
    within = {name: lies_within(name, published[name], intervals[name]) if is_comparable else None
              for name in COLUMNS}
    lines += _table([
        ('', *(column.title for column in COLUMNS.values())),
        ('published', *(COLUMNS[name].form.format(published[name]) for name in COLUMNS)),
        ('here', *(_value(name, scores[name]) for name in COLUMNS)),
        ('95 % interval', *(_interval(name, intervals[name]) for name in COLUMNS)),
        ('published lies within', *(_WORDS[within[name]] for name in COLUMNS))])
    return '\n'.join([*lines, '', f'{results["recordings"]["all"]} recordings; predictions: '
                      f'{settings["predictions"]}; descriptions: {settings["references"]} '
                      f'(SHA-256 {digest}).',
                      f'Intervals: {settings["intervals"]}. An interval shows how much the choice of '
                      'recordings matters, not how much another seed would.', ''])


_WORDS = {True: 'yes', False: 'no', None: '-'}


def _value(name: str, value: float) -> str:
    return COLUMNS[name].form.format(value) if math.isfinite(value) else '-'


def _interval(name: str, interval: Sequence[float]) -> str:
    return ' to '.join(_value(name, end) for end in interval) if all(map(math.isfinite, interval)) else '-'


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ['| ' + ' | '.join(f'{cell:{width}}' for cell, width in zip(row, widths)) + ' |' for row in rows]
    return [lines[0], '|' + '|'.join('-' * (width + 2) for width in widths) + '|', *lines[1:]]


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    params = params_given(args, args.task)
    if params['mode'] != 'dev':
        raise InputError(f'task {args.task}: mode {params["mode"]}; published are the scores of the '
                         'development folds (mode dev)')
    described = dataset or find_dataset(params['dataset_dir'])
    references = described.description_folder(params['dataset_dir'], 'dev')
    predictions = predictions_folder(params['dcase_dir'], args.task, params['dataset'], 'dev')
    if not list_entries(predictions, '.csv'):
        raise InputError(f'{predictions}: no predictions yet; `make reproduce` or seld.py writes them')
    results = score_folders(predictions, references, allow_missing=True, dataset=described,
                            nb_frames=frames_of_recordings(references, described))
    report = format_report(results, params, differences(params['dataset_dir'], described),
                           description_digest(references),
                           other_settings(predictions, args.task, params['model_variant']))
    print(report)
    if args.output:
        create_folder(args.output.parent)
        with atomic_path(args.output) as temporary:
            temporary.write_text(report, encoding='utf-8')
        print(f'written: {args.output}')
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('--output', type=Path, metavar='FILE', help='also write the report there (Markdown)')
    add_task_option(parser, ('dataset', 'model_variant', 'dataset_dir', 'dcase_dir'))
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
