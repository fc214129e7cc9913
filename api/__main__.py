"""`python -m api` is `alongside`."""

from api.command import main

main()
