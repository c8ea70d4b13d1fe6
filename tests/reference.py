"""Slow and plain versions of what the project computes fast, written from the definitions.

They import nothing of the project, loop instead of vectorising, and are only used by the tests.
The network and its training are in reference_network.py.
"""

import itertools
import math

import numpy as np
import scipy.optimize

# ------------------------------------------------------------------------------------------------------------
# Scores, from rows (frame, class, azimuth, elevation) of one recording
# ------------------------------------------------------------------------------------------------------------


def distance_deg(azimuth1_deg, elevation1_deg, azimuth2_deg, elevation2_deg):
    """Great-circle distance of two directions."""
    azimuth1, elevation1, azimuth2, elevation2 = (
        angle * np.pi / 180 for angle in (azimuth1_deg, elevation1_deg, azimuth2_deg, elevation2_deg))
    cosine = (np.sin(elevation1) * np.sin(elevation2)
              + np.cos(elevation1) * np.cos(elevation2) * np.cos(abs(azimuth1 - azimuth2)))
    return float(np.arccos(max(-1.0, min(1.0, cosine)))) * 180 / np.pi


def least_total_distance(references, predictions):
    """The least sum of distances over all ways to pair two lists of (azimuth, elevation), one by one."""
    fewer, more = sorted((references, predictions), key=len)
    distances_deg = [[distance_deg(*one, *other) for other in more] for one in fewer]
    return min(sum(row[place] for row, place in zip(distances_deg, places))
               for places in itertools.permutations(range(len(more)), len(fewer)))


def seld_2019(reference, prediction, nb_frames, nb_classes, segment_frames):
    """Error rate, F-score, DOA error (NaN if nothing was predicted), frame recall."""
    tp = nb_predicted = nb_reference = substitutions = deletions = insertions = 0
    for first in range(0, nb_frames, segment_frames):
        seen = range(first, min(first + segment_frames - 1, nb_frames))  # all but the last
        in_reference = {row[1] for row in reference if row[0] in seen}
        in_prediction = {row[1] for row in prediction if row[0] in seen}
        false_positives, misses = len(in_prediction - in_reference), len(in_reference - in_prediction)
        tp += len(in_reference & in_prediction)
        nb_reference += len(in_reference)
        nb_predicted += len(in_prediction)
        substitutions += min(false_positives, misses)
        deletions += max(0, misses - false_positives)
        insertions += max(0, false_positives - misses)
    errors = substitutions + deletions + insertions
    if nb_reference:
        error_rate = errors / nb_reference
    else:
        error_rate = math.inf if errors else math.nan
    f_score = 2 * tp / (nb_predicted + nb_reference) if tp else 0.0

    total_distance_deg, good_frames = 0.0, 0
    for frame in range(nb_frames):
        references = [tuple(row[2:]) for row in reference if row[0] == frame]
        predictions = [tuple(row[2:]) for row in prediction if row[0] == frame]
        good_frames += len(references) == len(predictions)
        if references and predictions:
            total_distance_deg += least_total_distance(references, predictions)
    doa_error_deg = total_distance_deg / len(prediction) if len(prediction) else math.nan
    return error_rate, f_score, doa_error_deg, good_frames / nb_frames


