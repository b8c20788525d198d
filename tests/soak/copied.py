"""Copy the database of a soak: `python -m tests.soak.copied URL`, with nobody connected to it."""

import sys

import psycopg


def main() -> None:
    """The copy is called `replay`."""
    with psycopg.connect(sys.argv[1], autocommit=True) as database:
        database.execute("CREATE DATABASE replay TEMPLATE postgres")


if __name__ == "__main__":
    main()
