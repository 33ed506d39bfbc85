"""What code under trial is called with: plain callables, schedulers, optimizers, clipping and averages.

Each loader returns a function from drawn numbers to the numbers of every step. Arrays have ``PLACES`` equal
elements, so that the vector loop and its remainder are both tried; a step lists its distinct results.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from harness.model.problem import InputError

PLACES = 17
Steps = list[list[str]]


class WrongResult(Exception):
    """A result that is not one number of the declared format."""


class Call(Protocol):
    """A loaded target."""

    def __call__(self, values: Sequence[float | int], *, named: bool) -> Steps:
        """Returns the numbers of every step, as hexadecimal text."""


def load(job: Mapping[str, Any]) -> Call:
    """Loads a target; raises ``InputError``, or whatever its own modules raise."""
    loaders: Mapping[str, Callable[[Mapping[str, Any]], Call]] = {
        "callable": _callable,
        "scheduler": _scheduler,
        "optimizer": _optimizer,
        "clip": _clip,
        "average": _average,
    }
    return loaders[job["role"]](job)


def _named(name: str) -> Any:
    module, _, inner = name.partition(":")
    found = importlib.import_module(module)
    for step in inner.split("."):
        if not hasattr(found, step):
            raise InputError(f"module {module} has no {inner}", reason="MISSING_INPUT")
        found = getattr(found, step)
    if not callable(found):
        raise InputError(f"{name} is a {type(found).__name__} and cannot be called")
    return found


def _callable(job: Mapping[str, Any]) -> Call:
    function, arguments, parameters = _named(job["part"]["name"]), job["part"]["arguments"], job["parameters"]
    carry = _carrier(job["carrier"], job["dtype"])
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        signature = None  # of something built in

    def call(values: Sequence[float | int], *, named: bool) -> Steps:
        given = [value if isinstance(value, int) else carry(value) for value in values]
        keywords = dict(zip(parameters, given, strict=True)) if named else {}
        result = function(*(() if named else given), **keywords, **arguments)
        return [[_number(result, job["dtype"])]]

    if signature is not None and parameters:
        try:
            signature.bind(**dict.fromkeys(parameters), **arguments)
        except TypeError as error:
            raise InputError(f"{job['part']['name']}{signature} cannot be called so: {error}") from error
    return call


def _carrier(carrier: str, dtype: str) -> Callable[[float], Any]:
    """Returns what turns a drawn number into the value that the code is given."""
    if carrier == "numpy":
        import numpy

        numpy.seterr(all="ignore")
        kind: Callable[[float], Any] = numpy.dtype(dtype).type
        return kind
    if carrier == "torch":
        torch, form = _torch(dtype)
        return lambda value: torch.tensor(value, dtype=form)
    return float


def _torch(dtype: str) -> tuple[Any, Any]:
    import torch

    torch.set_num_threads(1)
    return torch, getattr(torch, dtype)


def _number(value: Any, dtype: str) -> str:
    """Writes a result in hexadecimal; raises ``WrongResult`` for what is not one number of the format."""
    form = getattr(value, "dtype", None)
    if form is not None:
        name = str(form).removeprefix("torch.")
        if getattr(value, "shape", ()) != () and tuple(value.shape) != ():
            raise WrongResult(f"returned an array of shape {tuple(value.shape)}, not one number")
        if name != dtype and not name.startswith(("int", "uint")):
            raise WrongResult(f"returned {name}, not {dtype}")
        return float(value).hex()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongResult(f"returned a {type(value).__name__}, not a number")
    number = float(value)
    # A number of Python's takes the format of the arrays that it meets, so it must be one of its numbers.
    if dtype != "float64" and number - number == 0 and float(_carrier(*_fitting(dtype))(number)) != number:
        raise WrongResult(f"returned {number!r}, which is no {dtype}")
    return number.hex()


def _fitting(dtype: str) -> tuple[str, str]:
    return ("torch" if dtype == "bfloat16" else "numpy"), dtype


def _distinct(tensor: Any) -> list[str]:
    return sorted({float(value).hex() for value in tensor.flatten().tolist()})


def _scheduler(job: Mapping[str, Any]) -> Call:
    """Drives a scheduler: one number is asked, how many steps; t = 0 is the rate of the first update."""
    torch, form = _torch(job["dtype"])

    def make() -> tuple[Any, Any]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1, dtype=form))], lr=job["base"])
        stages = [_named(part["name"])(optimizer, **part["arguments"]) for part in job["stages"]]
        more: dict[str, Any] = {"schedulers": stages} if stages else {}
        more |= {"milestones": list(job["milestones"])} if job["milestones"] else {}
        return optimizer, _named(job["part"]["name"])(optimizer, **more, **job["part"]["arguments"])

    def call(values: Sequence[float | int], **_: bool) -> Steps:
        optimizer, scheduler = make()
        rates = [optimizer.param_groups[0]["lr"]]
        for _step in range(int(values[0])):
            optimizer.step()
            scheduler.step()
            rates.append(optimizer.param_groups[0]["lr"])
        return [[_number(rate, "float64")] for rate in rates]

    make()
    return call


def _optimizer(job: Mapping[str, Any]) -> Call:
    """Steps an optimizer from a parameter by one gradient a step; answers the parameter after each."""
    torch, form = _torch(job["dtype"])
    cls, arguments = _named(job["part"]["name"]), _betas(job["part"]["arguments"])

    def call(values: Sequence[float | int], **_: bool) -> Steps:
        parameter = torch.nn.Parameter(torch.full((PLACES,), values[0], dtype=form))
        optimizer = cls([parameter], **arguments)
        found: Steps = []
        for gradient in values[1:]:
            parameter.grad = torch.full((PLACES,), gradient, dtype=form)
            optimizer.step()
            found.append(_distinct(parameter.detach()))
        return found

    call([0.0], named=False)
    return call


def _betas(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Gathers ``beta1`` and ``beta2`` into the pair that torch takes."""
    kept = {key: value for key, value in arguments.items() if key not in ("beta1", "beta2")}
    pair = [arguments[key] for key in ("beta1", "beta2") if key in arguments]
    return kept | ({"betas": tuple(pair)} if pair else {})


def _clip(job: Mapping[str, Any]) -> Call:
    """Clips gradients in place: one parameter for each drawn number; answers every gradient after."""
    torch, form = _torch(job["dtype"])
    function, arguments = _named(job["part"]["name"]), job["part"]["arguments"]

    def call(values: Sequence[float | int], **_: bool) -> Steps:
        parameters = [torch.nn.Parameter(torch.zeros(1, dtype=form)) for _ in values]
        for parameter, gradient in zip(parameters, values, strict=True):
            parameter.grad = torch.full((1,), gradient, dtype=form)
        function(parameters, **arguments)
        return [_distinct(parameter.grad) for parameter in parameters]

    return call


def _average(job: Mapping[str, Any]) -> Call:
    """Averages a parameter: its value when the average starts, then one a step; answers the averages."""
    torch, form = _torch(job["dtype"])
    from torch.optim.swa_utils import AveragedModel

    function = _named(job["part"]["name"])(**job["part"]["arguments"])

    def call(values: Sequence[float | int], **_: bool) -> Steps:
        module = torch.nn.Module()
        module.p = torch.nn.Parameter(torch.full((PLACES,), values[0], dtype=form))
        average = AveragedModel(module, multi_avg_fn=function)
        average.update_parameters(module)  # the first update copies
        found: Steps = []
        for value in values[1:]:
            with torch.no_grad():
                module.p.fill_(value)
            average.update_parameters(module)
            found.append(_distinct(average.module.p.detach()))
        return found

    return call
