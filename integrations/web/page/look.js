// How the page looks here: large type, colours, contrast, motion. A plain
// script in the page's head, so that all is set before anything is drawn.
(function look() {
  var root = document.documentElement;
  var contrast = window.matchMedia("(prefers-contrast: more)");

  function apply() {
    var chosen = {};
    try {
      root.classList.toggle("elder", localStorage.getItem("jiesu.elder") === "1");
      chosen = JSON.parse(localStorage.getItem("jiesu.look")) || {};
    } catch (problem) {
      chosen = {};
    }
    if (chosen.colours === "dark" || chosen.colours === "light") root.dataset.colours = chosen.colours;
    else delete root.dataset.colours;
    root.toggleAttribute("data-contrast", Boolean(chosen.contrast) || contrast.matches);
    root.toggleAttribute("data-calm", Boolean(chosen.calm));
  }

  apply();
  document.addEventListener("look", apply);
  if (contrast.addEventListener) contrast.addEventListener("change", apply);
})();
