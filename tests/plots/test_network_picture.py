"""The picture of a network: blocks, shapes and weights are those of the model, and all of it can be read."""

import keras
import numpy as np
import pytest
from keras import layers
from pictures import what_cannot_be_read

import parameter
from seldnet.annotations.dataset import TAU2019
from seldnet.methods.registry import METHODS
from seldnet.plots.network import network_blocks, plot_network

TINY = {'nb_cnn2d_filt': 2, 'pool_size': [8, 4], 'rnn_size': [3, 5], 'fnn_size': [4], 'sequence_length': 12}


@pytest.fixture(params=METHODS)
def model(request):
    return tiny(request.param)


def tiny(variant, **settings):
    params = parameter.get_params(model_variant=variant, **TINY | settings)
    method = METHODS[variant]
    shape = (None, params['sequence_length'], *method.kind.frame_shape(TAU2019, 'foa'))
    return method.build(shape, TAU2019.nb_classes, params)


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_blocks_are_the_layers_of_the_model(model):
    blocks = network_blocks(model)
    assert sorted(name for block in blocks for name in block.names) == sorted(
        layer.name for layer in model.layers)
    for place, block in enumerate(blocks):
        of_block = [model.get_layer(name) for name in block.names]
        assert block.shape == tuple(of_block[-1].output.shape[1:])
        assert block.nb_weights == sum(layer.count_params() for layer in of_block)
        assert all(before < place for before in block.inputs)
    assert sum(block.nb_weights for block in blocks) == model.count_params()
    ends = [block.names[-1] for block in blocks if block.is_output]
    assert ends == [name for name in model.output_names if name in ends] and len(ends) == len(model.outputs)


def test_each_convolution_is_one_block_with_what_follows_it(model):
    convolutions = [block for block in network_blocks(model) if block.kind == 'Conv2D']
    assert [sorted(block.names) for block in convolutions] == [
        sorted(f'{part}{number}' for part in ('conv', 'bn', 'pool', 'relu', 'conv_dropout'))
        for number in range(2)]


def test_a_block_takes_what_the_model_gives_it(model):
    """Cut out of the model, a block gives the same from the outputs of the blocks before it."""
    blocks = network_blocks(model)
    features = np.random.default_rng(0).normal(size=(1, *model.input_shape[1:])).astype(np.float32)
    ends = [model.get_layer(block.names[-1]).output for block in blocks]
    values = keras.Model(model.input, ends)(features)
    for block, value in zip(blocks, values):
        out = [values[place] for place in block.inputs]
        for name in block.names:
            out = [model.get_layer(name)(*out)] if block.inputs else [value]
        np.testing.assert_allclose(out[0], value, atol=1e-5)


def test_the_picture_says_what_the_model_has(model):
    blocks = network_blocks(model)
    meanings = {'features': 'magnitudes', blocks[-1].names[-1]: 'directions'}
    figure = plot_network(blocks, title='Title', footer='Footer', meanings=meanings)
    shown = texts(figure)
    for block in blocks:
        assert block.names[0] in shown
        assert not block.nb_weights or f'{block.nb_weights:,} weights' in shown
        assert any(block.gives in text for text in shown)
        assert all(any(detail in text for text in shown) for detail in block.details)
    assert {'Title', 'Footer', 'magnitudes'} <= set(shown) and 'directions' in '\n'.join(shown)
    assert len(figure.axes[0].patches) == len(blocks)
    assert what_cannot_be_read(figure) == []


@pytest.mark.parametrize(('variant', 'expected'), [
    ('released', ['batch normalisation of each bin',
                  'hard sigmoid gates, reset gate before the matrix product']),
    ('paper', ['batch normalisation of each filter', 'sigmoid gates, reset gate after the matrix product']),
    ('accdoa', ['in steps of 4 frames', 'each output 4 times'])])
def test_what_distinguishes_the_methods(variant, expected):
    details = [detail for block in network_blocks(tiny(variant)) for detail in block.details]
    assert set(expected) <= set(details)
    assert not any('dropout' in detail for detail in details)  # of rate 0
    dropping = network_blocks(tiny(variant, dropout_rate=0.25))
    assert any('dropout 0.25' in block.details for block in dropping)


def test_shapes_in_words():
    blocks = network_blocks(tiny('accdoa'), bins='bands')
    words = [block.gives for block in blocks]
    assert words[:3] == ['12 frames × 64 bands × 7 planes', '3 steps × 8 bands × 2 filters',
                         '3 steps × 2 bands × 2 filters']
    assert words[-1] == '12 frames × 33 values'
    assert 'max pooling over 4 bands' in blocks[2].details


def test_a_network_of_ones_own():
    """Layers that are not known here are blocks by the names of their classes; branches may meet again."""
    features = keras.Input((6, 4, 2), name='features')
    x = layers.AveragePooling2D((1, 2), name='mean')(features)
    flat = layers.Reshape((6, -1), name='flat')(x)
    left = layers.LSTM(3, return_sequences=True, name='left')(flat)
    right = layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode='concat',
                                 name='right')(flat)
    both = layers.Concatenate(name='both')([left, right])
    outputs = [layers.Dense(2, name=f'out{number}')(both) for number in range(3)]
    model = keras.Model(features, outputs)
    blocks = network_blocks(model)
    by_name = {block.names[0]: block for block in blocks}
    assert [by_name[name].title for name in ('mean', 'left', 'right', 'both')] == [
        'AveragePooling2D', 'LSTM', 'bidirectional LSTM, 3 units', 'Concatenate']
    assert by_name['right'].details == ('its two directions side by side',)
    assert {blocks[place].names[0] for place in by_name['both'].inputs} == {'left', 'right'}
    assert sum(block.nb_weights for block in blocks) == model.count_params()
    assert {'out0', 'out1', 'out2'} <= set(texts(plot_network(blocks)))
