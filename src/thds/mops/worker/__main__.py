"""`python -m thds.mops.worker BLOB_ROOT INVOCATION_KEY`."""

import sys

from thds.mops.worker.run import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
