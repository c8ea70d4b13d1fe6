"""Run a trained model on recordings of one's own, of any length and at any sampling rate.

    python misc_files/predict_recording.py models/4_first_foa_dev_split1_model.keras street.wav --plot
    python misc_files/predict_recording.py MODEL recordings/ --output predictions/      # all of a folder
    python misc_files/predict_recording.py MODEL split1_ir0_ov1_1.wav --overlap 0       # exactly as seld.py

A recording has the four channels of the model's format: W, Y, Z, X (ACN order, N3D gains) for foa, M1 to M4
of the tetrahedral array for mic. Other rates are brought to 48 kHz by soxr. Settings and scaler are read from
the files that training left beside the model. For each recording NAME these are written:

NAME.csv         frame (20 ms), class index, azimuth, elevation for each active class of a frame, no header
events/NAME.csv  events in the form of the data set's descriptions, times in seconds; gaps below 0.1 s are
                 closed, and what is then shorter than that is left out; an empty distance is unknown
NAME.png         with --plot, the picture of visualize_SELD_output.py

The network is given sequences of some seconds. They overlap, and each frame is taken from the sequence in
whose middle it is. With --overlap 0 they stand end to end, as in seld.py, and recordings of up to 65 s are
cut or zero-padded to the 60 s of the data set: the output is that of seld.py, byte for byte.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from misc_files import plotting
from parameter import SETTINGS
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.descriptions import write_description
from seldnet.annotations.output_format import SETTINGS_FILE, read_output_rows, write_output_rows
from seldnet.common.errors import InputError
from seldnet.common.files import list_entries
from seldnet.common.scripts import exit_with_one_line, script_parser
from seldnet.extraction.audio import SUFFIXES, check_recording
from seldnet.plots import style
from seldnet.plots.recording import load_spectrogram, plot_recording
from seldnet.prediction.predict import Prediction, check_overlap, predict, recording_facts, recording_notes
from seldnet.prediction.trained_model import Network, TrainedModel, read_trained_model
from seldnet.training import network
from seldnet.training.run import MODEL_ENDING


def find_recordings(paths: Sequence[Path]) -> list[Path]:
    """The files among `paths`, and the recordings of the folders among them.

    Raises
    ------
    InputError
        If there are none, one cannot be read as far as its header goes, or two have the same name.
    """
    recordings: list[Path] = []
    for path in paths:
        in_folder = list_entries(path, *SUFFIXES) if path.is_dir() else [path]
        if not in_folder:
            raise InputError(f'{path}: no recordings ({", ".join(SUFFIXES)}) in this folder')
        recordings += in_folder
    names: dict[str, Path] = {}
    for path in recordings:
        if not path.is_file():
            raise InputError(f'{path}: no such recording')
        check_recording(path, any_rate=True)
        if path.stem in names:
            raise InputError(f'{path}: has the name of {names[path.stem]}, expected different names')
        names[path.stem] = path
    return recordings


def refuse_to_replace(folder: Path, recordings: Sequence[Path], *, dataset: Dataset = TAU2019) -> None:
    """InputError if something would be lost in `folder`: a task's predictions, or files of another kind."""
    if (folder / SETTINGS_FILE).exists():
        raise InputError(f'{folder}: holds the predictions of seld.py, which are scored as they are; choose '
                         'another --output')
    for path in [folder / f'{recording.stem}.csv' for recording in recordings]:
        if path.exists():
            try:
                read_output_rows(path, dataset=dataset)
            except InputError as error:
                raise InputError(f'{path}: is no prediction, and would be replaced; choose another --output'
                                 ) from error


def predict_recording(path: Path, model: TrainedModel, outputs_of: Network, overlap: int) -> Prediction:
    """What the model finds in a recording; notes and warnings go to stderr."""
    for note in recording_notes(path, model):
        tqdm.write(f'{path}: {note}', file=sys.stderr)
    seconds = recording_facts(path).seconds
    with tqdm(total=round(seconds), unit='s', desc=path.stem, file=sys.stdout, disable=None,
              leave=False) as bar:
        prediction = predict(path, model, overlap=overlap, network=outputs_of, progress=bar.update)
    for warning in prediction.warnings:
        tqdm.write(f'{path}: warning: {warning}', file=sys.stderr)
    return prediction


def main(argv: Sequence[str] | None = None, *, dataset: Dataset = TAU2019) -> int:
    args = _parse_arguments(argv)
    model = read_trained_model(args.model, dataset=dataset)
    overlap = check_overlap(model, args.overlap)
    recordings = find_recordings(args.recordings)
    folder = args.output or Path(SETTINGS['dcase_dir'].default) / model.name
    refuse_to_replace(folder, recordings, dataset=dataset)
    network.load_keras()
    outputs_of = model.load_network()
    (folder / 'events').mkdir(parents=True, exist_ok=True)
    for path in recordings:
        prediction = predict_recording(path, model, outputs_of, overlap)
        target = folder / f'{path.stem}.csv'
        write_output_rows(target, prediction.rows, dataset=dataset)
        write_description(folder / 'events' / target.name, prediction.events, dataset=dataset)
        print(f'{path}: {len(prediction.events)} events, written: {target}, '
              f'{folder / "events" / target.name}')
        if args.plot:
            picture = folder / f'{path.stem}.{args.format}'
            style.save(plot_recording(prediction.rows, None, load_spectrogram(path), title=path.stem,
                                      dataset=dataset), picture)
            print(f'written: {picture}')
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('model', type=Path, metavar='MODEL', help=f'a model ...{MODEL_ENDING} of seld.py')
    parser.add_argument('recordings', nargs='+', type=Path, metavar='WAV',
                        help='recordings, or folders of them')
    parser.add_argument('--output', type=Path, metavar='DIR',
                        help="folder for what is written [folder of the model's name in results/]")
    parser.add_argument('--overlap', type=int, metavar='FRAMES',
                        help='frames that neighbouring sequences share [half a sequence]')
    parser.add_argument('--plot', action='store_true', help='draw a picture of each recording')
    plotting.add_format_option(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
