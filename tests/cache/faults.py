"""Which test breaks what: the faults of ERPs, of Redis and of workers by their numbers, with the tests that make them
happen. ``test_faults`` holds it against the tests that there are.

A number has several lines where several kinds of ERP can fail so. What a kind cannot do, and what does not exist yet, is
said in words.
"""

from dataclasses import dataclass

#: The numbers that have to be here.
NUMBERS = (*range(1, 7), *range(9, 29), *range(36, 55))

_SQL, _NET = "adapters/test_sql_faults.py", "adapters/test_sql_network.py"
_WHOLE, _MACHINES, _OUTAGE = "cache/test_faults_sql.py", "cache/test_machines.py", "cache/test_outage.py"
_HTTP, _SERVED = "adapters/transport/test_faults.py", "adapters/transport/test_faults_whole.py"
_CACHE, _STORE, _LIVES = "cache/test_adapter.py", "cache/test_store.py", "cache/test_lifetimes.py"
_ENTRY, _KEY, _SERVICE = "cache/test_entry.py", "cache/test_key.py", "cache/test_service.py"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, the tests as ``file::name`` below ``tests``, and what no test is for, with the reason."""

    what: str
    tests: tuple[str, ...] = ()
    without: str = ""


def of(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{file}::test_{name}" for name in names)


FAULTS = {
    1: Fault(
        "connection refused",
        (
            *of(_WHOLE, "f001_killed"),
            *of(_NET, "nobody_listens_any_more"),
            *of(_MACHINES, "what_is_kept_serves_while_the_erp_refuses"),
            *of(_OUTAGE, "people_hardly_notice"),
            *of(_HTTP, "f001_connection_refused"),
            *of("cache/test_beyond.py", "whatever_needs_the_erp_is_refused_at_once"),
        ),
    ),
    2: Fault(
        "nobody says anything",
        (
            *of(_WHOLE, "f002_stopped"),
            *of(_NET, "packets_vanish"),
            *of(_MACHINES, "an_open_breaker_refuses_at_once"),
            *of(_OUTAGE, "people_hardly_notice"),
            *of(_HTTP, "f002_nobody_takes_the_connection"),
        ),
    ),
    3: Fault(
        "accepts, then resets",
        (
            *of(_MACHINES, "it_takes_connections_and_resets_them"),
            *of(_HTTP, "connections_that_fail"),
            *of(_SERVED, "connections_of_a_proxy_in_between"),
        ),
    ),
    4: Fault(
        "slow first byte",
        (
            *of(_WHOLE, "a_query_that_takes_too_long"),
            *of(_NET, "the_first_byte_is_late", "the_query_of_a_request_that_timed_out_is_cancelled"),
            *of(_OUTAGE, "people_hardly_notice"),
            *of(_HTTP, "connections_that_fail"),
        ),
    ),
    5: Fault("byte by byte", (*of(_NET, "it_trickles"), *of(_HTTP, "connections_that_fail"))),
    6: Fault(
        "dies within the rows",
        (
            *of(_WHOLE, "f006_dies_within_the_rows"),
            *of(_NET, "it_dies_within_the_rows", "it_stops_within_the_rows"),
            *of(_HTTP, "connections_that_fail"),
        ),
    ),
    9: Fault("a login page", of(_SERVED, "f009_html_with_status_200"), "databases have none"),
    10: Fault("truncated JSON", of(_SERVED, "f010_truncated"), "databases have none"),
    11: Fault(
        "wrong types",
        (
            *of(_SQL, "values_that_do_not_fit_on_sqlite", "values_that_do_not_fit_on_postgresql"),
            *of(_SERVED, "f011_wrong_types", "f011_wrong_forms"),
        ),
    ),
    12: Fault(
        "more than was asked for",
        (*of(_WHOLE, "f012_new_columns"), *of(_SERVED, "f012_more_than_was_asked_for")),
    ),
    13: Fault(
        "a mapped column is gone",
        (
            *of(_WHOLE, "f013_a_column_is_gone"),
            *of(_SQL, "a_column_is_gone_and_comes_back", "only_the_set_of_a_missing_table_fails"),
            *of("doctor/test_database.py", "a_column_that_is_gone"),
            *of(_SERVED, "f013_a_field_that_is_no_more"),
        ),
    ),
    14: Fault(
        "a column is of another type",
        (
            *of(_WHOLE, "f014_a_column_is_of_another_type"),
            *of(_SQL, "values_that_do_not_fit_on_postgresql"),
        ),
    ),
    15: Fault(
        "the same key twice",
        of(_WHOLE, "f015_the_same_key_twice"),
        "it is not logged: nobody looks for rows of the same key",
    ),
    16: Fault(
        "no key",
        of(_WHOLE, "f016_a_row_without_a_key"),
        "such rows are not counted: the database is asked for those with a key",
    ),
    17: Fault(
        "more rows than fit into memory",
        (*of(_WHOLE, "f017_more_rows_than_fit_into_memory"), *of(_SERVED, "f017_an_answer_without_end")),
    ),
    18: Fault("redirects", of(_SERVED, "f018_redirects"), "databases have none"),
    19: Fault(
        "next links in a circle, or elsewhere",
        of(_SERVED, "f019_a_link_that_leads_to_itself", "f019_a_link_to_another_host"),
        "databases have none",
    ),
    20: Fault(
        "certificates",
        (*of(_HTTP, "f020_certificates"), *of(_SERVED, "f020_tls")),
        "of databases they are the driver's, as the URL says (sslmode)",
    ),
    21: Fault(
        "the password was rotated",
        (*of(_HTTP, "f021_a_rotated_password"), *of(_SERVED, "f021_a_password_that_was_rotated")),
        "of a database it is in the URL, which is read at the start",
    ),
    22: Fault(
        "a token of SAP has expired",
        of("adapters/sap/test_mock.py", "an_expired_token_is_fetched_again", "a_token_that_never_serves"),
        "reads need none, and nothing is written yet",
    ),
    23: Fault("a session of Tryton has ended", of("adapters/tryton/test_rpc.py", "a_session_that_ended_is_renewed")),
    24: Fault(
        "all connections are killed",
        (
            *of(_WHOLE, "f024_all_connections_are_killed"),
            *of(_NET, "all_connections_end_at_a_failover"),
            *of(_SQL, "killed_connections_are_replaced"),
            *of(_MACHINES, "a_failover_ends_every_connection"),
        ),
    ),
    25: Fault("the database takes no more connections", of(_WHOLE, "f025_it_takes_no_more_connections")),
    26: Fault(
        "all of our connections are in use",
        (
            *of(_WHOLE, "f026_all_of_ours_are_in_use"),
            *of(_SQL, "all_connections_taken"),
            *of("cache/test_resilient.py", "who_finds_no_room_is_refused_in_time"),
        ),
    ),
    27: Fault(
        "a lock on the table",
        (
            *of(_WHOLE, "f027_locked"),
            *of(_SQL, "a_lock_of_the_erp_outlasts_the_deadline", "a_lock_without_a_deadline_ends_too"),
        ),
    ),
    28: Fault("the statement takes too long", of(_WHOLE, "a_query_that_takes_too_long")),
    36: Fault(
        "Redis is away at the start",
        (*of(_MACHINES, "it_starts_without_redis"), *of(_STORE, "away_from_the_start")),
    ),
    37: Fault(
        "Redis dies in use", (*of(_MACHINES, "redis_goes_away_and_comes_back"), *of(_STORE, "killed_while_in_use"))
    ),
    38: Fault("Redis hangs", of(_STORE, "hangs_once_and_is_left_alone_then")),
    39: Fault("Redis is full", of(_STORE, "full")),
    40: Fault(
        "Redis evicts everything",
        (*of(_LIVES, "f040_it_evicts_everything"), *of(_STORE, "evicted_and_flushed_under_load")),
    ),
    41: Fault(
        "Redis is a replica that only reads, or another one takes over",
        (*of(_STORE, "a_read_only_replica"), *of(_MACHINES, "redis_fails_over")),
    ),
    42: Fault(
        "Redis wants another password", (*of(_MACHINES, "it_starts_without_redis"), *of(_STORE, "a_wrong_password"))
    ),
    43: Fault("a poisoned entry", (*of(_STORE, "poison_is_a_miss"), *of(_ENTRY, "poison_is_no_entry"))),
    44: Fault(
        "a flipped bit",
        (*of(_ENTRY, "a_flipped_bit_anywhere_makes_it_no_entry"), *of(_CACHE, "what_was_tampered_with_is_a_miss")),
    ),
    45: Fault(
        "the entry of another place",
        (
            *of(_ENTRY, "an_entry_of_another_place_or_secret_is_none"),
            *of(_CACHE, "what_was_tampered_with_is_a_miss"),
        ),
    ),
    46: Fault("an entry of an older model", of(_CACHE, "another_model_or_source_finds_nothing")),
    47: Fault(
        "a large entry",
        (
            *of(_ENTRY, "sizes_are_bounded_at_both_ends"),
            *of(_STORE, "poison_is_a_miss"),
            *of(_LIVES, "f047_what_is_too_large_is_the_processs_alone"),
        ),
    ),
    48: Fault(
        "200 clients and one question",
        (
            *of(_CACHE, "two_hundred_clients_and_one_cold_key_are_one_call"),
            *of(_STORE, "two_hundred_clients_of_four_processes_make_one_call"),
            *of(_MACHINES, "one_cold_key_and_two_hundred_clients_are_one_call"),
            *of(_OUTAGE, "people_hardly_notice"),
        ),
    ),
    49: Fault(
        "whoever asks for all is killed",
        (
            *of(_LIVES, "f049_whoever_asks_for_all_is_killed"),
            *of(_CACHE, "a_process_that_died_while_asking_holds_nobody_up_for_long"),
        ),
    ),
    50: Fault("Redis is flushed under load", of(_STORE, "evicted_and_flushed_under_load")),
    51: Fault(
        "other spellings of the same question, and of others",
        of(_KEY, "equal_meaning", "different_meaning", "what_else_is_in_the_key", "any_order_of_operands"),
    ),
    52: Fault(
        "two callers, one URL",
        (*of("cache/test_scopes.py", "nobody_gets_what_another_one_sees"), *of(_CACHE, "views_do_not_share")),
    ),
    53: Fault(
        "the role of a caller changes",
        of(_SERVICE, "nobody_gets_what_another_one_sees", "digests_differ_with_what_is_seen"),
    ),
    54: Fault(
        "a clock jumps",
        (
            *of(
                _LIVES,
                "f054_an_entry_of_the_future_is_none",
                "f054_a_jump_while_the_erp_is_asked_makes_no_lifetime_odd",
                "f054_redis_ends_entries_by_its_own_clock",
            ),
            *of(_CACHE, "a_clock_that_jumps_makes_no_eternal_entry"),
        ),
    ),
}
