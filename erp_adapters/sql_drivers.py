"""The databases that the SQL adapter answers from, by the scheme of their URL."""

from sqlalchemy import URL, make_url

from erp_adapters.sql_driver import Driver
from erp_adapters.sql_driver_mssql import MSSQLDriver
from erp_adapters.sql_driver_mysql import MySQLDriver
from erp_adapters.sql_driver_oracle import OracleDriver
from erp_adapters.sql_driver_postgresql import PostgreSQLDriver
from erp_adapters.sql_driver_sqlite import SQLiteDriver

_DRIVERS: tuple[Driver, ...] = (PostgreSQLDriver(), SQLiteDriver(), MySQLDriver(), MSSQLDriver(), OracleDriver())
_BY_SCHEME = {scheme: driver for driver in _DRIVERS for scheme in driver.schemes}


def driver_of(url: URL) -> Driver:
    """The database that the URL is of; ``ValueError`` for one that is not known."""
    found = _BY_SCHEME.get(url.drivername)
    if found is None:
        raise ValueError(f"{url.drivername} is not supported: use postgresql, mysql, mariadb, mssql, oracle or sqlite")
    return found


def driver_url(url: str) -> URL:
    """The URL with the driver that this adapter uses."""
    made = make_url(url)
    return driver_of(made).url(made)
