"""SOQL's date literals: ranges of days in the user's time zone (SOQL and SOSL Reference, Date Formats and Date
Literals).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from salesforce.errors import SalesforceError


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where and when the user is. ``week_start`` is 0 for Monday; the locale decides, the United States have 6.

    ``fiscal_month`` is the month in which the fiscal year begins, with the year in which it does.
    """

    now: datetime
    zone: ZoneInfo
    week_start: int = 6
    fiscal_month: int = 1

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def instant(self, day: date) -> datetime:
        """The beginning of a day, in UTC."""
        return datetime.combine(day, time(0), self.zone).astimezone(UTC)

    def instants(self, name: str, number: int | None) -> tuple[datetime, datetime]:
        """The range of a date literal: from its beginning to the moment after its end.

        Raises ``INVALID_QUERY_FILTER_OPERATOR`` for a range beyond what dates can say.
        """
        try:
            first, after = RANGES[name].days(self, number or 0)
            return self.instant(first), self.instant(after)
        except (ValueError, OverflowError):
            raise SalesforceError("MALFORMED_QUERY", f"{name}:{number} is beyond the range of dates") from None


@dataclass(frozen=True, slots=True)
class Range:
    """The first day and the day after the last one. ``counted`` literals have a number, as in ``LAST_N_DAYS:30``."""

    days: Callable[[Calendar, int], tuple[date, date]]
    counted: bool = False


Start = Callable[[Calendar, int], date]
"""The first day of the period that lies so many periods after the present one."""


def _day(calendar: Calendar, periods: int) -> date:
    return calendar.today + timedelta(days=periods)


def _week(calendar: Calendar, periods: int) -> date:
    today = calendar.today
    return today - timedelta(days=(today.weekday() - calendar.week_start) % 7 - 7 * periods)


def _months(count: int, fiscal: bool = False) -> Start:
    """Periods of ``count`` months, counted from January or from the beginning of the fiscal year."""

    def start(calendar: Calendar, periods: int) -> date:
        first = calendar.fiscal_month - 1 if fiscal else 0
        month = 12 * calendar.today.year + calendar.today.month - 1 - first
        year, month = divmod(month // count * count + first + count * periods, 12)
        return date(year, month + 1, 1)

    return start


_PERIODS: dict[str, Start] = {
    "WEEK": _week,
    "MONTH": _months(1),
    "QUARTER": _months(3),
    "YEAR": _months(12),
    "FISCAL_QUARTER": _months(3, fiscal=True),
    "FISCAL_YEAR": _months(12, fiscal=True),
}


def _ranges() -> dict[str, Range]:
    found = {
        "YESTERDAY": Range(lambda c, n: (_day(c, -1), _day(c, 0))),
        "TODAY": Range(lambda c, n: (_day(c, 0), _day(c, 1))),
        "TOMORROW": Range(lambda c, n: (_day(c, 1), _day(c, 2))),
        "LAST_90_DAYS": Range(lambda c, n: (_day(c, -90), _day(c, 1))),
        "NEXT_90_DAYS": Range(lambda c, n: (_day(c, 1), _day(c, 91))),
        "LAST_N_DAYS": Range(lambda c, n: (_day(c, -n), _day(c, 1)), counted=True),
        "NEXT_N_DAYS": Range(lambda c, n: (_day(c, 1), _day(c, n + 1)), counted=True),
        "N_DAYS_AGO": Range(lambda c, n: (_day(c, -n), _day(c, 1 - n)), counted=True),
    }
    for name, start in _PERIODS.items():
        found |= _of_period(name, start)
    return found


def _of_period(name: str, start: Start) -> dict[str, Range]:
    """The last, this and the next one; the n before and after this one; the one n ago."""
    return {
        f"LAST_{name}": Range(lambda c, n: (start(c, -1), start(c, 0))),
        f"THIS_{name}": Range(lambda c, n: (start(c, 0), start(c, 1))),
        f"NEXT_{name}": Range(lambda c, n: (start(c, 1), start(c, 2))),
        f"LAST_N_{name}S": Range(lambda c, n: (start(c, -n), start(c, 0)), counted=True),
        f"NEXT_N_{name}S": Range(lambda c, n: (start(c, 1), start(c, n + 1)), counted=True),
        f"N_{name}S_AGO": Range(lambda c, n: (start(c, -n), start(c, 1 - n)), counted=True),
    }


RANGES: dict[str, Range] = _ranges()
