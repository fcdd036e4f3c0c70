"""What the database refuses to change of a convention: an entry is reversed, a frozen file is followed by another."""

from __future__ import annotations

from ancrage_web.audit.triggers import Guard

LEDGER = Guard(
    name="ledger_entry",
    table="conventions_entry",
    function="ledger_refuse",
    refusal="the entries of a ledger are never changed nor deleted",
    same="id = NEW.id OR (convention_id = NEW.convention_id AND number = NEW.number) OR reverses_id = NEW.reverses_id",
)
# Where its PDF, DOCX and XLSX stand does change, and who froze it when that person is erased. It goes with a convention
# that never moved any money and whose committees were not held.
COMMITTEE_FILES = Guard(
    name="committee_file",
    table="conventions_committeefile",
    function="committee_file_refuse",
    refusal="the frozen figures of a committee are never changed",
    same="id = NEW.id OR (committee_id = NEW.committee_id AND number = NEW.number)",
    columns=("id", "committee_id", "number", "frozen_on", "frozen_at", "content", "sha256"),
    deletable=True,
)
