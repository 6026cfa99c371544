"""What a change of the published model means: for the version of the model, for clients, in Salesforce.

*Breaking* is what makes something that works today fail, lose data or show wrong ones until somebody acts: in
Salesforce, or in a program that reads the service. ``docs/contract.md`` has this table.
"""

from dataclasses import dataclass
from enum import IntEnum


class Effect(IntEnum):
    """The part of the version that has to rise (semver.org), the greatest last."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """``sync`` tells that Validate and Sync has to bring the change into Salesforce."""

    id: str
    effect: Effect
    what: str
    salesforce: str
    sync: bool = False

    @property
    def breaking(self) -> bool:
        return self.effect is Effect.MAJOR


_NOTHING = "Nothing."
_LOOK_AT = "Nothing to sync. Look through formulas, flows, Apex and reports that "
_AFTER_SYNC = "Sync overwrites the field's label and type, and may turn a lookup into text: set them again."


def _rules(effect: Effect, *, sync: bool, **rows: tuple[str, str]) -> dict[str, Rule]:
    named = {name.replace("_", "-"): texts for name, texts in rows.items()}
    return {name: Rule(name, effect, what, salesforce, sync) for name, (what, salesforce) in named.items()}


RULES: dict[str, Rule] = {
    **_rules(
        Effect.MAJOR,
        sync=True,
        set_renamed=(
            "A set has another name.",
            (
                "Sync makes a new object; the old one stays and fails. Move tabs, layouts, reports, flows and "
                "Apex over, give permissions, delete the old object."
            ),
        ),
        key_changed=(
            "The key is made of other properties.",
            (
                "The External ID changes: records get new ids, links and stored ids lead nowhere, lookups to "
                "the object match nothing until they hold the new key. Validate and Sync, then set lookups "
                "again."
            ),
        ),
        property_renamed=(
            "A property has another name.",
            (
                "Sync makes a new field; the old one stays, and queries that name it fail. Give permissions, "
                "move layouts, list views, reports, flows and Apex over, delete the old field."
            ),
        ),
        type_changed=("A property has another type.", f"Validate and Sync. {_AFTER_SYNC}"),
        length_grown=(
            "Texts may be longer.",
            f"Longer values are cut until Validate and Sync has made the field longer. {_AFTER_SYNC}",
        ),
        becomes_long_text=(
            "Texts may be longer than 255 characters.",
            (
                "Sync makes a long text area of the field: it can be neither filtered, sorted nor a lookup "
                "any more. Take it out of filters first."
            ),
        ),
        digits_grown=(
            "Numbers may have more digits, before or after the point.",
            f"Digits are lost until Validate and Sync has made the field larger. {_AFTER_SYNC}",
        ),
        constraint_lost=(
            "A reference has no foreign key any more.",
            (
                "The next sync makes no external lookup: the field may turn into text, and related lists end. "
                "Set the lookup again by hand."
            ),
        ),
        constraint_changed=(
            "A reference goes over another foreign key.",
            "Sync may make the lookup of the new field, and text of the old one. Change related lists over.",
        ),
    ),
    **_rules(
        Effect.MAJOR,
        sync=False,
        set_removed=(
            "A set is gone.",
            (
                "The object stays, and every page of it fails. First take it off tabs, layouts, related "
                "lists, reports, flows and Apex; then delete it."
            ),
        ),
        other_removed=("A singleton, function or action is gone.", "Nothing; Apex that calls it by HTTP fails."),
        property_removed=(
            "A property is gone.",
            (
                "The field stays, and queries that name it fail. First take it off layouts, list views, "
                "reports, flows and Apex; then delete it."
            ),
        ),
        required_added=(
            "A new property must be given when rows are written.",
            "Creating records fails until pages, flows and Apex give it.",
        ),
        nullable_relaxed=(
            "A value may be missing.",
            f"{_LOOK_AT}take it for granted; a missing Boolean shows as unchecked.",
        ),
        values_removed=(
            "A value of a closed list does not occur any more.",
            f"{_LOOK_AT}compare with it: they find nothing.",
        ),
        input_narrowed=(
            "Values that could be written are refused.",
            "Saving such values fails. Narrow what pages, flows and Apex accept.",
        ),
        unit_changed=(
            "A number has another unit or currency.",
            f"{_LOOK_AT}calculate with it: the figures mean something else.",
        ),
        capability_lost=(
            "The set, or a property, cannot be filtered, sorted, searched, written ... any more.",
            (
                "List views, related lists, search or saves that need it fail. After lost search, switch off "
                "the object's search; after lost writing, take away edit permissions."
            ),
        ),
        navigation_removed=(
            "A reference is gone.",
            "If it had a foreign key, the next sync makes no lookup of it: related lists and parent fields end.",
        ),
        navigation_renamed=(
            "A reference has another name.",
            "Nothing: Salesforce names relationships by the foreign key. Programs that use $expand fail.",
        ),
        navigation_changed=(
            "A reference leads to another set, or to one instead of many.",
            "A lookup leads to the wrong object until it is set again.",
        ),
        type_renamed=(
            "The entity type has another name.",
            "Nothing: objects are named after sets. Programs generated from the metadata have to be generated again.",
        ),
        namespace_changed=(
            "The namespace has another name.",
            "Nothing. Programs that name types with it fail.",
        ),
    ),
    **_rules(
        Effect.MINOR,
        sync=True,
        set_added=(
            "A set is new.",
            (
                "Validate and Sync this object alone. It starts In Development; then give permissions on "
                "object and fields, and a tab."
            ),
        ),
        property_added=(
            "A property is new.",
            (
                "Validate and Sync the object, then give field permissions: Sync gives them to the profile of "
                "whoever syncs alone. Instead of a sync, which resets labels and lookups, the field alone can "
                "be deployed."
            ),
        ),
        constraint_gained=(
            "A reference has a foreign key now.",
            "Sync may make an external lookup of the field; an indirect lookup there turns back into text.",
        ),
        navigation_added=(
            "A reference is new.",
            "If it has a foreign key, Sync may make an external lookup of it; else nothing.",
        ),
    ),
    **_rules(
        Effect.MINOR,
        sync=False,
        other_added=("A singleton, function or action is new.", _NOTHING),
        length_shrunk=("Texts are shorter.", "Nothing at once; the next sync makes the field shorter."),
        digits_shrunk=("Numbers have fewer digits.", "Nothing at once; the next sync makes the field smaller."),
        precision_changed=("Points in time have other fractions of a second.", _NOTHING),
        nullable_tightened=("A value is always there.", _NOTHING),
        values_added=(
            "A closed list of values has a new one.",
            f"{_LOOK_AT}decide by the value: they do not know the new one.",
        ),
        values_opened=("Values are no closed list any more.", f"{_LOOK_AT}decide by the value."),
        values_closed=("Values are a closed list now.", _NOTHING),
        bounds_changed=("The least or the greatest value, or the pattern of values, is another one.", _NOTHING),
        capability_gained=(
            "The set, or a property, can be filtered, sorted, searched, written ...",
            (
                "Nothing at once. Sync sets the search of all objects as the data source has it; writing "
                "needs permissions and a writable data source."
            ),
        ),
    ),
    **_rules(
        Effect.PATCH,
        sync=False,
        label_changed=(
            "A label is another one.",
            "Nothing: Salesforce makes labels of names. Change the field's label by hand; the next sync resets it.",
        ),
        description_changed=("A description is another one.", _NOTHING),
        owner_changed=("Another system is named as the owner of the data.", _NOTHING),
    ),
}
