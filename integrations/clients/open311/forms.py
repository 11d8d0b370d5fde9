"""What is posted: our complaint in the backend's fields, by the mapping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from integrations.clients.open311.mapping import Mapping
from integrations.services.dispatch_ports import ALONE
from integrations.services.records import Complaint, Related, Told, UpdateKind
from kb.deadlines import CITY_TIME
from kb.places import Place
from kb.places.coordinates import to_wgs84
from kb.responsibility import helping_units, main_unit
from kb.taxonomy import Taxonomy
from kb.text import hide_personal


def reference(complaint: Complaint, mark: str = "") -> str:
    """What our request is known by: the ticket number, for what goes beside it with a mark ('481720935562-C1')."""
    return f"{complaint.number}-{mark}" if mark else complaint.number


@dataclass(frozen=True)
class Forms:
    """Makes the fields of a POST, the key left out."""

    taxonomy: Taxonomy
    mapping: Mapping

    def complaint(
        self, complaint: Complaint, *, phone: str | None, related: Related = ALONE, again: bool = False
    ) -> dict[str, str]:
        """The complaint's own request, or one that tells of its joining."""
        lines = [*self._details(complaint), *self._relations(related)]
        form = self._form(complaint, words(complaint), lines, "", again, related)
        if self.mapping.co_units == "attribute" and (units := self.units(complaint)):
            form |= self._attributes({"co_units": "；".join(units)})
        if phone and not complaint.anonymous:
            form["phone"] = phone
        if complaint.media:  # the standard has room for one; the attribute has them all
            form["media_url"] = complaint.media[0]
        return form

    def copy(
        self, complaint: Complaint, request_id: str, *, unit: str, mark: str, again: bool = False
    ) -> dict[str, str]:
        """The request by which a helping unit hears of it; without the citizen's phone, which the main unit has."""
        line = self.mapping.copy_line.format(unit=unit, request_id=request_id)
        form = self._form(complaint, words(complaint), [line], mark, again, Related(incident=request_id))
        return form | self._attributes({"unit": unit})

    def follow_up(
        self, complaint: Complaint, request_id: str, told: Told, *, mark: str, again: bool = False
    ) -> dict[str, str]:
        """The request by which something more is told about one that is there."""
        text, about = self.told(complaint, request_id, told), Related(incident=request_id)
        return self._form(complaint, text, [], mark, again, about)

    def told(self, complaint: Complaint, request_id: str, told: Told) -> str:
        """The words of an update, as the mapping puts them for its kind."""
        text = hide_personal(told.text) if complaint.anonymous and told.kind is not UpdateKind.DOUBLE else told.text
        line = self.mapping.update_lines.get(told.kind)
        return line.format(request_id=request_id, text=text).strip() if line else text

    def units(self, complaint: Complaint) -> tuple[str, ...]:
        """The helping units of the complaint's category at its place."""
        return helping_units(self.taxonomy.leaf(complaint.category), complaint.place)

    def footer(self, complaint: Complaint, mark: str = "") -> str:
        """The description's last line, "" where the mapping wants none."""
        return self.mapping.description_footer.format(reference=reference(complaint, mark))

    def _form(
        self, complaint: Complaint, text: str, lines: list[str], mark: str, again: bool, related: Related
    ) -> dict[str, str]:
        leaf, name = self.taxonomy.leaf(complaint.category), reference(complaint, mark)
        if again:
            lines = [*lines, self.mapping.again_line.format(reference=name)]
        form = {
            "service_code": self.mapping.service_of(complaint.category),
            "description": "\n".join(filter(None, (text, *lines, self.footer(complaint, mark)))),
            "address_string": self.mapping.unknown_address,
        }
        if place := complaint.place:
            form["address_string"] = place.full or self.mapping.unknown_address
            if place.lat is not None and place.lon is not None:
                lat, lon = to_wgs84((place.lat, place.lon), place.crs or "WGS-84")
                form |= {"lat": f"{lat:.6f}", "long": f"{lon:.6f}"}
        values = {
            "reference": name,
            "category": f"{leaf.code} {leaf.name}",
            "request_type": complaint.request_type.value,
            "urgency": complaint.urgency.value,
            "main_unit": main_unit(leaf, complaint.place),
            "due": complaint.due_at.astimezone(CITY_TIME).isoformat(timespec="seconds"),
            **_told(complaint),
            **_of_others(related),
            **(_of_place(complaint.place) if complaint.place else {}),
        }
        return form | self._attributes(values)

    def _attributes(self, values: dict[str, str]) -> dict[str, str]:
        codes = self.mapping.attributes
        return {f"attribute[{code}]": value for key, value in values.items() if (code := codes.get(key))}

    def _details(self, complaint: Complaint) -> Iterator[str]:
        """What was answered, since when, and a wish for secrecy, for backends that keep no attributes."""
        if complaint.began and complaint.since and self.mapping.since_line:
            yield self.mapping.since_line.format(since=complaint.since)
        for label, value in complaint.answers if self.mapping.detail_line else ():
            yield self.mapping.detail_line.format(label=label, value=hide_personal(value))
        if complaint.confidential and self.mapping.confidential_line:
            yield self.mapping.confidential_line

    def _relations(self, related: Related) -> Iterator[str]:
        """Lines of the description, for backends that keep no attributes."""
        if related.incident:
            yield self.mapping.joined_line.format(incident=related.incident, people=related.people)
        if related.recurrence_of:
            yield self.mapping.recurrence_line.format(recurrence_of=related.recurrence_of)


def words(complaint: Complaint) -> str:
    """The citizen's words. Who wants to stay anonymous may still have written a number into them."""
    return hide_personal(complaint.description) if complaint.anonymous else complaint.description


def _of_place(place: Place) -> dict[str, str]:
    """What the attributes may say of a place: divisions by code and name, how sure it is, the city's own layers."""
    divisions = {
        "district": (place.district_code, place.district),
        "street": (place.street_code, place.street),
        "community": (place.community_code, place.community),
    }
    values = {key: " ".join(filter(None, pair)) for key, pair in divisions.items() if any(pair)}
    return {**values, "place_confidence": f"{place.confidence:.2f}", **dict(place.layers or ())}


def _of_others(related: Related) -> dict[str, str]:
    """What the attributes say of other requests; nothing where there is none."""
    people = str(related.people) if related.people > 1 or related.incident else None
    values = {"people": people, "incident": related.incident, "recurrence_of": related.recurrence_of}
    return {key: value for key, value in values.items() if value}


def _told(complaint: Complaint) -> dict[str, str]:
    """What was told beside the description; nothing where it was not."""
    values = {
        "since": complaint.since,
        "began": complaint.began,
        "details": "；".join(f"{label} {hide_personal(value)}" for label, value in complaint.answers),
        "confidential": "true" if complaint.confidential else None,
        "photos": str(complaint.photos) if complaint.photos else None,
        "voices": str(complaint.voices) if complaint.voices else None,
        "media": " ".join(complaint.media),
    }
    return {key: value for key, value in values.items() if value}
