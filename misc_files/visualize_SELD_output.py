"""Draw what a model found in recordings: spectrogram, active classes, azimuths and elevations over time.

    python misc_files/visualize_SELD_output.py results/4_foa_dev/split1_ir0_ov1_1.csv --task 4
    python misc_files/visualize_SELD_output.py results/4_foa_dev --output pictures/        # all of a folder
    python misc_files/visualize_SELD_output.py PREDICTION.csv --output picture.pdf --seconds 10 20
    python misc_files/visualize_SELD_output.py PREDICTION.csv --references events/ --audio recordings/ --show

Left is the reference and right the prediction; with --overlay the reference lies in grey behind it. Without
a reference there is one column, without audio no spectrogram. References and audio are files of the
prediction's name, by default in the folders of the task. Pictures go beside the predictions unless --output
says otherwise. Markers stand at onsets, in pictures of up to three minutes.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from misc_files import plotting
from misc_files.scored_folder import arguments_of_scoring
from parameter import add_task_option, params_given
from seldnet.annotations.dataset import Dataset
from seldnet.annotations.descriptions import read_description
from seldnet.annotations.output_format import description_rows, read_output_rows
from seldnet.annotations.stored_facts import check_dataset, dataset_of_predictions
from seldnet.common.errors import InputError, printable
from seldnet.common.files import list_entries
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser
from seldnet.extraction.audio import SUFFIXES
from seldnet.plots.recording import load_spectrogram, plot_recording
from seldnet.plots.style import check_ending, save

# ------------------------------------------------------------------------------------------------------------
# Files
# ------------------------------------------------------------------------------------------------------------


def find_predictions(paths: Sequence[Path]) -> list[Path]:
    """The files among `paths`, and the CSV files of the folders among them."""
    found = []
    for path in paths:
        in_folder = list_entries(path, '.csv') if path.is_dir() else [path]
        if not in_folder:
            raise InputError(f'{path}: no predictions (*.csv) in this folder')
        found += in_folder
    return found


def find_companion(name: str, folder: Path | None, default: Path, suffixes: Sequence[str]) -> Path | None:
    """The file of a recording in `folder`, where it must be, or in the folder `default`, where it may be."""
    for suffix in suffixes:
        path = (folder or default) / f'{name}{suffix}'
        if path.is_file():
            return path
    if folder is not None:
        raise InputError(f'{folder}: no {" or ".join(name + suffix for suffix in suffixes)} in this folder')
    return None


def output_path(prediction: Path, output: Path | None, picture_format: str) -> Path:
    """Where the picture of a prediction goes."""
    if output is not None and output.suffix and not output.is_dir():
        return output
    return (output or prediction.parent) / f'{prediction.stem}.{picture_format}'


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    params = params_given(args, args.task, predictions=args.predictions[0])
    dataset = dataset or dataset_of_predictions(
        args.predictions[0], args.references and args.references.parent, params['dataset_dir'])
    default_references = dataset.description_folder(params['dataset_dir'], params['mode'])
    default_audio = dataset.audio_folder(params['dataset_dir'], params['dataset'], params['mode'])
    predictions = find_predictions(args.predictions)
    for folder in sorted({path.parent for path in predictions}):
        check_dataset(folder, dataset)
    _check_arguments(args, predictions)
    plotting.choose_backend(args.show)
    quiet = None if len(predictions) > 1 else True  # None: where stdout is no terminal
    for path in tqdm(predictions, desc='pictures', file=sys.stdout, disable=quiet):
        reference = find_companion(path.stem, args.references, default_references, ['.csv'])
        audio = find_companion(path.stem, args.audio, default_audio, SUFFIXES)
        figure = plot_recording(
            read_output_rows(path, dataset=dataset),
            reference and description_rows(read_description(reference, dataset=dataset)),
            audio and load_spectrogram(audio), title=path.stem, seconds=args.seconds, dataset=dataset,
            overlay=args.overlay)
        if args.output or not args.show:
            target = output_path(path, args.output, args.format)
            save(figure, target)
            missing = [name for name, there in (('references', reference), ('audio', audio)) if not there]
            tqdm.write(f'written: {printable(target)}'
                       + (f' (without {" and ".join(missing)})' if missing else ''))
        if args.show:
            plotting.show(figure)
    scored = arguments_of_scoring(predictions[0].parent, args.references or default_references)
    if scored and len({path.parent for path in predictions}) == 1:
        print(next_command('python', 'misc_files/analyse_errors.py', *scored,
                           title='What is wrong in all recordings of the folder'))
    return 0


def _check_arguments(args: argparse.Namespace, predictions: Sequence[Path]) -> None:
    if args.seconds and not 0 <= args.seconds[0] < args.seconds[1] < math.inf:
        raise InputError('--seconds: got {:g} {:g}, expected a time and a later one'.format(*args.seconds))
    targets = [output_path(path, args.output, args.format) for path in predictions]
    for target in targets:
        check_ending(target)
    if len(set(targets)) < len(targets):
        raise InputError(f'{len(targets)} predictions for {len(set(targets))} files, expected a folder for '
                         '--output and predictions of different names')


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('predictions', nargs='+', type=Path, metavar='PREDICTION',
                        help='CSV files of the output format, or folders of them')
    parser.add_argument('--references', type=Path, metavar='FOLDER',
                        help="folder of descriptions [the task's]")
    parser.add_argument('--audio', type=Path, metavar='FOLDER', help="folder of recordings [the task's]")
    parser.add_argument('--output', type=Path, metavar='PATH',
                        help='folder, or file that ends in .png, .pdf or .svg [beside the predictions]')
    parser.add_argument('--overlay', action='store_true',
                        help='one column: the reference in grey behind the prediction')
    parser.add_argument('--seconds', type=float, nargs=2, metavar=('FROM', 'TO'), help='show a part only')
    plotting.add_picture_options(parser)
    add_task_option(parser, ('dataset', 'mode', 'dataset_dir'))
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
