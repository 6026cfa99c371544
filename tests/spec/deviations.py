"""Where we differ on purpose from OASIS's grammar cases: data for ``test_abnf`` and for ``docs/conformance.md``."""

_MODEL = "only the model tells: the binder answers 404"
_FINER = "the URL parser takes it; as a value it is outside of what Python and PostgreSQL keep"
_KINDS = "only the model tells: the binder answers 400"
#: Single cases that differ: (rule, input) -> why.
DEVIATIONS: dict[tuple[str, str], str] = {
    ("dateTimeOffsetValue", "1972-06-30T23:59:60Z"): _FINER,
    (
        "decimalValue",
        "-INF",
    ): "Edm.Decimal has no infinity unless its scale is floating, which this service never publishes",
    (
        "decimalValue",
        "NaN",
    ): "Edm.Decimal has no NaN unless its scale is floating, which this service never publishes",
    ("decimalValue", "1e-101"): _FINER,
    ("odataRelativeUri", "Categories(1)/Thumbnail/$value"): _MODEL,
    ("odataRelativeUri", "Categories/TheBestProduct()"): _MODEL,
    ("queryOptions", "$apply=aggregate(Amount as Total)"): _KINDS,
    ("queryOptions", "$apply=aggregate(Sales/Amount sub Sales/Cost with sum as TotalAmount)"): _KINDS,
    ("queryOptions", "$apply=groupby((Sales/Product/Name))"): _KINDS,
    ("queryOptions", "$apply=join(ShipTo as Detail,identity)"): _KINDS,
    (
        "queryOptions",
        "$format=JSON&$format=Atom&$format=XML&$format=text/html",
    ): "an option may occur once (Protocol 11.2.1); the grammar cannot say so",
}
