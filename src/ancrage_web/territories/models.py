"""What the public pages show, computed once when a store is loaded: no page reads the store itself."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Store(models.Model):
    """The territory store that was loaded: what the pages show.

    Attributes
    ----------
    folder : where its tables are; checksum : SHA-256 over the names and bytes of its tables.
    version : of the code that computed the portraits.
    catalogue : definitions shared by all portraits (territories/content.py): indicators, sources, names of regions
        and departements.
    """

    folder = models.CharField(max_length=500)
    checksum = models.CharField(max_length=64)
    version = models.CharField(max_length=40)
    fictional = models.BooleanField()
    loaded_at = models.DateTimeField(auto_now_add=True)
    catalogue = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.folder


class Epci(models.Model):
    """An EPCI with its portrait.

    Attributes
    ----------
    nature : CC, CA, CU or ME; departement : that of its seat; region : that of the seat.
    typology : its words, {"fr": ..., "en": ...}.
    has_flows : whether home-work flows start from it, so that a study can be made.
    portrait : the diagnosis as plain values, texts as {"fr": ..., "en": ...} (territories/content.py).
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
    typology = models.JSONField(default=dict)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="epci")
    portrait = models.JSONField()

    class Meta:
        ordering: ClassVar = ["name", "code"]

    def __str__(self) -> str:
        return self.name


class EpciMap(models.Model):
    """What the maps of an EPCI draw, apart from its portrait so that pages stay light.

    Attributes
    ----------
    content : compressed JSON, given to browsers as it is (territories/content.py: `pack_map`, `unpack_map`).
    """

    epci = models.OneToOneField(Epci, on_delete=models.CASCADE, primary_key=True, related_name="map")
    content = models.BinaryField()


class Commune(models.Model):
    """A commune, to be found and read beside its EPCI.

    Attributes
    ----------
    values : published indicators of the commune, by identifier; what is not published is absent.
    """

    code = models.CharField(max_length=5, primary_key=True)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=140)
    epci = models.ForeignKey(Epci, on_delete=models.CASCADE, null=True, related_name="communes")
    departement = models.CharField(max_length=3)
    population = models.PositiveIntegerField(default=0)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    values = models.JSONField(default=dict)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="communes")

    class Meta:
        ordering: ClassVar = ["name", "code"]

    def __str__(self) -> str:
        return self.name
