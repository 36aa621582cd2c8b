"""`python -m inbox.cli`: how the supervisor starts its children, wherever the program is installed."""

from inbox.cli import main

main()
