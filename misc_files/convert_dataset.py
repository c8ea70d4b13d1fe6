"""Bring data sets and predictions of DCASE 2020 to 2024 into this project's form of 2019, and back.

    # A data set: recordings (hard links, they take no space), descriptions and dataset.toml
    python misc_files/convert_dataset.py dataset STARSS23/ data_starss23/ --year 2023
    python misc_files/convert_dataset.py dataset MY_SCENES/ data_mine/ --classes speech 'door bell' dog
    # Predictions, and descriptions alone
    python misc_files/convert_dataset.py predictions theirs/ ours/ --to 2019 --year 2023
    python misc_files/convert_dataset.py predictions results/TASK_foa_dev/ theirs/ --to cartesian --year 2023
    python misc_files/convert_dataset.py metadata data_starss23/metadata_dev/ theirs/ --to later --year 2023

dataset      SOURCE has foa_dev/ or mic_dev/ with metadata_dev/, and perhaps the same with _eval; files may be
             in subfolders (dev-train-tau/ ...). A class index is the place in the list of classes.
predictions  --to 2019: predictions of those years in any form. --to polar or cartesian: those of this
             project, or of those years in the other form. Files of four columns are 2020's, of 100 ms
             frames, for --to 2019, and this project's, of 20 ms frames, for the others.
metadata     --to 2019: metadata become descriptions. --to later: descriptions become metadata.

What is there already stays; after an interruption, run it again. Nothing in SOURCE changes.
docs/LATER_YEARS.md tells what is lost on the way.
"""

import argparse
import dataclasses
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from misc_files.conversion.dataset_file import dataset_lines
from misc_files.conversion.files import Output, convert_each, find_files, raise_first, text_of, write_outputs
from misc_files.scored_folder import arguments_of_scoring
from seldnet.annotations.dataset import FORMATS, FRAMES_PER_SECOND, MODES, TAU2019, Dataset
from seldnet.annotations.dataset_file import FILE_NAME, read_dataset
from seldnet.annotations.descriptions import read_description, write_description
from seldnet.annotations.later_files import (
    count_columns,
    read_metadata,
    read_predictions,
    write_cartesian,
    write_polar,
)
from seldnet.annotations.later_years import (
    CLASSES_OF_YEAR,
    events_to_metadata,
    metadata_to_events,
    predictions_from_2019,
    predictions_to_2019,
)
from seldnet.annotations.output_format import read_output_rows, write_output_rows
from seldnet.common.errors import InputError
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser
from seldnet.extraction.audio import SUFFIXES, check_recording

# ------------------------------------------------------------------------------------------------------------
# A data set
# ------------------------------------------------------------------------------------------------------------


def convert_dataset(args: argparse.Namespace, dataset: Dataset) -> list[Output]:
    """Recordings, descriptions and dataset.toml."""
    outputs: list[Output] = []
    rates: dict[int, Path] = {}
    names: dict[str, Path] = {}  # of all recordings, one of each name
    sets = [(mode, *_find_set(args.source, mode)) for mode in MODES]
    if not any(recordings for _, recordings, _ in sets):
        raise InputError(f'{args.source}: no folder foa_dev, mic_dev, foa_eval or mic_eval in it')
    for mode, recordings, metadata in sets:
        raise_first([f'{path}: has the name of {names[name]}, expected different names'
                     for paths in recordings.values() for name, path in paths.items() if name in names])
        for folder, paths in recordings.items():
            for name, rate_hz in convert_each(paths, _sample_rate).items():
                rates.setdefault(rate_hz, paths[name])
                names[name] = paths[name]
            outputs += [Output(args.target / folder / path.name, path, None) for path in paths.values()]
        descriptions = convert_each(metadata, lambda path: text_of(
            write_description, metadata_to_events(read_metadata(path, dataset=dataset)), dataset=dataset))
        outputs += [Output(args.target / f'metadata_{mode}' / f'{name}.csv', metadata[name], text)
                    for name, text in descriptions.items()]
    if len(rates) > 1:
        found = ', '.join(f'{path} with {rate_hz} Hz' for rate_hz, path in rates.items())
        raise InputError(f'{args.source}: recordings of several sampling rates ({found}), expected one')
    sample_rate_hz, example = next(iter(rates.items()))
    if sample_rate_hz % FRAMES_PER_SECOND:
        raise InputError(f'{example}: sampling rate {sample_rate_hz} Hz, expected a multiple of '
                         f'{FRAMES_PER_SECOND}; resample the recordings')
    has_foa = any(folder.startswith('foa') for _, recordings, _ in sets for folder in recordings)
    toml = ''.join(dataset_lines(dataset, args.year, sample_rate_hz, names, has_foa=has_foa))
    return [*outputs, Output(args.target / FILE_NAME, None, toml.encode())]


