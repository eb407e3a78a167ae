"""`python -m sdn_mc`."""

from sdn_mc.cli import main

if __name__ == "__main__":
    main()
