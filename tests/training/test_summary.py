"""What a training prints: lines of rounds and folds, tables, where everything is."""

import math
import shlex

import pytest
import tiny_training

from seldnet.training import summary

SCORES = {'round': 2, 'training_loss': 0.5, 'validation_loss': 0.25, 'ER': 0.3456, 'F': 0.789, 'DOA': 12.34,
          'FR': 0.9, 'SELD': 0.2, 'seconds': 61.7}
STATE = {'history': [{**SCORES, 'round': 1, 'SELD': 0.1}, SCORES], 'best_round': 1, 'results': None}


@pytest.fixture
def make_run(tiny_features, tmp_path):
    """A function to a run; options as of `tiny_training.make_run`."""
    def make(**options):
        return tiny_training.make_run(tmp_path, tiny_features, **options)
    return make


def test_lines_of_a_round_and_a_fold(make_run):
    assert summary.score_line(SCORES) == (
        'ER 0.346  F 78.9 %  DOA error  12.3 deg  frame recall 90.0 %  SELD 0.200')
    line = f'round  2/50    62 s  loss 0.500 / 0.250  {summary.score_line(SCORES)}  best 0.100 (round 1)'
    assert summary.round_line(SCORES, STATE, 50) == line
    assert summary.round_line(SCORES, STATE, 50, 'left: 3 h') == f'{line}  left: 3 h'
    assert summary.fold_line(make_run(), 1, 4) == (
        '\nFold 1 of 4: train on split 3+4, validate on 2, test on 1')


def test_results_of_a_fold(make_run):
    results = {'validation': SCORES, 'test': None}
    assert summary.result_lines(make_run(), results) == [f'validation: {summary.score_line(SCORES)}']


def test_silence_is_said_wherever_scores_stand():
    silent = {**SCORES, 'DOA': math.nan, 'SELD': math.nan, 'predicted_peaks': 0}
    line = summary.score_line(silent)
    assert line == ('ER 0.346  F 78.9 %  DOA error     - deg  frame recall 90.0 %  SELD     -  '
                    'NOTHING ACTIVE')
    state = {'history': [{**silent, 'round': 1}], 'best_round': 1}
    assert summary.round_line(state['history'][0], state, 2).endswith(f'{line}  best - (round 1)')
    assert 'NOTHING' not in summary.score_line({**SCORES, 'predicted_peaks': 1})


@pytest.mark.parametrize(('rounds', 'patience', 'words'), [
    (50, 5, 'At most 50 rounds of 5 epochs; it stops after 6 rounds in a row that are not better '
            '(patience 5)'),
    (8, 0, 'At most 8 rounds of 5 epochs; patience 0: it stops after the first round that is not better '
           'than all before'),
    (8, 6, 'At most 8 rounds of 5 epochs'), (1, 0, 'At most 1 round of 5 epochs')])
def test_when_a_training_ends_is_announced(make_run, rounds, patience, words):
    assert summary.patience_line(make_run(nb_epochs=rounds, patience=patience, epochs_per_fit=5)) == words


def test_why_a_training_has_ended(make_run):
    run = make_run(nb_epochs=9, patience=0)
    assert summary.stopping_lines(run, STATE) == [
        'Stopped early after round 2 of 9: none was better than round 1 (patience 0)']
    assert summary.stopping_lines(make_run(nb_epochs=2), STATE) == []


def test_a_fold_that_was_finished_before(make_run):
    run = make_run()
    one_round = {'history': STATE['history'][:1]}
    assert summary.finished_line(run, one_round).startswith(
        f'Already finished, after 1 round: {run.path("_model.keras")} (--resume with')
    assert 'after 2 rounds: ' in summary.finished_line(run, STATE)


def test_tables_of_the_folds_and_their_mean(make_run, tmp_path):
    runs = [make_run(test_split=split) for split in (1, 2)]
    results = [{name: {**SCORES, 'SELD': seld} for name in ('validation', 'test')} for seld in (0.2, 0.3)]
    lines = summary.summary_lines(runs, results, [tmp_path / 'a.png'])
    table = lines[lines.index('\nTest scores of the best models') + 1:][:3]
    assert [line.split('ER')[0].strip() for line in table] == ['split 1', 'split 2', 'mean']
    assert [line.split()[-1] for line in table] == ['0.200', '0.300', '0.250']
    table = lines[lines.index('\nValidation scores of the best models') + 1:][:3]
    assert [line.split('ER')[0].strip() for line in table] == ['split 2', 'split 3', 'mean']
    text = '\n'.join(lines)
    assert f'Curves of training:\n  {tmp_path / "a.png"}' in text
    for run in runs:
        assert str(run.path('_model.keras')) in text and str(run.path('.log')) in text
    folder = runs[0].output.folder
    assert f'python calculate_SELD_metrics.py {folder} --allow-missing' in text
    assert f'python misc_files/predict_recording.py {runs[0].path("_model.keras")} RECORDING.wav' in text
    assert 'Train in full' not in text


def test_next_commands_are_quoted_for_the_shell(tiny_features, tmp_path):
    run = tiny_training.make_run(tmp_path / "it's mine", tiny_features, quick_test=True)
    text = '\n'.join(summary.summary_lines([run], [{'validation': SCORES, 'test': None}], [],
                                           ['--config', 'my settings.toml']))
    commands = [shlex.split(line) for line in text.splitlines() if line.startswith('  python ')]
    assert commands == [
        ['python', 'calculate_SELD_metrics.py', str(run.output.folder), '--allow-missing'],
        ['python', 'misc_files/predict_recording.py', str(run.path('_model.keras')), 'RECORDING.wav'],
        ['python', 'seld.py', '1', 'job_full', '--config', 'my settings.toml', '--quick_test', 'False']]


def test_what_is_not_there_is_not_listed(make_run):
    results = [{'validation': SCORES, 'test': None}]
    assert 'Test scores' not in '\n'.join(summary.summary_lines([make_run()], results, []))
    every_fold = [make_run(test_split=split) for split in (1, 2, 3, 4)]
    assert '--allow-missing' not in '\n'.join(summary.summary_lines(every_fold, results * 4, []))
    silent = make_run(dcase_output=False)
    assert 'calculate_SELD_metrics' not in '\n'.join(summary.summary_lines([silent], results, []))


def test_a_figure_of_several_folds(make_run, monkeypatch):
    drawn = []
    monkeypatch.setattr(summary, 'plot_folds',
                        lambda path, histories, **_: drawn.append([path.name, *histories]))
    runs = [make_run(test_split=split) for split in (3, 1)]
    runs[0].path('').parent.mkdir()
    for run in runs:
        scores = {**SCORES, 'round': 1, 'predicted_peaks': 1, 'good_frames': 1}
        state = {**STATE, 'history': [scores], 'best_round': 1}
        run.finish(state)
        figures = summary.draw_folds([run])
    assert figures == [runs[1].path('.png'), runs[1].folds_figure]
    assert drawn == [['1_job_foa_dev_folds.png', 'test split 1', 'test split 3']]
