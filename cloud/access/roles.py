"""Which role may do what: one row an operation, named by its operationId; what is not listed is refused."""

from typing import Final

from cloud.access.access import CANARY_ROLE, Role

PUBLIC: Final = frozenset(
    {"sign_in", "get_ui_config", "get_health", "take_receipt", "prove_receipt_address", "take_call_event"}
)

_EVERYONE: Final[frozenset[Role]] = frozenset(
    {"operator", "supervisor", "technician", "responder", "family", "official", "admin"}
)
_DESK: Final[frozenset[Role]] = frozenset({"operator", "supervisor"})
_READERS: Final[frozenset[Role]] = frozenset({"operator", "supervisor", "admin"})
_FIELD: Final[frozenset[Role]] = frozenset({"operator", "supervisor", "technician", "admin"})
_TESTERS: Final[frozenset[Role]] = frozenset({"technician", "supervisor", "admin"})
_CHIEFS: Final[frozenset[Role]] = frozenset({"supervisor", "admin"})
_OVERSEERS: Final[frozenset[Role]] = frozenset({"supervisor", "official", "admin"})
_ADMINS: Final[frozenset[Role]] = frozenset({"admin"})
_SUPERVISORS: Final[frozenset[Role]] = frozenset({"supervisor"})
_RESPONDERS: Final[frozenset[Role]] = frozenset({"responder"})
_SENT: Final[frozenset[Role]] = frozenset({"operator", "supervisor", "responder"})

MAY: Final[dict[str, frozenset[str]]] = {
    "get_session": _EVERYONE,
    "sign_out": _EVERYONE,
    "list_cases": _READERS,
    "get_case": _READERS,
    "claim_case": _DESK,
    "release_case": _DESK,
    "renew_case": _DESK,
    "resolve_case": _DESK,
    "close_case": _DESK,
    "note_case": _DESK,
    "call_case": _DESK,
    "list_case_children": _READERS,
    "shelve_case": _DESK,
    "unshelve_case": _DESK,
    "list_shelved": _READERS,
    "show_door_code": _DESK,
    "list_seats": _READERS,
    "contact_case": _DESK,
    "call_back_case": _DESK,
    "hand_over_case": _DESK,
    "tell_supervisors": _DESK,
    "take_over_case": _SUPERVISORS,
    "merge_case": _DESK,
    "make_order": _DESK,
    "unmake_order": _DESK,
    "follow_up_case": _DESK,
    "list_candidates": _DESK,
    "dispatch_case": _DESK,
    "list_own_dispatches": _RESPONDERS,
    "get_dispatch": _SENT,
    "undo_dispatch": _DESK,
    "recall_dispatch": _DESK,
    "accept_dispatch": _SENT,
    "refuse_dispatch": _SENT,
    "set_dispatch_eta": _SENT,
    "arrive_dispatch": _SENT,
    "finish_dispatch": _SENT,
    "show_way_in": _RESPONDERS,
    "tell_position": _RESPONDERS,
    "tell_availability": _RESPONDERS,
    "list_responders": _READERS,
    "set_responder": _CHIEFS,
    "list_zones": _READERS,
    "create_zone": _CHIEFS,
    "change_zone": _CHIEFS,
    "list_policies": _READERS,
    "set_policy": _CHIEFS,
    "list_schedules": _READERS,
    "set_schedule": _CHIEFS,
    "list_holidays": _READERS,
    "set_holidays": _CHIEFS,
    "list_gaps": _READERS,
    "list_duty_staff": _CHIEFS,
    "get_evidence": _CHIEFS,
    "get_kpi": _OVERSEERS,
    "get_kpi_csv": _OVERSEERS,
    "get_kpi_xlsx": _OVERSEERS,
    "get_wall": _OVERSEERS,
    "get_wall_figures": _OVERSEERS,
    "list_audit": _CHIEFS,
    "list_feed": _READERS,
    "open_live_feed": _READERS | {CANARY_ROLE},
    "get_resident": _READERS,
    "get_trend": _DESK,
    "get_last_readings": _DESK,
    "get_news2": _DESK,
    "list_observations": _DESK,
    "enter_observation": _DESK,
    "set_resident_limits": _CHIEFS,
    "list_devices": _FIELD,
    "list_gateways": _FIELD,
    "list_quarantine": _CHIEFS,
    "list_notifications": _CHIEFS,
    "get_notification": _CHIEFS,
    "list_overdue_notifications": _READERS,
    "list_channels": _READERS,
    "check_reach": _CHIEFS,
    "set_address": _ADMINS,
    "retry_notification": _CHIEFS,
    "finish_notification": _DESK,
    "get_phone": _DESK,
    "list_phone_choices": _DESK,
    "register_extension": _DESK,
    "set_phone_state": _DESK,
    "list_phones": _CHIEFS,
    "list_calls": _DESK,
    "get_call": _DESK,
    "open_case_of_call": _DESK,
    "dial_from_case": _DESK,
    "create_phone_provider": _ADMINS,
    "list_phone_providers": _CHIEFS,
    "renew_phone_secret": _ADMINS,
    "simulate_call_event": _CHIEFS,
    "list_areas": _ADMINS,
    "change_area": _ADMINS,
    "list_orgs": _ADMINS,
    "change_org": _ADMINS,
    "list_homes": _ADMINS,
    "get_home": _ADMINS,
    "change_home": _ADMINS,
    "change_bed": _ADMINS,
    "list_register": _ADMINS,
    "change_resident": _ADMINS,
    "set_contacts": _ADMINS,
    "move_resident": _ADMINS,
    "change_device": _ADMINS,
    "list_installations": _ADMINS,
    "get_gateway": _ADMINS,
    "change_gateway": _ADMINS,
    "list_staff": _ADMINS,
    "create_staff": _ADMINS,
    "change_staff": _ADMINS,
    "reset_password": _ADMINS,
    "create_area": _ADMINS,
    "create_org": _ADMINS,
    "create_home": _ADMINS,
    "create_bed": _ADMINS,
    "create_resident": _ADMINS,
    "set_resident_state": _ADMINS,
    "create_gateway": _ADMINS,
    "renew_gateway_secret": _ADMINS,
    "create_device": _ADMINS,
    "install_device": _ADMINS,
    "open_test_window": _TESTERS,
}


def may(role: str, operation: str) -> bool:
    """True where the table lets the role do the operation."""
    return role in MAY.get(operation, frozenset())
