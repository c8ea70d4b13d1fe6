"""The released SELDnet, its loss, its gradients and Adam in NumPy and float64, written from the definitions.

It imports nothing of the project, and no compiled kernel of a framework takes part. Weights are a dictionary
with the names of tests/golden/model.npz. Each layer is a function that gives its output and a function
`backward`, which takes the gradient of the loss with respect to that output and gives the gradients with
respect to the layer's input and to each of its weights, in the order of the arguments. No dropout.
"""

import numpy as np

POOLS = 4, 4, 2
NB_GRUS = 2
BN_MOMENTUM, BN_EPSILON = 0.99, 1e-3
LOSS_WEIGHTS = 1, 50
CLIPPED = 1e-7  # probabilities are kept this far from 0 and 1 in the cross-entropy
LEARNING_RATE, BETA1, BETA2, ADAM_EPSILON = 1e-3, 0.9, 0.999, 1e-7

# ------------------------------------------------------------------------------------------------------------
# Layers; x is (batch, frames, bins, planes), or (batch, frames, values) from the first GRU on
# ------------------------------------------------------------------------------------------------------------


def convolution(x, kernel, bias):
    """3 x 3, zeros around the edges (as frameworks do it: a correlation, the kernel is not mirrored)."""
    _, frames, bins, _ = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    offsets = [(i, j) for i in range(3) for j in range(3)]
    output = np.zeros((*x.shape[:3], len(bias))) + bias
    for i, j in offsets:
        output += padded[:, i:i + frames, j:j + bins] @ kernel[i, j]

    def backward(gradient):
        d_padded, d_kernel = np.zeros_like(padded), np.zeros_like(kernel)
        for i, j in offsets:
            d_padded[:, i:i + frames, j:j + bins] += gradient @ kernel[i, j].T
            d_kernel[i, j] = np.einsum('btfp,btfc->pc', padded[:, i:i + frames, j:j + bins], gradient)
        return d_padded[:, 1:-1, 1:-1], d_kernel, gradient.sum((0, 1, 2))

    return output, backward


def mean_of_bins(x):
    """Mean over all but the frequency axis, in a shape that combines with x."""
    return x.mean((0, 1, 3), keepdims=True)


def normalisation_in_training(x, gamma, beta):
    """Of each frequency bin, with the batch's own mean and variance, which it gives as well.

    The mean and the variance depend on x, so an x that is merely shifted or scaled has no gradient: hence the
    two means that `backward` takes away.
    """
    mean = mean_of_bins(x)
    variance = mean_of_bins((x - mean) ** 2)
    deviation = np.sqrt(variance + BN_EPSILON)
    normal = (x - mean) / deviation
    output = gamma[:, None] * normal + beta[:, None]

    def backward(gradient):
        d_normal = gradient * gamma[:, None]
        d_x = (d_normal - mean_of_bins(d_normal) - normal * mean_of_bins(d_normal * normal)) / deviation
        return d_x, (gradient * normal).sum((0, 1, 3)), gradient.sum((0, 1, 3))

    return output, backward, mean.ravel(), variance.ravel()


def normalisation_in_inference(x, gamma, beta, mean, variance):
    return (x - mean[:, None]) / np.sqrt(variance[:, None] + BN_EPSILON) * gamma[:, None] + beta[:, None]


