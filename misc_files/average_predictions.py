"""Average the predictions of several systems, such as one job with several seeds, so that they can be scored.

    python misc_files/average_predictions.py seed1/6_foa_dev seed2/6_foa_dev seed3/6_foa_dev --output mean
    python calculate_SELD_metrics.py mean data/metadata_dev

Each folder holds what `seld.py --save_scores True` or `predict_recording.py --save_scores` wrote: NAME.npz
beside NAME.csv. Activities are averaged, directions as vectors that are as long as the activities.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from misc_files.scored_folder import arguments_of_scoring
from seldnet.annotations.dataset import Dataset
from seldnet.annotations.output_format import SETTINGS_FILE, active_rows, write_output_rows
from seldnet.annotations.saved_settings import read_settings
from seldnet.annotations.stored_facts import DATASET_FACTS, REMEDY, check_dataset, dataset_of_predictions
from seldnet.common.errors import InputError, and_more, raise_problems
from seldnet.common.files import create_folder, list_files, write_json
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser
from seldnet.methods.averaging import average_degrees
from seldnet.methods.method import Method
from seldnet.methods.registry import METHODS
from seldnet.methods.soft_scores import SCORES_ENDING, Scores, read_scores, write_scores


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    dataset = dataset or dataset_of_predictions(args.folders[0], args.dataset_dir)
    for folder in args.folders:
        check_dataset(folder, dataset)
    names = _common_names(args.folders)
    if args.output.exists() and any(args.output.iterdir()) and not args.overwrite:
        raise InputError(f'{args.output}: is not empty, expected a new folder, or --overwrite')
    method = _method_of(args.folders[0]).with_thresholds(args.threshold, dataset)
    create_folder(args.output)
    for name in names:
        scores = [read_scores(folder / f'{name}{SCORES_ENDING}', dataset=dataset) for folder in args.folders]
        lengths = {len(some.activity) for some in scores}
        if len(lengths) > 1:
            raise InputError(f'{args.folders[-1] / name}{SCORES_ENDING}: {sorted(lengths)} frames in the '
                             'folders, expected the same recording in all')
        mean = Scores(*average_degrees(scores))
        write_scores(args.output / f'{name}{SCORES_ENDING}', mean, dataset=dataset)
        write_output_rows(args.output / f'{name}.csv', active_rows(*method.read_scores(mean, dataset)),
                          dataset=dataset)
    write_json(args.output / SETTINGS_FILE, {
        'task': 'mean', 'job': 'mean', 'mean_of': [str(folder) for folder in args.folders],
        DATASET_FACTS: dataset.facts(), 'params': _saved(args.folders[0]).get('params', {})})
    print(f'written: {args.output}: the mean of {len(args.folders)} predictions of {len(names)} recordings')
    params = _saved(args.folders[0]).get('params', {})
    if dataset_dir := args.dataset_dir or params.get('dataset_dir'):
        references = dataset.description_folder(dataset_dir, params.get('mode', 'dev'))
        if scored := arguments_of_scoring(args.output, references):
            print(next_command('python', 'calculate_SELD_metrics.py', *scored))
    return 0


def _common_names(folders: Sequence[Path]) -> list[str]:
    """The recordings that all folders have; InputError if they have not the same."""
    names = [{path.stem for path in list_files(folder, SCORES_ENDING)} for folder in folders]
    problems = []
    for folder, of_folder in zip(folders, names):
        if not of_folder:
            problems.append(f'{folder}: no scores (*{SCORES_ENDING}), expected what --save_scores '
                            'writes')
        elif missing := sorted(names[0] - of_folder) + sorted(of_folder - names[0]):
            problems.append(f'{folder}: other recordings than in {folders[0]}: {missing[0]}'
                            f'{and_more(missing)}')
    raise_problems(problems)
    return sorted(names[0])


def _saved(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS_FILE
    return read_settings(path, remedy=REMEDY) if path.is_file() else {}


def _method_of(folder: Path) -> Method:
    """Whose threshold and rounding hold; that of 2019 where nothing is said."""
    name = _saved(folder).get('params', {}).get('model_variant')
    return METHODS[name if name in METHODS else 'released']


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('folders', nargs='+', type=Path, metavar='FOLDER', help='of predictions with scores')
    parser.add_argument('--output', type=Path, required=True, metavar='DIR', help='folder for the mean')
    parser.add_argument('--overwrite', action='store_true', help='write into a folder that is not empty')
    parser.add_argument('--threshold', nargs='+', metavar='NUMBER',
                        help="activity from which a class is active, of all or CLASS=NUMBER [the method's]")
    parser.add_argument('--dataset_dir', '--dataset-dir', type=Path, metavar='DIR',
                        help='folder of the data set [as the predictions say]')
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
