"""`python -m corten.cli`: the `corten` command without its script."""

from corten.cli import main

main()
