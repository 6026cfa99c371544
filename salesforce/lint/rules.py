"""The rules: what is wrong, why it matters in Salesforce, what to do. ``docs/salesforce.md`` has this table."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """``ERROR``: data are missing or wrong, or Salesforce refuses. ``WARNING``: works until it does not.
    ``NOTE``: different from what people may expect, and nothing to be done in the service.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    severity: Severity
    cause: str
    fix: str


@dataclass(frozen=True, slots=True)
class Finding:
    """``where`` is a path in the metadata, ``what`` says what was seen there."""

    rule: Rule
    where: str
    what: str


def _table(severity: Severity, **rules: tuple[str, str]) -> dict[str, Rule]:
    names = {name.replace("_", "-"): texts for name, texts in rules.items()}
    return {name: Rule(name, severity, cause, fix) for name, (cause, fix) in names.items()}


#: Found in metadata.
IN_METADATA = {
    **_table(
        Severity.ERROR,
        no_sets=("There is no entity set to sync.", "Declare one entity container with entity sets."),
        key_missing=(
            "Salesforce recognises no key: the External ID is made of all columns, and validation fails with many.",
            "Declare a key, of properties with types and names that become fields.",
        ),
        key_too_long=(
            "The key becomes a long text, which cannot be filtered, so that no record page opens.",
            "Give the key a MaxLength of at most 255, better 80.",
        ),
        name_too_long=(
            "API names have at most 40 characters; a longer name is shortened, and a shortened key is no key.",
            "Publish it under a name of at most 40 characters.",
        ),
        name_characters=(
            "API names consist of letters, digits and single underscores, and start with a letter.",
            "Publish it under such a name.",
        ),
        name_collision=(
            "API names are the same in any letter case; one of the two does not arrive.",
            "Rename one of them.",
        ),
        decimal_scale=(
            "A decimal without Scale, or with a variable one, becomes a number without decimals: cents are lost.",
            "State Precision and Scale.",
        ),
        long_text_total=(
            "The long texts of an object may have 1,638,400 characters in all; one of MaxLength max counts 32,000.",
            "Give strings a MaxLength of at most 255, or publish fewer.",
        ),
        not_filterable=(
            "Record pages, related lists and list views filter; the metadata forbid it.",
            "Make the set, and its key and foreign keys, filterable.",
        ),
        not_countable=(
            "COUNT() and batch Apex need $count=true; the metadata forbid it.",
            "Make the set countable.",
        ),
        no_top_skip=(
            "Every list is asked for with $top; the metadata forbid $top or $skip.",
            "Support both.",
        ),
    ),
    **_table(
        Severity.WARNING,
        key_composite=(
            "The External ID is put together from several properties, so no external lookup can lead here.",
            "Publish one text that joins them, and make it the key.",
        ),
        key_type=(
            "A key that is no text cannot be matched by an external lookup without a conversion.",
            "Publish the key, and foreign keys to it, as text.",
        ),
        foreign_key=(
            "A foreign key and the key it leads to differ in type or length; a lookup may match nothing.",
            "Give both the same type and MaxLength.",
        ),
        name_reserved=(
            "Every external object has a field of this name already.",
            "Rename the property.",
        ),
        string_unsized=(
            "A string without MaxLength becomes Text(128); what is longer is cut.",
            "State MaxLength.",
        ),
        decimal_precision=(
            "Salesforce keeps 18 digits of a number.",
            "Publish at most 18 digits.",
        ),
        float_rounded=(
            "A floating-point number becomes a number with eight decimals.",
            "Publish a Decimal with Precision and Scale.",
        ),
        type_unsupported=(
            "The property's type has no field type; it does not arrive.",
            "Publish primitive properties; times as text.",
        ),
        not_sortable=(
            "A list is sorted by a click on any column head; the metadata forbid it here.",
            "Make the property sortable, or hide it from lists.",
        ),
        external_reference=(
            "Olingo, on which Salesforce Connect seems to be built, follows references to other documents.",
            "Publish metadata without references, and terms with their full namespace.",
        ),
        too_many_sets=(
            "An org has at most 200 external objects; a sync beyond them fails.",
            "Publish fewer sets, or sync a choice.",
        ),
    ),
    **_table(
        Severity.NOTE,
        date_shifts=(
            "A date becomes a date-time at 00:00 UTC; west of Greenwich it is shown as the day before.",
            "Show it with a formula DATEVALUE(...), or publish it as text.",
        ),
        boolean_null=(
            "A checkbox has two values: null shows as unchecked.",
            "Publish a Boolean that is never null.",
        ),
        long_text=(
            "A long text area can neither be filtered nor sorted.",
            "Nothing, if nobody filters by it; else a MaxLength of at most 255.",
        ),
        no_constraint=(
            "A relationship without a referential constraint of one property becomes no lookup.",
            "Publish the foreign key, and the constraint.",
        ),
    ),
}

