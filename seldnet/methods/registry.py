"""The methods by their names, which the setting `model_variant` takes."""

from seldnet.methods import accdoa, paper, released
from seldnet.methods.method import Method

METHODS: dict[str, Method] = {method.name: method for method in
                             (released.METHOD, paper.METHOD, accdoa.METHOD)}
