"""The database refuses to change, delete or truncate the ledger."""

from __future__ import annotations

from django.db import migrations

from ancrage_web.conventions.triggers import create_triggers, drop_triggers


class Migration(migrations.Migration):
    dependencies = [("conventions", "0001_initial")]

    operations = [
        migrations.RunPython(
            lambda _apps, editor: create_triggers(editor.connection),
            lambda _apps, editor: drop_triggers(editor.connection),
        )
    ]
