// The city's own tiles, where it has some: one PMTiles file, read in parts.
// Its reader is fetched only then.

let loading = null;

function loadReader() {
  if (!loading) {
    loading = new Promise((loaded, no) => {
      const node = document.createElement("script");
      node.src = new URL("pmtiles/pmtiles.js", import.meta.url).href;
      node.onload = () => loaded(window.pmtiles);
      node.onerror = no;
      document.head.append(node);
    });
    loading.catch(() => {
      loading = null;
    });
  }
  return loading;
}

// Puts them under everything else. A map without them is still a map.
export async function addTiles(map, { tiles }) {
  if (!tiles) return;
  try {
    const { PMTiles, leafletRasterLayer } = await loadReader();
    const source = new PMTiles(new URL(tiles.url, location.href).href);
    leafletRasterLayer(source, { minNativeZoom: tiles.min_zoom, maxNativeZoom: tiles.max_zoom }).addTo(map);
  } catch (problem) {
    console.warn(problem);
  }
}
