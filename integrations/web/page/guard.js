// Classic, small, and first: where the page's modules do not come, or the
// browser is too old for them, it says so and shows the ways on.
(function () {
  var told = false;
  function look() {
    var bar = document.getElementById("broken");
    if (told || !bar || document.documentElement.getAttribute("data-ready")) return;
    told = true;
    bar.hidden = false;
  }
  function loaded() {
    setTimeout(look, 300);
  }
  if (document.readyState === "complete") loaded();
  else window.addEventListener("load", loaded);
  setTimeout(look, 20000);
})();
