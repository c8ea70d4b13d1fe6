"""Score a folder of predictions, one CSV file of the output format a recording, against the descriptions.

Prints the scores of DCASE 2019 and the joint scores of 2020 and later: for all recordings, each split,
overlap and room, and each class, with 95 % confidence intervals (jackknife over the recordings) for the
totals.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from parameter import add_task_option, params_given
from seldnet.annotations.dataset import Dataset
from seldnet.annotations.dataset_file import find_dataset
from seldnet.annotations.output_format import SETTINGS_FILE, predictions_folder
from seldnet.common.errors import InputError, printable
from seldnet.common.scripts import exit_with_one_line, script_parser
from seldnet.extraction.audio import frames_of_recordings
from seldnet.scoring.scores import score_folders
from seldnet.scoring.tables import format_results, write_scores_json, write_table

EXAMPLES = """examples:
  python calculate_SELD_metrics.py                          the predictions of task 1 against its references
  python calculate_SELD_metrics.py --task 5                 those of task 5 (evaluation set)
  python calculate_SELD_metrics.py results/1_foa_dev data/metadata_dev --json scores.json --csv scores.csv
  python calculate_SELD_metrics.py --allow-missing          only what was predicted (quick test)
"""


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    params = params_given(args, args.task, predictions=args.predictions)
    dataset = dataset or find_dataset(args.references and args.references.parent, params['dataset_dir'])
    predictions = args.predictions or predictions_folder(params['dcase_dir'], args.task, params['dataset'],
                                                         params['mode'])
    references = args.references or dataset.description_folder(params['dataset_dir'], params['mode'])
    _check_outputs(args.json, args.csv, (predictions, references))

    results = score_folders(predictions, references, allow_missing=args.allow_missing, dataset=dataset,
                            nb_frames=frames_of_recordings(references, dataset))
    if args.json:
        write_scores_json(args.json, results)
    if args.csv:
        write_table(args.csv, results)
    print(format_results(results))
    for path in filter(None, (args.json, args.csv)):
        print(f'written: {printable(path)}')
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__, epilog=EXAMPLES)
    parser.add_argument('predictions', nargs='?', type=Path, help="folder of predictions [the task's]")
    parser.add_argument('references', nargs='?', type=Path, help="folder of descriptions [the task's]")
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all scores as JSON')
    parser.add_argument('--csv', type=Path, metavar='FILE', help='write all scores as a table')
    parser.add_argument('--allow-missing', action='store_true',
                        help='leave out the recordings that have no prediction')
    add_task_option(parser, ('dataset', 'mode', 'dataset_dir', 'dcase_dir'))
    return parser.parse_args(argv)


def _check_outputs(json: Path | None, table: Path | None, folders: Sequence[Path]) -> None:
    """InputError if one file would replace the other, or stand in one of `folders` as one of its files."""
    if json and table and json.resolve() == table.resolve():
        raise InputError(f'{table}: both --json and --csv, expected two files')
    for path in filter(None, (json, table)):
        is_among = path.resolve().parent in [folder.resolve() for folder in folders]
        if is_among and (path.resolve().suffix == '.csv' or path.resolve().name == SETTINGS_FILE):
            raise InputError(f'{path}: would stand among the files that are scored, expected another folder')


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
