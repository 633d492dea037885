"""The engines that decisions are timed on: the same groups, the same requests, each engine used as it is fastest.

An engine is a module with a function ``forms(groups, requests)``. A form is one way to use the engine: a function that
decides the requests from one index up to another. Everything that an application does once, or that only turns our
records into what the engine takes, happens before, when the forms are made; where it is debatable whether that is fair,
such as for JSON text, there are forms with and without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.engines import cedarpy, pycasbin, regorus
from benchmarks.engines.workload import Form, Request
from benchmarks.generate import Group

ENGINES: dict[str, Callable[[Sequence[Group], Sequence[Request]], dict[str, Form]]] = {
    "regorus": regorus.forms,
    "cedarpy": cedarpy.forms,
    "pycasbin": pycasbin.forms,
}
# The distributions that they come in.
PACKAGES = ("gordon-to-regorus", "cedarpy", "pycasbin")
