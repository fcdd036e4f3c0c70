"""The database refuses to change, delete or truncate the trail."""

from __future__ import annotations

from django.db import migrations

from ancrage_web.audit.triggers import TRAIL


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunPython(
            lambda _apps, editor: TRAIL.create(editor.connection),
            lambda _apps, editor: TRAIL.drop(editor.connection),
        )
    ]
