"""A number as the service wrote it. A module of its own, because ``tables`` is slow to import."""


class Written(str):
    """The digits of a JSON number with a point: 698028.00 is neither 698028.0 nor 698028."""

    __slots__ = ()
