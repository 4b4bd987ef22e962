"""What a caller is told when something cannot be done: an error carries a status and words in two languages.

    CareBedError
    ├── NotSignedIn        401
    ├── NotAllowed         403
    ├── NotFound           404
    ├── Conflict           409  (a case claimed by another, an impossible transition, a duplicate)
    ├── InvalidInput       422
    └── TooManyAttempts    429

One handler in cloud/api renders them as application/problem+json; the command line prints them by locale.
"""

from typing import Any, ClassVar


class CareBedError(Exception):
    """`zh` and `en` say what is wrong and what to do; `members` are extra fields of the problem document."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "error"
    title_zh: ClassVar[str] = "出错"
    title: ClassVar[str] = "Error"

    def __init__(self, zh: str, en: str, **members: Any) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en
        self.members = members


class NotSignedIn(CareBedError):
    """No valid session or token, or a wrong password."""

    status = 401
    type = "not-signed-in"
    title_zh = "未登录"
    title = "Not signed in"


class NotAllowed(CareBedError):
    """The role or the area does not permit it."""

    status = 403
    type = "not-allowed"
    title_zh = "没有权限"
    title = "Not allowed"


class NotFound(CareBedError):
    """It does not exist, or the caller may not see that it does."""

    status = 404
    type = "not-found"
    title_zh = "未找到"
    title = "Not found"


class Conflict(CareBedError):
    """The present state does not permit it."""

    status = 409
    type = "conflict"
    title_zh = "状态冲突"
    title = "Conflict"


class InvalidInput(CareBedError):
    """A value that can be read but not accepted, such as an ID-card number with a wrong check digit."""

    status = 422
    type = "invalid-input"
    title_zh = "输入有误"
    title = "Invalid input"


class TooManyAttempts(CareBedError):
    """Refused for a while; `members["retry_after_s"]` says how long."""

    status = 429
    type = "too-many-attempts"
    title_zh = "尝试次数过多"
    title = "Too many attempts"
