"""The scores of small folders against the official class of 2019 and slow references."""

import dataclasses

import numpy as np
import pytest
import reference as slow
import scipy.stats
from scored_folders import HEADER, MANY_NAMES, NAMES, expected_rows, predicted_rows

from cls_feature_class import FeatureClass
from evaluation_metrics import (
    SELDMetrics,
    load_output_format_file,
    output_format_dict_to_classification_labels,
)
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.output_format import read_output_rows
from seldnet.scoring.counting import count_recordings
from seldnet.scoring.recordings import read_reference_rows
from seldnet.scoring.scores import LIMITS, score, score_folders


def test_2019_scores_equal_the_official_class_on_labels(folders):
    predictions, references = folders
    results = score_folders(*folders)
    feat_cls = FeatureClass()
    metrics = {'all': SELDMetrics(), 'split 1': SELDMetrics()}
    for name in NAMES:
        gt = feat_cls.get_clas_labels_for_file(feat_cls.read_desc_file(references / f'{name}.csv'))
        pred = output_format_dict_to_classification_labels(
            load_output_format_file(predictions / f'{name}.csv'))
        for group in ('all', 'split 1'):
            if group == 'all' or name.startswith('split1'):
                metrics[group].update_sed_scores(pred.max(2), gt.max(2))
                metrics[group].update_doa_scores(pred, gt)
    for group, official in metrics.items():
        er, f = official.compute_sed_scores()
        doa_error, recall = official.compute_doa_scores()
        assert results['groups'][group]['2019'] == pytest.approx({
            'ER': er, 'F': f, 'DOA': doa_error, 'FR': recall,
            'SELD': (er + 1 - f + doa_error / 180 + 1 - recall) / 4}, rel=1e-12)


def test_joint_scores_and_confidence_equal_the_slow_reference(many_folders):
    predictions, references = many_folders
    results = score_folders(*many_folders)
    sizes = {'nb_frames': 3000, 'nb_classes': 11, 'segment_frames': 50}
    counts = []
    for name in sorted(MANY_NAMES):
        counts.append(slow.joint_counts(expected_rows(references / f'{name}.csv'),
                                        predicted_rows(predictions / f'{name}.csv'), **sizes))

    def scores_of(some):
        total = {key: np.sum([of_recording[key] for of_recording in some], axis=0) for key in some[0]}
        return slow.joint_scores(total)

    macro, micro, of_classes = scores_of(counts)
    for average, expected in (('macro', macro), ('micro', micro)):
        found = results['groups']['all']['joint'][average]
        assert [found[key] for key in ('ER', 'F', 'LE', 'LR')] == pytest.approx(expected, rel=1e-9)
    found = [[results['classes'][name]['joint'][key] for key in ('F', 'LE', 'LR')]
             for name in TAU2019.classes]
    assert np.array(found) == pytest.approx(np.array(of_classes), rel=1e-9)
    t = scipy.stats.t.ppf(0.975, len(MANY_NAMES) - 1)
    for place, key in enumerate(('ER', 'F', 'LE', 'LR')):
        expected = slow.jackknife(counts, lambda some, place=place: scores_of(some)[1][place], t)
        assert results['ci95']['joint']['micro'][key] == pytest.approx(expected, rel=1e-6)
    macro, _, _ = scores_of(counts[:3])  # the names are in order
    assert results['groups']['split 1']['joint']['macro']['F'] == pytest.approx(macro[1])


