"""What the public pages show, computed once when a store is loaded: no page reads the store itself."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Store(models.Model):
    """A territory store that was loaded; the last one is what the pages show.

    Attributes
    ----------
    folder : where its tables are; checksum : SHA-256 over the checksums of its tables.
    version : of the code that computed the portraits.
    """

    folder = models.CharField(max_length=500)
    checksum = models.CharField(max_length=64)
    version = models.CharField(max_length=40)
    fictional = models.BooleanField()
    loaded_at = models.DateTimeField(auto_now_add=True)


class Epci(models.Model):
    """An EPCI with its portrait.

    Attributes
    ----------
    portrait : the diagnosis as plain values, texts as {"fr": ..., "en": ...} (territories/content.py).
    has_flows : whether home-work flows start from it, so that a study can be made.
    """

    code = models.CharField(max_length=9, primary_key=True)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=220)
    nature = models.CharField(max_length=20, blank=True)
    departement = models.CharField(max_length=3, blank=True)
    region = models.CharField(max_length=3, blank=True)
    population = models.PositiveIntegerField(default=0)
    communes_count = models.PositiveIntegerField(default=0)
    has_flows = models.BooleanField(default=False)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="epci")
    portrait = models.JSONField()

    class Meta:
        ordering: ClassVar = ["name", "code"]

    def __str__(self) -> str:
        return self.name


class EpciMap(models.Model):
    """Outlines and flows of an EPCI, apart from its portrait so that pages stay light.

    Attributes
    ----------
    communes : GeoJSON of the communes of the EPCI and of its neighbours; flows : arcs drawn on the map.
    """

    epci = models.OneToOneField(Epci, on_delete=models.CASCADE, primary_key=True, related_name="map")
    communes = models.JSONField()
    flows = models.JSONField()


class Commune(models.Model):
    """A commune, to be found and read beside its EPCI."""

    code = models.CharField(max_length=5, primary_key=True)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=140)
    epci = models.ForeignKey(Epci, on_delete=models.CASCADE, null=True, related_name="communes")
    departement = models.CharField(max_length=3)
    population = models.PositiveIntegerField(default=0)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="communes")

    class Meta:
        ordering: ClassVar = ["name", "code"]

    def __str__(self) -> str:
        return self.name
