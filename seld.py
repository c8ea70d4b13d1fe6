"""Train SELDnet on the folds of a task, keep the best model of each, and predict its test recordings.

    python seld.py                                          task 1, job 1: a quick test that everything runs
    python seld.py 4 first --quick_test False               task 4 in full, as job "first"
    python seld.py 4 first --quick_test False --split 1 3   two of its four folds
    python seld.py 4 first --quick_test False --resume      go on where a stopped run was
    python seld.py 4 first --config mine.toml               settings from a file

Task ids and settings stand in parameter.py. Run batch_feature_extraction.py first.
"""

import argparse
import dataclasses
import math
import shlex
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

import evaluation_metrics
import parameter
from cls_data_generator import DataGenerator
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.dataset_file import find_dataset
from seldnet.annotations.output_format import active_rows, write_output_rows
from seldnet.common.scripts import exit_with_one_line, script_parser
from seldnet.extraction.checks import check_ready
from seldnet.methods.method import Method
from seldnet.methods.registry import METHODS
from seldnet.methods.soft_scores import SCORES_ENDING, write_scores
from seldnet.plots.curves import plot_functions
from seldnet.training import backend, devices, network, summary, tensorboard
from seldnet.training.estimate import Clock
from seldnet.training.history import State, is_better
from seldnet.training.initial_weights import first_model
from seldnet.training.job import prepared
from seldnet.training.run import LOG_ENDING, MODEL_ENDING, QUICK_TEST_BATCHES, Run
from seldnet.training.run_log import RunLog

if TYPE_CHECKING:
    import keras

__all__ = ['collect_test_labels', 'main', 'plot_functions']  # the names of 2019

ROUNDS_ARE_KEPT = ('the rounds before are kept: mend the features, then --resume; or start anew '
                   '(--overwrite) with a lower learning_rate')


def main(argv: Sequence[str], *, dataset: Dataset | None = None) -> int:
    """Run a task; `argv` is the command line, the script's name first. Returns the exit status."""
    args = _parse_arguments(argv[1:])
    params = parameter.params_given(args, args.task_id)
    if params['tensorboard']:
        tensorboard.require_tensorboard()
    dataset = dataset or find_dataset(params['dataset_dir'])
    log, clock = RunLog(tqdm.write, head=[f'command: python {shlex.join(map(str, argv))}']), Clock()
    runs = [Run(args.task_id, args.job_id, fold, params, dataset, say=log.say, clock=clock)
            for fold in dataset.chosen_folds(params['mode'], args.split)]
    for is_eval in sorted({False, params['mode'] == 'eval'}):
        dataset = check_ready(runs[0].recordings(is_eval=is_eval), args.task_id)
    runs = [dataclasses.replace(run, dataset=dataset) for run in runs]
    backend.load_keras(params['mixed_precision'])
    with prepared(runs, check_input, resume=args.resume, overwrite=args.overwrite):
        log.keep(f'versions: {backend.versions()}')
        log.say(*devices.find_device_lines(backend.versions(), params['mixed_precision']),
                *summary.quick_test_lines(params))
        results = []
        for number, run in enumerate(runs, 1):
            clock.folds_after = len(runs) - number
            with log.of_run(run.path(LOG_ENDING)):
                log.say(summary.fold_line(run, number, len(runs)))
                results.append(run_fold(run))
        again = parameter.command_line(args, set(parameter.SETTINGS) - {'quick_test'})
        log.say(*summary.summary_lines(runs, results, summary.draw_folds(runs), again))
    return 0


# ---- the method: train in rounds, keep the best model, predict the test fold ----


def run_fold(run: Run) -> dict[str, Any]:
    """Train, validate and test one fold, or take up where a stopped run of it was.

    Returns
    -------
    {'validation': scores, 'test': scores or None}
        Scores as of `score_predictions`; None for the evaluation set, which is not scored here.
    """
    state = run.load_state()
    if not run.is_finished(state):
        with network.memory_errors_explained(run.params):
            state = train_fold(run, state)
            best = state['history'][state['best_round'] - 1]
            state['results'] = {'validation': best, 'test': test_fold(run)}
        run.finish(state)
    else:
        run.say(summary.finished_line(run, state))
        test = test_generator(run)
        if run.lacks_predictions(test.get_filelist()):
            test_fold(run)
    run.say(*summary.result_lines(run, state['results']))
    return state['results']


def train_fold(run: Run, state: State) -> State:
    """Train in rounds, until they are over or bring nothing better; `_model.keras` is the best model."""
    params, method = run.params, run.method
    training = data_generator(run, run.fold.train, shuffle=True)
    validation = data_generator(run, run.fold.val)
    data_in, data_out = training.get_data_sizes()
    reference = collect_test_labels(validation, data_out)
    model = first_model(run, state, data_in)  # or that of the last round, to go on with
    run.say(summary.patience_line(run))
    with tensorboard.board(run.path('_tensorboard') if params['tensorboard'] else None, params) as board:
        while not run.is_over(state):
            round_number = len(state['history']) + 1
            started = time.perf_counter()
            training_loss = fit_round(model, training, run, round_number)
            predictions = network.predict(model, validation.batches)
            losses = network.validation_losses(method, predictions, reference, params, validation.batches,
                                               round_number=round_number, remedy=ROUNDS_ARE_KEPT)
            scores = {'round': round_number, 'training_loss': training_loss, **losses,
                      **score_predictions(predictions, reference, method),
                      'seconds': time.perf_counter() - started, 'learning_rate': params['learning_rate']}
            if is_better(scores, state, method.doa_error_if_silent):
                state['best_round'] = round_number
            state['history'].append(scores)
            run.save_round(model, state)
            board(scores)
            run.say(summary.round_line(scores, state, run.nb_rounds,
                                       run.clock.time_left(state['history'], run.nb_rounds)))
    run.say(*summary.stopping_lines(run, state))
    return state


