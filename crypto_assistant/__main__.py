"""`python -m crypto_assistant`."""

import sys

from crypto_assistant.cli import main

sys.exit(main())
