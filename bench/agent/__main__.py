"""`python -m bench.agent`: the agent of this machine."""

import sys

from bench.agent.agent import main

sys.exit(main())
