"""The database refuses to change the frozen figures of a committee."""

from __future__ import annotations

from django.db import migrations

from ancrage_web.conventions.triggers import COMMITTEE_FILES


class Migration(migrations.Migration):
    dependencies = [("conventions", "0003_name_the_source_of_remarks")]

    operations = [
        migrations.RunPython(
            lambda _apps, editor: COMMITTEE_FILES.create(editor.connection),
            lambda _apps, editor: COMMITTEE_FILES.drop(editor.connection),
        )
    ]
