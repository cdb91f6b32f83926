// Puts pieces of the page in place as they change (GET /live), and says when the line to the gateway is lost.
"use strict";
(() => {
  const SILENT_MS = 15000; // three beats missed
  let heard = Date.now();
  let source = null;

  function put(pieces) {
    for (const [id, html] of Object.entries(pieces)) {
      const old = document.getElementById(id);
      if (!old || old.contains(document.activeElement)) continue; // never from under a finger
      const box = document.createElement("template");
      box.innerHTML = html;
      old.replaceWith(box.content);
    }
    document.dispatchEvent(new CustomEvent("pieces", { detail: Object.keys(pieces) }));
  }

  function open() {
    source = new EventSource("/live");
    source.addEventListener("pieces", (event) => {
      heard = Date.now();
      put(JSON.parse(event.data));
    });
    source.addEventListener("beat", () => { heard = Date.now(); });
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      source.close();
      setTimeout(open, 3000);
    };
  }

  setInterval(() => {
    document.body.classList.toggle("lost", Date.now() - heard > SILENT_MS);
  }, 1000);
  open();
})();