def test_classes_of_2019_equal_a_recount_of_each_class(folders):
    predictions, references = folders
    results = score_folders(*folders)
    for index, name in enumerate(TAU2019.classes):
        tp = nb_predicted = nb_reference = 0
        for recording in NAMES:
            blocks = [{row[0] // 50 for row in rows if row[1] == index and row[0] % 50 != 49}
                      for rows in (expected_rows(references / f'{recording}.csv'),
                                   predicted_rows(predictions / f'{recording}.csv'))]
            tp += len(blocks[0] & blocks[1])
            nb_reference += len(blocks[0])
            nb_predicted += len(blocks[1])
        expected = {'ER': (nb_reference + nb_predicted - 2 * tp) / nb_reference,
                    'F': 2 * tp / (nb_reference + nb_predicted)}
        assert results['classes'][name]['2019'] == pytest.approx(expected)


def test_every_group_has_all_families_of_scores(folders):
    results = score_folders(*folders)
    assert list(results['groups']) == ['all', 'split 0', 'split 1', 'split 2', 'ov 1', 'ov 2', 'ir 0', 'ir 1']
    assert results['recordings'] == {'all': 5, 'split 0': 1, 'split 1': 2, 'split 2': 2, 'ov 1': 2, 'ov 2': 2,
                                     'ir 0': 2, 'ir 1': 2}
    assert set(results) == {'groups', 'classes', 'ci95', 'recordings', 'notes', 'settings'}
    for group in results['groups'].values():
        assert list(group) == ['2019', 'joint']
        assert list(group['2019']) == ['ER', 'F', 'DOA', 'FR', 'SELD']
        for average in ('macro', 'micro'):
            assert list(group['joint'][average]) == ['ER', 'F', 'LE', 'LR', 'SELD']


def test_2019_intervals_equal_scoring_without_each_recording(many_folders):
    predictions, references = many_folders
    results = score_folders(*many_folders)

    def scores_of(names):
        counts = count_recordings([read_reference_rows(references / f'{name}.csv') for name in names],
                                  [read_output_rows(predictions / f'{name}.csv') for name in names])
        return score(names, counts)['groups']['all']['2019']

    t = scipy.stats.t.ppf(0.975, len(MANY_NAMES) - 1)
    for key in ('ER', 'F', 'DOA', 'FR', 'SELD'):
        expected = slow.jackknife(list(MANY_NAMES), lambda names, key=key: scores_of(names)[key], t)
        assert expected[0] < expected[1]
        assert results['ci95']['2019'][key] == pytest.approx(expected, rel=1e-9)


def test_perfect_predictions(folders):
    predictions, references = folders
    for name in NAMES:
        rows = expected_rows(references / f'{name}.csv')
        (predictions / f'{name}.csv').write_text(''.join('{},{},{},{}\n'.format(*row) for row in rows))
    results = score_folders(*folders)
    assert results['groups']['all']['2019'] == pytest.approx(
        {'ER': 0, 'F': 1, 'DOA': 0, 'FR': 1, 'SELD': 0}, abs=1e-5)
    assert results['groups']['all']['joint']['micro'] == pytest.approx(
        {'ER': 0, 'F': 1, 'LE': 0, 'LR': 1, 'SELD': 0}, abs=1e-5)


def test_scores_of_predictions_without_any_reference_are_infinite(folders):
    """Their guard against division by zero gives numbers of sixteen digits, which are no scores."""
    for name in NAMES:
        (folders[1] / f'{name}.csv').write_text(HEADER)
    results = score_folders(*folders)
    for scores in (results['groups']['all']['joint']['macro'], results['classes']['knock']['joint']):
        assert scores['ER'] == np.inf
    assert np.isnan(results['ci95']['joint']['macro']['ER']).all()


def test_nine_recordings_have_no_interval_ten_have(many_folders):
    predictions, _ = many_folders
    for name in MANY_NAMES[10:]:
        (predictions / f'{name}.csv').unlink()
    results = score_folders(*many_folders, allow_missing=True)
    assert np.isfinite(results['ci95']['joint']['macro']['F']).all()
    (predictions / f'{MANY_NAMES[9]}.csv').unlink()
    results = score_folders(*many_folders, allow_missing=True)
    assert np.isnan(results['ci95']['joint']['macro']['F']).all()


def test_the_scores_of_one_recording_are_those_of_its_split(folders):
    predictions, _ = folders
    for name in NAMES[1:]:
        (predictions / f'{name}.csv').unlink()
    results = score_folders(*folders, allow_missing=True)
    assert results['groups']['all'] == results['groups']['split 1']


def test_intervals_stay_within_what_a_score_can_be(many_folders):
    """One recording is all wrong, the others are perfect: estimate and error would lead beyond 0 and 1."""
    predictions, references = many_folders
    for name in MANY_NAMES:
        rows = expected_rows(references / f'{name}.csv')
        if name == MANY_NAMES[0]:
            rows = [[row[0], (row[1] + 1) % 11, *row[2:]] for row in rows]
        (predictions / f'{name}.csv').write_text(''.join('{},{},{},{}\n'.format(*row) for row in rows))
    intervals = score_folders(*many_folders)['ci95']
    ends = {(*family, name): interval
            for family, scores in ((('2019',), intervals['2019']), (('macro',), intervals['joint']['macro']),
                                   (('micro',), intervals['joint']['micro']))
            for name, interval in scores.items()}
    for (_, name), (low, high) in ends.items():
        assert LIMITS[name][0] <= low <= high <= LIMITS[name][1]
    assert ends['2019', 'ER'][0] == 0 and ends['2019', 'F'][1] == 1


def test_a_data_set_of_other_classes(folders):
    """Classes, and so the number of counts and their names, are the data set's."""
    dataset = dataclasses.replace(TAU2019, classes=(*TAU2019.classes, 'siren'))
    results, of_tau = score_folders(*folders, dataset=dataset), score_folders(*folders)
    assert list(results['classes']) == [*TAU2019.classes, 'siren']
    assert results['classes']['knock'] == of_tau['classes']['knock']
    assert results['groups']['all']['2019'] == of_tau['groups']['all']['2019']
