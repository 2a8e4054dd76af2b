"""Entry point of `python -m bench`."""

import gc
import sys

from bench.cli.app import main

code = main(sys.argv[1:])
gc.freeze()  # skip garbage collection at exit, which takes time after a large report
sys.exit(code)
