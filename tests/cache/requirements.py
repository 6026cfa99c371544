"""What was required of kept answers and of outages, with the tests that hold it: the traps of Flask-Caching and Redis by
their numbers (C), and the requirements (S) that concern either. What does not exist yet, or is done otherwise, is said.
"""

from tests.cache.faults import Fault, of

_ADAPTER, _STORE, _LIVES = "cache/test_adapter.py", "cache/test_store.py", "cache/test_lifetimes.py"
_WHOLE, _RESILIENT, _BEYOND = "cache/test_faults_sql.py", "cache/test_resilient.py", "cache/test_beyond.py"
_SERVICE, _MACHINES, _OUTAGE = "cache/test_service.py", "cache/test_machines.py", "cache/test_outage.py"

REQUIREMENTS = {
    "C1": Fault(
        "the answer to one caller for another", of("cache/test_scopes.py", "nobody_gets_what_another_one_sees")
    ),
    "C2": Fault("keys made of URLs", of("cache/test_key.py", "equal_meaning", "different_meaning")),
    "C3": Fault(
        "a kept 503",
        (*of(_LIVES, "failures_are_kept_nowhere"), *of(_ADAPTER, "a_failure_is_everybodys_and_is_not_kept")),
    ),
    "C4": Fault("pickle", of(_STORE, "poison_is_a_miss")),
    "C5": Fault("garbage in Redis", of(_STORE, "poison_is_a_miss", "a_value_of_another_kind_is_a_miss")),
    "C6": Fault("Redis away", of(_STORE, "killed_while_in_use", "away_from_the_start")),
    "C7": Fault("Redis full", of(_STORE, "full")),
    "C8": Fault("Redis hangs", of(_STORE, "hangs_once_and_is_left_alone_then")),
    "C9": Fault("many misses at a time", of(_STORE, "two_hundred_clients_of_four_processes_make_one_call")),
    "C10": Fault("limits of rates with Redis away", without="limits of rates count in each process, without Redis"),
    "S-11": Fault(
        "conditions on rows hold for kept answers, too", of("cache/test_scopes.py", "nobody_gets_what_another_one_sees")
    ),
    "S-13": Fault(
        "what is not there is kept like what is", of(_LIVES, "no_rows_are_kept_for_a_moment_and_serve_an_outage")
    ),
    "S-16": Fault("metadata by view, from no cache of answers", of(_SERVICE, "documents_come_from_no_cache")),
    "S-23": Fault(
        "one deadline through everything, and the query is cancelled",
        (
            *of(_WHOLE, "a_query_that_takes_too_long", "f002_stopped"),
            *of("adapters/test_sql_network.py", "the_query_of_a_request_that_timed_out_is_cancelled"),
            *of("cache/test_watch.py", "what_outlasts_its_deadline_is_cut_once"),
        ),
        "a new connection may take its three seconds beyond the deadline",
    ),
    "S-24": Fault(
        "bulkheads",
        (
            *of(_RESILIENT, "no_more_than_so_many_ask_at_once", "who_finds_no_room_is_refused_in_time"),
            *of(_WHOLE, "f026_all_of_ours_are_in_use"),
            *of("cache/test_renewal.py", "no_more_than_there_is_room_for"),
        ),
        "who finds no room waits for pool_wait (two seconds), not for 100 ms",
    ),
    "S-25": Fault(
        "no entry without a bound in rows and bytes", of("cache/test_entry.py", "sizes_are_bounded_at_both_ends")
    ),
    "S-28": Fault("limits of rates with Redis away", without="they do not exist yet, but for failed passwords"),
    "S-51": Fault(
        "answers that do not fit are 502", of(_WHOLE, "f013_a_column_is_gone", "f014_a_column_is_of_another_type")
    ),
    "S-52": Fault(
        "second tries: of reads alone, few, never at two levels",
        of(
            _RESILIENT,
            "a_third_try_is_the_last",
            "tries_are_a_share_of_all_calls",
            "what_was_handed_on_is_not_read_again",
            "no_try_begins_when_the_time_is_up",
        ),
    ),
    "S-53": Fault(
        "one finds out, the others are refused at once or served what is kept",
        (
            *of(_RESILIENT, "exactly_one_finds_out", "nobody_waits_for_the_one_that_finds_out"),
            *of(_BEYOND, "whatever_needs_the_erp_is_refused_at_once"),
            *of(_OUTAGE, "people_hardly_notice"),
            *of(_MACHINES, "readiness"),
        ),
    ),
    "S-55": Fault("no words of the ERP", (*of(_WHOLE, "f013_a_column_is_gone"), *of(_BEYOND, "what_salesforce_shows"))),
    "S-57": Fault("timeouts on each connection", of("doctor/test_database.py", "limits_that_got_lost")),
    "S-70": Fault(
        "readiness: kept answers are enough, and Redis away is degraded",
        (*of(_MACHINES, "readiness"), *of(_BEYOND, "readiness_tells_without_telling_what")),
    ),
    "S-76": Fault(
        "the log says where an answer came from", of("cache/test_repeated.py", "the_log_says_the_same_of_it")
    ),
    "S-77": Fault(
        "clocks that jump",
        of(_LIVES, "f054_an_entry_of_the_future_is_none", "f054_redis_ends_entries_by_its_own_clock"),
    ),
}
