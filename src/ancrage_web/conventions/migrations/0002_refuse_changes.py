"""The database refuses to change, delete or truncate the ledger."""

from __future__ import annotations

from django.db import migrations

from ancrage_web.conventions.triggers import LEDGER


class Migration(migrations.Migration):
    dependencies = [("conventions", "0001_initial")]

    operations = [
        migrations.RunPython(
            lambda _apps, editor: LEDGER.create(editor.connection),
            lambda _apps, editor: LEDGER.drop(editor.connection),
        )
    ]
