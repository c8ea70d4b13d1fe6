"""The engine behind the 2019 files: rooms that do the work. A room imports only rooms below it.

    common/       errors, whole files, processes, settings, scripts
    annotations/  the data set's facts, descriptions, directions, labels, the output format
    plots/        pictures
    extraction/   recordings -> features, descriptions -> labels, on disk
    scoring/      predictions and descriptions -> scores and tables
    methods/      the networks, and for each its features, its targets and how its outputs are read
    training/     batches, Keras, the files of a run
    prediction/   a trained model and a recording -> rows and events

Nothing here imports a 2019 file of the top level, prints, or does anything when it is imported.
"""
