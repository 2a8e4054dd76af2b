"""The program: `python -m bench`."""

import gc
import sys

from bench.cli.app import main

code = main(sys.argv[1:])
gc.freeze()  # what a large report leaves is not worth a search on the way out
sys.exit(code)