def joint_counts(reference, prediction, nb_frames, nb_classes, segment_frames, threshold_deg=20):
    """Counts of the joint scores: lists with a value a class; S, D and I are numbers."""
    counts = {name: [0] * nb_classes for name in ('TP', 'FP_spatial', 'FP', 'FN', 'Nref', 'total_DE')}
    counts |= {'S': 0, 'D': 0, 'I': 0}
    for first in range(0, nb_frames, segment_frames):
        frames = range(first, min(first + segment_frames, nb_frames))
        false_positives = misses = 0
        for one in range(nb_classes):
            references, predictions = {}, {}  # frame to the directions of the class
            for rows, directions in ((reference, references), (prediction, predictions)):
                for frame, class_index, *direction in rows:
                    if frame in frames and class_index == one:
                        directions.setdefault(frame, []).append(direction)
            reference_tracks = max(map(len, references.values()), default=0)
            predicted_tracks = max(map(len, predictions.values()), default=0)
            counts['Nref'][one] += reference_tracks
            track_distances_deg = {}
            for frame in sorted(references.keys() & predictions.keys()):
                distances_deg = [[distance_deg(*this, *that) for that in predictions[frame]]
                                 for this in references[frame]]
                for track, place in zip(*scipy.optimize.linear_sum_assignment(distances_deg)):
                    track_distances_deg.setdefault(track, []).append(distances_deg[track][place])
            far = 0
            for distances in track_distances_deg.values():
                mean_deg = sum(distances) / len(distances)
                counts['total_DE'][one] += mean_deg
                far += mean_deg > threshold_deg
            surplus = max(0, predicted_tracks - reference_tracks)
            shortfall = max(0, reference_tracks - predicted_tracks)
            if references and predictions and not track_distances_deg:
                surplus, shortfall = 0, predicted_tracks
            counts['TP'][one] += len(track_distances_deg) - far
            counts['FP_spatial'][one] += far
            counts['FP'][one] += surplus
            counts['FN'][one] += shortfall
            false_positives += far + surplus
            misses += shortfall
        counts['S'] += min(false_positives, misses)
        counts['D'] += max(0, misses - false_positives)
        counts['I'] += max(0, false_positives - misses)
    return counts


def joint_scores(counts):
    """[ER20, F20, LE, LR] macro and micro, and F20, LE, LR of each class."""
    error_rate = (counts['S'] + counts['D'] + counts['I']) / sum(counts['Nref'])

    def ratios(tp, far, false_positives, misses, distance):
        matched = tp + far
        occurs = matched + false_positives + misses > 0
        return (tp / (matched + (false_positives + misses) / 2) if occurs else 0.0,
                distance / matched if matched else 180.0,
                matched / (matched + misses) if matched else 0.0)

    names = ('TP', 'FP_spatial', 'FP', 'FN', 'total_DE')
    of_classes = [ratios(*values) for values in zip(*(counts[name] for name in names))]
    macro = [error_rate, *(sum(values) / len(of_classes) for values in zip(*of_classes))]
    return macro, [error_rate, *ratios(*(sum(counts[name]) for name in names))], of_classes


def jackknife(values, score, t):
    """Interval of score(values) with the quantile t, leaving out one of the values at a time."""
    n = len(values)
    theta = score(values)
    without = [score(values[:i] + values[i + 1:]) for i in range(n)]
    mean = sum(without) / n
    standard_error = math.sqrt((n - 1) * sum((one - mean) ** 2 for one in without) / n)
    estimate = theta - (n - 1) * (mean - theta)
    return estimate - t * standard_error, estimate + t * standard_error


# ------------------------------------------------------------------------------------------------------------
# Features and labels
# ------------------------------------------------------------------------------------------------------------


def spectrum_of_frame(channel, frame, bins):
    """Bins of a frame's Fourier transform: hop 960, periodic Hann window of 1920 in 2048, ends reflected."""
    last = len(channel) - 1
    values = [0.0 + 0.0j] * len(bins)
    for n in range(2048):
        sample = abs(960 * frame - 1024 + n)
        if sample > last:
            sample = 2 * last - sample
        window = 0.5 - 0.5 * math.cos(2 * math.pi * (n - 64) / 1920) if 64 <= n < 64 + 1920 else 0.0
        for place, k in enumerate(bins):
            angle = -2 * math.pi * k * n / 2048
            values[place] += window * float(channel[sample]) * complex(math.cos(angle), math.sin(angle))
    return values


def labels_of_events(events, classes, nb_frames=3000):
    """Regression labels, row by row, and the set of (frame, class, direction) of the classification labels.

    Events are (class name, start in s, end in s, azimuth, elevation).
    """
    rows = [[0] * 11 + [180] * 11 + [50] * 11 for _ in range(nb_frames)]
    cells = set()
    for name, start_s, end_s, azimuth, elevation in events:
        one = classes.index(name)
        for frame in range(nb_frames):
            if math.floor(start_s * 50) <= frame <= math.ceil(end_s * 50):
                rows[frame][one] = 1
                if -180 <= azimuth <= 170 and -40 <= elevation <= 40:
                    rows[frame][11 + one] = azimuth
                    rows[frame][22 + one] = elevation
                    cells.add((frame, one, (azimuth + 180) // 10 * 9 + (elevation + 40) // 10))
    return rows, cells
