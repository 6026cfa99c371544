"""`python -m odata_server` is `erp-odata`, also where the package is not installed."""

from odata_server.cli import main

if __name__ == "__main__":
    main()
