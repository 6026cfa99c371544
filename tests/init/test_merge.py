"""What somebody changed in a drafted catalog stays; what is new is added; what was deleted stays gone."""

from pathlib import Path

import pytest

from erp_adapters.proposal.merge import STATE, cut, merge, write
from erp_adapters.proposal.write import Block, key, text, value

HEAD = Block("", '# Proposed.\nentity_set = "A"\nkey = "No"\n')
NO = Block("properties.No", '[properties.No]\ntype = "String"\nmax_length = 10\n')
DAY = Block("properties.Day", '[properties.Day]\ntype = "Date"\n')
SQL = Block("sql", '[sql]\ntable = "A"\nwhere = { X = ["[", "#"] }\n')
COLUMNS = Block("sql.columns", "[sql.columns]\n")
NO_COLUMN = Block("sql.columns.No", '# 97 %: it is the primary key\nNo = "NO"\n')
DAY_COLUMN = Block("sql.columns.Day", 'Day = { column = "DAY", date = "yyyymmdd" }\n')
LEFT_OUT = Block("left out", "# Left out:\n# COST looks like a cost\n")
BLOCKS = [HEAD, NO, DAY, SQL, COLUMNS, NO_COLUMN, DAY_COLUMN, LEFT_OUT]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    write(tmp_path, merge(tmp_path, {"A": BLOCKS}))
    return tmp_path


def again(catalog: Path, blocks: list[Block]) -> str:
    merged = merge(catalog, {"A": blocks})
    write(catalog, merged)
    return (catalog / "A.toml").read_text()


def edit(catalog: Path, old: str, new: str) -> None:
    file = catalog / "A.toml"
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new))


def test_a_file_is_cut_into_the_blocks_it_was_made_of() -> None:
    assert cut(text(BLOCKS)) == BLOCKS


def test_the_same_proposal_changes_nothing(catalog: Path) -> None:
    before = (catalog / "A.toml").read_text()
    (change,) = merge(catalog, {"A": BLOCKS}).changes
    assert change.kind == "unchanged"
    assert again(catalog, BLOCKS) == before


def test_an_edited_block_stays_and_others_follow_the_proposal(catalog: Path) -> None:
    edit(catalog, "max_length = 10", "max_length = 20  # longer")
    new = Block("properties.Day", '[properties.Day]\ntype = "DateTimeOffset"\n')
    after = again(catalog, [HEAD, Block("properties.No", NO.text.replace("10", "12")), new, *BLOCKS[3:]])
    assert "max_length = 20  # longer" in after
    assert 'type = "DateTimeOffset"' in after
    assert again(catalog, BLOCKS).count("[properties.Day]") == 1


def test_comments_of_a_person_stay(catalog: Path) -> None:
    edit(catalog, "Day = { column", "# Ask Ann about this one.\nDay = { column")
    new = Block("sql.columns.Day", 'Day = { column = "DAY2", date = "yyyymmdd" }\n')
    assert "Ask Ann" in again(catalog, [*BLOCKS[:6], new, LEFT_OUT])
    assert "DAY2" not in (catalog / "A.toml").read_text()


def test_a_deleted_property_is_not_proposed_again(catalog: Path) -> None:
    edit(catalog, DAY.text + "\n", "")
    edit(catalog, DAY_COLUMN.text, "")
    assert "Day" not in again(catalog, BLOCKS)
    assert "Day" not in again(catalog, BLOCKS)


def test_a_new_column_is_added_in_its_place(catalog: Path) -> None:
    edit(catalog, "max_length = 10", "max_length = 20")
    new, line = Block("properties.New", '[properties.New]\ntype = "Date"\n'), Block("sql.columns.New", 'New = "NEW"\n')
    after = again(catalog, [HEAD, NO, new, DAY, SQL, COLUMNS, NO_COLUMN, line, DAY_COLUMN, LEFT_OUT])
    order = [
        after.index(part)
        for part in ("max_length = 20", "[properties.New]", "[properties.Day]", "[sql]", 'New = "NEW"', "Day = {")
    ]
    assert order == sorted(order)


def test_a_column_that_the_database_lost_goes_unless_it_was_edited(catalog: Path) -> None:
    assert "Day" not in again(catalog, [HEAD, NO, SQL, COLUMNS, NO_COLUMN, LEFT_OUT])
    again(catalog, BLOCKS)


def test_a_deleted_file_is_not_proposed_again(catalog: Path) -> None:
    (catalog / "A.toml").unlink()
    merged = merge(catalog, {"A": BLOCKS})
    assert merged.deleted == ["A"]
    assert merged.changes == []


def test_without_the_state_nothing_of_a_file_is_touched(catalog: Path) -> None:
    edit(catalog, "max_length = 10", "max_length = 20")
    (catalog / STATE).unlink()
    assert "max_length = 20" in again(catalog, BLOCKS)


def test_the_diff_shows_what_changes(catalog: Path) -> None:
    (change,) = merge(catalog, {"A": [*BLOCKS[:6], Block("sql.columns.Day", 'Day = "OTHER"\n'), LEFT_OUT]}).changes
    assert change.kind == "changed"
    assert '+Day = "OTHER"' in change.diff()
    assert '-Day = { column = "DAY", date = "yyyymmdd" }' in change.diff()


def test_a_hand_written_file_keeps_its_form(catalog: Path) -> None:
    content = 'entity_set = "A"\nkey = "No"\n\n\n[properties]\n\n[properties.No]\ntype = "String"\nallowed = [\n  "a",\n  "b",\n]\n'
    (catalog / "A.toml").write_text(content)
    (catalog / STATE).unlink()
    merged = merge(catalog, {"A": [HEAD, NO]})
    assert merged.changes[0].kind == "unchanged"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ('a"b\\c\nd', '"a\\"b\\\\c\\u000ad"'),
        ({"Sell-to Customer No_": "No_"}, '{ "Sell-to Customer No_" = "No_" }'),
        ([True, 1, "x"], '[true, 1, "x"]'),
        ({"not": []}, "{ not = [] }"),
    ],
)
def test_values_are_written_as_toml(given: object, written: str) -> None:
    import tomllib

    assert value(given) == written
    assert tomllib.loads(f"{key('a b')} = {written}")["a b"] == given
