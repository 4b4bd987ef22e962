"""What the audit trail can tell of: every act by its code, and what is written beside it. The console has
words for both; whoever writes anything else is stopped by the type checker.
"""

from typing import Any, Literal, TypedDict

Act = Literal[
    "access_points_changed", "address_set", "area_changed", "area_created", "audit_read", "bed_changed",
    "bed_created", "bed_viewed", "call_list_viewed", "call_simulated", "caller_shown", "caller_viewed",
    "calls_listed", "case_of_call", "case_opened_by_hand", "case_viewed", "cases_listed", "checklist_begun",
    "checklist_finished", "checklist_joined", "checklist_reason", "checklist_viewed", "contacts_changed",
    "device_changed", "device_created", "device_installed", "device_retired", "devices_listed", "dialled",
    "dispatch_viewed", "dispatches_listed", "door_code_viewed", "evidence_exported", "family_bound",
    "family_unbound", "family_viewed", "feed_opened", "feed_read", "gateway_changed", "gateway_created",
    "gateway_secret_renewed", "gateways_listed", "health_viewed", "holidays_set", "home_changed",
    "home_created", "home_viewed", "homes_listed", "hotline_viewed", "hotline_written", "import_checked",
    "import_done", "kpi_viewed", "limits_set", "modem_proven", "modem_tried", "notification_done",
    "notification_retried", "observation_entered", "org_changed", "org_created", "overdue_listed",
    "password_reset", "password_set", "phone_provider_created", "phone_secret_renewed", "photo_viewed",
    "photos_viewed", "place_viewed", "policy_set", "protocol_set", "quarantine_viewed", "register_listed",
    "resident_changed", "resident_created", "resident_moved", "resident_state_set", "resident_viewed",
    "residents_searched", "responder_set", "responders_listed", "safe_zone_changed", "schedule_set",
    "screen_created", "screen_revoked", "shift_note_written", "shift_notes_read", "test_mode_set",
    "test_window_opened", "token_created", "user_changed", "user_created", "way_in_viewed",
    "whereabouts_viewed", "zone_changed", "zone_created",
]  # fmt: skip


_Span = TypedDict("_Span", {"from": str, "to": str}, total=False)


class Detail(_Span, total=False):
    """What is kept of an act beside who, what and whom: no health value, no place and no secret. Of what was
    changed only the names, but for an elder's own limits and a user's role (`before`, `after`).
    """

    action: str
    active: bool
    actor: str
    after: dict[str, Any] | str
    area: str
    bed_id: str | None
    before: dict[str, Any] | str
    call_id: str
    case_id: str
    channel: str
    corners: int
    count: int
    created: int
    door_code: bool
    entries: int
    event: str
    fields: list[str]
    fix: bool
    group: str
    health: str
    home_id: str
    homes: int
    how: str
    id: str
    kind: str
    kinds: list[str]
    left_out: int
    merged: int
    minutes: int
    name: str
    new: int
    photo_id: str
    proven: bool
    reason: str
    reasons: dict[str, str]
    retired: bool
    role: str
    search: str
    skipped: int
    state: str
    step: str
    subject: str
    unchanged: int
    username: str
    version: int