def fit_round(model: 'keras.Model', training: DataGenerator, run: Run, round_number: int) -> float:
    """Train for `epochs_per_fit` epochs, in one `fit`; returns the loss of the last one."""
    epochs = run.params['epochs_per_fit']
    batches = training.batches.epochs((round_number - 1) * epochs, epochs)
    return network.fit(
        model, batches, round_number=round_number, seed=run.seed,
        rate_of=run.rate_of_batches(round_number, len(batches)), remedy=ROUNDS_ARE_KEPT,
        title=f'round {round_number}/{run.nb_rounds}', report_pace=run.clock.reporter(
            run.say, batches.per_epoch, epochs, run.nb_rounds, rounds_before=round_number - 1))


def test_fold(run: Run) -> dict[str, float] | None:
    """Predict the test recordings with the best model, write the predictions, score them if there are labels.

    One batch is a recording, filled up to whole sequences; the fill is neither written nor scored.
    """
    test = test_generator(run)
    model = network.load(run.path(MODEL_ENDING))
    outputs = network.predict_averaged(model, test.batches, run.method, run.test_rotations)
    predictions = [test.batches.without_fill(output) for output in outputs]  # of each output, each recording
    network.refuse_diverged(outputs, run.path(MODEL_ENDING), test.batches.describe_non_finite)
    if run.params['dcase_output']:
        with run.output.writing() as folder:
            for name, *of_recording in zip(test.get_filelist(), *predictions):
                scores = run.method.scores(of_recording)
                rows = active_rows(*run.method.read_scores(scores, run.dataset))
                write_output_rows((folder / name).with_suffix('.csv'), rows, dataset=run.dataset)
                if run.params['save_scores']:
                    write_scores((folder / name).with_suffix(SCORES_ENDING), scores, dataset=run.dataset)
    if run.params['mode'] == 'eval':
        return None
    labels = collect_test_labels(test, test.get_data_sizes()[1])
    strung = [[np.concatenate(test.batches.without_fill(column)) for column in columns]
              for columns in (outputs, labels)]
    return score_predictions(*strung, run.method)


def collect_test_labels(data_gen_test: DataGenerator, data_out: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """All targets of an epoch, arrays (sequences, frames, columns); `data_out` as of `get_data_sizes`."""
    return [target.reshape(-1, *shape[1:])
            for target, shape in zip(data_gen_test.batches.all_targets(), data_out)]


def score_predictions(predictions: Sequence[np.ndarray], reference: Sequence[np.ndarray],
                      method: Method = METHODS['released']) -> dict[str, float]:
    """The 2019 scores of a network's outputs, over all frames strung together.

    Parameters
    ----------
    predictions, reference : sequences of arrays, (..., frames, columns)
        Outputs and targets of the method's network; for those of 2019 [activities, directions].
    method : Method

    Returns
    -------
    dict
        'ER'; 'F' and 'FR' (frame recall), 0..1; 'DOA' (error), degrees; 'SELD'; 'predicted_peaks' and
        'good_frames' (with the right number of directions), counts. Where nothing is active 'DOA' and 'SELD'
        are NaN, as in the official scores.
    """
    (active, doa_rad), (reference_active, reference_rad) = map(method.read_frames, (predictions, reference))
    sed_scores = evaluation_metrics.compute_sed_scores(active, reference_active, TAU2019.nb_frames_1s)
    doa_error, *others = evaluation_metrics.compute_doa_scores_regr(doa_rad, reference_rad, active,
                                                                    reference_active)
    frame_recall, predicted, good_frames, *_ = others
    doa_error = doa_error if predicted else math.nan
    seld_score = evaluation_metrics.compute_seld_metric(sed_scores, [doa_error, frame_recall])
    return {'ER': sed_scores[0], 'F': sed_scores[1], 'DOA': doa_error, 'FR': frame_recall,
            'SELD': seld_score, 'predicted_peaks': predicted, 'good_frames': good_frames}


# ---- what a run reads, and the command line ----


def test_generator(run: Run) -> DataGenerator:
    """Batches of the test recordings, one a recording."""
    return data_generator(run, run.fold.test, is_eval=run.params['mode'] == 'eval', per_file=True)


def data_generator(run: Run, split: Sequence[int], *, shuffle: bool = False, is_eval: bool = False,
                   per_file: bool = False) -> DataGenerator:
    """Batches of some splits with a run's settings."""
    params = run.params
    return DataGenerator(
        params['dataset'], params['feat_label_dir'], is_eval, split, params['batch_size'],
        params['sequence_length'], shuffle, per_file, seed=run.seed, method=run.method,
        rotate=shuffle and params['rotate'],
        max_batches=QUICK_TEST_BATCHES if params['quick_test'] else None, dataset_facts=run.dataset)


def check_input(run: Run) -> None:
    """Raise an InputError, before any work, if features are missing or do not suit the settings."""
    for splits in (run.fold.train, run.fold.val):
        data_in, _ = data_generator(run, splits).get_data_sizes()
    test_generator(run)
    run.check_settings(bins=data_in[2])


def _parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = script_parser(__doc__, prog='seld.py')
    parameter.add_task_argument(parser, with_job=True)
    parser.add_argument('--split', nargs='+', type=int, metavar='N',
                        help='only the folds that test these splits')
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument('--resume', action='store_true',
                          help='go on with a run that was stopped, or that is to have more rounds')
    existing.add_argument('--overwrite', action='store_true',
                          help='start a run that exists anew, and take the folder of predictions')
    parameter.add_settings(parser)
    return parameter.parse_task(parser, arguments)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main(sys.argv))
