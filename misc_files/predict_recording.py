"""Run trained models on recordings of one's own, of any length and at any sampling rate.

    python misc_files/predict_recording.py models/4_first_foa_dev_split1_model.keras street.wav --plot
    python misc_files/predict_recording.py MODEL recordings/ --recursive --output predictions/
    python misc_files/predict_recording.py MODEL MODEL MODEL street.wav --threshold speech=0.3 knock=0.6
    python misc_files/predict_recording.py MODEL split1_ir0_ov1_1.wav --overlap 0       # exactly as seld.py

A recording has the four channels of the model's format: W, Y, Z, X (ACN order, N3D gains) for foa, M1 to M4
of the tetrahedral array for mic; --channels and --ambisonics say what is otherwise. Other rates than the data
set's are converted by soxr. Settings, classes and scaler are read from the files that training left beside
the model. Of several models (each ..._model.keras) the activities are averaged, and the directions as
vectors. For each recording NAME these are written:

NAME.csv          frame (20 ms), class index, azimuth, elevation for each active class of a frame, no header
events/NAME.csv   events in the form of the data set's descriptions, times in seconds; gaps below 0.1 s are
                  closed, and what is then shorter than that is left out; an empty distance is unknown; the
                  confidence is the mean activity
events/NAME.txt   with --audacity, labels that Audacity imports
events/NAME.json  with --json, events with names, models and thresholds
NAME.npz          with --save_scores, activity, azimuth_deg and elevation_deg of all classes and frames
NAME.png          with --plot, the picture of visualize_SELD_output.py

Files that this script has not written are not replaced; predict_recording.json in the folder lists its own. A
recording that cannot be used does not stop the others: all are named at the end, and the exit status is 1.

The network is given sequences of some seconds. They overlap, and each frame is taken from the sequence in
whose middle it is. With --overlap 0 they stand end to end, as in seld.py, and recordings that are not longer
than the data set's (TAU 2019: 60 s, and 5 s of grace) are cut or zero-padded to that: the output is that of
seld.py, byte for byte.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from misc_files import plotting
from parameter import SETTINGS
from seldnet.annotations.dataset import AMBISONICS, NB_CHANNELS
from seldnet.annotations.descriptions import write_description
from seldnet.annotations.output_format import write_output_rows
from seldnet.common.errors import InputError, raise_problems
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser
from seldnet.extraction.audio import recording_notes
from seldnet.methods.soft_scores import parse_thresholds, write_scores
from seldnet.plots import style
from seldnet.plots.recording import load_spectrogram, plot_recording
from seldnet.prediction.ensemble import Ensemble
from seldnet.prediction.output_files import (
    OutputFiles,
    facts_of,
    write_audacity_labels,
    write_events_json,
)
from seldnet.prediction.predict import Networks, Prediction, gain_of, predict, recording_facts
from seldnet.prediction.recordings import find_recordings
from seldnet.prediction.trained_model import read_trained_model, with_audio_options
from seldnet.training import backend
from seldnet.training.run import MODEL_ENDING

ROWS, EVENTS, LABELS, JSON, SCORES = '.csv', 'events/.csv', 'events/.txt', 'events/.json', '.npz'


def predict_recording(path: Path, ensemble: Ensemble, networks: Networks,
                      args: argparse.Namespace) -> Prediction:
    """What the models find in a recording; notes and warnings go to stderr."""
    for note in recording_notes(path, ensemble.dataset, ensemble.audio_format):
        tqdm.write(f'{path}: {note}', file=sys.stderr)
    with tqdm(total=round(recording_facts(path).seconds), unit='s', desc=path.stem, file=sys.stdout,
              disable=None, leave=False) as bar:
        prediction = predict(path, ensemble, network=networks, progress=bar.update, gain_db=args.gain_db,
                             keep_scores=args.save_scores)
    for warning in prediction.warnings:
        tqdm.write(f'{path}: warning: {warning}', file=sys.stderr)
    return prediction


def write_files(name: str, path: Path, prediction: Prediction, ensemble: Ensemble, output: OutputFiles,
                args: argparse.Namespace) -> None:
    """Write what the options ask for, and say so."""
    dataset, written = ensemble.dataset, {ending: output.path(name, ending) for ending in endings_of(args)}
    for ending, target in written.items():
        output.begin(target)
        if ending == ROWS:
            write_output_rows(target, prediction.rows, dataset=dataset)
        elif ending == EVENTS:
            write_description(target, prediction.events, dataset=dataset, decimals=2)
        elif ending == LABELS:
            write_audacity_labels(target, prediction.events, dataset=dataset)
        elif ending == JSON:
            facts = {'recording': path.name, **facts_of(ensemble)}
            write_events_json(target, prediction.events, facts, dataset=dataset)
        elif ending == SCORES:
            write_scores(target, prediction.scores, dataset=dataset)
        else:
            style.save(plot_recording(prediction.rows, None, load_spectrogram(path), title=name,
                                      dataset=dataset), target)
        output.note(target)
    print(f'{path}: {len(prediction.events)} events, written: {", ".join(map(str, written.values()))}')


def endings_of(args: argparse.Namespace) -> list[str]:
    """What is written of a recording."""
    return [ROWS, EVENTS, *[LABELS] * args.audacity, *[JSON] * args.json, *[SCORES] * args.save_scores,
            *[f'.{args.format}'] * args.plot]


def main(argv: Sequence[str] | None = None) -> int:
    args = _parse_arguments(argv)
    models = [args.model, *(path for path in args.recordings if path.name.endswith(MODEL_ENDING))]
    paths = [path for path in args.recordings if path not in models]
    trained = [with_audio_options(read_trained_model(path), channels=args.channels,
                                  ambisonics=args.ambisonics) for path in models]
    thresholds = None if args.threshold is None else parse_thresholds(args.threshold, trained[0].dataset)
    ensemble = Ensemble(trained, overlap=args.overlap, thresholds=thresholds)
    gain_of(args.gain_db)
    if not paths:
        raise InputError('no recordings, expected some behind the models')
    print(ensemble.in_words)
    found = find_recordings(paths, recursive=args.recursive, dataset=ensemble.dataset,
                            audio_format=ensemble.audio_format)
    for line in found.passed_over:
        sys.stderr.write(f'{line}\n')
    if not found.recordings:
        raise_problems(found.problems)
        return 0
    output = OutputFiles(args.output or Path(SETTINGS['dcase_dir'].default) / ensemble.name,
                         facts_of(ensemble), overwrite=args.overwrite)
    output.check(found.recordings, endings_of(args))
    backend.load_keras()
    networks = [model.load_network() for model in ensemble.models]
    problems = found.problems
    try:
        for name, path in found.recordings.items():
            try:
                prediction = predict_recording(path, ensemble, networks, args)
            except InputError as error:
                problems.append(str(error))
                continue
            write_files(name, path, prediction, ensemble, output, args)
    except BaseException:  # a full disk, Ctrl-C: what was wrong until then is not lost
        for problem in problems:
            tqdm.write(problem, file=sys.stderr)
        raise
    raise_problems(problems)
    if not args.plot:
        given = sys.argv[1:] if argv is None else argv
        print(next_command('python', 'misc_files/predict_recording.py', *given, '--plot',
                           title='With a picture of each'))
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('model', type=Path, metavar='MODEL',
                        help=f'a model ...{MODEL_ENDING} of seld.py; more may follow')
    parser.add_argument('recordings', nargs='+', type=Path, metavar='WAV',
                        help='recordings, or folders of them')
    parser.add_argument('--output', type=Path, metavar='DIR',
                        help="folder for what is written [folder of the model's name in results/]")
    parser.add_argument('--overwrite', action='store_true',
                        help='replace files there that this script has not written')
    parser.add_argument('--recursive', action='store_true', help='look into folders of folders too')
    parser.add_argument('--overlap', type=int, metavar='FRAMES',
                        help='frames that neighbouring sequences share [half a sequence]')
    parser.add_argument('--threshold', nargs='+', metavar='NUMBER',
                        help="activity from which a class is active, of all or CLASS=NUMBER [the method's]")
    parser.add_argument('--gain_db', '--gain-db', type=float, default=0, metavar='DB',
                        help='make recordings louder or weaker before [0]')
    parser.add_argument('--channels', nargs=NB_CHANNELS, type=int, metavar='N',
                        help=f'which {NB_CHANNELS} channels of a recording are used, counted from 1')
    parser.add_argument('--ambisonics', choices=AMBISONICS,
                        help="convention of recordings whose header declares none [the model's data set's]")
    parser.add_argument('--audacity', action='store_true', help='write labels for Audacity')
    parser.add_argument('--json', action='store_true', help='write the events as JSON too')
    parser.add_argument('--save_scores', '--save-scores', action='store_true',
                        help='write activities and directions of all classes as .npz')
    parser.add_argument('--plot', action='store_true', help='draw a picture of each recording')
    plotting.add_format_option(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