def _find_set(source: Path, mode: str) -> tuple[dict[str, dict[str, Path]], dict[str, Path]]:
    """Recordings by folder and name, and metadata by name, which an evaluation set may lack."""
    folders = [source / f'{audio_format}_{mode}' for audio_format in FORMATS]
    recordings = {folder.name: find_files(folder, *SUFFIXES) for folder in folders if folder.is_dir()}
    folder = source / f'metadata_{mode}'
    if not recordings or (mode != 'dev' and not folder.is_dir()):
        return recordings, {}
    metadata = find_files(folder, '.csv')
    problems = [f'{path}: no metadata {folder / name}.csv' for paths in recordings.values()
                for name, path in paths.items() if name not in metadata]
    names = {name for paths in recordings.values() for name in paths}
    problems += [f'{path}: no recording of this name in {", ".join(recordings)}'
                 for name, path in metadata.items() if name not in names]
    raise_first(problems)
    return recordings, metadata


def _sample_rate(path: Path) -> int:
    check_recording(path, any_rate=True)
    import soundfile

    return soundfile.info(path).samplerate


# ------------------------------------------------------------------------------------------------------------
# Predictions, and metadata alone
# ------------------------------------------------------------------------------------------------------------


def convert_predictions(args: argparse.Namespace, dataset: Dataset) -> list[Output]:
    """Files of the output format of 2019, or of a later form."""
    paths = find_files(args.source, '.csv', subfolders=False)
    has_four = 4 in map(count_columns, paths.values())
    if has_four and args.to != '2019':
        predictions = convert_each(paths, lambda path: predictions_from_2019(
            read_output_rows(path, dataset=dataset)))
    else:
        of_paths = read_predictions(list(paths.values()), dataset=dataset)
        predictions = {name: of_paths[path] for name, path in paths.items()}
    if has_four:
        print(f'{args.source}: four columns, read as frames of {"100" if args.to == "2019" else "20"} ms')
    if args.to == '2019' and any(np.isfinite(rows[:, 5]).any() for rows in predictions.values()):
        print(f'{args.source}: the distances have no place in the form of 2019, they are left out')
    texts = {name: _text_of_predictions(rows, args.to, dataset) for name, rows in predictions.items()}
    return [Output(args.target / f'{name}.csv', paths[name], text) for name, text in texts.items()]


def _text_of_predictions(rows: np.ndarray, form: str, dataset: Dataset) -> bytes:
    if form == '2019':
        return text_of(write_output_rows, predictions_to_2019(rows), dataset=dataset)
    return text_of(write_polar if form == 'polar' else write_cartesian, rows)


def convert_metadata(args: argparse.Namespace, dataset: Dataset) -> list[Output]:
    """Descriptions of metadata, or metadata of descriptions."""
    def converted(path: Path) -> bytes:
        if args.to == 'later':
            return text_of(write_polar, events_to_metadata(read_description(path, dataset=dataset)))
        return text_of(write_description, metadata_to_events(read_metadata(path, dataset=dataset)),
                       dataset=dataset)

    paths = find_files(args.source, '.csv', skip=args.target)
    return [Output(args.target / f'{name}.csv', paths[name], text)
            for name, text in convert_each(paths, converted).items()]


# ------------------------------------------------------------------------------------------------------------
# Command line
# ------------------------------------------------------------------------------------------------------------

TAU_YEAR = 2019
NAME_OF_YEAR = {2020: 'TAU-NIGENS Spatial Sound Events 2020', 2021: 'TAU-NIGENS Spatial Sound Events 2021',
                2022: 'STARSS22', 2023: 'STARSS23', 2024: 'STARSS23'}