#: Found by asking the service.
IN_ANSWERS = {
    **_table(
        Severity.ERROR,
        unreadable=(
            "A list view gets an error, or an answer without an array of rows.",
            "Answer $select, $count and $top with the JSON of a collection.",
        ),
        version_header=(
            "Clients of OData 4 refuse an answer without the header OData-Version.",
            "Send it with every answer, errors included.",
        ),
        count_wrong=(
            "$count=true is not answered with the number of rows that pass the filter: COUNT() and batch Apex fail.",
            "Send @odata.count as a number, of all rows after $filter, on every page.",
        ),
        top_ignored=(
            "More rows arrive than $top asked for.",
            "Honour $top, also $top=0.",
        ),
        skip_wrong=(
            "$skip does not continue where the page before ended: pages repeat or miss rows.",
            "Honour $skip, on a total order that ends with the key.",
        ),
        order_ignored=(
            "Ascending and descending give the same first row.",
            "Honour $orderby.",
        ),
        key_not_unique=(
            "Two rows have the same key, or one has none: Salesforce takes them for one record.",
            "Publish a key that is unique and never null.",
        ),
        filter_by_key=(
            "A record page asks for its key with $filter and must get that row alone.",
            "Honour eq on the key.",
        ),
        filter_form=(
            "Salesforce writes a filter in this form, and the answer is wrong or an error.",
            "Support the form: functions compared with true, redundant parentheses, comparisons with null.",
        ),
        equality_inexact=(
            "eq gives rows whose value differs in letter case or blanks; Salesforce drops them without a word.",
            "Compare strings exactly.",
        ),
        encoded_options=(
            "The same request in another spelling (%24filter, + for a blank) is answered differently.",
            "Decode option names and values before reading them.",
        ),
        page_too_large=(
            "A page has more than 2,000 rows, or the answer more than 8 MB.",
            "Cut pages, and send a next link.",
        ),
        link_host=(
            "Links lead to another host than the one that was asked, such as the one behind a proxy.",
            "Build links from the public URL.",
        ),
        pages_overlap=(
            "The page behind a next link repeats rows.",
            "Page by key.",
        ),
    ),
    **_table(
        Severity.WARNING,
        date_literal=(
            "A date is a date-time for Salesforce, which may compare it with one; the service refuses.",
            "Accept 2024-03-01T00:00:00Z for Edm.Date.",
        ),
        long_filter=(
            "IN becomes a chain of eq and or, which grows with the list; one of 100 is refused or wrong.",
            "Accept long chains and URLs of at least 16 KB, in proxies too.",
        ),
        search_refused=(
            "Free-text search sends $search, and gets an error.",
            "Support $search, or switch off Use Free-Text Search Expressions.",
        ),
        key_path=(
            "The record cannot be read at its own URL, as after a save.",
            "Answer Set('key').",
        ),
        key_characters=(
            "Keys with characters that have a meaning in URLs are lost in proxies, or change there.",
            "Use letters, digits, hyphen, underscore, full stop and tilde.",
        ),
        value_too_long=(
            "A value is longer than the MaxLength that the metadata state, and is cut.",
            "State the true MaxLength.",
        ),
        error_form=(
            "The message of an error cannot be shown to people.",
            "Answer a wrong request with 4xx and the JSON of an OData error.",
        ),
    ),
}

RULES = IN_METADATA | IN_ANSWERS