def max_pooling(x, pool):
    """Along frequency. The first of equal maxima gets the gradient.

    They are pooled before ReLU, so equal maxima are a coincidence, not the rule that zeros would make them;
    of zeros it would not matter which gets the gradient, for ReLU lets none through.
    """
    batch, frames, bins, planes = x.shape
    groups = x.reshape(batch, frames, bins // pool, pool, planes)
    places = groups.argmax(3, keepdims=True)

    def backward(gradient):
        d_groups = np.zeros_like(groups)
        np.put_along_axis(d_groups, places, gradient[:, :, :, None], 3)
        return d_groups.reshape(x.shape)

    return groups.max(3), backward


def relu(x):
    return np.maximum(x, 0), lambda gradient: gradient * (x > 0)


def filters_outermost(x):
    """Flattens each frame, filters outermost and frequency innermost."""
    batch, frames, bins, planes = x.shape

    def backward(gradient):
        return gradient.reshape(batch, frames, planes, bins).swapaxes(2, 3)

    return x.swapaxes(2, 3).reshape(batch, frames, planes * bins), backward


def hard_sigmoid(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


def hard_sigmoid_slope(gate):
    """From the output, as both ends are flat."""
    return 0.2 * ((gate > 0) & (gate < 1))


def gru(x, kernel, recurrent, bias):
    """Forwards in time; update gate z, reset gate r before the matrix product, candidate h, in this order."""
    batch, frames, _ = x.shape
    kernel_z, kernel_r, kernel_h = np.split(kernel, 3, axis=1)
    recurrent_z, recurrent_r, recurrent_h = np.split(recurrent, 3, axis=1)
    bias_z, bias_r, bias_h = np.split(bias, 3)
    states = np.zeros((batch, frames + 1, len(recurrent)))  # before the first frame, after it, ...
    z, r, h = (np.zeros((batch, frames, len(recurrent))) for _ in range(3))
    for t in range(frames):
        before = states[:, t]
        z[:, t] = hard_sigmoid(x[:, t] @ kernel_z + bias_z + before @ recurrent_z)
        r[:, t] = hard_sigmoid(x[:, t] @ kernel_r + bias_r + before @ recurrent_r)
        h[:, t] = np.tanh(x[:, t] @ kernel_h + bias_h + (r[:, t] * before) @ recurrent_h)
        states[:, t + 1] = z[:, t] * before + (1 - z[:, t]) * h[:, t]

    def backward(gradient):
        d_x, d_kernel, d_recurrent, d_bias = (np.zeros_like(one) for one in (x, kernel, recurrent, bias))
        d_state = np.zeros_like(states[:, 0])  # what the later frames ask of the state
        for t in reversed(range(frames)):
            before = states[:, t]
            d_state = d_state + gradient[:, t]
            # d_z, d_r, d_h are with respect to what goes into the gates' hard sigmoids and the tanh.
            d_h = d_state * (1 - z[:, t]) * (1 - h[:, t] ** 2)
            d_kept = d_h @ recurrent_h.T  # of r * before
            d_z = d_state * (before - h[:, t]) * hard_sigmoid_slope(z[:, t])
            d_r = d_kept * before * hard_sigmoid_slope(r[:, t])
            d_inner = np.concatenate((d_z, d_r, d_h), axis=1)
            d_x[:, t] = d_inner @ kernel.T
            d_kernel += x[:, t].T @ d_inner
            d_bias += d_inner.sum(0)
            d_recurrent += np.concatenate(
                (before.T @ d_z, before.T @ d_r, (r[:, t] * before).T @ d_h), axis=1)
            d_state = d_state * z[:, t] + d_kept * r[:, t] + d_z @ recurrent_z.T + d_r @ recurrent_r.T
        return d_x, d_kernel, d_recurrent, d_bias

    return states[:, 1:], backward


def bidirectional(x, forward_weights, backward_weights):
    """The product of a GRU forwards and another backwards in time."""
    ahead, ahead_backward = gru(x, *forward_weights)
    back, back_backward = gru(x[:, ::-1], *backward_weights)
    back = back[:, ::-1]

    def backward(gradient):
        d_ahead_x, *d_ahead = ahead_backward(gradient * back)
        d_back_x, *d_back = back_backward((gradient * ahead)[:, ::-1])
        return d_ahead_x + d_back_x[:, ::-1], *d_ahead, *d_back

    return ahead * back, backward


def dense(x, kernel, bias):
    def backward(gradient):
        return gradient @ kernel.T, np.einsum('bti,bto->io', x, gradient), gradient.sum((0, 1))

    return x @ kernel + bias, backward


def sigmoid(x):
    output = 1 / (1 + np.exp(-x))
    return output, lambda gradient: gradient * output * (1 - output)


# ------------------------------------------------------------------------------------------------------------
# Network and loss
# ------------------------------------------------------------------------------------------------------------


def network(weights, x, *, training):
    """sed, doa, a function `backward`, and the moving averages as a step of training leaves them.

    `backward` takes the gradients with respect to sed and doa and gives those of the weights, by name; it is
    for training mode only.
    """
    steps = []  # (backward of a layer, the names of its weights)
    moving = {}

    def through(layer, x, *names):
        output, backward = layer(x, *(weights[name] for name in names))
        steps.append((backward, names))
        return output

    for i, pool in enumerate(POOLS):
        x = through(convolution, x, f'conv{i}/kernel', f'conv{i}/bias')
        gamma, beta, moving_mean, moving_variance = (
            f'bn{i}/{role}' for role in ('gamma', 'beta', 'moving_mean', 'moving_variance'))
        if training:
            x, backward, mean, variance = normalisation_in_training(x, weights[gamma], weights[beta])
            steps.append((backward, (gamma, beta)))
            for name, value in ((moving_mean, mean), (moving_variance, variance)):
                moving[name] = BN_MOMENTUM * weights[name] + (1 - BN_MOMENTUM) * value
        else:
            x = normalisation_in_inference(
                x, *(weights[name] for name in (gamma, beta, moving_mean, moving_variance)))
        x, backward = max_pooling(x, pool)
        steps.append((backward, ()))
        x = through(relu, x)
    x = through(filters_outermost, x)
    for i in range(NB_GRUS):
        names = [f'gru{i}/{direction}_{role}' for direction in ('fwd', 'bwd')
                 for role in ('kernel', 'recurrent', 'bias')]
        x = through(lambda x, *six: bidirectional(x, six[:3], six[3:]), x, *names)
    nb_shared = len(steps)

    heads = []
    for head in ('sed', 'doa'):
        output = x
        for role in ('dense0', 'dense1'):
            output = through(dense, output, f'{head}_out/{role}/kernel', f'{head}_out/{role}/bias')
        if head == 'sed':
            output = through(sigmoid, output)
        heads.append((output, steps[nb_shared:]))
        del steps[nb_shared:]
    (sed, sed_steps), (doa, doa_steps) = heads

    def backward(d_sed, d_doa):
        gradients = {}

        def back_through(some_steps, gradient):
            for step_backward, names in reversed(some_steps):
                if names:
                    gradient, *of_weights = step_backward(gradient)
                    gradients.update(zip(names, of_weights))
                else:
                    gradient = step_backward(gradient)
            return gradient

        back_through(steps, back_through(sed_steps, d_sed) + back_through(doa_steps, d_doa))
        return gradients

    return sed, doa, backward, moving


def loss(sed, doa, target_sed, target_doa):
    """The weighted sum of the mean binary cross-entropy and the mean squared error, and its two gradients."""
    clipped = np.clip(sed, CLIPPED, 1 - CLIPPED)
    cross_entropy = -(target_sed * np.log(clipped) + (1 - target_sed) * np.log(1 - clipped))
    d_sed = -(target_sed / clipped - (1 - target_sed) / (1 - clipped)) * (clipped == sed)
    error = doa - target_doa
    return (LOSS_WEIGHTS[0] * cross_entropy.mean() + LOSS_WEIGHTS[1] * (error ** 2).mean(),
            LOSS_WEIGHTS[0] * d_sed / sed.size, LOSS_WEIGHTS[1] * 2 * error / doa.size)


# ------------------------------------------------------------------------------------------------------------
# Training
# ------------------------------------------------------------------------------------------------------------


def loss_and_gradients(weights, x, target_sed, target_doa):
    """In training mode: the loss, the gradients of the trained weights, and the moving averages after it."""
    sed, doa, backward, moving = network(weights, x, training=True)
    total, d_sed, d_doa = loss(sed, doa, target_sed, target_doa)
    return total, backward(d_sed, d_doa), moving


def train(weights, x, target_sed, target_doa, nb_steps):
    """The weights after so many steps of Adam, all on one batch, and the loss before each step."""
    weights = dict(weights)
    first_moments = dict.fromkeys(weights, 0.0)
    second_moments = dict.fromkeys(weights, 0.0)
    losses = []
    for step in range(1, nb_steps + 1):
        total, gradients, moving = loss_and_gradients(weights, x, target_sed, target_doa)
        losses.append(total)
        weights.update(moving)
        # Keras' form, in which epsilon is added to the root before its bias is corrected.
        alpha = LEARNING_RATE * np.sqrt(1 - BETA2 ** step) / (1 - BETA1 ** step)
        for name, gradient in gradients.items():
            first_moments[name] = BETA1 * first_moments[name] + (1 - BETA1) * gradient
            second_moments[name] = BETA2 * second_moments[name] + (1 - BETA2) * gradient ** 2
            weights[name] = weights[name] - alpha * first_moments[name] / (
                np.sqrt(second_moments[name]) + ADAM_EPSILON)
    return weights, losses
