import sys

from advisor.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
