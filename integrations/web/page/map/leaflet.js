// Leaflet, loaded once and only when the map is opened.

import { loadStyle } from "../panel.js";

let loading = null;

export function loadLeaflet() {
  if (!loading) {
    const script = new Promise((loaded, no) => {
      const node = document.createElement("script");
      node.src = new URL("leaflet/leaflet.js", import.meta.url).href;
      node.onload = () => loaded(window.L);
      node.onerror = no;
      document.head.append(node);
    });
    loading = Promise.all([script, loadStyle("map/leaflet/leaflet.css")]).then(([L]) => L);
    loading.catch(() => {
      loading = null;
    });
  }
  return loading;
}
