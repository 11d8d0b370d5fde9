// The district and the street as lists: for those who know where they are, but
// not what to call it. Folded, so that whoever just types is not asked twice.

import { element } from "../element.js";
import { ask } from "../transport.js";
import { t } from "../words.js";

let loading = null;

function load() {
  if (!loading) {
    loading = ask("GET", "/api/map/divisions").then((answer) => answer.districts);
    loading.catch(() => {
      loading = null;
    });
  }
  return loading;
}

const without = (words, name) => (name && words.startsWith(name) ? words.slice(name.length).trim() : words);

// One sentence of both, without saying twice what the words say already.
export function composed({ district, street }, words) {
  const rest = without(without(words.trim(), district), street);
  return [district, street].filter((name) => name && !rest.includes(name)).concat(rest).filter(Boolean).join(" ");
}

const option = (name) => element("option", { value: name }, name || t("place.no_division"));

function fill(select, names) {
  select.replaceChildren(...["", ...names].map(option));
  select.value = "";
}

// Gives {node, chosen(), fill(place), byHand()}: `fill` puts in the district and
// street of a place that was picked, or none; `byHand` whether they were chosen since.
export function divisions() {
  const summary = element("summary", {}, t("place.divisions"));
  const district = element("select", { id: "place-district" });
  const street = element("select", { id: "place-street" });
  const streetField = element("div", { hidden: true }, element("label", { for: street.id }, t("place.street")), street);
  const note = element("p", { class: "place-note", role: "status" });
  const node = element(
    "details",
    { class: "place-divisions" },
    summary,
    element("div", {}, element("label", { for: district.id }, t("place.district")), district),
    streetField,
    note,
  );
  let known = [];
  let byHand = false;
  let wanted = null; // what was to be filled in last

  const chosen = () => ({ district: district.value, street: street.value });

  function told() {
    const { district: one, street: other } = chosen();
    summary.textContent = one ? t("place.divisions_chosen", { name: [one, other].filter(Boolean).join(" ") }) : t("place.divisions");
  }

  function choose(name) {
    const found = known.find((one) => one.name === name);
    district.value = found ? name : "";
    fill(street, found ? found.streets : []);
    streetField.hidden = !found || !found.streets.length;
  }

  async function listed() {
    if (known.length) return;
    try {
      known = await load();
      fill(district, known.map((one) => one.name));
      choose("");
      note.textContent = "";
    } catch {
      note.textContent = t("place.no_divisions");
    }
  }

  district.addEventListener("change", () => {
    byHand = true;
    choose(district.value);
    told();
  });
  street.addEventListener("change", () => {
    byHand = true;
    told();
  });
  node.addEventListener("toggle", () => {
    if (node.open) listed();
  });

  return {
    node,
    chosen,
    byHand: () => byHand,
    async fill(place) {
      wanted = place;
      if (place) await listed();
      if (wanted !== place) return;
      byHand = false;
      choose(place ? place.district : "");
      if (place && [...street.options].some((one) => one.value === place.street)) street.value = place.street;
      told();
    },
  };
}
