"""What scikit-learn reports about itself; it computes with NumPy and with its own OpenMP loops."""

from __future__ import annotations

import sklearn

from impls.runtimes import numpy

devices = numpy.devices
threads = numpy.threads
busy_at_most = numpy.busy_at_most
settings = numpy.settings
asked = numpy.asked
compilations = numpy.compilations
compile_seconds = numpy.compile_seconds
event_clock = numpy.event_clock


def versions() -> dict[str, str]:
    return {"scikit-learn": sklearn.__version__, **numpy.versions()}
