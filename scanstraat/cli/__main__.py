"""`python -m scanstraat.cli` is the command `scanstraat`; the supervisor starts its children this way."""

from scanstraat.cli import main

main()