CONVERSIONS = {'dataset': convert_dataset, 'predictions': convert_predictions, 'metadata': convert_metadata}


def chosen_dataset(args: argparse.Namespace) -> Dataset:
    """The data set whose classes the files have.

    Raises
    ------
    InputError
        If its classes are not names, each once, or cannot be read.
    """
    if args.year == TAU_YEAR:
        return TAU2019
    if args.year:
        return dataclasses.replace(TAU2019, name=NAME_OF_YEAR[args.year], classes=CLASSES_OF_YEAR[args.year])
    if not args.classes:
        return read_dataset(args.dataset_dir / FILE_NAME)
    classes = tuple(args.classes)
    for class_name in classes:
        if not class_name or class_name != class_name.strip() or not class_name.isprintable():
            raise InputError(f'--classes: class {class_name!r}, expected a name in one line')
        if classes.count(class_name) > 1:
            raise InputError(f'--classes: class {class_name!r} stands there twice, expected each once')
    return dataclasses.replace(TAU2019, name=args.target.resolve().name, classes=classes)


def closing_line(target: Path, done: Counter) -> str:
    """What was done."""
    kinds = {'linked': 'recordings as hard links (what changes one file changes both)',
             'copied': 'recordings as copies', 'written': 'files written'}
    parts = [f'{done[key]} {what}' for key, what in kinds.items() if done[key]]
    if not parts:
        return f'{target}: all {done["there"]} files are there already, nothing to do'
    there = f'; {done["there"]} were there already' if done['there'] else ''
    return f'{target}: {", ".join(parts)}{there}'


def main(argv: Sequence[str] | None = None) -> int:
    args = _parse_arguments(argv)
    if not args.source.is_dir():
        raise InputError(f'{args.source}: no such folder')
    if args.target.exists() and args.target.samefile(args.source):
        raise InputError(f'{args.target}: is the folder that is to be converted, expected another')
    outputs = CONVERSIONS[args.what](args, chosen_dataset(args))
    print(closing_line(args.target, write_outputs(outputs, overwrite=args.overwrite)))
    if words := next_words(args):
        print(next_command('python', *words))
    return 0


def next_words(args: argparse.Namespace) -> list[str | Path]:
    """The command after a conversion, if there is one in this project."""
    if args.what == 'dataset' and TAU2019.description_folder(args.target, 'dev').is_dir():
        return ['misc_files/check_dataset_distribution.py', args.target]
    if args.what == 'predictions' and args.to == '2019' and args.dataset_dir:
        for mode in MODES:
            references = TAU2019.description_folder(args.dataset_dir, mode)
            if scored := arguments_of_scoring(args.target, references):
                return ['calculate_SELD_metrics.py', *scored]
    return []


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    commands = parser.add_subparsers(dest='what', required=True, metavar='dataset|predictions|metadata')
    for what, text, forms in (('dataset', 'a whole data set', None),
                              ('predictions', 'a folder of predictions', ('2019', 'polar', 'cartesian')),
                              ('metadata', 'a folder of metadata or descriptions', ('2019', 'later'))):
        command = commands.add_parser(what, help=text, description=f'Convert {text}.', allow_abbrev=False)
        command.add_argument('source', type=Path, metavar='SOURCE', help='folder that is read')
        command.add_argument('target', type=Path, metavar='TARGET', help='folder for what is written')
        if forms:
            command.add_argument('--to', required=True, choices=forms, help='form of what is written')
        classes = command.add_mutually_exclusive_group(required=True)
        years = sorted({*CLASSES_OF_YEAR, *([TAU_YEAR] if forms else [])})
        classes.add_argument('--year', type=int, choices=years, help='its data set, whose classes they are')
        classes.add_argument('--classes', nargs='+', metavar='NAME',
                             help='classes, in the order of their index')
        if forms:
            classes.add_argument('--dataset_dir', type=Path, metavar='DIR',
                                 help=f'folder of the data set, whose {FILE_NAME} has the classes')
        command.add_argument('--overwrite', action='store_true', help='replace what is there and different')
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
