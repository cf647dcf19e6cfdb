"""`python -m crypto_assistant`, and what the shell calls."""

import sys

from crypto_assistant.arguments import parser


def main() -> int:
    """Imports the program only where there is something to run."""
    parser().parse_args()
    from crypto_assistant import cli  # noqa: PLC0415

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
