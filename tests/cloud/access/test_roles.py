"""Every operation is in the roles table, and nobody may more than the role needs."""

from typing import get_args

from cloud.access.access import Role
from cloud.access.roles import MAY, PUBLIC, may
from cloud.api.app import openapi


def operations() -> set[str]:
    return {operation["operationId"] for path in openapi()["paths"].values() for operation in path.values()}


def test_every_operation_is_public_or_in_the_table() -> None:
    undescribed = {"open_live_feed", "prove_receipt_address"}  # a socket, a provider's look
    assert operations() | undescribed == set(MAY) | PUBLIC
    assert not set(MAY) & PUBLIC


def test_what_is_not_listed_is_refused() -> None:
    assert not any(may(role, "delete_everything") for role in get_args(Role))
    assert not may("nobody", "list_cases")


def test_family_and_officials_see_no_case() -> None:
    own = {"get_session", "sign_out"}
    phone = {"list_family_residents", "get_family_resident", "get_family_whereabouts"}
    phone |= {"list_feed", "open_live_feed"}
    assert {operation for operation in MAY if may("family", operation)} == own | phone
    figures = {"get_kpi", "get_kpi_csv", "get_kpi_xlsx", "get_wall", "get_wall_figures"}
    assert {operation for operation in MAY if may("official", operation)} == own | figures


def test_a_responder_has_dispatches_and_nothing_else_of_the_desk() -> None:
    allowed = {operation for operation in MAY if may("responder", operation)}
    assert allowed - {"get_session", "sign_out"} == {
        "list_own_dispatches",
        "get_dispatch",
        "accept_dispatch",
        "refuse_dispatch",
        "set_dispatch_eta",
        "arrive_dispatch",
        "finish_dispatch",
        "show_way_in",
        "tell_position",
        "tell_availability",
        "get_own_responder",
        "add_photo",
        "list_feed",
        "open_live_feed",
    }


def test_only_the_desk_acts_on_cases_and_reads_health() -> None:
    for operation in ("claim_case", "show_door_code", "get_trend", "get_last_readings"):
        assert MAY[operation] == {"operator", "supervisor"}
